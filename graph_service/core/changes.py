"""What the belief about one stream changed to at one known instant: the stuff of the change log. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from graph_service.core.model import Row, Version


class ChangeKind(Enum):
    """What became of an item over a stretch of valid time: what was not there is, what was there is otherwise, or is not."""

    APPEARED = "APPEARED"
    CHANGED = "CHANGED"
    ENDED = "ENDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference between what was believed just before a known instant and from it on.

    It covers the longest stretch [valid_from, valid_to) of valid time with one version before and one after that differ in state;
    `before` and `after` are those versions, None where the item was, or is, not believed to be there.
    """

    item: str
    valid_from: int
    valid_to: int
    before: Version | None
    after: Version | None
    #: Whether it alters what was believed about the past: something was known to have begun or ended at or after `valid_from`.
    corrects: bool
    #: uid of the event that begins what holds now, or ended what held; None where neither says, as after a retraction.
    made_by: str | None

    @property
    def kind(self) -> ChangeKind:
        """See `ChangeKind`."""
        if self.before is None:
            return ChangeKind.APPEARED
        return ChangeKind.CHANGED if self.after is not None else ChangeKind.ENDED


def changes_at(rows: Iterable[Row], instants: Iterable[int]) -> Iterator[tuple[int, list[Change]]]:
    """The changes at each of these known instants, ascending, of one stream; instants without any are left out.

    `rows` are at least those that are believed at or after the first instant, of every item that changes then.
    """
    by_item: dict[str, list[Version]] = {}
    for row in rows:
        by_item.setdefault(row.item, []).extend(row.versions())
    moved: dict[int, set[str]] = {known: set() for known in instants}
    for item, versions in by_item.items():
        for version in versions:
            for known in (version.known_from, version.known_to):
                if known in moved:
                    moved[known].add(item)
    for known in sorted(moved):
        found = [change for item in sorted(moved[known]) for change in _changes(by_item[item], known)]
        if found:
            yield known, found


def _changes(versions: Sequence[Version], known: int) -> Iterator[Change]:
    """The changes of one item at one instant. What is believed before it and after it alike changes nothing, and is passed over."""
    gone = sorted((v for v in versions if v.known_from < known == v.known_to), key=_valid_from)
    fresh = sorted((v for v in versions if v.known_from == known < v.known_to), key=_valid_from)
    ended_by: dict[int, str | None] | None = None
    edges = sorted({edge for v in (*gone, *fresh) for edge in (v.valid_from, v.valid_to)})
    past = max((edge for v in versions for edge in _past_edges(v, known)), default=None)
    last: Change | None = None
    for start, end in pairwise(edges):
        old, new = _at(gone, start), _at(fresh, start)
        if _state(old) == _state(new):
            continue
        if last is not None and (last.valid_to, last.before, last.after) == (start, old, new):
            start, last = last.valid_from, None
        if last is not None:
            yield last
        if new is None and ended_by is None:
            ended_by = _ended_by(versions, known)
        last = Change(
            item=versions[0].item,
            valid_from=start,
            valid_to=end,
            before=old,
            after=new,
            corrects=past is not None and start <= past,
            made_by=new.event if new else (ended_by or {}).get(start),
        )
    if last is not None:
        yield last


def _past_edges(version: Version, known: int) -> Iterator[int]:
    """The instants up to `known` at which, as was believed just before it, something had begun or ended."""
    if version.known_from < known <= version.known_to:
        if version.valid_from <= known:
            yield version.valid_from
        if version.valid_to <= known:
            yield version.valid_to


def _ended_by(versions: Sequence[Version], known: int) -> dict[int, str | None]:
    """Who ended what is believed at `known`, by the instant at which it ends."""
    return {v.valid_to: v.ended_by for v in versions if v.known_from <= known < v.known_to}


def _at(versions: Sequence[Version], valid: int) -> Version | None:
    """The version that holds at `valid`, of versions that follow each other."""
    place = bisect_right(versions, valid, key=_valid_from)
    return versions[place - 1] if place and valid < versions[place - 1].valid_to else None


def _valid_from(version: Version) -> int:
    return version.valid_from


def _state(version: Version | None) -> str | None:
    return None if version is None else version.properties.text


def cause(made_by: str | None, candidates: Sequence[str]) -> str:
    """The event that did it, of those recorded at that instant (uids, in record order, at least one).

    That which made it; else, as for a retraction, the last.
    """
    return made_by if made_by is not None and made_by in candidates else candidates[-1]
