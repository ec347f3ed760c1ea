"""What GraphQL costs on plain fields, without sockets: `bench.graphql_overhead` has the ways of asking, and measures more questions."""

from __future__ import annotations

import orjson

from bench import default_strawberry
from bench.graphql_overhead import LIMITS, QUESTIONS, Ask, asks, fetches, lap
from bench.harness import Bench, Line, Side, Target
from bench.lines.world import World, same
from graph_service.api.app import create_app
from graph_service.api.exposure import Exposure
from graph_service.api.security.access import Insecure

NAME = "graphql"


async def measure(bench: Bench, world: World) -> None:
    """1,000 objects against fetching and dumping the same rows; a page of 100 against strawberry as it comes."""
    apps = {
        fast: create_app(world.reader, access=Insecure(), exposure=Exposure(limits=LIMITS, audit=lambda _: None, fast=fast)) for fast in (True, False)
    }  # fmt: skip
    by_name = {one.name: one for one in QUESTIONS}
    thousand, page = by_name["1,000 objects, 5 fields"], by_name["page of 100, 5 fields"]
    for one in (thousand, page):
        plans, ordinary = [orjson.loads(await asks(apps[fast], one.graphql)()) for fast in (True, False)]
        if "errors" in plans or plans["data"] != ordinary["data"]:
            raise SystemExit(f"{one.name}: {str(plans)[:300]} is not {str(ordinary)[:300]}")
    line = Line(
        name="graphql.thousand", what="1,000 objects with 5 fields, plans, one client, in process", floor="the same rows fetched by bare Cypher and dumped by orjson",
        unit="ms", target=Target(sense="at most", value=5.0),
    )  # fmt: skip
    await bench.compare(
        line,
        _time(bench, fetches(world.driver, thousand.cypher)),
        _time(bench, asks(apps[True], thousand.graphql)),
    )
    line = Line(
        name="graphql.page", what="page of 100 with 5 fields, plans, eight at once, in process", floor="the same page by strawberry and FastAPI as they come", unit="/s",
        target=Target(sense="at least", value=3.0),
    )  # fmt: skip
    default, text = default_strawberry.app(world.driver), default_strawberry.QUERY
    nodes = [
        [edge["node"]["key"] for edge in orjson.loads(await asks(*way)())["data"]["entities"]["edges"]]
        for way in ((default, text), (apps[True], page.graphql))
    ]
    same("graphql.page", *nodes)
    side = _rate(bench, asks(apps[True], page.graphql))
    await bench.compare(line, _rate(bench, asks(default, text)), side)
    line = Line(
        name="graphql.plans", what=line.what, floor="the same app with graphql-core's own executor", unit="/s", target=None
    )  # fmt: skip
    await bench.compare(line, _rate(bench, asks(apps[False], page.graphql)), side)


def _time(bench: Bench, ask: Ask) -> Side:
    async def side() -> float:
        return (await lap(ask, bench.lap_s)).one_ms

    return side


def _rate(bench: Bench, ask: Ask) -> Side:
    async def side() -> float:
        return (await lap(ask, 2 * bench.lap_s)).per_s

    return side
