"""The fold: from the assertions about one stream to its versions on both clocks (design 2.3). Pure, without I/O.

What is believed at a known time is a timeline: for each item of the stream (the entity itself, or each target of its
relationships) a list of segments in the order of valid time. A record can change the belief only from the earliest valid
instant it speaks of, so a belief is *revised* from there on:

    fold      all claims of a stream, from nothing                      tests, rebuilds, retractions
    advance   new claims on top of stored rows                          ingest: late events read the past from there on,
                                                                        an append (newer than all) reads only what is open

Both go through `Belief.revise`, so there is one meaning and not two.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import NamedTuple

from graph_service.core.assertions import (
    EntityAsserted,
    EntityEnded,
    RelationshipAsserted,
    RelationshipEnded,
    RelationshipsAsserted,
    Spanned,
)
from graph_service.core.model import NOTHING, Properties, RecordOrder, Row, StreamKey, Version
from graph_service.core.time import FOREVER


class Place(NamedTuple):
    """Where a claim is applied among the claims of its stream: by valid time, then `sequence`, then the log, then the event."""

    valid_from: int
    sequence: tuple[int, int, str]
    order: RecordOrder
    nth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An assertion together with what decides its place and when it counts."""

    assertion: Spanned
    #: uid of the event that makes it.
    event: str
    place: Place
    #: Spans of known time in which its event stands unretracted, ascending.
    believed: tuple[tuple[int, int], ...]


def claim(assertion: Spanned, event: str, order: RecordOrder, index: int, sequence: str | None) -> Claim:
    """The claim of a record that nobody has retracted. `index` is the assertion's place within its event."""
    return Claim(
        assertion=assertion,
        event=event,
        place=Place(assertion.valid_from, sequence_key(sequence), order, index),
        believed=((order.recorded_at, FOREVER),),
    )


def sequence_key(sequence: str | None) -> tuple[int, int, str]:
    """The order of CloudEvents `sequence`: none, then numbers by value, then other text by code point."""
    if sequence is None:
        return (0, 0, "")
    if sequence.isascii() and sequence.isdigit():
        digits = sequence.lstrip("0")
        return (1, len(digits), digits)  # as numbers compare, without a limit to their length
    return (2, 0, sequence)


def fold(claims: Iterable[Claim]) -> tuple[Row, ...]:
    """All rows of one stream, from all its claims in any order."""
    belief = Belief(())
    belief.take(claims)
    return belief.rows()


def advance(rows: Sequence[Row], standing: Sequence[Claim], new: Sequence[Claim]) -> tuple[Row, ...]:
    """The rows that take the place of `rows` once `new` is known too.

    With `since` the earliest valid_from of `new`, and every claim of `new` recorded after all claims of `standing`:
    `rows` are at least those still believed that reach `since` (valid_to >= since), for at least the items that `new` and
    `standing` speak of; `standing` are at least the claims still believed with valid_from >= since, and all of the stream
    when one of them, or of `new`, ends at or after `since`.
    """
    belief = Belief(rows)
    belief.stand(standing)
    belief.take(new)
    return belief.rows()


def before(rows: Iterable[Row], known: int) -> tuple[Row, ...]:
    """What was believed just before `known`, from rows that may already have been revised at `known` itself."""
    old = []
    for row in rows:
        if row.known_from < known <= row.known_to:
            row = replace(row, known_to=FOREVER)
            if row.end_known == known:
                row = replace(row, valid_to=FOREVER, end_known=FOREVER, ended_by=None)
            old.append(row)
    return tuple(old)


def versions(rows: Iterable[Row]) -> list[Version]:
    """The versions that rows stand for, by item, known time and valid time."""
    found = [version for row in rows for version in row.versions()]
    return sorted(found, key=attrgetter("item", "known_from", "valid_from"))


def streams_of(assertion: Spanned, existing: Iterable[StreamKey]) -> tuple[StreamKey, ...]:
    """The streams an assertion speaks about; `existing` are those known for its owner: an ended entity ends them all."""
    match assertion:
        case EntityAsserted():
            return (StreamKey(assertion.key),)
        case EntityEnded():
            own = StreamKey(assertion.key)
            return (own, *(stream for stream in existing if stream != own))
        case RelationshipAsserted() | RelationshipEnded() | RelationshipsAsserted():
            return (StreamKey(assertion.source, assertion.type, assertion.discriminator),)


State = dict[str, Properties]


