"""One operation, from its text to what came of it: the gate, whether the client has the answer already, execution, and what is told beside."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from graphql import DocumentNode, GraphQLError, execute
from strawberry.execution.is_awaitable import optimized_is_awaitable
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult
from strawberry.types.graphql import OperationType
from strawberry.utils.operation import get_first_operation, get_operation_type

from graph_service.api.dated import basis_beside, has_it_already
from graph_service.api.documents import Invalid
from graph_service.api.gate import Admitted, cost_beside

if TYPE_CHECKING:
    from graph_service.api.context import Context
    from graph_service.api.schema import Schema


async def executed(
    schema: Schema,
    text: str,
    variables: dict[str, Any] | None,
    context: Context,
    name: str | None,
    allowed: Collection[OperationType],
) -> ExecutionResult:
    """What came of a query or a mutation. What is refused is refused before anything is read for the answer.

    Raises:
        InvalidOperationTypeError: an operation that is not allowed here.
        CannotGetOperationTypeError: there is no such operation in a document that is not valid.
    """
    try:
        admitted = schema.gate.admit(text, name, variables, context.principal)
    except Invalid as invalid:
        _allowed(_type_of(invalid.ast, name), allowed)
        return ExecutionResult(data=None, errors=invalid.errors, extensions={})
    except Exception as error:
        return ExecutionResult(data=None, errors=[_told(error)], extensions={})
    context.admitted = admitted
    _allowed(OperationType(admitted.operation.operation.value), allowed)
    try:
        if await has_it_already(schema, context, admitted, variables):
            return ExecutionResult(data=None, errors=None, extensions=cost_beside(schema.gate, context))
        found = await _executed(schema, admitted, variables, context, name)
    except Exception as error:
        found = ExecutionResult(data=None, errors=[_told(error)])
    found.extensions = {**cost_beside(schema.gate, context), **await basis_beside(schema, context, admitted)}
    return found


async def _executed(
    schema: Schema, admitted: Admitted, variables: dict[str, Any] | None, context: Context, name: str | None
) -> ExecutionResult:
    found: Any = execute(
        schema._schema,
        admitted.document.ast,
        context_value=context,
        variable_values=variables,
        operation_name=name,
        executor_class=schema.execution_context_class,
        is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
        **schema._get_custom_context_kwargs(),
    )
    if optimized_is_awaitable(found):
        found = await found
    return ExecutionResult(data=found.data, errors=found.errors)


def _allowed(type: OperationType, allowed: Collection[OperationType]) -> None:
    if type not in allowed:
        raise InvalidOperationTypeError(type)


def _type_of(document: DocumentNode, name: str | None) -> OperationType:
    if name is None:
        first = get_first_operation(document)
        name = None if first is None or first.name is None else first.name.value
    try:
        return get_operation_type(document, name)
    except RuntimeError as error:
        raise CannotGetOperationTypeError(name) from error


def _told(error: Exception) -> GraphQLError:
    return error if isinstance(error, GraphQLError) else GraphQLError(str(error), original_error=error)
