"""Impact without its proofs: who is how far away, in one statement where that can be said in one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from graph_service.core.errors import StoreTimeout
from graph_service.store.queries import query_with, type_list
from graph_service.store.read.answers import Point, ReachAt, Reached
from graph_service.store.read.impact import Followed, too_deep, too_many, walked, whole
from graph_service.store.read.reads import Reads, at_values

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
    """See `Reader.reach`. The walk answers where types are followed both ways, where there are more than `limit`, and where this takes too long."""
    begun_s = time.monotonic()
    followed = Followed.of(await reads.vocabulary(), await reads.types(types), dependents=dependents)
    found = None
    if not (followed.to_sources and followed.to_targets):
        found = await _at_once(reads, of, followed, max_depth, at, limit, timeout_s / 2)
    left_s = timeout_s - (time.monotonic() - begun_s)
    return found or await walked(
        reads, of, followed, max_depth=max_depth, at=at, limit=limit, timeout_s=left_s
    )


async def _at_once(
    reads: Reads,
    of: Sequence[str],
    followed: Followed,
    max_depth: int,
    at: Point,
    limit: int,
    timeout_s: float,
) -> ReachAt | None:
    """All of it, in one record; Neo4j visits each entity once. None where that is too much."""
    try:
        record = await _found(reads, list(dict.fromkeys(of)), followed, at, max_depth, limit, timeout_s)
    except StoreTimeout:
        return None
    levels: dict[int, list[str]] = dict(zip(record["distances"], record["keys"], strict=True))
    beyond = len(levels.pop(max_depth + 1, ()))
    if record["looked"] > limit + len(set(of)):
        return None
    if limit <= LOOKS_MAX and sum(map(len, levels.values())) > limit:
        return None
    hits = tuple(
        Reached(key=key, distance=distance) for distance in sorted(levels) for key in sorted(levels[distance])
    )
    if len(hits) > limit:
        last = hits[limit].distance
        more = sum(hit.distance == last for hit in hits[limit:])
        return too_many(hits[:limit], last, limit, more)
    return too_deep(hits, len(levels[max_depth]), max_depth + 1, beyond) if beyond else whole(hits)


async def _found(
    reads: Reads, of: list[str], followed: Followed, at: Point, max_depth: int, limit: int, timeout_s: float
) -> Any:
    begin, end = ("<-", "-") if followed.to_sources else ("-", "->")
    text = query_with(
        "read/impact_reach",
        ("begin", begin),
        ("end", end),
        ("types", type_list(followed.names)),
        ("past_types", type_list(followed.names, past=True)),
        ("steps", str(max_depth)),
        ("beyond", str(max_depth + 1)),
    )
    # Of what was asked some may be reached as well.
    most = limit + len(of) + 1
    (record,) = await reads.run(
        text, timeout_s=timeout_s, of=of, most=most, looks=limit <= LOOKS_MAX, **at_values(at)
    )
    return record
