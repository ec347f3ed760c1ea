"""Leaves of the answer, written by the same scalars and enums as ever; what needs no look is not looked at."""

from __future__ import annotations

from collections.abc import Callable
from inspect import isawaitable
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLString,
    Undefined,
)
from strawberry.types.base import StrawberryObjectDefinition

_PLAIN = frozenset({str, int, float, bool, list, dict, tuple})
#: Values of these Python types are what they are: their scalars give them back untouched.
_AS_IT_IS = {
    GraphQLString: "type({0}) is not str",
    GraphQLID: "type({0}) is not str",
    GraphQLBoolean: "type({0}) is not bool",
    GraphQLInt: "type({0}) is not int or not -2147483648 <= {0} <= 2147483647",
}


class Unfit(Exception):
    """A value that is not as its type says: the ordinary executor tells what is wrong with it."""


def inline(name: str, type: GraphQLLeafType, function: str, *, required: bool) -> list[str]:
    """Lines of Python that turn the leaf in a variable into what is written of it; `function` is what `written` gave."""
    needs = next((test.format(name) for scalar, test in _AS_IT_IS.items() if scalar is type), None)
    if required:
        return [
            f"{name} = {function}({name})" if needs is None else f"if {needs}: {name} = {function}({name})"
        ]
    test = f"{name} is not None" if needs is None else f"{name} is not None and ({needs})"
    return [f"if {test}: {name} = {function}({name})"]


def written(type: GraphQLLeafType) -> Callable[[Any], Any]:
    """The scalar's or the enum's own writing of a value. Raises Unfit for no value, and whatever it raises itself."""
    coerce = type.coerce_output_value

    def write(value: Any) -> Any:
        if value.__class__ not in _PLAIN and (
            value is None or isinstance(value, Exception) or isawaitable(value)
        ):
            raise Unfit
        found = coerce(value)
        if found is None or found is Undefined:
            raise Unfit
        return found

    return write


def object_check(
    type: GraphQLObjectType, definition: StrawberryObjectDefinition
) -> tuple[type[Any] | None, Callable[[Any], None]]:
    """The class of most objects of that type, and a check of all others. It raises Unfit where GraphQL would find fault, or might."""
    known = definition.origin if definition.concrete_of is None else definition.concrete_of.origin
    is_type_of = type.is_type_of

    def check(value: Any) -> None:
        if value is None or isinstance(value, Exception) or isawaitable(value):
            raise Unfit
        # Strawberry's own never looks at the second argument.
        if is_type_of is not None and is_type_of(value, None) is not True:  # type: ignore[arg-type]
            raise Unfit

    return known, check
