"""Why something is, or is not, there, read naively from the oracle: by looking at every instant, no code of `core.explain`."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from graph_service.core.assertions import (
    Assertion,
    EntityAsserted,
    EventRetracted,
    RelationshipAsserted,
    RelationshipsAsserted,
)
from graph_service.core.explain import Reason
from graph_service.core.model import EventId
from graph_service.core.time import FOREVER
from graph_service.store.read.answers import Subject
from tests.oracle import Edge, Graph, Oracle, Recorded

#: Before and after everything that any history speaks of.
EARLIER, LATER = -10, 10_000


@dataclass(frozen=True, kw_only=True)
class Why:
    """A reason, and the events of which one has to be told first; empty where none is."""

    reason: Reason
    first: frozenset[EventId] = frozenset()
    #: Reasons that will do as well.
    others: frozenset[Reason] = frozenset()


@dataclass(kw_only=True)
class Naive:
    """Answers about one history."""

    oracle: Oracle
    graphs: dict[tuple[int, int], Graph] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """All instants at which anything may be otherwise than before."""
        claims = [a for record in self.oracle.records.values() for a in record.assertions]
        ends = chain.from_iterable(
            (getattr(a, "valid_from", LATER), getattr(a, "valid_to", LATER)) for a in claims
        )
        self.valids = sorted({EARLIER, LATER, *(one for one in ends if one != FOREVER)})
        self.knowns = [self.oracle.known[0] - 1, *self.oracle.known]

    def subjects(self) -> list[Subject]:
        """All that any record speaks of, and something that none does."""
        keys, edges = {"nobody"}, {("nobody", "CALLS", "nothing", "")}
        for stream in self.oracle.streams():
            keys.add(stream.owner)
        for record in self.oracle.records.values():
            for a in record.assertions:
                for edge in _edges(a):
                    edges.add(edge)
                    keys.update((edge[0], edge[2]))
        some = [Subject(key=key) for key in sorted(keys)]
        some += [Subject(key=s, type=t, target=o, discriminator=d) for s, t, o, d in sorted(edges)]
        return some + [Subject(key=s, type=t, target=o) for s, t, o in sorted({edge[:3] for edge in edges})]

    def graph(self, valid: int, known: int) -> Graph:
        """As of a point."""
        if (valid, known) not in self.graphs:
            self.graphs[valid, known] = self.oracle.as_of(valid, known)
        return self.graphs[valid, known]

    def edges(self, subject: Subject, valid: int, known: int) -> list[Edge]:
        """The relationships by which it is there: itself, or those that name the entity where nothing asserted that by then."""
        edges = self.graph(valid, known).edges
        if subject.type:
            return [one for one in edges if _is(one, subject)]
        began = any(subject.key in self.graph(v, known).entities for v in self._upto(valid))
        return [] if began else [one for one in edges if subject.key in (one.source, one.target)]

    def there(self, subject: Subject, valid: int, known: int) -> bool:
        """Whether it is there."""
        declared = not subject.type and subject.key in self.graph(valid, known).entities
        return declared or bool(self.edges(subject, valid, known))

    def why(self, subject: Subject, valid: int, known: int) -> Why:
        """The first reason that applies."""
        if self.there(subject, valid, known):
            return Why(reason=Reason.HOLDS, first=self._makers(subject, valid, known))
        before = [v for v in self._upto(valid) if self.there(subject, v, known)]
        if before:
            return Why(reason=Reason.ENDED, first=self._enders(subject, before[-1], known))
        for later in self.knowns:
            if later > known and self.there(subject, valid, later):
                return Why(reason=Reason.NOT_YET_KNOWN, first=self._recorded(later))
        for v in self.valids:
            if v > valid and self.there(subject, v, known):
                return Why(reason=Reason.NOT_YET_VALID, first=self._makers(subject, v, known))
        return self._unmade(subject, valid, known) or self._unnamed(subject, valid, known)

    def _upto(self, valid: int) -> list[int]:
        return [v for v in self.valids if v <= valid]

    def _makers(self, subject: Subject, valid: int, known: int) -> frozenset[EventId]:
        return frozenset(span.event for span in self._spans(subject, valid, known))

    def _enders(self, subject: Subject, last: int, known: int) -> frozenset[EventId]:
        """Who ended what was there at the last instant at which anything was."""
        ended = max((span.valid_to for span in self._spans(subject, last, known)), default=FOREVER)
        return frozenset(
            record.event
            for record in self.oracle.records.values()
            if self.oracle.stands(record, known)
            and any(
                ended == a.valid_to or (a.valid_from == ended and not _asserts(a, subject))
                for a in record.assertions
                if not isinstance(a, EventRetracted)
            )
        )

    def _spans(self, subject: Subject, valid: int, known: int) -> list[_Span]:
        """The stretches that cover an instant: of itself, or of the relationships that name it."""
        graph = self.graph(valid, known)
        if not subject.type and subject.key in graph.entities:
            spans = self._segments(subject.key, known)
        else:
            edges = self.edges(subject, valid, known)
            spans = [span for edge in edges for span in self._segments(edge.source, known, edge)]
        return [span for span in spans if span.valid_from <= valid < span.valid_to]

    def _segments(self, owner: str, known: int, edge: Edge | None = None) -> list[_Span]:
        stream = next(
            one
            for one in self.oracle.streams()
            if one == ((owner, "", "") if edge is None else (owner, edge.type, edge.discriminator))
        )
        item = "" if edge is None else edge.target
        return [
            _Span(s.event, s.valid_from, s.valid_to)
            for s in self.oracle.belief(stream, known)
            if s.item == item
        ]

    def _recorded(self, known: int) -> frozenset[EventId]:
        return frozenset(r.event for r in self.oracle.records.values() if r.order.recorded_at == known)

    def _unmade(self, subject: Subject, valid: int, known: int) -> Why | None:
        """Who retracted what asserted it, or said otherwise for the same instant."""
        said = [
            (record, a)
            for record in self.oracle.records.values()
            if record.order.recorded_at <= known
            for a in record.assertions
            if _asserts(a, subject)
        ]
        active = [(record, a) for record, a in said if a.valid_from <= valid < a.valid_to]  # type: ignore[union-attr]
        for some in (active, said):
            gone = {record.event for record, _ in some if not self.oracle.stands(record, known)}
            if gone:
                return Why(reason=Reason.RETRACTED, first=self._retractors(gone, known))
            if some:
                instants = {a.valid_from for _, a in some}  # type: ignore[union-attr]
                others = {
                    record.event
                    for record in self.oracle.records.values()
                    if self.oracle.stands(record, known)
                    and any(getattr(a, "valid_from", None) in instants for a in record.assertions)
                }
                return Why(reason=Reason.SUPERSEDED, first=frozenset(others))
        return None

    def _retractors(self, events: set[EventId], known: int) -> frozenset[EventId]:
        return frozenset(
            record.event
            for record in self.oracle.records.values()
            if self.oracle.stands(record, known)
            and any(isinstance(a, EventRetracted) and a.event in events for a in record.assertions)
        )

    def _unnamed(self, subject: Subject, valid: int, known: int) -> Why:
        """Nothing asserted it. An entity may have been named by what is not believed any more: any of that will do."""
        if not subject.type:
            whys = [
                why
                for earlier in self.knowns
                if earlier < known
                for v in self.valids
                for edge in self.graph(v, earlier).edges
                if subject.key in (edge.source, edge.target)
                and (why := self._unmade(_of(edge), valid, known))
            ]
            if whys:
                reasons = frozenset(why.reason for why in whys)
                firsts = frozenset(one for why in whys for one in why.first)
                return Why(reason=whys[-1].reason, first=firsts, others=reasons)
        return Why(reason=Reason.NEVER_ASSERTED)


class _Span(NamedTuple):
    """One stretch of a belief."""

    event: EventId
    valid_from: int
    valid_to: int


def prefix(records: list[Recorded], known: int) -> list[Recorded]:
    """What was recorded by then."""
    return [record for record in records if record.order.recorded_at <= known]


def _of(edge: Edge) -> Subject:
    return Subject(key=edge.source, type=edge.type, target=edge.target, discriminator=edge.discriminator)


def _is(edge: Edge, subject: Subject) -> bool:
    return (edge.source, edge.type, edge.target) == (
        subject.key,
        subject.type,
        subject.target,
    ) and subject.discriminator in (None, edge.discriminator)


def _edges(a: Assertion) -> list[tuple[str, str, str, str]]:
    match a:
        case RelationshipAsserted():
            return [(a.source, a.type, a.target, a.discriminator)]
        case RelationshipsAsserted():
            return [(a.source, a.type, target, a.discriminator) for target in a.targets]
        case _:
            return []


def _asserts(a: Assertion, subject: Subject) -> bool:
    if isinstance(a, EntityAsserted):
        return not subject.type and a.key == subject.key
    return bool(subject.type) and any(
        (s, t, o) == (subject.key, subject.type, subject.target) and subject.discriminator in (None, d)
        for s, t, o, d in _edges(a)
    )
