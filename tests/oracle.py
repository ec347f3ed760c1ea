"""What the design says, read naively: answers by brute force over every instant, no code of the fold.

It takes records and answers what is believed, all versions, the graph as of a point, impact, differences. The only oracle there is:
unit tests hold the fold against it, live tests the database, and the demo story its own questions.
Slow and short on purpose: whoever doubts the fold reads this page next to design 2.2 and 2.3.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from graph_service.core.assertions import (
    Assertion,
    EntityAsserted,
    EntityEnded,
    EventRetracted,
    RelationshipAsserted,
    RelationshipEnded,
    RelationshipsAsserted,
)
from graph_service.core.model import EventId, RecordOrder, StreamKey
from graph_service.core.time import FOREVER
from tests.telling import said


@dataclass(frozen=True, kw_only=True, repr=False)
class Recorded:
    """A record whose event has been mapped: all that the graph is a function of."""

    order: RecordOrder
    event: EventId
    sequence: str | None = None
    assertions: tuple[Assertion, ...]

    def __repr__(self) -> str:
        """One line: where it stands, when it was known, which event it is, and what that says."""
        at, sequence = self.order, "" if self.sequence is None else f" sequence {self.sequence}"
        phrases = "; ".join(said(assertion) for assertion in self.assertions)
        return f"<{at.topic}/{at.partition}/{at.offset} known {at.recorded_at} {self.event.id}{sequence}: {phrases}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """For Hypothesis, which would print all fields of a dataclass."""
        printer.text(repr(self))


class Edge(NamedTuple):
    """A relationship's identity."""

    source: str
    type: str
    discriminator: str
    target: str


#: Canonical JSON text of each property by name, sorted by name.
Texts = tuple[tuple[str, str], ...]
#: Valid and known.
Point = tuple[int, int]
#: The state of a stream: properties by item, "" for the entity itself, else the target's key.
State = dict[str, dict[str, str]]


@dataclass(frozen=True, kw_only=True)
class Segment:
    """One stretch of a belief. `ended_by` is told but is no part of what makes two segments the same."""

    item: str
    valid_from: int
    valid_to: int
    properties: Texts
    event: EventId
    ended_by: EventId | None = field(compare=False)


@dataclass(frozen=True, kw_only=True)
class OracleVersion:
    """A segment over the longest span of known time in which exactly it is believed."""

    segment: Segment
    known_from: int
    known_to: int


@dataclass(frozen=True, kw_only=True)
class Graph:
    """All that holds at one point on both clocks. Ends of edges that are not in `entities` are undeclared."""

    entities: Mapping[str, Texts]
    edges: Mapping[Edge, Texts]
    #: The event that made each edge what it is.
    made_by: Mapping[Edge, EventId]

    def impact(
        self, of: Iterable[str], depth: int, depends: Mapping[str, str], dependents: bool = True
    ) -> dict[str, int]:
        """The distance by key of all that depends on `of`, or, not `dependents`, that `of` depends on.

        `depends` says which end of a relationship type depends on the other: "source" or "target".
        """
        steps = {
            (edge.target, edge.source)
            if (depends[edge.type] == "source") == dependents
            else (edge.source, edge.target)
            for edge in self.edges
            if depends.get(edge.type) in ("source", "target")
        }
        reached = dict.fromkeys(of, 0)
        for distance in range(1, depth + 1):
            for key in {there for here, there in steps if reached.get(here) == distance - 1}:
                reached.setdefault(key, distance)
        return {key: distance for key, distance in reached.items() if distance > 0}


class Claim(NamedTuple):
    """One assertion in its place; the first four sort."""

    valid_from: int
    sequence: tuple[int, int, str]
    order: RecordOrder
    nth: int
    assertion: Assertion
    event: EventId


