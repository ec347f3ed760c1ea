"""The schema, put together; `python -m graph_service.api.schema` prints it."""

from __future__ import annotations

from collections.abc import Iterator

import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLError,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
)
from strawberry.extensions import (
    MaxAliasesLimiter,
    MaxTokensLimiter,
    ParserCache,
    QueryDepthLimiter,
    ValidationCache,
)
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from graph_service.api.dead_letters import DeadLetter, DeadLetterQueries, Mutation
from graph_service.api.nodes import Entity, Event, Relationship, Version
from graph_service.api.query import Query
from graph_service.api.scalars import SCALARS

QUERY_DEPTH_MAX = 15
ALIASES_MAX = 30
TOKENS_MAX = 2000


@strawberry.type(name="Query", description="Questions. Nothing here changes anything.")
class Questions(Query, DeadLetterQueries):
    """All questions: those of everybody, then those of operators."""


class Schema(strawberry.Schema):
    """Says nothing to the log on its own: what is worth a line is logged where errors are given their codes."""

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Nothing: see `graph_service.api.http`."""


def make_schema() -> Schema:
    """The one schema of the service, with its limits."""
    schema = Schema(
        query=Questions,
        mutation=Mutation,
        types=[Entity, Relationship, Version, Event, DeadLetter],
        extensions=[
            lambda: QueryDepthLimiter(max_depth=QUERY_DEPTH_MAX),
            lambda: MaxAliasesLimiter(max_alias_count=ALIASES_MAX),
            lambda: MaxTokensLimiter(max_token_count=TOKENS_MAX),
            ParserCache,
            ValidationCache,
        ],
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    for optional in _inputs(schema._schema):
        # Left out is left out: `= null` beside an optional input says nothing, and would be a promise.
        if optional.default_value is None:
            optional.default_value = Undefined
    return schema


def _inputs(schema: GraphQLSchema) -> Iterator[GraphQLArgument | GraphQLInputField]:
    for found in schema.type_map.values():
        if isinstance(found, GraphQLInputObjectType):
            yield from found.fields.values()
        elif isinstance(found, GraphQLObjectType | GraphQLInterfaceType) and not found.name.startswith("__"):
            for field in found.fields.values():
                yield from field.args.values()


def printed() -> str:
    """The schema as text, ending in one newline."""
    return make_schema().as_str().rstrip() + "\n"


if __name__ == "__main__":
    print(printed(), end="")
