"""Text of those who ask never becomes a query: pieces of Cypher, CEL and GraphQL in every place that takes text, on a real Neo4j."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    get_named_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
    is_required_input_field,
)

from graph_service.api.app import create_app
from graph_service.api.schema import make_schema
from graph_service.api.security.access import Insecure
from graph_service.api.security.roles import Role
from graph_service.store.keep.deadletters import DeadLetters
from tests.builders import entity, record
from tests.live.small_graph import SmallGraph

pytestmark = pytest.mark.asyncio(loop_scope="session")

SCHEMA = make_schema()._schema
PIECES = (
    "a' OR 1=1 //",
    'a"}) DETACH DELETE n //',
    "`) MATCH (n) DETACH DELETE n WITH 1 AS a MATCH (`",
    "CALLS`]->() DETACH DELETE (m)-[:`CALLS",
    "$key} RETURN 1 UNION MATCH (n) RETURN n.properties",
    "\\u0060 \\' \\\" \\n",
    "CALL dbms.security.listUsers() YIELD username",
    "has(event.data) ? event.data : size(string(1))",
    "{ __schema { types { name } } }",
    "a\x00b",
    "\u202eevil\u202c \U0001f480 ﷽",
    "%s%n{0}${jndi:ldap://127.0.0.1/a}",
    "",
    " ",
    "x" * 3000,
)
CODES = {
    "BAD_USER_INPUT",
    "BAD_TIME",
    "FORBIDDEN",
    "LIMIT_EXCEEDED",
    "GRAPHQL_VALIDATION_FAILED",
    "BAD_RECORD",
    "UNKNOWN_KIND",
    "UNKNOWN_TYPE",
    "CHANGED",
    "BAD_SETTINGS",
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(small_graph: SmallGraph) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who may ask everything."""
    app = create_app(
        small_graph.reader, access=Insecure(Role.ERASER), dead_letters=DeadLetters(small_graph.driver)
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as found:
        yield found


def questions(piece: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """For each argument of each root field that takes text, a question with that piece there and the least elsewhere."""
    for kind, root in (("query", SCHEMA.query_type), ("mutation", SCHEMA.mutation_type)):
        assert root is not None
        for name, field in root.fields.items():
            for at, argument in field.args.items():
                if (said := hostile(argument.type, piece)) is not NOTHING:
                    given = {
                        one: least(arg.type) for one, arg in field.args.items() if is_required_argument(arg)
                    }
                    yield question(kind, name, field, {**given, at: said})


def question(kind: str, name: str, field: GraphQLField, given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The text, with every argument as a variable."""
    variables = ", ".join(f"${one}: {field.args[one].type}" for one in given)
    arguments = ", ".join(f"{one}: ${one}" for one in given)
    below = " { __typename }" if is_composite_type(get_named_type(field.type)) else ""
    return f"{kind} Q({variables}) {{ {name}({arguments}){below} }}", given


NOTHING = object()


def hostile(type: Any, piece: str) -> Any:
    """A value with the piece wherever the type takes text; NOTHING where it takes none."""
    inner = type.of_type if is_non_null_type(type) else type
    if is_list_type(inner):
        found = hostile(inner.of_type, piece)
        return NOTHING if found is NOTHING else [found]
    if isinstance(inner, GraphQLInputObjectType):
        found = {name: hostile(field.type, piece) for name, field in inner.fields.items()}
        said = {name: value for name, value in found.items() if value is not NOTHING}
        # A time that is none would be refused before any other text is looked at.
        texts = {
            name: value
            for name, value in said.items()
            if get_named_type(inner.fields[name].type).name != "DateTime"
        }
        said = texts or said
        need = {name: least(one.type) for name, one in inner.fields.items() if is_required_input_field(one)}
        return {**need, **said} if said else NOTHING
    if inner.name == "JSON":
        return {
            "specversion": "1.0",
            "id": piece,
            "source": piece,
            "type": piece,
            "subject": piece,
            "data": {piece: piece},
        }
    return piece if inner.name in ("String", "ID", "DateTime") else NOTHING


def least(type: Any) -> Any:
    """Some value of a type, where one is needed."""
    inner = type.of_type if is_non_null_type(type) else type
    if is_list_type(inner):
        return [least(inner.of_type)]
    if isinstance(inner, GraphQLInputObjectType):
        return {name: least(one.type) for name, one in inner.fields.items() if is_required_input_field(one)}
    if isinstance(inner, GraphQLEnumType):
        return next(iter(inner.values))
    return {"Int": 1, "Boolean": True, "DateTime": 0, "JSON": {}}.get(inner.name, "a")


async def test_text_is_never_taken_for_a_query(small_graph: SmallGraph, client: httpx.AsyncClient) -> None:
    """An answer, or an error that is for whoever asks; and the graph is what it was."""
    await small_graph.holding(
        [
            [
                record("e1", 1, entity("service:a", 0, name="A")),
                record("e2", 2, entity("service:b", 0), offset=1),
            ]
        ]
    )
    before = await small_graph.seen()
    asked = 0
    for piece in PIECES:
        for text, variables in questions(piece):
            response = await client.post("/graphql", json={"query": text, "variables": variables})
            answer = response.json()
            codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
            assert codes <= CODES and response.status_code < 500, (text, json.dumps(variables)[:300], answer)
            assert "Neo." not in response.text and "username" not in json.dumps(answer.get("data"))
            asked += 1
    assert asked > 20 * len(PIECES)
    assert await small_graph.seen() == before
