"""The kinds and relationship types in use, and how much of each there was at a point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graph_service.store.queries import query, query_with, type_list
from graph_service.store.read.answers import Point
from graph_service.store.read.reads import Reads, at_values

KINDS_LOOKED_UP_MAX = 200
"""Kinds that are found one by one; in a graph with more, only the declared ones and those that are counted are known."""


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


async def kinds_held(reads: Reads) -> tuple[str, ...]:
    """Every kind of which there is any entity, whenever it was there, sorted; the first `KINDS_LOOKED_UP_MAX` of them."""
    found: list[str] = []
    for _ in range(KINDS_LOOKED_UP_MAX):
        records = await reads.run(query("read/kinds_next"), after=found[-1] if found else "")
        if not records:
            break
        found.append(records[0]["kind"])
    return tuple(found)


async def counted(reads: Reads, at: Point) -> CountsAt:
    """Exact counts. Counts of relationships in the present do not read them; those of entities, and those of the past, read each once."""
    types = await reads.types(None)
    kinds = {
        record["kind"]: KindCountAt(declared=record["declared"], undeclared=record["undeclared"])
        for record in await reads.run(query("read/kinds_counted"), **at_values(at))
    }
    by_type = {}
    for type in types:
        words = ("present", type_list([type])), ("past", type_list([type], past=True))
        records = await reads.run(query_with("read/relationships_counted", *words), **at_values(at))
        by_type[type] = records[0]["count"]
    return CountsAt(kinds=kinds, types=by_type)
