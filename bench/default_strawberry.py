"""A page of entities as anybody would serve it with strawberry and FastAPI as they come: types, a resolver that asks Cypher, the router. The floor of `graphql.page`."""

from __future__ import annotations

import json

import strawberry
from fastapi import FastAPI
from neo4j import READ_ACCESS, AsyncDriver
from strawberry.fastapi import GraphQLRouter
from strawberry.scalars import JSON

PAGE = "MATCH (e:Entity) WHERE e.kind = $kind AND e.key > $after RETURN e.key, e.kind, e.declared, e.valid_from, e.properties ORDER BY e.kind, e.key LIMIT $first"
QUERY = '{ entities(kind: "service", first: 100) { edges { node { key kind declared validFrom properties } } pageInfo { hasNextPage } } }'


@strawberry.type
class Entity:
    """A row."""

    key: str
    kind: str
    declared: bool
    valid_from: str
    properties: JSON


@strawberry.type
class Edge:
    """As in a connection."""

    node: Entity


@strawberry.type
class PageInfo:
    """As in a connection."""

    has_next_page: bool


@strawberry.type
class Connection:
    """A page."""

    edges: list[Edge]
    page_info: PageInfo


def app(driver: AsyncDriver) -> FastAPI:
    """The whole app, with `/graphql`."""

    @strawberry.type
    class Query:
        @strawberry.field
        async def entities(self, kind: str, first: int, after: str = "") -> Connection:
            async with driver.session(default_access_mode=READ_ACCESS) as session:
                result = await session.run(PAGE, kind=kind, first=first + 1, after=after)
                rows = [record.values() async for record in result]
            nodes = [
                Entity(
                    key=key, kind=kind, declared=declared, valid_from=str(since), properties=json.loads(text)
                )
                for key, kind, declared, since, text in rows
            ]
            return Connection(
                edges=[Edge(node=node) for node in nodes[:first]],
                page_info=PageInfo(has_next_page=len(nodes) > first),
            )

    made = FastAPI()
    made.include_router(GraphQLRouter(strawberry.Schema(query=Query)), prefix="/graphql")
    return made
