"""The executor of the service: graphql-core's, which writes what it can by plans, and does all the rest as ever."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from graphql import (
    DirectiveNode,
    GraphQLList,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    Node,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution.collect_fields import FieldDetails
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graph_service.api.fast.levels import Levels
from graph_service.api.fast.plans import Compiler, Given, Plan
from graph_service.api.fast.sources import NotPlain, Sources

if TYPE_CHECKING:
    from graphql.pyutils import Path

PLANS_MAX = 32
"""Of one document: each place where plans begin, with each answer to its directives, has one."""


@dataclass(slots=True, kw_only=True)
class Plans:
    """What was compiled for one document. It lives as long as the document is at hand."""

    #: The variables that directives ask for; None: not looked for yet.
    switches: tuple[str, ...] | None = None
    #: By place, and by what those variables said; None where there is no plan.
    found: dict[Any, Plan | None] = field(default_factory=dict)


class FastExecutor(StrawberryGraphQLCoreExecutionContext):
    """Writes objects, and lists of them, by plans. Root fields, errors, and what plans do not know are graphql-core's as ever.

    A plan has no errors: where anything is raised, what it began is given up, and the same value is completed in the ordinary way, and so is all
    that comes after. Plain fields are worked out twice then; what loaders have found they keep.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._sources: Sources | None = getattr(self.schema._strawberry_schema, "sources", None)  # type: ignore[attr-defined]
        wrapped = self.middleware_manager is not None and any(
            True for _ in self.middleware_manager.middlewares
        )
        #: Whether everything is done in the ordinary way from here on.
        self.ordinary = self._sources is None or wrapped or self.abort_signal is not None
        self._given: dict[int, Given] = {}
        self._plans: Plans | None = None

    def complete_object_value(
        self,
        return_type: GraphQLObjectType,
        field_details_list: list[FieldDetails],
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """As graphql-core, by a plan where there is one."""
        complete = super().complete_object_value

        def ordinary() -> Any:
            return complete(return_type, field_details_list, info, path, result, position_context)

        return self._completed(return_type, field_details_list, result, position_context, ordinary)

    def complete_list_value(
        self,
        return_type: GraphQLList[GraphQLOutputType],
        field_details_list: list[FieldDetails],
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """As graphql-core, by a plan where there is one."""
        complete = super().complete_list_value

        def ordinary() -> Any:
            return complete(return_type, field_details_list, info, path, result, position_context)

        return self._completed(return_type, field_details_list, result, position_context, ordinary)

    def _completed(
        self,
        type: GraphQLOutputType,
        details: list[FieldDetails],
        result: Any,
        position_context: Any,
        ordinary: Callable[[], Any],
    ) -> Any:
        if self.ordinary or position_context is not None:
            return ordinary()
        try:
            found = self._plan(type, details)
            if found is None:
                return ordinary()
            levels = Levels(*found)
            written = found[0].write(result, levels.waiting, found[1])
        except Exception:
            self.ordinary = True
            return ordinary()
        if not any(levels.waiting):
            return written
        return self._waited(levels, written, ordinary)

    async def _waited(self, levels: Levels, written: Any, ordinary: Callable[[], Any]) -> Any:
        try:
            await levels.complete()
        except Exception:
            self.ordinary = True
            again = ordinary()
            return await again if self.is_awaitable(again) else again
        return written

    def _plan(self, type: GraphQLOutputType, details: list[FieldDetails]) -> tuple[Plan, Given] | None:
        """The plan of a place, with the arguments of this request; None where there is none. Raises what GraphQL raises of arguments."""
        plans = self._plans
        if plans is None:
            plans = self._plans = self._plans_at_hand()
        if plans.switches is None:
            plans.switches = tuple(sorted(_switches(self._definitions())))
        variables = self.variable_values.coerced
        # Types live as long as the schema, nodes as long as the document.
        place = (
            id(type),
            *(id(detail.node) for detail in details),
            *(variables.get(name) for name in plans.switches),
        )
        if place in plans.found:
            plan = plans.found[place]
        else:
            if len(plans.found) >= PLANS_MAX:
                plans.found.clear()
            plan = plans.found[place] = self._compiled(type, details)
        if plan is None:
            return None
        given = self._given.get(id(plan))
        if given is None:
            given = self._given[id(plan)] = plan.given(self.variable_values, self.context_value)
        return plan, given

    def _compiled(self, type: GraphQLOutputType, details: list[FieldDetails]) -> Plan | None:
        assert self._sources is not None
        compiler = Compiler(self.schema, self._sources, self.fragments, self.variable_values, self.operation)
        try:
            return compiler.plan(type, details)
        except NotPlain:
            return None

    def _plans_at_hand(self) -> Plans:
        """Those of the document, where the gate keeps it; for this execution alone where it came another way."""
        admitted = getattr(self.context_value, "admitted", None)
        if admitted is not None and admitted.operation is self.operation:
            return cast("Plans", admitted.document.plans)
        return Plans()

    def _definitions(self) -> Iterable[Node]:
        return (self.operation, *self.fragment_definitions.values())


def _switches(definitions: Iterable[Node]) -> set[str]:
    """The names of all variables that directives ask for."""
    names: set[str] = set()

    class Asks(Visitor):
        def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
            names.update(
                one.value.name.value for one in node.arguments or () if isinstance(one.value, VariableNode)
            )

    for definition in definitions:
        visit(definition, Asks())
    return names
