"""The schema, put together; `python -m graph_service.api.schema` prints it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, cast

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
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import DEFAULT_ALLOWED_OPERATION_TYPES
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.graphql import OperationType

from graph_service.api.changes import Change, ChangeQueries
from graph_service.api.dead_letters import DeadLetter, DeadLetterMutations, DeadLetterQueries
from graph_service.api.erasing import ErasureMutations, ErasureQueries
from graph_service.api.explain import ExplainQueries
from graph_service.api.fast.executor import FastExecutor
from graph_service.api.fast.sources import Sources
from graph_service.api.gate import AtTheGate, Gate
from graph_service.api.impact_queries import ImpactQueries
from graph_service.api.kept import hash_of
from graph_service.api.limits.bounds import Limits
from graph_service.api.node_graph_queries import NodeGraphQueries
from graph_service.api.nodes import Entity, Event, Relationship, Version
from graph_service.api.operations import executed
from graph_service.api.query import Query
from graph_service.api.scalars import SCALARS
from graph_service.api.security.roles import Audience, Role
from graph_service.api.subscriptions import Subscription
from graph_service.api.trends import TrendQueries
from graph_service.api.words import WordQueries

if TYPE_CHECKING:
    from graph_service.api.context import Context


@strawberry.type(name="Query", description="Questions. Nothing here changes anything.")
class Questions(
    Query,
    ImpactQueries,
    DeadLetterQueries,
    ChangeQueries,
    ErasureQueries,
    TrendQueries,
    NodeGraphQueries,
    ExplainQueries,
    WordQueries,
):
    """All questions: those of everybody, then those of operators."""


@strawberry.type(
    name="Mutation", description="What operators and erasers do. Nothing here is allowed without their role."
)
class Acts(DeadLetterMutations, ErasureMutations):
    """All that changes something: what operators do, then what erasers do."""


class Schema(strawberry.Schema):
    """Says nothing to the log on its own: what is worth a line is logged where errors are given their codes."""

    #: What every operation passes before it is executed.
    gate: Gate
    #: SHA-256 of its text.
    hash: str
    #: Where its fields get their values from, for plans; None where there are none.
    sources: Sources | None

    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        """See `operations.executed`: strawberry's own way, without what is there for extensions."""
        allowed = (
            DEFAULT_ALLOWED_OPERATION_TYPES if allowed_operation_types is None else allowed_operation_types
        )
        return await executed(
            self,
            query or "",
            variable_values,
            cast("Context", context_value),
            operation_name,
            frozenset(allowed),
        )

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Nothing: see `graph_service.api.errors`."""

    def _get_custom_context_kwargs(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Variables that are wrong are told as such, without names of what would be right."""
        return {**super()._get_custom_context_kwargs(*args, **kwargs), "hide_suggestions": True}


def make_schema(
    limits: Limits | None = None, introspection: Audience | None = None, *, fast: bool = True
) -> Schema:
    """The one schema of the service, with its limits. `introspection`: who may ask for the schema itself; readers, where not said.
    `fast`: whether answers are written by plans where they can be, see `graph_service.api.fast`.
    """
    schema = Schema(
        query=Questions,
        mutation=Acts,
        subscription=Subscription,
        types=[Entity, Relationship, Version, Event, DeadLetter, Change],
        # For subscriptions: strawberry executes these.
        extensions=[lambda: AtTheGate(schema.gate)],
        config=StrawberryConfig(scalar_map=SCALARS),
        execution_context_class=FastExecutor if fast else None,
    )
    schema.sources = Sources(schema._schema) if fast else None
    for optional in _inputs(schema._schema):
        # Left out is left out: `= null` beside an optional input says nothing, and would be a promise.
        if optional.default_value is None:
            optional.default_value = Undefined
    schema.gate = Gate(schema._schema, limits or Limits(), introspection or Audience(role=Role.READER))
    schema.hash = hash_of(schema.as_str())
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
