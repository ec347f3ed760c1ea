"""Impact to depth 5, now and as of then: through the reader, and over GraphQL, against a bare pruned expansion that returns few, large records."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from bench.clients import CLIENTS
from bench.harness import Bench, Line, Side, Target
from bench.lines.world import World, each, same
from graph_service.core.time import format_instant

NAME = "impact"
DEPTH = 5
LIMIT = 50_000
#: Both plan as `VarLengthExpand(Pruning,BFS)`: no path is enumerated, and none is told.
NOW = (
    f"MATCH p = (s:Entity {{key: $key}})<-[:DEPENDS_ON*1..{DEPTH}]-(x) WITH x.key AS key, min(length(p)) AS distance "
    "RETURN distance, collect(key) AS keys"
)
THEN = (
    f"MATCH p = (s:Entity {{key: $key}})<-[rs:DEPENDS_ON|DEPENDS_ON_PAST*1..{DEPTH}]-(x) "
    "WHERE all(r IN relationships(p) WHERE r.valid_from <= $at AND $at < r.valid_to) "
    "WITH x.key AS key, min(length(p)) AS distance RETURN distance, collect(key) AS keys"
)
GRAPHQL = "query ($of: [String!]!, $at: At) { impact(of: $of, maxDepth: 5, first: 1000, at: $at) { items { distance entity { key } } } }"


async def measure(bench: Bench, world: World) -> None:
    """Time through the reader; requests of a second over GraphQL."""
    chosen = world.choices()
    keys, instants = chosen.starts(), chosen.instants()
    for when, cypher, choices in (
        ("now", NOW, [{"key": key} for key in keys]),
        ("then", THEN, [{"key": key, "at": next(instants)} for key in keys]),
    ):
        await _checked(world, cypher, choices)
        line = Line(
            name=f"impact.reader-{when}", what=f"impact to depth {DEPTH} {_said(when)}, distance and path, through the reader, mean over 50 starts",
            floor="bare pruned Cypher without paths, a list for each distance, same driver", unit="ms", target=Target(sense="at most", value=2.0),
        )  # fmt: skip
        floor = each(lambda one, cypher=cypher: world.records(cypher, **one), choices)  # type: ignore[misc]
        rounds = min(bench.rounds, 3)
        await bench.compare(line, floor, each(lambda one: _read(world, one), choices), rounds=rounds)
        line = Line(
            name=f"impact.reach-{when}", what=f"the same {_said(when)}, distances without paths", floor=line.floor, unit="ms", target=Target(sense="at most", value=2.0)
        )  # fmt: skip
        await bench.compare(line, floor, each(lambda one: _reach(world, one), choices), rounds=rounds)
        line = Line(
            name=f"impact.graphql-{when}", what=f"impact to depth {DEPTH} {_said(when)}, up to 1,000 items: GraphQL, {CLIENTS} clients, one process",
            floor="bare pruned Cypher, all of it, a list for each distance, eight processes", unit="/s", target=Target(sense="at least", value=0.5),
        )  # fmt: skip
        await bench.compare(
            line, _bolt(bench, world, cypher, choices), _graphql(bench, world, choices), rounds=rounds
        )


def _said(when: str) -> str:
    return "now" if when == "now" else "as of then"


async def _read(world: World, one: dict[str, Any]) -> object:
    at = await world.reader.point(one.get("at"), None)
    found = await world.reader.impact([one["key"]], at=at, max_depth=DEPTH, limit=LIMIT, timeout_s=60)
    # They become objects when somebody looks at them.
    return list(found.hits)


async def _reach(world: World, one: dict[str, Any]) -> object:
    at = await world.reader.point(one.get("at"), None)
    found = await world.reader.reach([one["key"]], at=at, max_depth=DEPTH, limit=LIMIT, timeout_s=60)
    return list(found.hits)


async def _checked(world: World, cypher: str, choices: list[dict[str, Any]]) -> None:
    """Both find the same, at the same distances; the start is no member of its own impact."""
    for one in choices[:5]:
        floor = {
            d: sorted(key for key in its if key != one["key"])
            for d, its in await world.records(cypher, **one)
        }
        at = await world.reader.point(one.get("at"), None)
        found = await world.reader.impact([one["key"]], at=at, max_depth=DEPTH, limit=LIMIT, timeout_s=60)
        ours = defaultdict(list)
        for hit in found.hits:
            ours[hit.distance].append(hit.key)
        same(
            "impact", {d: its for d, its in floor.items() if its}, {d: sorted(its) for d, its in ours.items()}
        )


def _bolt(bench: Bench, world: World, cypher: str, choices: list[dict[str, Any]]) -> Side:
    async def lap() -> float:
        rate, _ = await world.bolt.lap(cypher, choices, clients=CLIENTS, lap_s=2 * bench.lap_s)
        return rate

    return lap


def _graphql(bench: Bench, world: World, choices: list[dict[str, Any]]) -> Side:
    http = world.http()
    bodies = [
        http.body(
            GRAPHQL, {"of": [one["key"]], "at": {"valid": format_instant(one["at"])} if "at" in one else None}
        )
        for one in choices
    ]

    async def lap() -> float:
        rate, _ = await http.lap(bodies, clients=CLIENTS, lap_s=2 * bench.lap_s)
        return rate

    return lap