def changes(assertion: Spanned, state: State) -> dict[str, Properties | None]:
    """What an assertion alters in the state of a stream: new properties by item, None where the item is gone."""
    match assertion:
        case EntityAsserted():
            current = state.get("")
            base = NOTHING if assertion.replace or current is None else current
            result = base.patched(assertion.set, assertion.unset)
            return {} if current is not None and result == current else {"": result}
        case EntityEnded():
            return dict.fromkeys(state)
        case RelationshipAsserted():
            same = state.get(assertion.target) == assertion.properties
            return {} if same else {assertion.target: assertion.properties}
        case RelationshipEnded():
            return {assertion.target: None} if assertion.target in state else {}
        case RelationshipsAsserted():
            altered: dict[str, Properties | None] = {
                target: properties
                for target, properties in assertion.targets.items()
                if state.get(target) != properties
            }
            altered.update(dict.fromkeys(target for target in state if target not in assertion.targets))
            return altered


def items_of(claims: Iterable[Claim]) -> set[str] | None:
    """The items that claims can alter; None when that is any item of the stream."""
    items: set[str] = set()
    for one in claims:
        match one.assertion:
            case EntityAsserted():
                items.add("")
            case RelationshipAsserted() | RelationshipEnded():
                items.add(one.assertion.target)
            case EntityEnded() | RelationshipsAsserted():
                return None
    return items


class _Segment(NamedTuple):
    """A stretch of a timeline as it is being drawn; open while `valid_to` is FOREVER."""

    valid_from: int
    valid_to: int
    properties: Properties
    event: str
    ended_by: str | None


