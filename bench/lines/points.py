"""The three point questions: an entity by key; a page of 100; an entity with its owners and 50 dependencies. Over GraphQL, and as raw Cypher."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.clients import CLIENTS, HttpClients, p50
from bench.harness import Bench, Line, Side, Target
from bench.lines.world import World, same
from bench.shape import PROPERTIES_OF_PAGE

NAME = "points"
PEER = {"key": 613 / 2532, "page": 338 / 658, "nested": 503 / 2205}
"""Requests per second of @neo4j/graphql : raw Cypher, eight clients, as measured side by side with the peers' scripts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question both ways: `values` of the Cypher and `variables` of the GraphQL are the same choices."""

    name: str
    what: str
    cypher: str
    graphql: str
    values: Sequence[dict[str, Any]]
    variables: Sequence[dict[str, Any]]


def questions(world: World, pages: Sequence[tuple[str, str]]) -> list[Question]:
    """With up to fifty choices each. `pages`: (key, cursor behind it)."""
    chosen = world.choices()
    fields = ", ".join(f"e.p_{name}" for name in PROPERTIES_OF_PAGE)
    keys = [{"key": key} for key in chosen.keys()]  # noqa: SIM118
    depending = [{"key": key} for key in chosen.depending()]
    return [
        Question(
            name="key", what="entity by key, five properties",
            cypher=f"MATCH (e:Entity {{key: $key}}) RETURN e.key, {fields}", values=keys,
            graphql="query ($key: String!) { entity(key: $key) { key properties } }", variables=keys,
        ),
        Question(
            name="page", what="page of 100 entities of a kind after a key",
            cypher="MATCH (e:Entity) WHERE e.kind = $kind AND e.key > $after RETURN e.key, e.p_name, e.p_tier ORDER BY e.kind, e.key LIMIT 100",
            values=[{"kind": "service", "after": key} for key, _ in pages],
            graphql="query ($kind: String!, $after: String) { entities(kinds: [$kind], first: 100, after: $after) { edges { node { key properties } } } }",
            variables=[{"kind": "service", "after": cursor} for _, cursor in pages],
        ),
        Question(
            name="nested", what="entity, its owners, 50 dependencies",
            cypher="MATCH (e:Entity {key: $key}) RETURN e.key, COLLECT { MATCH (t)-[:OWNS]->(e) RETURN t.key }, "
            "COLLECT { MATCH (e)-[:DEPENDS_ON]->(d) RETURN [d.key, d.p_name, d.p_tier] ORDER BY d.key LIMIT 50 }", values=depending,
            graphql='query ($key: String!) { entity(key: $key) { key owners: relationships(types: ["OWNS"], direction: IN) { edges { node { source { key } } } } '
            'needs: relationships(types: ["DEPENDS_ON"], first: 50) { edges { node { target { key properties } } } } } }', variables=depending,
        ),
    ]  # fmt: skip


async def places(http: HttpClients, count: int = 50) -> list[tuple[str, str]]:
    """Keys far apart in the order of services, each with the API's own cursor behind it."""
    text = 'query ($after: String) { entities(kinds: ["service"], first: 200, after: $after) { edges { node { key } } pageInfo { endCursor hasNextPage } } }'
    found: list[tuple[str, str]] = []
    while len(found) < count:
        page = (await http.one(http.body(text, {"after": found[-1][1] if found else None})))["entities"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        found.append((page["edges"][-1]["node"]["key"], page["pageInfo"]["endCursor"]))
    return found


async def measure(bench: Bench, world: World) -> None:
    """Requests of a second with eight clients, and the middle answer with one."""
    http = world.http()
    for one in questions(world, await places(http)):
        bodies = [http.body(one.graphql, values) for values in one.variables]
        await _checked(world, one, bodies[0])
        line = Line(
            name=f"points.{one.name}", what=f"{one.what}: GraphQL, {CLIENTS} clients, one process", floor="raw Cypher over Bolt, eight processes",
            unit="/s", target=Target(sense="at least", value=0.5),
        )  # fmt: skip
        await bench.compare(line, _bolt(bench, world, one, CLIENTS), _graphql(bench, world, bodies, CLIENTS))
        line = Line(
            name=f"points.{one.name}-p50", what=f"{one.what}: GraphQL, one client, the middle answer", floor="raw Cypher over Bolt, one process", unit="ms",
            target=Target(sense="at most", value=2.0),
        )  # fmt: skip
        await bench.compare(line, _bolt(bench, world, one, 1), _graphql(bench, world, bodies, 1))


async def _checked(world: World, one: Question, body: bytes) -> None:
    """Both answer the same."""
    answer, rows = await world.http().one(body), await world.records(one.cypher, **one.values[0])
    if one.name == "key":
        properties = answer["entity"]["properties"]
        same(
            "points.key",
            rows[0],
            [answer["entity"]["key"], *(properties[name] for name in PROPERTIES_OF_PAGE)],
        )
    elif one.name == "page":
        nodes = [edge["node"] for edge in answer["entities"]["edges"]]
        same(
            "points.page",
            rows,
            [[node["key"], node["properties"]["name"], node["properties"]["tier"]] for node in nodes],
        )
    else:
        its, row = answer["entity"], rows[0]
        same(
            "points.nested",
            sorted(row[1]),
            sorted(edge["node"]["source"]["key"] for edge in its["owners"]["edges"]),
        )
        same(
            "points.nested",
            [key for key, *_ in row[2]],
            [edge["node"]["target"]["key"] for edge in its["needs"]["edges"]],
        )


def _bolt(bench: Bench, world: World, one: Question, clients: int) -> Side:
    async def lap() -> float:
        rate, took = await world.bolt.lap(one.cypher, one.values, clients=clients, lap_s=bench.lap_s)
        return rate if clients > 1 else p50(took)

    return lap


def _graphql(bench: Bench, world: World, bodies: Sequence[bytes], clients: int) -> Side:
    async def lap() -> float:
        rate, took = await world.http().lap(bodies, clients=clients, lap_s=bench.lap_s)
        return rate if clients > 1 else p50(took)

    return lap
