"""What a transaction announces: every change of belief that is there after it and was not, exactly so, before it. Pure.

An announcement refers to a change and tells nothing of it: whoever reads it asks the graph what was believed just before the known
instant and from it on. So an erasure has nothing to do here, and whatever alters what was believed at some known time (late records of
another partition, replays, erasures) announces the change anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple, TypeAlias

from graph_service.core.assertions import EventRetracted, owner_of
from graph_service.core.changes import Change, cause, changes_at
from graph_service.core.model import Row, StreamKey
from graph_service.core.time import FOREVER
from graph_service.store.write.batch import MappedEvent

ENTRIES_PER_NODE = 500
"""A transaction may change much at once; a reader takes one node after the other."""

CORRECTS, HAD_BEFORE, HAS_AFTER = 1, 2, 4

RowsByStream: TypeAlias = Mapping[StreamKey, Sequence[Row]]


class News(NamedTuple):
    """One change of one item of a stream, as far as it is written down."""

    stream: StreamKey
    #: The target, or "" for the entity itself.
    item: str
    valid_from: int
    valid_to: int
    known: int
    #: uid of the event that begins what holds now, or ended what held; None where neither says.
    made_by: str | None
    #: Who began what held, should nothing else be known of the event that did it.
    begun_by: str | None
    #: Whether it was there before, whether it is from then on, and whether what was believed about the past is altered.
    had: bool
    has: bool
    corrects: bool = False


def news(before: RowsByStream, after: RowsByStream) -> Iterator[News]:
    """All changes that `after` has and `before` has not. Each holds at least the rows of a stream that differ, and what is open."""
    for stream in {**before, **after}:
        old, new = before.get(stream, ()), after.get(stream, ())
        edges, sides = _edges(old), _Sides(old, new)
        for item, (gone, fresh) in sorted(_different(old, new).items()):
            since = min((row.valid_from for row in fresh), default=FOREVER)
            # What is only replaced is the last there was; what is new beside it has to begin after all there was.
            plain = _plain(stream, gone, fresh) if gone or since > edges.get(item, -FOREVER) else None
            if plain is not None:
                yield from plain
            else:
                instants = {known for known, *_ in _moments(gone) ^ _moments(fresh)} - {FOREVER}
                yield from _all(stream, item, *sides.of(item), instants)


class _Sides:
    """The rows before and after by item, taken apart when somebody asks."""

    def __init__(self, old: Sequence[Row], new: Sequence[Row]) -> None:
        self._rows = old, new

    @cached_property
    def _by_item(self) -> tuple[dict[str, list[Row]], ...]:
        found: tuple[dict[str, list[Row]], ...] = {}, {}
        for side, rows in zip(found, self._rows, strict=True):
            for row in rows:
                side.setdefault(row.item, []).append(row)
        return found

    def of(self, item: str) -> tuple[list[Row], list[Row]]:
        """All rows of one item."""
        then, now = (side.get(item, []) for side in self._by_item)
        return then, now


def _different(old: Sequence[Row], new: Sequence[Row]) -> dict[str, tuple[list[Row], list[Row]]]:
    """By item, the rows that are on one side only. What a fold leaves alone mostly is the same object."""
    found: dict[str, tuple[list[Row], list[Row]]] = {}
    kept = {id(row) for row in old}.intersection(map(id, new))
    moved = [[row for row in rows if id(row) not in kept] for rows in (old, new)]
    equal = set(moved[0]).intersection(moved[1]) if all(moved) else set()
    for side, rows in enumerate(moved):
        for row in rows:
            if row not in equal:
                found.setdefault(row.item, ([], []))[side].append(row)
    return found


def _edges(rows: Sequence[Row]) -> dict[str, int]:
    """By item, the last instant at which anything begins or ends in rows. What was open and is not believed any more reaches behind all."""
    found: dict[str, int] = {}
    for row in rows:
        standing = row.valid_to == row.known_to == FOREVER
        edge = row.valid_from if standing else row.valid_to
        found[row.item] = max(edge, found.get(row.item, edge))
    return found


def _plain(stream: StreamKey, gone: Sequence[Row], fresh: Sequence[Row]) -> list[News] | None:
    """The changes where each begins behind all before it, on both clocks, as with nearly all events; None for anything else."""
    last: Row | None = None
    found = []
    for row in sorted(fresh, key=attrgetter("valid_from")):
        if row.known_to != FOREVER or row.end_known <= row.known_from:
            return None
        if last is None and gone:
            if len(gone) > 1 or not _closes(gone[0], row):
                return None
        else:
            had = last is not None and (last.valid_to, last.end_known) == (row.valid_from, row.known_from)
            if last is not None and not had:
                if last.valid_to >= row.valid_from or last.end_known >= row.known_from:
                    return None
                found.append(_ended(stream, last))
            found.append(
                News(
                    stream, row.item, row.valid_from, FOREVER, row.known_from, row.event, row.event, had, True
                )
            )
        last = row
    if last is None:
        return None
    return found if last.valid_to == FOREVER else [*found, _ended(stream, last)]


def _ended(stream: StreamKey, row: Row) -> News:
    return News(stream, row.item, row.valid_to, FOREVER, row.end_known, row.ended_by, row.event, True, False)


def _closes(old: Row, closed: Row) -> bool:
    """Whether it is the same row, open before and closed now, by something that was recorded later."""
    return (
        old.valid_to == old.known_to == FOREVER != closed.valid_to
        and (closed.valid_from, closed.known_from, closed.event)
        == (old.valid_from, old.known_from, old.event)
        and closed.properties == old.properties
    )


def _moments(rows: Iterable[Row]) -> set[tuple[Any, ...]]:
    """When which segment began to be believed, and when it ceased."""
    return {
        (known, begins, v.valid_from, v.valid_to, v.properties, v.event, v.ended_by)
        for row in rows
        for v in row.versions()
        for known, begins in ((v.known_from, True), (v.known_to, False))
    }


def _all(
    stream: StreamKey, item: str, then: Sequence[Row], now: Sequence[Row], instants: Iterable[int]
) -> Iterator[News]:
    """The changes at these known instants that only `now` tells of."""
    instants = set(instants)
    announced = {_sign(known, one) for known, some in changes_at(then, instants) for one in some}
    for known, some in changes_at(now, instants):
        for one in some:
            if _sign(known, one) not in announced:
                begun_by = None if one.before is None else one.before.event
                yield News(
                    stream, item, one.valid_from, one.valid_to, known, one.made_by, begun_by,
                    one.before is not None, one.after is not None, one.corrects,
                )  # fmt: skip


def _sign(known: int, change: Change) -> tuple[Any, ...]:
    """What makes two changes the same to whoever is told of them."""
    sides = [None if side is None else side.properties.text for side in (change.before, change.after)]
    return known, change.valid_from, change.valid_to, *sides, change.made_by


def entries(found: Iterable[News], new: Sequence[MappedEvent]) -> list[list[Any]]:
    """The entries of the change log, in its order: by known time, then by the record that did it, then by what changed.

    `new`: the new events of the transaction, in record order. An entry is [owner, type, target, discriminator, valid from,
    valid to (null where open), known instant, uid of the event, sum of HAD_BEFORE, HAS_AFTER and CORRECTS where they are so].
    """
    place = {mapped.event.uid: number for number, mapped in enumerate(new)}
    listed = []
    for one in found:
        number = -1 if one.made_by is None else place.get(one.made_by, -1)
        uid = one.made_by
        if uid is None or number == -1 or new[number].event.order.recorded_at != one.known:
            uid = _uid(one, new)
            number = place.get(uid, -1)
        owner, type, discriminator = one.stream
        marks = HAD_BEFORE * one.had + HAS_AFTER * one.has + CORRECTS * one.corrects
        end = None if one.valid_to == FOREVER else one.valid_to
        entry = [owner, type, one.item, discriminator, one.valid_from, end, one.known, uid, marks]
        listed.append(((one.known, number, owner, type, discriminator, one.item, one.valid_from), entry))
    listed.sort(key=itemgetter(0))
    return [entry for _, entry in listed]


def _uid(one: News, new: Sequence[MappedEvent]) -> str:
    """The event that did it: see `core.changes.cause`. What is announced anew, without an event, names who began what it tells of."""
    speaking = [
        mapped.event.uid
        for mapped in new
        if mapped.event.order.recorded_at == one.known and _speaks(mapped, one.stream.owner)
    ]
    uid = cause(one.made_by, speaking) if speaking else one.made_by or one.begun_by
    assert uid is not None, "a change has something before or after"
    return uid


def _speaks(mapped: MappedEvent, owner: str) -> bool:
    return any(isinstance(a, EventRetracted) or owner_of(a) == owner for a in mapped.assertions)
