"""The gate before execution, as an extension of the schema: whatever transport an operation comes by, it passes here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from graphql import GraphQLError, GraphQLSchema, GraphQLSyntaxError, OperationDefinitionNode
from strawberry.extensions import SchemaExtension

from graph_service.api.context import Context
from graph_service.api.documents import Document, Documents, Invalid
from graph_service.api.limits.bounds import Limits
from graph_service.api.limits.budget import Budget
from graph_service.api.limits.cost import cost_of, sizes_of
from graph_service.api.limits.measures import variables_checked
from graph_service.api.security.roles import Audience, Principal, Role
from graph_service.core.errors import Forbidden, LimitExceeded

COSTS_MAX = 32
"""Of one document: what it costs depends on what is said of sizes."""
REFUSED_COST = 50
"""Of an operation that is refused: reading it was work, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """An operation that may be executed."""

    document: Document
    operation: OperationDefinitionNode
    #: At most, in objects.
    cost: int
    #: Whether who asks may be told what there is instead of something that there is not.
    suggestions: bool
    #: What the principal may ask for at once after this one; None where there is no such limit.
    left: int | None = None


class Gate:
    """Decides which operations are executed."""

    def __init__(self, schema: GraphQLSchema, limits: Limits, introspection: Audience) -> None:
        """`introspection`: who may ask for the schema, and sees in errors what it has instead."""
        self.limits = limits
        self._schema, self._introspection = schema, introspection
        self._documents = Documents(schema, limits)
        self._budget = Budget(cost_per_s=limits.cost_per_s, cost_burst=limits.cost_burst)

    def check(self, text: str) -> None:
        """Look at a document for those who keep some, without executing it. Raises as `Documents.ready`."""
        self._documents.ready(text, suggestions=True)

    def admit(
        self, text: str, operation: str | None, variables: dict[str, Any] | None, principal: Principal
    ) -> Admitted:
        """The operation, ready to be executed, its cost taken from what the principal may ask for.

        Raises:
            GraphQLSyntaxError, Invalid: it cannot be read, or does not fit the schema.
            LimitExceeded, RateLimited, Forbidden, BadRequest: it may not be executed.
        """
        principal.require(Role.READER, "To ask here")
        try:
            found = self._found(text, operation, variables, principal)
        except (GraphQLSyntaxError, Invalid, LimitExceeded):
            self._budget.take(principal, REFUSED_COST)
            raise
        return replace(found, left=self._budget.take(principal, found.cost))

    def give_back(self, principal: Principal, cost: int) -> None:
        """Part of what an operation cost that was let through, and came to less."""
        self._budget.give_back(principal, cost)

    def _found(
        self, text: str, name: str | None, variables: dict[str, Any] | None, principal: Principal
    ) -> Admitted:
        values = variables or {}
        variables_checked(values, self.limits)
        told = self._introspection.admits(principal)
        document = self._documents.ready(text, suggestions=told)
        if document.measures.introspects and not told:
            role = self._introspection.role
            raise Forbidden(
                "the schema is not told here: ask without `__schema` and `__type`, or with "
                + ("nothing, as nobody may" if role is None else f"the role {role.value}"),
                role=None if role is None else role.value,
            )
        operation = document.operation(name)
        cost, most = self._cost(document, operation, values), self.limits.query_cost_max
        if cost > most:
            raise LimitExceeded(
                "query_cost_max",
                most,
                f"the operation may cost {cost} objects, and {most} is the most: a smaller `first` or `maxDepth`, fewer keys, or fewer lists "
                "inside lists cost less; ask page by page",
                found=cost,
            )
        return Admitted(document=document, operation=operation, cost=cost, suggestions=told)

    def _cost(self, document: Document, operation: OperationDefinitionNode, values: dict[str, Any]) -> int:
        place = (id(operation), sizes_of(values))
        found = document.costs.get(place)
        if found is None:
            if len(document.costs) >= COSTS_MAX:
                document.costs.clear()
            found = document.costs[place] = cost_of(self._schema, operation, document.fragments, values)
        return found


class AtTheGate(SchemaExtension):
    """One subscription at the gate. What is refused, is refused before validation of GraphQL's own could run."""

    def __init__(self, gate: Gate) -> None:
        """Made anew for every operation."""
        super().__init__()
        self._gate = gate
        self._errors: list[GraphQLError] = []

    def on_parse(self) -> Iterator[None]:
        """Parses, validates, and counts."""
        operation = self.execution_context
        context: Context = operation.context
        assert operation.query is not None
        try:
            admitted = self._gate.admit(
                operation.query, operation._provided_operation_name, operation.variables, context.principal
            )
        except Invalid as invalid:
            self._errors = invalid.errors
            operation.graphql_document = invalid.ast
        else:
            context.admitted = admitted
            operation.graphql_document = admitted.document.ast
        yield

    def on_validate(self) -> Iterator[None]:
        """All is done."""
        self.execution_context.pre_execution_errors = self._errors
        yield


def cost_beside(gate: Gate, context: Context) -> dict[str, Any]:
    """The cost, for `extensions` of the answer: what was charged, the most that one operation may cost, and what is left for others."""
    admitted, limits = context.admitted, gate.limits
    if admitted is None:
        return {}
    told: dict[str, Any] = {"requested": admitted.cost, "most": limits.query_cost_max}
    if context.conditional is None or context.conditional.tag is None:
        # Not in what may be kept: it is about this moment, and about who asks.
        told |= {"left": admitted.left, "leftMost": limits.cost_burst, "perSecond": limits.cost_per_s}
    return {"cost": told}
