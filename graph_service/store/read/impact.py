"""Impact: a walk from frontier to frontier, one statement for each step, in the direction of dependence."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Generic, NamedTuple

from graph_service.core.errors import StoreTimeout
from graph_service.core.vocabulary import Depends, Vocabulary
from graph_service.store.queries import base_types, query_with, type_list
from graph_service.store.read.answers import (
    Hit,
    ImpactAt,
    ImpactHit,
    Point,
    Reach,
    ReachAt,
    Reached,
    RelationshipAt,
)
from graph_service.store.read.overlay import Overlay
from graph_service.store.read.reads import Reads, at_values
from graph_service.store.read.rows import relationship_at

BEYOND_MAX = 1000
"""How many entities beyond the last distance are counted."""
ROWS_MIN = 256
WAY = "{key: key, parent: parent, type: type, source: startNode(r).key, target: endNode(r).key, row: properties(r)}"
"""All that `way_of` needs."""


class Followed(NamedTuple):
    """The types that a walk follows, by the end it comes from."""

    #: From target to source.
    to_sources: frozenset[str]
    #: From source to target.
    to_targets: frozenset[str]

    @classmethod
    def of(cls, vocabulary: Vocabulary, names: Iterable[str], *, dependents: bool) -> Followed:
        """Towards what depends, or towards what it depends on. Types in which nobody depends on the other are never followed."""
        wanted = set(names)
        by_source = frozenset(wanted.intersection(vocabulary.types_depending(Depends.SOURCE)))
        by_target = frozenset(wanted.intersection(vocabulary.types_depending(Depends.TARGET)))
        return cls(by_source, by_target) if dependents else cls(by_target, by_source)

    def query(self, name: str, *words: tuple[str, str]) -> str:
        """The text of a step that follows these."""
        return query_with(
            name,
            *words,
            ("past_to_sources", type_list(self.to_sources, past=True)),
            ("past_to_targets", type_list(self.to_targets, past=True)),
            ("to_sources", type_list(self.to_sources)),
            ("to_targets", type_list(self.to_targets)),
        )

    @property
    def names(self) -> frozenset[str]:
        """All of them."""
        return self.to_sources | self.to_targets


async def walked(
    reads: Reads,
    of: Sequence[str],
    followed: Followed,
    *,
    max_depth: int,
    at: Point,
    limit: int,
    timeout_s: float,
) -> ReachAt:
    """Who is how far away."""
    return await _walked(_Bare(reads, followed, at, timeout_s), of, max_depth=max_depth, limit=limit)


async def proved(
    reads: Reads,
    of: Sequence[str],
    followed: Followed,
    *,
    max_depth: int,
    at: Point,
    limit: int,
    timeout_s: float,
    overlay: Overlay | None,
) -> ImpactAt:
    """The same with proofs; with `overlay`, as if its events had been recorded: `at.known` is then its known time."""
    step = _Proving(reads, followed, at, timeout_s, overlay)
    return await _walked(step, of, max_depth=max_depth, limit=limit)


async def _walked(step: _Step[Hit], of: Sequence[str], *, max_depth: int, limit: int) -> Reach[Hit]:
    seen, hits = set(of), list[Hit]()
    frontier = sorted(seen)
    distance = 0
    try:
        while frontier:
            distance += 1
            room = BEYOND_MAX if distance > max_depth else limit - len(hits)
            found, more = await step.take(distance, frontier, seen, room)
            if distance > max_depth:
                break
            hits += found
            if more:
                return too_many(tuple(hits), distance, limit, more)
            frontier = [hit.key for hit in found]
            seen.update(frontier)
    except StoreTimeout:
        detail = f"stopped after {step.timeout_s:g} s at distance {distance}: what is there and beyond was not looked at; ask for fewer types or steps"
        return Reach(hits=tuple(hits), count=len(hits), cut="time", cut_detail=detail, cut_distance=distance)
    if frontier and found:
        return too_deep(tuple(hits), len(frontier), distance, len(found) + more)
    return whole(tuple(hits))


def whole(hits: Sequence[Hit]) -> Reach[Hit]:
    """All there is."""
    return Reach(hits=hits, count=len(hits))


def too_deep(hits: Sequence[Hit], frontier: int, distance: int, found: int) -> Reach[Hit]:
    """Of `frontier` entities that were not followed further `found` more are one step away, at `distance`."""
    counted = min(found, BEYOND_MAX)
    detail = (
        f"{frontier} entities at distance {distance - 1} were not followed further; {'at least ' if found > counted else ''}{counted} more are at distance "
        f"{distance}: allow more than {distance - 1} steps"
    )
    return Reach(
        hits=hits, count=len(hits), cut="depth", cut_detail=detail, cut_distance=distance, left_out=counted
    )


def too_many(hits: Sequence[Hit], distance: int, limit: int, more: int) -> Reach[Hit]:
    """More than `limit` were found: `more` at `distance`, at least, are left out."""
    detail = (
        f"more than {limit} were found: at least {more} at distance {distance} were left out, and what is beyond was not looked at; "
        "ask for more, or for fewer types or steps"
    )
    return Reach(
        hits=hits, count=len(hits), cut="size", cut_detail=detail, cut_distance=distance, left_out=more
    )


class Way(NamedTuple):
    """How one entity is reached from another. Of several ways to one entity the least proves it."""

    key: str
    parent: str
    type: str
    discriminator: str
    relationship: RelationshipAt

    @property
    def place(self) -> tuple[str, str, str, str]:
        """What sorts."""
        return self[:4]


class _Step(Generic[Hit]):
    """One step of a walk: prepared once, taken at each distance."""

    #: What is told of each entity that is found.
    _told: ClassVar[str]

    def __init__(
        self, reads: Reads, followed: Followed, at: Point, timeout_s: float, without: Sequence[str] = ()
    ) -> None:
        """`timeout_s` is for the whole walk, which begins now. `without`: whose relationships are passed over."""
        self._reads, self._at, self.timeout_s = reads, at, timeout_s
        self._deadline = time.monotonic() + timeout_s
        self._text = followed.query("read/impact_step", ("found", self._told))
        self._values: dict[str, Any] = {
            "base": base_types(followed.names), "without": list(without), **at_values(at)
        }  # fmt: skip

    async def take(
        self, distance: int, frontier: Sequence[str], seen: Collection[str], room: int
    ) -> tuple[list[Hit], int]:
        """The first `room` entities one step away, by key, without those seen; and how many more there are at least: 0 for none."""
        raise NotImplementedError

    async def _stored(self, frontier: Sequence[str], seen: Collection[str], room: int) -> list[Any]:
        """At least the first `room` and one more, where there are so many. Asks again when parallel relationships took the room."""
        rows_max = max(ROWS_MIN, 4 * (room + 1))
        while True:
            left_s = self._deadline - time.monotonic()
            if left_s <= 0:
                raise StoreTimeout("the time for this question is up")
            (record,) = await self._reads.run(
                self._text, timeout_s=left_s, frontier=list(frontier), seen=list(seen), rows_max=rows_max, **self._values
            )  # fmt: skip
            found: list[Any] = record["found"]
            if len(found) > room or record["rows"] < rows_max:
                return found
            rows_max *= 8


class _Bare(_Step[Reached]):
    """Finds keys."""

    _told = "key"

    async def take(
        self, distance: int, frontier: Sequence[str], seen: Collection[str], room: int
    ) -> tuple[list[Reached], int]:
        found = await self._stored(frontier, seen, room)
        return [Reached(key=key, distance=distance) for key in found[:room]], len(found[room:])


class _Proving(_Step[ImpactHit]):
    """Finds the least way to each, in what is stored and in what is laid over it."""

    _told = WAY

    def __init__(
        self, reads: Reads, followed: Followed, at: Point, timeout_s: float, overlay: Overlay | None
    ) -> None:
        super().__init__(reads, followed, at, timeout_s, sorted(overlay.owners) if overlay else ())
        #: The ways that only the overlay has, by where they come from.
        self._laid_over: dict[str, list[Way]] = defaultdict(list)
        for edge in overlay.relationships(at) if overlay else ():
            if edge.type in followed.to_sources:
                self._lay(edge, edge.target, edge.source)
            if edge.type in followed.to_targets:
                self._lay(edge, edge.source, edge.target)

    def _lay(self, edge: RelationshipAt, parent: str, key: str) -> None:
        self._laid_over[parent].append(Way(key, parent, edge.type, edge.discriminator, edge))

    async def take(
        self, distance: int, frontier: Sequence[str], seen: Collection[str], room: int
    ) -> tuple[list[ImpactHit], int]:
        ways = {one["key"]: way_of(one, self._at) for one in await self._stored(frontier, seen, room)}
        for parent in frontier:
            for way in self._laid_over.get(parent, ()):
                if way.key not in seen and (way.key not in ways or way.place < ways[way.key].place):
                    ways[way.key] = way
        found = [ways[key] for key in sorted(ways)]
        hits = [
            ImpactHit(key=way.key, distance=distance, parent=way.parent, relationship=way.relationship)
            for way in found[:room]
        ]
        return hits, len(found[room:])


def way_of(found: Mapping[str, Any], at: Point) -> Way:
    """From what a step found."""
    edge = relationship_at(found["source"], found["type"], found["target"], found["row"], at)
    return Way(found["key"], found["parent"], edge.type, edge.discriminator, edge)
