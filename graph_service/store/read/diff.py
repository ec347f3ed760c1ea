"""What differs between two points: rows that hold at one of them only, found from what happened in between.

A difference of valid time is made by rows that begin or end within it: the index on each type's instants finds them. A difference of known time is made by
events recorded within it, and by what these retract: `event_recorded` finds those, and they lead to the entities whose streams they are about. So the cost
follows what happened, not the graph. Every statement answers with a few large records, and what is told of a difference is made for those of the page only.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from operator import itemgetter
from typing import Any, TypeAlias

from neo4j import Record

from graph_service.core.time import FOREVER
from graph_service.store.queries import base_types, query, query_with, type_list, without_header
from graph_service.store.read.answers import DifferenceAt, Page, Point, VersionAt
from graph_service.store.read.asking import place_of
from graph_service.store.read.entities import rows_of
from graph_service.store.read.reads import Reads
from graph_service.store.read.rows import Owner, StoredRow

TYPES_AT_ONCE = 4
"""How many relationship types one statement asks for. Each has two looks into indexes, all of which are planned when the text is new."""
OwnerKey: TypeAlias = tuple[str, str, str, str]
"""Source, type, target, discriminator; all but the first empty for an entity. The order in which differences of one instant stand."""
Found: TypeAlias = tuple[int, str, str, str, str, VersionAt | None, VersionAt | None]
"""The instant and the owner, which are the place of a difference, and what holds at each point."""
_place = itemgetter(0, 1, 2, 3, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """The two points, and the spans between them, open below and closed above."""

    frm: Point
    to: Point

    @property
    def valid(self) -> tuple[int, int]:
        return (min(self.frm.valid, self.to.valid), max(self.frm.valid, self.to.valid))

    @property
    def known(self) -> tuple[int, int]:
        return (min(self.frm.known, self.to.known), max(self.frm.known, self.to.known))

    @property
    def of_valid(self) -> dict[str, int]:
        """The span of valid time as parameters, with the known time at which each of its ends is seen."""
        low, high = sorted((self.frm, self.to), key=lambda point: point.valid)
        return {"low": low.valid, "high": high.valid, "low_known": low.known, "high_known": high.known}

    @property
    def points(self) -> dict[str, int]:
        """Both points as parameters."""
        return {
            "a_valid": self.frm.valid, "a_known": self.frm.known, "b_valid": self.to.valid, "b_known": self.to.known,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What is asked about: entities of these kinds (None: any) or none at all, and relationships of these types with an end of these kinds."""

    entities: bool
    kinds: list[str] | None
    types: tuple[str, ...]
    ends: list[str] | None


class _Sides:
    """What holds at one of the two points only, by owner, and what came and went between them."""

    def __init__(self, window: _Window) -> None:
        self._window = window
        self._forwards = window.frm.valid <= window.to.valid
        self.before: dict[OwnerKey, VersionAt] = {}
        self.after: dict[OwnerKey, VersionAt] = {}
        #: What ended last of that which began and ended within the span of valid time.
        self.passed: dict[OwnerKey, VersionAt] = {}

    def take(self, type: str, side: str, columns: Sequence[Sequence[Any]]) -> None:
        """Versions of one type, as columns, in any order; one may come twice."""
        sources, targets, words, properties, begun, ends, known, events, enders = columns
        if not sources:
            return
        same = repeat(type)
        owners = zip(sources, same, targets, words, strict=False)
        versions = map(
            VersionAt._make,
            zip(
                sources, same, targets, words, properties, begun, ends, known, repeat(FOREVER), events,
                [one or None for one in enders], strict=False,
            ),
        )  # fmt: skip
        if side == "ended":
            self._ended(zip(owners, versions, strict=True))
        elif side == "before" or (side == "began" and not self._forwards):
            self.before.update(zip(owners, versions, strict=True))
        else:
            self.after.update(zip(owners, versions, strict=True))

    def _ended(self, found: Iterable[tuple[OwnerKey, VersionAt]]) -> None:
        low = self._window.valid[0]
        held, passed = self.before if self._forwards else self.after, self.passed
        for owner, version in found:
            if version.valid_from <= low:
                held[owner] = version
            elif owner not in passed or passed[owner].valid_to < version.valid_to:
                passed[owner] = version

    def differences(self) -> list[Found]:
        """All of them, in order."""
        before, after = self.before, self.after
        # Text is canonical: other text is another value.
        found: list[Found] = [
            (now.valid_from, *owner, was, now)
            for owner, now in after.items()
            if (was := before.get(owner)) is None or was.properties != now.properties
        ]
        found += [
            (was.valid_from if was.valid_to == FOREVER else was.valid_to, *owner, was, None)
            for owner, was in before.items()
            if owner not in after
        ]
        # No two places are the same: what holds is never compared.
        found.sort()
        return found


async def diff(
    reads: Reads,
    frm: Point,
    to: Point,
    *,
    kinds: Sequence[str] | None,
    types: Sequence[str] | None,
    around: str | None,
    first: int,
    after: str | None,
) -> Page[DifferenceAt]:
    """See `Reader.diff`."""
    start = place_of(after, (int, str, str, str, str))
    of_kinds = None if kinds is None else list(kinds)
    wanted = _Wanted(
        entities=types is None or kinds is not None,
        kinds=of_kinds,
        types=await reads.types(types),
        ends=of_kinds if types is None else None,
    )
    window = _Window(frm=frm, to=to)
    sides = _Sides(window)
    base = {"": "", **base_types(wanted.types)}
    for type, side, columns in await _rows(reads, window, wanted, around):
        sides.take(base[type], side, columns)
    found = sides.differences()
    begin = 0 if start is None else bisect_right(found, start, key=_place)
    page = found[begin : begin + first]
    # Only what ended between two instants of one belief tells who ended it; around an entity, what came and went between them was not read.
    told = around is None and frm.known == to.known and frm.valid < to.valid
    ends = {} if told else await _ends(reads, page, to)
    items = tuple(_told(page, window, sides.passed if told else {}, ends))
    return Page(items=items, more=len(found) > begin + first)