class Belief:
    """What is believed about one stream, and all that ever was, revised one known instant after the other."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._live: dict[str, list[Row]] = {}
        self._finished: list[Row] = []
        self._standing: list[Claim] = []
        self._last_end = -FOREVER
        for row in sorted(rows, key=attrgetter("valid_from")):
            if row.known_to == FOREVER:
                self._live.setdefault(row.item, []).append(row)
            else:
                self._finished.append(row)

    def rows(self) -> tuple[Row, ...]:
        """Everything given and everything found, in no particular order."""
        return (*self._finished, *(row for rows in self._live.values() for row in rows))

    def stand(self, claims: Iterable[Claim]) -> None:
        """Count claims whose effect is already in the rows."""
        for one in claims:
            self._add(one)

    def take(self, claims: Iterable[Claim]) -> None:
        """Learn claims at the known times at which they begin, or cease, to stand."""
        for known, added, removed in _steps(claims):
            for one in removed:
                del self._standing[bisect_left(self._standing, one.place, key=_place)]
            for one in added:
                self._add(one)
            since = min(one.place.valid_from for one in (*added, *removed))
            self._revise(known, since, (*added, *removed))

    def _add(self, one: Claim) -> None:
        insort(self._standing, one, key=_place)
        if one.assertion.valid_to != FOREVER:
            self._last_end = max(self._last_end, one.assertion.valid_to)

    def _revise(self, known: int, since: int, changed: Sequence[Claim]) -> None:
        """Draw the timelines again from `since` on, and note what differs as known from `known`."""
        later = self._standing[bisect_left(self._standing, since, key=_valid_from) :]
        ends = since <= self._last_end
        items = None if ends else items_of((*changed, *later))
        reach = {
            item: _reaching(self._live.get(item, []), since)
            for item in (tuple(self._live) if items is None else items)
        }
        base = {item: rows[0] for item, rows in reach.items() if rows and rows[0].valid_from < since}
        drawn = _draw(base, since, later, self._standing if ends else ())
        for item in {**reach, **drawn}:
            self._settle(known, item, reach.get(item, []), drawn.get(item, []))

    def _settle(self, known: int, item: str, old: list[Row], drawn: list[_Segment]) -> None:
        """Replace the rows of one item that reach into the window by the segments drawn for it."""
        known_before = {(row.valid_from, row.event, row.properties): row for row in old}
        result = []
        for segment in drawn:
            row = known_before.pop((segment.valid_from, segment.event, segment.properties), None)
            if row is not None and row.valid_to == segment.valid_to:
                result.append(row)
            elif row is not None and row.valid_to == FOREVER:
                result.append(
                    replace(row, valid_to=segment.valid_to, end_known=known, ended_by=segment.ended_by)
                )
            else:
                if row is not None:
                    self._finished.append(replace(row, known_to=known))
                result.append(_born(item, segment, known))
        self._finished.extend(replace(row, known_to=known) for row in known_before.values())
        # In place: a history of a hundred thousand segments is not copied for each that is added.
        rows = self._live.setdefault(item, [])
        del rows[len(rows) - len(old) :]
        rows += result
        if not rows:
            del self._live[item]


def _reaching(rows: list[Row], since: int) -> list[Row]:
    """Those at the end of a timeline that reach `since`."""
    first = len(rows)
    while first and rows[first - 1].valid_to >= since:
        first -= 1
    return rows[first:]


def _place(one: Claim) -> Place:
    return one.place


def _valid_from(one: Claim) -> int:
    return one.place.valid_from


def _born(item: str, segment: _Segment, known: int) -> Row:
    return Row(
        item=item,
        properties=segment.properties,
        event=segment.event,
        valid_from=segment.valid_from,
        valid_to=segment.valid_to,
        known_from=known,
        known_to=FOREVER,
        end_known=FOREVER if segment.valid_to == FOREVER else known,
        ended_by=segment.ended_by,
    )


def _steps(claims: Iterable[Claim]) -> Iterator[tuple[int, list[Claim], list[Claim]]]:
    """The known instants at which the set of standing claims changes, with those that come and those that go."""
    steps: dict[int, tuple[list[Claim], list[Claim]]] = {}
    for one in claims:
        for known_from, known_to in one.believed:
            steps.setdefault(known_from, ([], []))[0].append(one)
            if known_to != FOREVER:
                steps.setdefault(known_to, ([], []))[1].append(one)
    for known in sorted(steps):
        added, removed = steps[known]
        if added or removed:
            yield known, added, removed


def _draw(
    base: dict[str, Row], since: int, later: Sequence[Claim], standing: Sequence[Claim]
) -> dict[str, list[_Segment]]:
    """The timelines from `since` on, by item, each beginning with the segment that reaches `since` from before.

    `later` are the claims that begin at or after `since`. `standing` are all claims when some of them end at or after `since`:
    where one ends, what it covered shows again, so the state is folded anew from all that is active there.
    """
    drawing = _Drawing(base)
    ends: dict[int, list[Claim]] = {}
    for one in standing:
        if since <= one.assertion.valid_to < FOREVER:
            ends.setdefault(one.assertion.valid_to, []).append(one)
    starts: dict[int, list[Claim]] = {}
    for one in later:
        starts.setdefault(one.place.valid_from, []).append(one)
    for instant in sorted({*starts, *ends}):
        if instant in ends:
            active = [c for c in standing if c.place.valid_from <= instant < c.assertion.valid_to]
            drawing.redo(instant, active, ends[instant])
        else:
            drawing.apply(instant, starts[instant])
    return drawing.finish()


class _Drawing:
    """Timelines of one stream as they grow along the valid axis."""

    def __init__(self, base: dict[str, Row]) -> None:
        self._state: State = {item: row.properties for item, row in base.items()}
        self._open = {
            item: _Segment(row.valid_from, FOREVER, row.properties, row.event, None)
            for item, row in base.items()
        }
        self._done: dict[str, list[_Segment]] = {}

    def apply(self, instant: int, claims: Iterable[Claim]) -> None:
        """Claims that begin at `instant`, in order, on top of what holds there."""
        makers: dict[str, str] = {}
        for one in claims:
            for item, properties in changes(one.assertion, self._state).items():
                _put(self._state, item, properties)
                makers[item] = one.event
        for item, maker in makers.items():
            self._turn(instant, item, maker, maker)

    def redo(self, instant: int, active: Iterable[Claim], ended: Sequence[Claim]) -> None:
        """The state from nothing, by all claims active at `instant`; `ended` are those whose span ends there."""
        state: State = {}
        makers: dict[str, Claim] = {}
        for one in active:
            for item, properties in changes(one.assertion, state).items():
                _put(state, item, properties)
                makers[item] = one
        self._state = state
        enders: dict[str, str] = {}
        for one in ended:
            for item in items_of((one,)) or self._open:
                enders[item] = one.event
        enders.update({item: one.event for item, one in makers.items() if one.place.valid_from == instant})
        for item in {**self._open, **state}:
            # What is not open has no end to explain, and what is not in the state has no maker.
            self._turn(instant, item, makers[item].event if item in makers else "", enders.get(item, ""))

    def _turn(self, instant: int, item: str, maker: str, ender: str) -> None:
        """At `instant` the item takes the properties it has in the state, or is gone."""
        current, properties = self._open.get(item), self._state.get(item)
        if current is not None:
            if current.properties == properties:
                return
            del self._open[item]
            self._done.setdefault(item, []).append(current._replace(valid_to=instant, ended_by=ender))
        if properties is not None:
            self._open[item] = _Segment(instant, FOREVER, properties, maker, None)

    def finish(self) -> dict[str, list[_Segment]]:
        """All segments by item, oldest first."""
        for item, segment in self._open.items():
            self._done.setdefault(item, []).append(segment)
        return self._done


def _put(state: State, item: str, properties: Properties | None) -> None:
    if properties is None:
        state.pop(item, None)
    else:
        state[item] = properties
