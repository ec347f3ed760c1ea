"""What differs between two points: candidates from the indexes, then both sides compared exactly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from graph_service.core.time import FOREVER
from graph_service.store.queries import query_with, type_list
from graph_service.store.read.answers import DifferenceAt, Page, Point, VersionAt
from graph_service.store.read.asking import difference_place, place_of
from graph_service.store.read.entities import both, rows_of
from graph_service.store.read.reads import Reads
from graph_service.store.read.rows import Owner, StoredRow


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

    def began_within(self, version: VersionAt) -> bool:
        """Whether a version begins, or became known, between the points."""
        return any(
            low < instant <= high
            for (low, high), instant in ((self.valid, version.valid_from), (self.known, version.known_from))
        )


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
    window = _Window(frm=frm, to=to)
    owners: list[Owner] = []
    if types is None or kinds is not None:
        owners += await _entities(reads, window, None if kinds is None else list(kinds), around)
    ends = list(kinds) if kinds is not None and types is None else None
    for type in await reads.types(types):
        owners += await _relationships(reads, window, type, ends, around)
    rows = await rows_of(reads, owners, window.known[1])
    found = [one for owner, its in rows.items() if (one := _difference(owner, its, window)) is not None]
    found.sort(key=difference_place)
    if start is not None:
        found = [one for one in found if difference_place(one) > start]
    return Page(items=tuple(found[:first]), more=len(found) > first)


async def _entities(
    reads: Reads, window: _Window, kinds: list[str] | None, around: str | None
) -> list[Owner]:
    keys: set[str] = set()
    if around is not None:
        keys.update((await reads.one("read/kinds_of", keys=[around], kinds=kinds))["keys"])
    else:
        for name, (low, high) in (("valid", window.valid), ("known", window.known)):
            if low < high:
                found = await reads.one(f"read/diff_entities_{name}", low=low, high=high, kinds=kinds)
                keys.update(found["keys"])
    return [Owner(key=key) for key in sorted(keys)]


async def _relationships(
    reads: Reads, window: _Window, type: str, kinds: list[str] | None, around: str | None
) -> Iterable[Owner]:
    present, past = type_list([type]), type_list([type], past=True)
    records = []
    if around is not None:
        records += await reads.run(
            query_with("read/diff_around", ("types", both(type))), key=around, kinds=kinds
        )
    else:
        for (low, high), text in (
            (window.valid, query_with("read/diff_relationships_valid", ("present", present), ("past", past))),
            (window.known, query_with("read/diff_relationships_known", ("types", both(type)))),
        ):
            if low < high:
                records += await reads.run(text, low=low, high=high, kinds=kinds)
    found = {tuple(owner) for record in records for owner in record["owners"]}
    return [
        Owner(key=key, type=type, target=target, discriminator=discriminator)
        for key, target, discriminator in sorted(found)
    ]


def _difference(owner: Owner, rows: Sequence[StoredRow], window: _Window) -> DifferenceAt | None:
    before, after = _version(owner, rows, window.frm), _version(owner, rows, window.to)
    event: str | None
    match before, after:
        case None, VersionAt():
            kind, event = "APPEARED", after.event if window.began_within(after) else None
        case VersionAt(), None:
            kind, event = "ENDED", _ended_by(owner, rows, window.to)
        case VersionAt(), VersionAt() if before.properties != after.properties:
            kind, event = "CHANGED", after.event if window.began_within(after) else None
        case _:
            return None
    subject = "relationship" if owner.type else "entity"
    return DifferenceAt(kind=kind, subject=subject, before=before, after=after, event=event)


def _version(owner: Owner, rows: Iterable[StoredRow], at: Point) -> VersionAt | None:
    return next((row.version(owner, at.known) for row in rows if row.holds(at)), None)


def _ended_by(owner: Owner, rows: Iterable[StoredRow], at: Point) -> str | None:
    """The event that ended the last stretch before a point; None where it is believed never to have been."""
    believed = [version for row in rows for version in row.versions(owner, at.known, corrections=False)]
    over = [version for version in believed if version.valid_to <= at.valid and version.valid_to != FOREVER]
    return max(over, key=lambda version: version.valid_to).ended_by if over else None