async def _rows(reads: Reads, window: _Window, wanted: _Wanted, around: str | None) -> list[Record]:
    """Records of rows that hold at one of the points, at least all of those."""
    if window.frm == window.to:
        return []
    if around is not None:
        stored = "|".join((type_list(wanted.types), type_list(wanted.types, past=True)))
        values: dict[str, Any] = {
            "entity": wanted.entities,
            "kinds": wanted.kinds,
            "ends": wanted.ends,
            **window.points,
        }
        return await reads.run(query_with("read/diff_around", ("types", stored)), key=around, **values)
    asked = []
    if window.frm.valid != window.to.valid:
        asked += [
            reads.run(text, kinds=wanted.kinds, ends=wanted.ends, **window.of_valid)
            for text in _of_valid(wanted.entities, wanted.types)
        ]
    if window.frm.known != window.to.known:
        low, high = window.known
        values = {"low": low, "high": high, "uids": await taken_back(reads, low, high), **window.points}
        if wanted.entities:
            asked.append(reads.run(query("read/diff_entities_known"), kinds=wanted.kinds, **values))
        if wanted.types:
            words = ("present", type_list(wanted.types)), ("past", type_list(wanted.types, past=True))
            text = query_with("read/diff_relationships_known", *words)
            asked.append(reads.run(text, ends=wanted.ends, **values))
    return [record for records in await asyncio.gather(*asked) for record in records]


@lru_cache(maxsize=64)
def _of_valid(entities: bool, types: tuple[str, ...]) -> tuple[str, ...]:
    """The statements for a span of valid time: one for what begins, at the same time one for what ends; few, for each costs a way there and back.

    The present comes before the past: what is in it may become past meanwhile, and is not missed then.
    """
    some = [types[start : start + TYPES_AT_ONCE] for start in range(0, len(types), TYPES_AT_ONCE)]
    statements = []
    for number, names in enumerate(some or [()]):
        for side in ("began", "ended"):
            texts = [query(f"read/diff_entities_{side}")] if entities and number == 0 else []
            texts += [
                query_with(
                    f"read/diff_relationships_{side}",
                    ("type", type),
                    ("stored", type_list([type], past=past)),
                )
                for past in (False, True)
                for type in names
            ]
            if texts:
                statements.append("UNION ALL\n".join(map(without_header, texts)))
    return tuple(statements)


async def taken_back(reads: Reads, low: int, high: int) -> list[str]:
    """The events whose standing may have changed within a span of known time, open below and closed above, by an event recorded within it: those that such
    an event retracts, those that these retract, and so on. uids, sorted.
    """
    seen: set[str] = set()
    new: set[str] = set((await reads.one("read/retracted_within", low=low, high=high))["uids"])
    while new:
        seen |= new
        new = set((await reads.one("read/retracted_by", uids=sorted(new)))["uids"]) - seen
    return sorted(seen)


async def _ends(reads: Reads, page: Iterable[Found], at: Point) -> dict[OwnerKey, str | None]:
    """The event that ended the last stretch before a point, for those of a page that are not there; None where it is believed never to have been."""
    gone = [_owner(one) for one in page if one[6] is None]
    rows = await rows_of(reads, gone, at.known) if gone else {}
    return {
        (one.key, one.type, one.target, one.discriminator): _ended_by(one, rows.get(one, ()), at)
        for one in gone
    }


def _owner(found: Found) -> Owner:
    _, key, type, target, discriminator, _, _ = found
    return Owner(key=key, type=type, target=target, discriminator=discriminator)


def _ended_by(owner: Owner, rows: Iterable[StoredRow], at: Point) -> str | None:
    believed = [version for row in rows for version in row.versions(owner, at.known, corrections=False)]
    over = [version for version in believed if version.valid_to <= at.valid and version.valid_to != FOREVER]
    return max(over, key=lambda version: version.valid_to).ended_by if over else None


def _told(
    page: Iterable[Found],
    window: _Window,
    passed: Mapping[OwnerKey, VersionAt],
    ends: Mapping[OwnerKey, str | None],
) -> Iterator[DifferenceAt]:
    """`passed` is what came and went after what held before; `ends` says who ended those that are not in it."""
    (v1, v2), (k1, k2) = window.valid, window.known
    for _, key, type, target, discriminator, before, after in page:
        subject = "relationship" if type else "entity"
        event: str | None
        if after is not None:
            kind = "APPEARED" if before is None else "CHANGED"
            # It begins, or became known, between the points.
            event = after.event if v1 < after.valid_from <= v2 or k1 < after.known_from <= k2 else None
        else:
            kind, owner = "ENDED", (key, type, target, discriminator)
            if owner in ends:
                event = ends[owner]
            else:
                last = passed.get(owner, before)
                event = None if last is None else last.ended_by
        yield DifferenceAt(kind, subject, before, after, event)
