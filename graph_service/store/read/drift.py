"""Drift: how an impact differs between two points, and which event made each difference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from graph_service.core.time import FOREVER
from graph_service.store.queries import query
from graph_service.store.read.answers import (
    DriftAt,
    DriftHit,
    ImpactAt,
    ImpactHit,
    Point,
    RelationshipAt,
    VersionAt,
    path_to,
)
from graph_service.store.read.entities import rows_of
from graph_service.store.read.overlay import Overlay
from graph_service.store.read.reads import Reads, in_chunks
from graph_service.store.read.rows import Owner, StoredRow

_Rows = Mapping[Owner, Sequence[StoredRow]]
#: All that is recorded.
_ALL = FOREVER - 1


class Side(NamedTuple):
    """An impact, and the point at which it is."""

    found: ImpactAt
    at: Point


async def drift(reads: Reads, before: Side, after: Side, overlay: Overlay | None = None) -> DriftAt:
    """How the second impact differs from the first. With `overlay`, the second is as if its events had been recorded.

    What one side left out for want of room or time is not said to be missing there: it is in none of the lists.
    """
    old, new = ({hit.key: hit for hit in side.found.hits} for side in (before, after))
    wanted: list[tuple[ImpactHit, tuple[int | None, int | None], bool]] = []
    for key in old.keys() | new.keys():
        here, there = old.get(key), new.get(key)
        distances = (None if here is None else here.distance, None if there is None else there.distance)
        if here is None and there is not None and _complete(before.found):
            wanted.append((there, distances, False))
        elif there is None and here is not None and _complete(after.found):
            wanted.append((here, distances, True))
        elif here is not None and there is not None and here.distance != there.distance:
            of_before = here.distance < there.distance
            wanted.append((here if of_before else there, distances, of_before))
    paths = [path_to(hit, old if of_before else new) for hit, _, of_before in wanted]
    rows = await _rows(reads, [hit.relationship for path in paths for hit in path], overlay)
    points = (before.at, after.at)
    decisive = [
        _decisive(path, rows, points if of_before else points[::-1], first_to_go=of_before)
        for (_, _, of_before), path in zip(wanted, paths, strict=True)
    ]
    events = await _events(reads, [cause for _, cause in decisive if cause is not None], overlay)
    items = [
        DriftHit(
            key=hit.key,
            before=distances[0],
            after=distances[1],
            path=path,
            relationship=edge,
            event=None if cause is None else events[cause],
        )
        for (hit, distances, _), path, (edge, cause) in zip(wanted, paths, decisive, strict=True)
    ]
    items.sort(key=_place)
    return DriftAt(
        entered=tuple(item for item in items if item.before is None),
        left=tuple(item for item in items if item.after is None),
        moved=tuple(item for item in items if item.before is not None and item.after is not None),
        unchanged=sum(1 for key, hit in old.items() if key in new and new[key].distance == hit.distance),
        before=before.found,
        after=after.found,
    )


def _complete(found: ImpactAt) -> bool:
    """Whether all within its depth is in it."""
    return found.cut in (None, "depth")


def _place(item: DriftHit) -> tuple[int, str]:
    return (min(d for d in (item.before, item.after) if d is not None), item.key)


class _Cause(NamedTuple):
    """Why a relationship is there at one point and not at another."""

    #: The entity it goes out from.
    owner: str
    #: When it came, or went: on the axis on which the two points differ.
    instant: int
    #: The event that began or ended what is there; None where no version says, as after a retraction.
    event: str | None
    #: On the known axis another event may have brought that about: one that was recorded at `instant`.
    learned: bool


async def _rows(reads: Reads, edges: Iterable[RelationshipAt], overlay: Overlay | None) -> _Rows:
    owners = dict.fromkeys(map(_owner, edges))
    touched = [owner for owner in owners if overlay is not None and owner.key in overlay.owners]
    found = await rows_of(reads, [owner for owner in owners if owner not in set(touched)], _ALL)
    return found if overlay is None else {**found, **overlay.stored(touched)}


def _owner(edge: RelationshipAt) -> Owner:
    return Owner(key=edge.source, type=edge.type, target=edge.target, discriminator=edge.discriminator)


def _decisive(
    path: Sequence[ImpactHit], rows: _Rows, points: Sequence[Point], *, first_to_go: bool
) -> tuple[RelationshipAt | None, _Cause | None]:
    """Of the relationships of a path that are there at the first point and not at the second: the first to go, or the last to come.

    Of several at the same instant: when they go the one nearest to what was asked, when they come the one farthest from it.
    """
    found: tuple[RelationshipAt | None, _Cause | None] = (None, None)
    for hit in path:
        owner = _owner(hit.relationship)
        cause = _cause(owner, rows.get(owner, ()), *points)
        if cause is None:
            continue
        best = found[1]
        if best is None or (cause.instant < best.instant if first_to_go else cause.instant >= best.instant):
            found = (hit.relationship, cause)
    return found


def _cause(owner: Owner, rows: Sequence[StoredRow], here: Point, there: Point) -> _Cause | None:
    """Why what is there at `here` is not at `there`; None where it is.

    What differs in the world comes first, as it was believed at `here`; if that is nothing, what was learned between the two.
    """
    if any(row.holds(there) for row in rows):
        return None
    versions = [version for row in rows for version in row.versions(owner, _ALL, corrections=True)]
    then = [version for version in versions if version.known_from <= here.known < version.known_to]
    if not any(_covers(version, there.valid) for version in then):
        return _came_or_went(owner, then, here, there)
    covering = [version for version in versions if _covers(version, there.valid)]
    if there.known < here.known:
        (known,) = {version.known_from for version in covering if version in then}
        while earlier := [version for version in covering if version.known_to == known]:
            known = earlier[0].known_from
        (event,) = {version.event for version in covering if version in then}
        return _Cause(owner.key, known, event, learned=True)
    known = max(version.known_to for version in covering if version.known_to <= there.known)
    after = [version for version in versions if version.known_from <= known < version.known_to]
    ended = _last_ended(after, there.valid)
    return _Cause(owner.key, known, ended.ended_by if ended else None, learned=True)


def _came_or_went(owner: Owner, then: Sequence[VersionAt], here: Point, there: Point) -> _Cause | None:
    version = next((version for version in then if _covers(version, here.valid)), None)
    if version is not None and version.valid_from > there.valid:
        return _Cause(owner.key, version.valid_from, version.event, learned=False)
    ended = _last_ended(then, there.valid)
    return None if ended is None else _Cause(owner.key, ended.valid_to, ended.ended_by, learned=False)


def _covers(version: VersionAt, valid: int) -> bool:
    return version.valid_from <= valid < version.valid_to


def _last_ended(versions: Iterable[VersionAt], valid: int) -> VersionAt | None:
    over = [version for version in versions if version.valid_to <= valid]
    return max(over, key=lambda version: version.valid_to, default=None)


async def _events(
    reads: Reads, causes: Iterable[_Cause], overlay: Overlay | None
) -> dict[_Cause, str | None]:
    """The event behind each cause: that which made the version where it was recorded just then, else the last that was."""
    found = {cause: cause.event for cause in causes}
    asked = [cause for cause in found if cause.learned]
    recorded: dict[tuple[str, int], Sequence[str]] = {}
    for some in in_chunks(
        dict.fromkeys((one.owner, one.instant) for one in asked if overlay is None or one.instant != overlay.known)
    ):  # fmt: skip
        for record in await reads.run(query("read/events_at"), asked=[list(pair) for pair in some]):
            recorded[(record["asked"][0], record["asked"][1])] = record["uids"]
    for one in asked:
        if overlay is not None and one.instant == overlay.known:
            candidates: Sequence[str] = overlay.events.get(one.owner, ())
        else:
            candidates = recorded.get((one.owner, one.instant), ())
        if candidates and one.event not in candidates:
            found[one] = candidates[-1]
    return found
