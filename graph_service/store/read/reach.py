"""Impact in one statement, where it can be said in one: who is how far away, and what proves it."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import cache
from itertools import accumulate, chain, islice, repeat
from typing import Any

from graph_service.core.errors import StoreTimeout
from graph_service.core.time import FOREVER
from graph_service.store.queries import base_types, query_with, type_list
from graph_service.store.read.answers import (
    Hit,
    Hits,
    ImpactAt,
    ImpactHit,
    Point,
    Reach,
    ReachAt,
    Reached,
    RelationshipAt,
)
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

LOOKS_MAX = 1000
"""Who asks for at most so many is answered by the walk where there are more: it ends with what was asked for, and this does not."""
SETTLED_TYPES_MAX = 16
"""Of at most so many types it is looked whether anything of them has not begun, or is over, so that nothing else need be looked at."""


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
    found = await once.reached(timeout_s / 2)
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
        found = await once.proved(timeout_s / 2)
    left_s = timeout_s - (time.monotonic() - begun_s)
    return found or await proved(
        reads, of, followed, max_depth=max_depth, at=at, limit=limit, timeout_s=left_s, overlay=overlay
    )


class _Once:
    """All of it in one record; Neo4j visits each entity once. The walk answers where types are followed both ways, where there are more than
    `limit`, where this takes too long, and where something was written meanwhile that is to begin or end later.
    """

    def __init__(
        self, reads: Reads, of: Sequence[str], followed: Followed, max_depth: int, at: Point, limit: int
    ) -> None:
        self._reads, self._of, self._followed = reads, list(dict.fromkeys(of)), followed
        self._max_depth, self._at, self._limit = max_depth, at, limit
        self._types = sorted(followed.names)

    async def reached(self, timeout_s: float) -> ReachAt | None:
        """All hits; None where the walk is to answer."""
        record = await self._found("read/impact_reach", timeout_s)
        return record and self._told(record, [len(keys) for keys in record["levels"]], _reached)

    async def proved(self, timeout_s: float) -> ImpactAt | None:
        """The same with the least way to each."""
        rank = {stored: self._types.index(name) for stored, name in base_types(self._types).items()}
        record = await self._found("read/impact_proved", timeout_s, rank=rank)
        return record and self._told(record, [len(level[0]) for level in record["levels"]], self._proved)

    def _told(
        self, record: Any, sizes: Sequence[int], of_level: Callable[[int, Any], list[Hit]]
    ) -> Reach[Hit] | None:
        """From what was found at each distance, `sizes` says how many; each level is made by `of_level`, when it is looked at."""
        limit, levels, found = self._limit, record["levels"], sum(sizes)
        if record["looked"] > limit + len(self._of) or (limit <= LOOKS_MAX and found > limit):
            return None

        def made() -> tuple[Hit, ...]:
            every = chain.from_iterable(of_level(distance, level) for distance, level in enumerate(levels, 1))
            return tuple(islice(every, limit))

        hits = Hits(min(found, limit), made)
        if found > limit:
            # How many are there up to each distance.
            upto = list(accumulate(sizes))
            last = bisect_right(upto, limit)
            return too_many(hits, last + 1, limit, upto[last] - limit)
        if record["beyond"]:
            return too_deep(hits, sizes[-1], self._max_depth + 1, record["beyond"])
        return whole(hits)

    async def _found(self, name: str, timeout_s: float, **values: Any) -> Any:
        """The record; None where it cannot be told at once."""
        if self._followed.to_sources and self._followed.to_targets:
            return None
        begin, end = ("<-", "-") if self._followed.to_sources else ("-", "->")
        text = query_with(
            name,
            ("begin", begin),
            ("end", end),
            ("types", type_list(self._types)),
            ("past_types", type_list(self._types, past=True)),
            ("settled", settled_text(tuple(self._types))),
            ("steps", str(self._max_depth)),
            ("nearer", str(self._max_depth - 1)),
        )
        # Of what was asked some may be reached as well.
        most = self._limit + len(self._of) + 1
        try:
            (record,) = await self._reads.run(
                text, timeout_s=timeout_s, of=self._of, beyond_max=BEYOND_MAX + 1, most=most, looks=self._limit <= LOOKS_MAX,
                **at_values(self._at), **values,
            )  # fmt: skip
        except StoreTimeout:
            return None
        return record if record["sound"] else None

    def _proved(self, distance: int, level: Any) -> list[ImpactHit]:
        """By key."""
        keys, parents, ranks, words, properties, begun, ends, known, events, enders = level
        types = [self._types[rank] for rank in ranks]
        sources, targets = (keys, parents) if self._followed.to_sources else (parents, keys)
        forever, nothing = repeat(FOREVER), repeat(None)
        edges = zip(
            types, sources, targets, words, properties, begun, ends, known, forever, events, [one or None for one in enders], nothing, strict=False
        )  # fmt: skip
        found = zip(keys, repeat(distance), parents, map(RelationshipAt._make, edges), strict=False)
        # No two keys are the same: relationships are never compared.
        return sorted(map(ImpactHit._make, found))


def _reached(distance: int, level: Any) -> list[Reached]:
    return list(map(Reached, sorted(level), repeat(distance)))


@cache
def settled_text(types: tuple[str, ...]) -> str:
    """That no present relationship of these types is one that has not begun, or is over: two looks into indexes for each."""
    if len(types) > SETTLED_TYPES_MAX:
        return "false"
    looks = (
        f"EXISTS {{ ()-[r:{type_list([type])}]->() WHERE {rest} }}"
        for type in types
        for rest in ("r.valid_from > $valid", "r.valid_to <= $valid")
    )
    return "NOT (" + " OR ".join(looks) + ")" if types else "true"