class Oracle:
    """Answers about a list of records, given in any order."""

    def __init__(self, records: Iterable[Recorded]) -> None:
        self.records: dict[EventId, Recorded] = {}
        for record in sorted(records, key=lambda record: record.order):
            # Of one event's doubles the first in record order counts.
            self.records.setdefault(record.event, record)
        self.known = sorted({record.order.recorded_at for record in self.records.values()})
        self._retractors: dict[EventId, list[Recorded]] = defaultdict(list)
        for by in self.records.values():
            for event in _retracts(by):
                self._retractors[event].append(by)
        self._claims: dict[int, dict[str, list[Claim]]] = {}

    def claims(self, owner: str, known: int) -> list[Claim]:
        """All that is claimed about an entity by events that stand at `known`, in the order in which it applies."""
        if known not in self._claims:
            claims = sorted(
                Claim(a.valid_from, _sequence(record.sequence), record.order, index, a, record.event)
                for record in self.records.values()
                if self.stands(record, known)
                for index, a in enumerate(record.assertions)
                if not isinstance(a, EventRetracted)
            )
            self._claims[known] = defaultdict(list)
            for claim in claims:
                self._claims[known][_owner(claim.assertion)].append(claim)
        return self._claims[known][owner]

    def stands(self, record: Recorded, known: int) -> bool:
        """Recorded by then, and not retracted by any event that itself stands then."""
        return record.order.recorded_at <= known and not any(
            self.stands(by, known)
            for by in self._retractors[record.event]
            if by.order.recorded_at <= known
            # Within a circle of retractions only the later recorded moves the earlier; nothing moves itself.
            and (by.order > record.order or by.event not in self._reached(record, known))
        )

    def _reached(self, record: Recorded, known: int) -> set[EventId]:
        """The event and all that it retracts, that those retract, and so on."""
        reached, todo = {record.event}, [record]
        while todo:
            for event in _retracts(todo.pop()) - reached:
                if event in self.records and self.records[event].order.recorded_at <= known:
                    reached.add(event)
                    todo.append(self.records[event])
        return reached

    def streams(self) -> set[StreamKey]:
        """Every stream that any record ever speaks of, retracted or not."""
        found: set[StreamKey] = set()
        for record in self.records.values():
            for a in record.assertions:
                match a:
                    case EntityAsserted() | EntityEnded():
                        found.add(StreamKey(a.key))
                    case RelationshipAsserted() | RelationshipEnded() | RelationshipsAsserted():
                        found.add(StreamKey(a.source, a.type, a.discriminator))
        return found

    def state(self, stream: StreamKey, valid: int, known: int) -> tuple[State, dict[str, Claim]]:
        """The state by all claims active at `valid`, from nothing; by item, the last that changed it."""
        state: State = {}
        changed_by: dict[str, Claim] = {}
        for claim in self.claims(stream.owner, known):
            if _speaks_of(claim.assertion, stream) and claim.valid_from <= valid < _valid_to(claim):
                after = _applied(claim.assertion, stream, state)
                for item in state.keys() | after.keys():
                    if state.get(item) != after.get(item):
                        changed_by[item] = claim
                state = after
        return state, changed_by

    def belief(self, stream: StreamKey, known: int) -> set[Segment]:
        """A timeline as believed at `known`: neighbours in equal state are one, begun by the first."""
        claims = [c for c in self.claims(stream.owner, known) if _speaks_of(c.assertion, stream)]
        instants = sorted({c.valid_from for c in claims} | {_valid_to(c) for c in claims} | {FOREVER})
        states = [self.state(stream, instant, known) for instant in instants]
        segments = set()
        for item in {item for state, _ in states for item in state}:
            start = 0
            for end in range(1, len(instants)):
                here, there = states[start][0].get(item), states[end][0].get(item)
                if here == there:
                    continue
                if here is not None:
                    segments.add(
                        Segment(
                            item=item,
                            valid_from=instants[start],
                            valid_to=instants[end],
                            properties=tuple(sorted(here.items())),
                            event=states[start][1][item].event,
                            ended_by=_ender(claims, instants[end], item, states[end][1].get(item)),
                        )
                    )
                start = end
        return segments

    def versions(self, stream: StreamKey) -> set[OracleVersion]:
        """All that was ever believed about a stream, each with when it was."""
        found: set[OracleVersion] = set()
        since: dict[Segment, int] = {}
        for known in [*self.known, FOREVER]:
            believed = self.belief(stream, known) if known != FOREVER else set()
            for segment in since.keys() - believed:
                found.add(OracleVersion(segment=segment, known_from=since.pop(segment), known_to=known))
            for segment in believed - since.keys():
                since[segment] = known
        return found

    def as_of(self, valid: int, known: int) -> Graph:
        """All that is believed at `known` to hold at `valid`."""
        entities, edges, made_by = {}, {}, {}
        for stream in self.streams():
            state, changed_by = self.state(stream, valid, known)
            for item, texts in state.items():
                if stream.type == "":
                    entities[stream.owner] = tuple(sorted(texts.items()))
                else:
                    edges[Edge(*stream, item)] = tuple(sorted(texts.items()))
                    made_by[Edge(*stream, item)] = changed_by[item].event
        return Graph(entities=entities, edges=edges, made_by=made_by)

    def diff(self, before: Point, after: Point) -> dict[str | Edge, tuple[Texts | None, Texts | None]]:
        """By key or edge, the properties at two points (valid, known), where they differ; None: not there."""
        old, new = self.as_of(*before), self.as_of(*after)
        pairs: dict[str | Edge, tuple[Texts | None, Texts | None]] = {}
        for key in old.entities.keys() | new.entities.keys():
            pairs[key] = (old.entities.get(key), new.entities.get(key))
        for edge in old.edges.keys() | new.edges.keys():
            pairs[edge] = (old.edges.get(edge), new.edges.get(edge))
        return {what: pair for what, pair in pairs.items() if pair[0] != pair[1]}


