"""Plans: what is selected of a value, compiled to functions that write it as plain JSON values.

A plan knows nothing of errors. Whatever is not as it should be ends in an exception, and then the ordinary executor completes the same value
again, finds the same, and says so as GraphQL has it: with path, place and nulls.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableNode,
    get_argument_values,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_subfields
from graphql.execution.values import VariableValues

from graph_service.api.fast.leaves import Unfit, inline, object_check, written
from graph_service.api.fast.selected import names_below
from graph_service.api.fast.sources import Info, NotPlain, Source, Sources

Waiting: TypeAlias = list[list[tuple[dict[str, Any], Any]]]
"""For each load of a plan the objects it is to be done for, each with what is written of it so far."""
Given: TypeAlias = list[dict[str, Any]]
"""For each call of a plan the arguments."""
Write: TypeAlias = Callable[[Any, Waiting, Given], Any]
"""Writes a value. Raises anything where the value is not as its type says."""

TYPENAME = "__typename"
_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")
_PLAIN_DIRECTIVES = frozenset({"skip", "include"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A resolver that takes arguments, or info, as one selection calls it."""

    definition: GraphQLField
    node: FieldNode
    source: Source
    #: The arguments, where no variable is among them.
    constant: dict[str, Any] | None
    #: All nodes of the field at its place.
    nodes: tuple[FieldNode, ...]
    fragments: Mapping[str, FragmentDefinitionNode]
    #: What is selected below it, as far as somebody asked.
    below: dict[tuple[str, ...], frozenset[str]] = field(default_factory=dict)

    def given(self, variables: VariableValues, context: Any) -> dict[str, Any]:
        """The arguments of one request."""
        info = Info(context, self.asked_below)
        found = self.constant
        if found is None:
            found = self.read(variables, info)
        return found if self.source.info is None else {**found, self.source.info: info}

    def read(self, variables: VariableValues, info: Info) -> dict[str, Any]:
        """The arguments, without `info`."""
        if self.source.arguments is None:
            return {}
        return self.source.arguments(get_argument_values(self.definition, self.node, variables), info)

    def asked_below(self, path: tuple[str, ...]) -> frozenset[str]:
        """See `selection.asked_below`."""
        found = self.below.get(path)
        if found is None:
            found = self.below[path] = names_below(self.nodes, self.fragments, path)
        return found


@dataclass(slots=True, kw_only=True)
class Load:
    """A field that has to be awaited, of all objects of one place in the answer."""

    name: str
    resolver: Callable[..., Any]
    #: Which of the calls it is.
    call: int
    #: Whether it waits for loaders only, so that it needs no task of its own.
    loads: bool
    write: Write


@dataclass(slots=True, kw_only=True)
class Plan:
    """How one place of the answer is written."""

    write: Write
    loads: list[Load] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def given(self, variables: VariableValues, context: Any) -> Given:
        """All arguments of one request. Raises what GraphQL raises of them."""
        return [call.given(variables, context) for call in self.calls]


class Compiler:
    """Makes the plan of one place."""

    def __init__(
        self,
        schema: GraphQLSchema,
        sources: Sources,
        fragments: dict[str, FragmentDetails],
        variables: VariableValues,
        operation: OperationDefinitionNode,
    ) -> None:
        """Of the variables only those matter that directives ask for."""
        self._schema, self._sources, self._fragments = schema, sources, fragments
        self._variables, self._operation = variables, operation
        self._loads: list[Load] = []
        self._calls: list[Call] = []

    def plan(self, type: GraphQLOutputType, details: list[FieldDetails]) -> Plan:
        """The plan of a value of that type.

        Raises:
            NotPlain: part of it is for the ordinary executor.
        """
        return Plan(write=self._write(type, details), loads=self._loads, calls=self._calls)

    def _write(self, type: GraphQLOutputType, details: list[FieldDetails]) -> Write:
        if is_non_null_type(type):
            return _required(self._write(type.of_type, details))
        if is_list_type(type):
            item = type.of_type
            bare = is_non_null_type(item) and is_object_type(item.of_type)
            return _listed(self._object(item.of_type, details) if bare else self._write(item, details))
        if is_leaf_type(type):
            return _leaf(type)
        if is_object_type(type):
            return _optional(self._object(type, details))
        raise NotPlain(str(type))

    def _object(self, type: GraphQLObjectType, details: list[FieldDetails]) -> Write:
        """Writes an object; None is none."""
        _plain(details)
        collected = collect_subfields(
            self._schema, self._fragments, self._variables, self._operation, type, details
        )
        if collected.new_defer_usages:
            raise NotPlain("@defer")
        body = _Body(object_check(type, self._sources.definition(type)))
        for name, nodes in collected.grouped_field_set.items():
            _plain(nodes)
            self._field(body, type, name, nodes)
        return body.compiled()

    def _field(self, body: _Body, parent: GraphQLObjectType, name: str, details: list[FieldDetails]) -> None:
        node = details[0].node
        if node.name.value == TYPENAME:
            return body.constant(name, parent.name)
        definition = parent.fields.get(node.name.value)
        if definition is None or _NAME.fullmatch(name) is None:
            raise NotPlain(name)
        source = self._sources.of(parent, node.name.value)
        if source.awaited:
            assert source.resolver is not None
            number, call = len(self._loads), self._call(definition, details, source)
            load = Load(name=name, resolver=source.resolver, call=call, loads=source.loads, write=_unknown)
            self._loads.append(load)
            load.write = self._write(definition.type, details)
            return body.load(name, number, source.at_hand, call, load.write)
        value = (
            body.attribute(source.attribute)
            if source.attribute is not None
            else self._called(body, definition, details, source)
        )
        type, required = _bare(definition.type)
        if is_leaf_type(type):
            return body.leaf(name, value, type, required=required)
        if is_object_type(type) and required:
            return body.value(name, value, self._object(type, details))
        return body.value(name, value, self._write(definition.type, details))

    def _called(
        self, body: _Body, definition: GraphQLField, details: list[FieldDetails], source: Source
    ) -> str:
        assert source.resolver is not None
        if source.info is None and source.arguments is None:
            return body.called(source.resolver, None)
        return body.called(source.resolver, self._call(definition, details, source))

    def _call(self, definition: GraphQLField, details: list[FieldDetails], source: Source) -> int:
        node = details[0].node
        call = Call(
            definition=definition,
            node=node,
            source=source,
            constant=None,
            nodes=tuple(detail.node for detail in details),
            fragments={name: found.definition for name, found in self._fragments.items()},
        )
        if not any(_varies(argument.value) for argument in node.arguments or ()):
            call = replace(call, constant=call.read(VariableValues({}, {}), Info(None, call.asked_below)))
        self._calls.append(call)
        return len(self._calls) - 1


