"""What an operation may cost at most, from the document and the arguments, before it is executed."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from math import ceil
from typing import Any, cast

from graphql import (
    BooleanValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_named_type,
    is_list_type,
    is_non_null_type,
)
from graphql.type import introspection

from graph_service.api.limits.weights import LEAF, LIST_GUESS, OBJECT, WEIGHTS, Weight

_META = {
    "__schema": introspection.SchemaMetaFieldDef,
    "__type": introspection.TypeMetaFieldDef,
}
_NOT_SAID = Weight()


def cost_of(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Mapping[str, Any],
) -> int:
    """How many objects the answer, and finding it, may come to at most. The document is valid and within the other limits.

    Variables are taken as they were sent: where one cannot be what it should, executing will refuse it, and the default counts here.
    """
    root = schema.get_root_type(operation.operation)
    if root is None:
        return 0
    values = {**_defaults(operation), **variables}
    return ceil(_Pricing(schema, fragments, values).selections(operation.selection_set, root, None))


def sizes_of(variables: Mapping[str, Any]) -> Hashable:
    """All of the variables that `cost_of` looks at: equal for operations of equal cost."""
    return tuple(
        (name, len(value) if isinstance(value, list | tuple) else value, type(value))
        for name, value in sorted(variables.items())
        if value is None or isinstance(value, int | list | tuple)
    )


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    return {
        one.variable.name.value: _plain(one.default_value, {})
        for one in operation.variable_definitions or ()
        if one.default_value is not None
    }


class _Pricing:
    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        values: Mapping[str, Any],
    ) -> None:
        self._schema, self._fragments, self._values = schema, fragments, values

    def selections(self, node: SelectionSetNode, type: GraphQLCompositeType, pending: int | None) -> float:
        """What all that is selected of one object costs. `pending`: how many items the page has whose lists come below."""
        return sum(self._selection(one, type, pending) for one in node.selections if not self._left_out(one))

    def _selection(self, node: SelectionNode, type: GraphQLCompositeType, pending: int | None) -> float:
        match node:
            case FieldNode():
                return self._field(node, type, pending)
            case InlineFragmentNode():
                inner = (
                    type if node.type_condition is None else self._type(node.type_condition.name.value, type)
                )
                return self.selections(node.selection_set, inner, pending)
            case FragmentSpreadNode():
                fragment = self._fragments[node.name.value]
                inner = self._type(fragment.type_condition.name.value, type)
                return self.selections(fragment.selection_set, inner, pending)
            case _:
                return 0.0

    def _field(self, node: FieldNode, type: GraphQLCompositeType, pending: int | None) -> float:
        definition = _definition(type, node.name.value)
        if definition is None:
            return LEAF
        weight = WEIGHTS.get(f"{type.name}.{node.name.value}")
        if node.selection_set is None:
            return LEAF if weight is None else weight.own
        weight = _NOT_SAID if weight is None else weight
        own = weight.own
        for name, most in weight.times.items():
            own *= max(1, min(self._number(node, definition, name), most))
        size = self._size(node, definition, weight)
        inner = cast("GraphQLCompositeType", get_named_type(definition.type))
        if _is_list(definition):
            # A list of its own size, else that of the page it belongs to, else a guess.
            items = size if size is not None else pending if pending is not None else LIST_GUESS
            return own + items * (OBJECT + self.selections(node.selection_set, inner, None))
        below = size if size is not None else pending
        return own + self.selections(node.selection_set, inner, below)

    def _size(self, node: FieldNode, definition: GraphQLField, weight: Weight) -> int | None:
        """How many items the field says that it has."""
        if weight.items is not None:
            return weight.items
        name = weight.size or ("first" if "first" in definition.args else None)
        return None if name is None else max(0, min(self._number(node, definition, name), weight.size_max))

    def _number(self, node: FieldNode, definition: GraphQLField, name: str) -> int:
        """An argument as a number: itself, the length of a list, or 1 for anything else."""
        value: Any = _default(definition.args.get(name))
        for argument in node.arguments or ():
            if argument.name.value == name:
                given = _plain(argument.value, self._values)
                value = value if given is None else given
        if isinstance(value, list | tuple):
            return len(value)
        return value if isinstance(value, int) and not isinstance(value, bool) else 1

    def _left_out(self, node: SelectionNode) -> bool:
        """Whether `@skip` or `@include` leaves it out for certain."""
        for directive in node.directives or ():
            name = directive.name.value
            if name in ("skip", "include"):
                for argument in directive.arguments or ():
                    if _plain(argument.value, self._values) is (name == "skip"):
                        return True
        return False

    def _type(self, name: str, otherwise: GraphQLCompositeType) -> GraphQLCompositeType:
        found = self._schema.get_type(name)
        return found if isinstance(found, GraphQLObjectType | GraphQLInterfaceType) else otherwise


def _definition(type: GraphQLCompositeType, name: str) -> GraphQLField | None:
    if name in _META:
        return _META[name]
    return type.fields.get(name) if isinstance(type, GraphQLObjectType | GraphQLInterfaceType) else None


def _is_list(definition: GraphQLField) -> bool:
    found = definition.type
    return is_list_type(found.of_type if is_non_null_type(found) else found)


def _default(argument: GraphQLArgument | None) -> Any:
    if argument is None or argument.default_value is Undefined:
        return None
    return argument.default_value


def _plain(node: ValueNode | None, values: Mapping[str, Any]) -> Any:
    """What a number, a boolean, a list or a variable says; None for anything else. Parts of lists are not looked at."""
    match node:
        case VariableNode():
            return values.get(node.name.value)
        case IntValueNode():
            # Longer ones are no Int, and are refused as such.
            return int(node.value) if len(node.value) < 16 else None
        case BooleanValueNode():
            return node.value
        case ListValueNode():
            return _items(node.values)
        case _:
            return None


def _items(nodes: Iterable[ValueNode]) -> list[None]:
    return [None for _ in nodes]
