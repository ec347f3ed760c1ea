"""Impact in one statement, where it can be said in one: who is how far away, and what proves it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from graph_service.core.errors import StoreTimeout
from graph_service.store.queries import base_types, query_with, type_list
from graph_service.store.read.answers import Hit, ImpactAt, ImpactHit, Point, Reach, ReachAt, Reached
from graph_service.store.read.impact import (
    BEYOND_MAX,
    Followed,
    proved,
    too_deep,
    too_many,
    walked,
    whole,
)
from graph_service.store.read.overlay import Overlay
from graph_service.store.read.reads import Reads, at_values
from graph_service.store.read.rows import relationship_at

LOOKS_MAX = 1000
"""Who asks for at most so many is answered by the walk where there are more: it ends with what was asked for, and this does not."""


async def reach(
    reads: Reads,
    of: Sequence[str],
    *,
    dependents: bool,
    types: Sequence[str] | None,
    max_depth: int,
    at: Point,
    limit: int,
    timeout_s: float,
) -> ReachAt:
    """See `Reader.reach`."""
    begun_s = time.monotonic()
    followed = Followed.of(await reads.vocabulary(), await reads.types(types), dependents=dependents)
    once = _Once(reads, of, followed, max_depth, at, limit)
    found = await once.hits(_reached, timeout_s / 2)
    left_s = timeout_s - (time.monotonic() - begun_s)
    return found or await walked(
        reads, of, followed, max_depth=max_depth, at=at, limit=limit, timeout_s=left_s
    )


async def impact(
    reads: Reads,
    of: Sequence[str],
    *,
    dependents: bool,
    types: Sequence[str] | None,
    max_depth: int,
    at: Point,
    limit: int,
    timeout_s: float,
    overlay: Overlay | None = None,
) -> ImpactAt:
    """See `Reader.impact`. With `overlay`, as if its events had been recorded: `at.known` is then its known time."""
    begun_s = time.monotonic()
    followed = Followed.of(await reads.vocabulary(), await reads.types(types), dependents=dependents)
    found = None
    if overlay is None:
        once = _Once(reads, of, followed, max_depth, at, limit)
        found = await once.hits(once.proved, timeout_s / 2, prove=True)
    left_s = timeout_s - (time.monotonic() - begun_s)
    return found or await proved(
        reads, of, followed, max_depth=max_depth, at=at, limit=limit, timeout_s=left_s, overlay=overlay
    )


class _Once:
    """All of it in one record; Neo4j visits each entity once. The walk answers where types are followed both ways, where there are more than
    `limit`, and where this takes too long.
    """

    def __init__(
        self, reads: Reads, of: Sequence[str], followed: Followed, max_depth: int, at: Point, limit: int
    ) -> None:
        self._reads, self._of, self._followed = reads, list(dict.fromkeys(of)), followed
        self._max_depth, self._at, self._limit = max_depth, at, limit

    async def hits(
        self, of_level: Callable[[int, Any], list[Hit]], timeout_s: float, *, prove: bool = False
    ) -> Reach[Hit] | None:
        """All hits, each level made by `of_level`; None where the walk is to answer."""
        if self._followed.to_sources and self._followed.to_targets:
            return None
        try:
            record = await self._found(timeout_s, prove)
        except StoreTimeout:
            return None
        limit, levels = self._limit, record["levels"]
        found = sum(len(level[0]) for level in levels)
        if record["looked"] > limit + len(self._of) or (limit <= LOOKS_MAX and found > limit):
            return None
        hits: list[Hit] = []
        for distance, level in enumerate(levels, 1):
            hits += of_level(distance, level)
        if len(hits) > limit:
            last = hits[limit].distance
            more = sum(hit.distance == last for hit in hits[limit:])
            return too_many(tuple(hits[:limit]), last, limit, more)
        if record["beyond"]:
            return too_deep(tuple(hits), len(levels[-1][0]), self._max_depth + 1, record["beyond"])
        return whole(tuple(hits))

    async def _found(self, timeout_s: float, prove: bool) -> Any:
        way, back = (("<-", "-"), ("-", "->")) if self._followed.to_sources else (("-", "->"), ("<-", "-"))
        names = self._followed.names
        text = query_with(
            "read/impact_reach",
            *zip(("begin", "end", "back", "home"), (*way, *back), strict=True),
            ("types", type_list(names)),
            ("past_types", type_list(names, past=True)),
            ("steps", str(self._max_depth)),
        )
        # Of what was asked some may be reached as well.
        most = self._limit + len(self._of) + 1
        (record,) = await self._reads.run(
            text, timeout_s=timeout_s, of=self._of, base=base_types(names), prove=prove, beyond_max=BEYOND_MAX + 1,
            most=most, looks=self._limit <= LOOKS_MAX, **at_values(self._at),
        )  # fmt: skip
        return record

    def proved(self, distance: int, level: Any) -> list[ImpactHit]:
        """With the least way to each, by key."""
        sources, at = bool(self._followed.to_sources), self._at
        return [
            ImpactHit(
                key=key,
                distance=distance,
                parent=parent,
                relationship=relationship_at(
                    key if sources else parent, type, parent if sources else key, row, at
                ),
            )
            for key, parent, type, row in sorted(zip(*level, strict=True), key=_KEY)
        ]


_KEY = itemgetter(0)


def _reached(distance: int, level: Any) -> list[Reached]:
    return [Reached(key=key, distance=distance) for key in sorted(level[0])]