class _Body:
    """The function that writes one object, as it is put together."""

    def __init__(self, check: tuple[type | None, Callable[[Any], None]]) -> None:
        self._lines: list[str] = []
        self._items: list[str] = []
        self._loads: list[str] = []
        self._known: dict[str, Any] = {"known_class": check[0], "check": check[1]}

    def constant(self, name: str, value: str) -> None:
        self._items.append(f"{name!r}: {value!r}")

    def load(
        self, name: str, number: int, at_hand: Callable[..., Any] | None, call: int, write: Write
    ) -> None:
        self._items.append(f"{name!r}: None")
        waits = f"waiting[{number}].append((written, found))"
        if at_hand is None:
            self._loads.append(waits)
            return
        own = f"h{number}"
        self._loads += [
            f"{own} = {self._name(at_hand)}(found, **given[{call}])",
            f"if {own} is None: {waits}",
            f"else: written[{name!r}] = {self._name(write)}({own}, waiting, given)",
        ]

    def attribute(self, name: str) -> str:
        return f"found.{name}"

    def called(self, resolver: Callable[..., Any], call: int | None) -> str:
        own = self._name(resolver)
        return f"{own}(found)" if call is None else f"{own}(found, **given[{call}])"

    def leaf(self, name: str, value: str, type: GraphQLLeafType, *, required: bool) -> None:
        own = f"v{len(self._items)}"
        self._lines.append(f"{own} = {value}")
        self._lines += inline(own, type, self._name(written(type)), required=required)
        self._items.append(f"{name!r}: {own}")

    def value(self, name: str, value: str, write: Write) -> None:
        self._items.append(f"{name!r}: {self._name(write)}({value}, waiting, given)")

    def _name(self, value: object) -> str:
        name = f"k{len(self._known)}"
        self._known[name] = value
        return name

    def compiled(self) -> Write:
        """All names in it are numbers, those of the answer are literals, attributes are those of Python classes."""
        lines = ["if type(found) is not known_class: check(found)", *self._lines]
        lines.append(f"written = {{{', '.join(self._items)}}}")
        lines += [*self._loads, "return written"]
        text = "def write(found, waiting, given):\n" + "".join(f"    {line}\n" for line in lines)
        exec(compile(text, "<plan>", "exec"), self._known)
        return cast("Write", self._known["write"])


def _plain(details: Sequence[FieldDetails]) -> None:
    """Raises NotPlain where something is asked for that is more than a field."""
    for detail in details:
        if detail.defer_usage is not None or detail.fragment_variable_values is not None:
            raise NotPlain(detail.node.name.value)
        if any(one.name.value not in _PLAIN_DIRECTIVES for one in detail.node.directives or ()):
            raise NotPlain(detail.node.name.value)


def _bare(type: GraphQLOutputType) -> tuple[GraphQLOutputType, bool]:
    return (type.of_type, True) if is_non_null_type(type) else (type, False)


def _varies(node: Any) -> bool:
    """Whether a variable is in a literal."""
    if isinstance(node, VariableNode):
        return True
    inside = [
        *(getattr(node, "values", None) or ()),
        *(one.value for one in getattr(node, "fields", None) or ()),
    ]
    return any(_varies(one) for one in inside)


def _required(write: Write) -> Write:
    def required(found: Any, waiting: Waiting, given: Given) -> Any:
        value = write(found, waiting, given)
        if value is None:
            raise Unfit
        return value

    return required


def _optional(write: Write) -> Write:
    def optional(found: Any, waiting: Waiting, given: Given) -> Any:
        return None if found is None else write(found, waiting, given)

    return optional


def _listed(write: Write) -> Write:
    def listed(found: Any, waiting: Waiting, given: Given) -> Any:
        if type(found) is not list and type(found) is not tuple:
            if found is None:
                return None
            raise Unfit
        return [write(one, waiting, given) for one in found]

    return listed


def _leaf(type: GraphQLLeafType) -> Write:
    text = written(type)

    def leaf(found: Any, waiting: Waiting, given: Given) -> Any:
        return None if found is None else text(found)

    return leaf


def _unknown(found: Any, waiting: Waiting, given: Given) -> Any:
    raise Unfit
