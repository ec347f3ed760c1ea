"""The kinds and relationship types in use, and how much of each there was at a point."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from graph_service.store.queries import query, query_with, type_list
from graph_service.store.read.answers import Point
from graph_service.store.read.reads import Reads, at_values

TYPES_AT_ONCE = 4
"""Types that are counted at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindCountAt:
    """Entities of one kind that are there: asserted, and only named."""

    declared: int
    undeclared: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CountsAt:
    """How much there is at a point, by kind and by relationship type; what there is nothing of has no entry, or zero."""

    kinds: Mapping[str, KindCountAt]
    types: Mapping[str, int]


async def any_kind_but(reads: Reads, kinds: Iterable[str]) -> bool:
    """Whether there is an entity of another kind than these, whenever it was there."""
    return bool((await reads.one("read/kinds_others", kinds=sorted(kinds)))["others"])


async def counted(reads: Reads, at: Point) -> CountsAt:
    """Exact counts. Counts of relationships in the present do not read them; those of entities, and those of the past, read each once."""
    kinds, types = await asyncio.gather(_kinds_counted(reads, at), _types_counted(reads, at))
    return CountsAt(kinds=kinds, types=types)


async def _kinds_counted(reads: Reads, at: Point) -> dict[str, KindCountAt]:
    return {
        record["kind"]: KindCountAt(declared=record["declared"], undeclared=record["undeclared"])
        for record in await reads.run(query("read/kinds_counted"), **at_values(at))
    }


async def _types_counted(reads: Reads, at: Point) -> dict[str, int]:
    turns = asyncio.Semaphore(TYPES_AT_ONCE)

    async def count(type: str) -> int:
        words = ("present", type_list([type])), ("past", type_list([type], past=True))
        async with turns:
            (record,) = await reads.run(query_with("read/relationships_counted", *words), **at_values(at))
        return int(record["count"])

    types = await reads.types(None)
    return dict(zip(types, await asyncio.gather(*map(count, types)), strict=True))
