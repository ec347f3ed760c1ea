"""A subscription as it is executed for each thing that happens: once for all who ask the same."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    execute,
    print_ast,
    visit,
)

from graph_service.api.context import Context
from graph_service.api.errors import cause_of, coded
from graph_service.api.gate import Admitted
from graph_service.api.schema import Schema
from graph_service.core.errors import Unavailable

RESUME = "after"
"""The argument that says where one subscriber goes on, and is no part of what it asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A subscription without where it begins."""

    document: DocumentNode
    name: str | None
    variables: Mapping[str, Any]
    #: Equal for those that are answered the same.
    key: str


def operation_of(admitted: Admitted, variables: Mapping[str, Any] | None) -> Operation:
    """What is asked for in an operation that was let through."""
    given, found = dict(variables or {}), admitted.operation
    operation = _without_resume(found)
    others = [
        one for one in admitted.document.ast.definitions if not isinstance(one, OperationDefinitionNode)
    ]
    document = replace(admitted.document.ast, definitions=(operation, *others))
    used = _variables(document)
    operation = replace(
        operation,
        variable_definitions=tuple(
            one for one in operation.variable_definitions or () if one.variable.name.value in used
        ),
    )
    document = replace(document, definitions=(operation, *others))
    kept = {name: value for name, value in given.items() if name in used}
    key = f"{print_ast(document)}\n{orjson.dumps(kept, option=orjson.OPT_SORT_KEYS).decode()}"
    return Operation(
        document=document, name=None if found.name is None else found.name.value, variables=kept, key=key
    )


def _without_resume(operation: OperationDefinitionNode) -> OperationDefinitionNode:
    """Without the argument, where it stands in the operation itself; in a fragment it stays, and shares with nobody."""
    fields = tuple(
        replace(one, arguments=tuple(arg for arg in one.arguments or () if arg.name.value != RESUME))
        if isinstance(one, FieldNode)
        else one
        for one in operation.selection_set.selections
    )
    return replace(operation, selection_set=replace(operation.selection_set, selections=fields))


def _variables(document: DocumentNode) -> set[str]:
    """The names of variables that are used, not only defined."""
    names: set[str] = set()

    class Uses(Visitor):
        def enter_variable_definition(self, *_: Any) -> Any:
            return self.SKIP

        def enter_variable(self, node: VariableNode, *_: Any) -> None:
            names.add(node.name.value)

    visit(document, Uses())
    return names


async def answers(
    schema: Schema, operation: Operation, roots: Sequence[object], context: Context
) -> list[str]:
    """For each thing that happened the JSON of the answer, in their order. They share the context, and so what it reads.

    Raises:
        Unavailable: the graph does not answer, so nothing can be said of any of them.
    """
    results = await asyncio.gather(*(_executed(schema, operation, root, context) for root in roots))
    return [_text(result) for result in results]


async def _executed(schema: Schema, operation: Operation, root: object, context: Context) -> ExecutionResult:
    found = execute(
        schema._schema,
        operation.document,
        root_value=root,
        context_value=context,
        variable_values=dict(operation.variables),
        operation_name=operation.name,
        executor_class=schema.execution_context_class,
        hide_suggestions=True,
    )
    return found if isinstance(found, ExecutionResult) else await found


def _text(result: ExecutionResult) -> str:
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        for error in result.errors:
            cause = cause_of(error)
            if isinstance(cause, Unavailable):
                raise cause
        body["errors"] = [coded(error) for error in result.errors]
    return orjson.dumps(body, option=orjson.OPT_PASSTHROUGH_DATETIME).decode()