def _sequence(text: str | None) -> tuple[int, int, str]:
    """Absent first, then digit strings by number, then other text by code point."""
    if text is None:
        return (0, 0, "")
    return (1, int(text), "") if text.isascii() and text.isdigit() else (2, 0, text)


def _valid_to(claim: Claim) -> int:
    assert not isinstance(claim.assertion, EventRetracted)
    return claim.assertion.valid_to


def _owner(assertion: Assertion) -> str:
    """Whose streams it speaks of."""
    match assertion:
        case EntityAsserted() | EntityEnded():
            return assertion.key
        case RelationshipAsserted() | RelationshipEnded() | RelationshipsAsserted():
            return assertion.source
        case EventRetracted():
            raise ValueError("a retraction speaks of no stream")


def _retracts(record: Recorded) -> set[EventId]:
    return {a.event for a in record.assertions if isinstance(a, EventRetracted)}


def _ender(claims: list[Claim], instant: int, item: str, last_change: Claim | None) -> EventId | None:
    """Who ended a segment there: the last claim that begins there and changes it, else the last that ends."""
    if instant == FOREVER:
        return None
    if last_change and last_change.valid_from == instant:
        return last_change.event
    return [
        claim.event for claim in claims if _valid_to(claim) == instant and _alters(claim.assertion, item)
    ][-1]


def _alters(assertion: Assertion, item: str) -> bool:
    match assertion:
        case RelationshipAsserted() | RelationshipEnded():
            return assertion.target == item
        case _:
            return True


def _speaks_of(assertion: Assertion, stream: StreamKey) -> bool:
    match assertion:
        case EntityAsserted():
            return stream == StreamKey(assertion.key)
        case EntityEnded():
            return stream.owner == assertion.key
        case RelationshipAsserted() | RelationshipEnded() | RelationshipsAsserted():
            return stream == StreamKey(assertion.source, assertion.type, assertion.discriminator)
        case EventRetracted():
            return False


def _applied(assertion: Assertion, stream: StreamKey, state: State) -> State:
    """The table of design 2.2, row by row: the state of a stream after an assertion that speaks of it."""
    match assertion:
        case EntityAsserted():
            patched = {} if assertion.replace else dict(state.get("", {}))
            for name in assertion.unset:
                patched.pop(name, None)
            return {"": {**patched, **assertion.set.texts}}
        case EntityEnded():
            return {}
        case RelationshipAsserted():
            return {**state, assertion.target: dict(assertion.properties.texts)}
        case RelationshipEnded():
            return {item: texts for item, texts in state.items() if item != assertion.target}
        case RelationshipsAsserted():
            return {target: dict(properties.texts) for target, properties in assertion.targets.items()}
        case EventRetracted():
            return state
