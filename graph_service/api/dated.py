"""Dated answers: what each one rests on is told beside it, and one that is final has a tag by which it need not be sent again.

An answer is final when the operation names every point that it is about, on both clocks, and all of them are known up to the watermark. What
may alter a final answer all the same (a replay, an erasure, other declared words, a partition that is new) is part of the tag.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, cast

import orjson
from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    get_argument_values,
    get_named_type,
    get_variable_values,
)
from graphql.execution.values import VariableValues
from graphql.language import OperationType

from graph_service import __version__
from graph_service.api.context import Context
from graph_service.api.gate import Admitted
from graph_service.api.ids import points_of
from graph_service.core.errors import GraphServiceError
from graph_service.core.time import EARLIEST, LATEST, format_instant, now
from graph_service.store.read.answers import Point, Standing

if TYPE_CHECKING:
    from graph_service.api.schema import Schema

DATED: Mapping[str, tuple[str, ...]] = {
    "entity": ("at",),
    "entities": ("at",),
    "search": ("at",),
    "impact": ("at",),
    "impactDrift": ("from", "to"),
    "paths": ("at",),
    "diff": ("from", "to"),
    "basis": ("at",),
    "trend": ("known",),
    "neighbourhoodGraph": ("at",),
    "impactGraph": ("at",),
    "driftGraph": ("from", "to"),
    "diffGraph": ("from", "to"),
}
"""Questions about points, and the arguments that name these. All others are about now, whatever their arguments."""
ABOUT_NOW = frozenset({("Basis", "watermark"), ("Basis", "deadLetters"), ("Basis", "replayed")})
"""Fields that tell of now wherever they stand."""
POINTS_TOLD_MAX = 20
NOT_MODIFIED_COST = 5
"""What an operation costs whose answer the client has already: reading it, and looking whether that still is the answer."""


@dataclass(slots=True, kw_only=True)
class Conditional:
    """A request whose answer the client, or a cache before it, may keep."""

    #: The tags of answers that it has, as sent.
    has: str | None
    media_type: str
    #: That of this answer, once it is known to be final.
    tag: str | None = None
    #: Whether the client has this very answer.
    unchanged: bool = False

    def matches(self) -> bool:
        """Whether the tag is among those that the client has. `*` is none in particular."""
        sent = (one.strip().removeprefix("W/") for one in (self.has or "").split(","))
        return self.tag is not None and self.tag in sent


def latest_known(
    schema: GraphQLSchema, admitted: Admitted, variables: Mapping[str, Any] | None
) -> int | None:
    """The latest known time (microseconds) that the answer may rest on; None where part of the operation is about now."""
    operation = admitted.operation
    if operation.operation is not OperationType.QUERY:
        return None
    values = get_variable_values(schema, operation.variable_definitions or (), dict(variables or {}))
    root = schema.query_type
    if not isinstance(values, VariableValues) or root is None:
        return None
    found: list[int] = []
    try:
        for type, field, node in _Walk(schema, admitted).fields(operation.selection_set, root):
            known = _known(type, field, node, values, of_root=type is root)
            if known is None:
                return None
            found += known
    except GraphQLError:
        return None
    return max(found, default=None)


def _known(
    type: GraphQLCompositeType, field: GraphQLField, node: FieldNode, values: VariableValues, *, of_root: bool
) -> list[int] | None:
    """The known times that a field names itself; None where it is about now."""
    name = node.name.value
    if (type.name, name) in ABOUT_NOW or (of_root and name not in DATED):
        return None
    given = get_argument_values(field, node, values)
    found: list[int] = []
    for argument in DATED[name] if of_root else ():
        at = given.get(argument)
        point = (at.get("valid"), at.get("known")) if isinstance(at, dict) else (0, at)
        if not all(isinstance(one, int) for one in point):
            return None
        found.append(cast("int", point[1]))
    if given.get("after") is not None:
        # The points in a cursor win.
        points = points_of(given["after"])
        if not points:
            return None
        found += [point.known for point in points]
    return found


class _Walk:
    """All fields that an operation may ask for, with the types that they are fields of; names that begin with `__` left out."""

    def __init__(self, schema: GraphQLSchema, admitted: Admitted) -> None:
        self._schema, self._fragments = schema, admitted.document.fragments
        self._seen: set[tuple[str, str]] = set()

    def fields(
        self, node: SelectionSetNode, type: GraphQLCompositeType
    ) -> Iterator[tuple[GraphQLCompositeType, GraphQLField, FieldNode]]:
        for one in node.selections:
            if isinstance(one, FieldNode):
                if (
                    isinstance(type, GraphQLObjectType | GraphQLInterfaceType)
                    and one.name.value in type.fields
                ):
                    field = type.fields[one.name.value]
                    yield type, field, one
                    if one.selection_set is not None:
                        below = cast("GraphQLCompositeType", get_named_type(field.type))
                        yield from self.fields(one.selection_set, below)
            elif isinstance(one, InlineFragmentNode):
                name = None if one.type_condition is None else one.type_condition.name.value
                yield from self.fields(one.selection_set, self._type(name, type))
            elif isinstance(one, FragmentSpreadNode):
                fragment = self._fragments[one.name.value]
                inner = self._type(fragment.type_condition.name.value, type)
                if (one.name.value, type.name) not in self._seen:
                    self._seen.add((one.name.value, type.name))
                    yield from self.fields(fragment.selection_set, inner)

    def _type(self, name: str | None, otherwise: GraphQLCompositeType) -> GraphQLCompositeType:
        found = None if name is None else self._schema.type_map.get(name)
        return found if isinstance(found, GraphQLObjectType | GraphQLInterfaceType) else otherwise


def tag_of(
    admitted: Admitted, variables: Mapping[str, Any] | None, standing: Standing, *, other: tuple[object, ...]
) -> str:
    """A strong tag: equal for equal answers to the byte. `other` is what else the answer depends on: who asks, the schema, how it is sent."""
    name = admitted.operation.name
    told = orjson.dumps(dict(variables or {}), option=orjson.OPT_SORT_KEYS)
    said = (
        *(admitted.document.hash, None if name is None else name.value, told),
        *(standing.past, __version__, admitted.cost, *other),
    )
    return f'"{blake2b(repr(said).encode(), digest_size=16).hexdigest()}"'


async def has_it_already(
    schema: Schema, context: Context, admitted: Admitted, variables: Mapping[str, Any] | None
) -> bool:
    """Whether the client has this very answer; before anything is read for it. What is final gets its tag."""
    conditional = context.conditional
    if conditional is None:
        return False
    known = latest_known(schema._schema, admitted, variables)
    if known is None:
        return False
    try:
        standing = await context.standing()
    except GraphServiceError:
        return False  # whoever needs it says so
    if not standing.final(known):
        return False
    gate = schema.gate
    other = (context.principal.role, schema.hash, gate.limits.query_cost_max, conditional.media_type)
    conditional.tag = tag_of(admitted, variables, standing, other=other)
    conditional.unchanged = conditional.matches()
    if conditional.unchanged:
        gate.give_back(context.principal, admitted.cost - NOT_MODIFIED_COST)
    return conditional.unchanged


async def basis_beside(schema: Schema, context: Context, admitted: Admitted) -> dict[str, Any]:
    """The basis, for `extensions` of an answer."""
    if not _asks_the_graph(schema._schema, admitted):
        return {}
    try:
        standing = await context.standing()
    except GraphServiceError:
        return {}
    conditional = context.conditional
    tagged = conditional is not None and conditional.tag is not None
    return {"basis": basis_told(tuple(context.points), standing, final=tagged)}


def _asks_the_graph(schema: GraphQLSchema, admitted: Admitted) -> bool:
    """Whether anything but the schema's own description is asked for."""
    selections = admitted.operation.selection_set.selections
    if any(isinstance(one, FieldNode) and not one.name.value.startswith("__") for one in selections):
        return True
    root = schema.get_root_type(admitted.operation.operation)
    walk = _Walk(schema, admitted)
    return root is not None and any(True for _ in walk.fields(admitted.operation.selection_set, root))


def basis_told(points: tuple[Point, ...], standing: Standing, *, final: bool) -> dict[str, Any]:
    """What an answer about these points rests on, as JSON: the latest of them on either clock, each of the first few, and whether it stays.

    Without points it is about now. With `final` it says nothing of now, for the answer may be kept and told again.
    """
    known_now = now() if standing.recorded_at is None else standing.recorded_at
    bases = [standing.basis(point) for point in points]
    told: dict[str, Any] = {
        "valid": _instant(max((one.valid for one in bases), default=now())),
        "known": _instant(max((one.known for one in bases), default=known_now)),
        "stable": bool(bases) and all(one.stable for one in bases),
    }
    if len(bases) > 1:
        told["points"] = [
            {"valid": _instant(one.valid), "known": _instant(one.known), "stable": one.stable}
            for one in bases[:POINTS_TOLD_MAX]
        ]
    if not final:
        told |= {
            "watermark": None if standing.watermark is None else _instant(standing.watermark),
            "deadLetters": standing.dead_letters,
            "replayed": standing.replayed,
        }
    return told


def _instant(value: int) -> str:
    return format_instant(min(max(value, EARLIEST), LATEST))
