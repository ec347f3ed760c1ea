"""Paths between two entities: a layered search from both ends, so that no more is read than the shortest paths need."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Literal

from graph_service.core.errors import BadRequest, StoreTimeout
from graph_service.core.paths import TooManySteps, Ways, simple_paths
from graph_service.core.vocabulary import Depends, Vocabulary
from graph_service.store.queries import base_types
from graph_service.store.read import entities as read_entities
from graph_service.store.read.answers import PathAt, Point, RelationshipAt
from graph_service.store.read.impact import Followed, way_of
from graph_service.store.read.reads import Reads, at_values

Way = Literal["dependencies", "dependents", "any"]
ROWS_MAX = 50_000
"""How many relationships a search may read altogether."""
STEPS_MAX = 200_000
"""How many steps may be tried on what was read."""


async def paths(
    reads: Reads,
    start: str,
    end: str,
    *,
    types: Sequence[str] | None,
    way: Way,
    max_depth: int,
    at: Point,
    first: int,
    timeout_s: float,
) -> tuple[PathAt, ...]:
    """See `Reader.paths`."""
    if start == end:
        there = (await read_entities.by_key(reads, [start], at)).get(start, (None, False))[1]
        return (PathAt(keys=(start,), relationships=()),) if there else ()
    onward = onward_types(await reads.vocabulary(), await reads.types(types), way)
    search = _Search(reads, onward, at, time.monotonic() + timeout_s)
    fronts = (_Front(start), _Front(end))
    found: list[PathAt] = []
    steps_left = [STEPS_MAX]
    for length in range(1, max_depth + 1):
        # All paths of this length lie within what is known once both fronts together have gone so far.
        if not any(front.done for front in fronts):
            near = min(fronts, key=lambda front: len(front.keys))
            await search.advance(near, backwards=near is fronts[1])
        try:
            for keys in simple_paths(search.ways, start, end, length, steps_left):
                found.append(search.path(keys))
                if len(found) == first:
                    return tuple(found)
        except TooManySteps:
            raise _too_much(f"more than {STEPS_MAX} steps were tried") from None
    return tuple(found)


def _too_much(cause: str) -> BadRequest:
    return BadRequest(
        f"the paths between these two are too many to search: {cause}; ask for fewer types, fewer steps or fewer paths"
    )


class _Front:
    """How far a search has come from one end."""

    def __init__(self, key: str) -> None:
        self.keys: Sequence[str] = (key,)
        self.seen = {key}

    @property
    def done(self) -> bool:
        """Nothing lies beyond: every path there is lies within what is known."""
        return not self.keys


class _Search:
    """What is known of the ways between the two ends."""

    def __init__(self, reads: Reads, onward: Followed, at: Point, deadline: float) -> None:
        self._reads, self._at, self._deadline = reads, at, deadline
        back = Followed(onward.to_targets, onward.to_sources)
        self._texts = (onward.query("read/path_step"), back.query("read/path_step"))
        self._values = {"base": base_types(onward.names), **at_values(at)}
        self._rows_left = ROWS_MAX
        self.ways: Ways[RelationshipAt] = Ways()

    async def advance(self, front: _Front, *, backwards: bool) -> None:
        """One step on from the front, or back from it."""
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise StoreTimeout("the search took too long; ask for fewer types or fewer steps")
        (record,) = await self._reads.run(
            self._texts[backwards], timeout_s=left_s, frontier=list(front.keys), rows_max=self._rows_left + 1, **self._values
        )  # fmt: skip
        self._rows_left -= record["rows"]
        if self._rows_left < 0:
            raise _too_much(f"more than {ROWS_MAX} relationships lie between them")
        ways = [way_of(one, self._at) for one in record["found"]]
        for way in ways:
            ends = (way.key, way.parent) if backwards else (way.parent, way.key)
            self.ways.add(*ends, way.relationship)
        front.keys = sorted({way.key for way in ways} - front.seen)
        front.seen.update(front.keys)

    def path(self, keys: Sequence[str]) -> PathAt:
        """The path through these entities."""
        edges = [self.ways.onward[here][there] for here, there in pairwise(keys)]
        return PathAt(keys=tuple(keys), relationships=tuple(edges))


def onward_types(vocabulary: Vocabulary, names: Iterable[str], way: Way) -> Followed:
    """How paths follow these types; where nobody depends on the other, from source to target counts as the way of dependence."""
    wanted = frozenset(names)
    to_sources = wanted.intersection(vocabulary.types_depending(Depends.TARGET))
    match way:
        case "dependencies":
            return Followed(to_sources, wanted - to_sources)
        case "dependents":
            return Followed(wanted - to_sources, to_sources)
        case "any":
            return Followed(wanted, wanted)
