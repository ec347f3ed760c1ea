"""Where a field of the schema gets its value from, found out from the strawberry field itself: nothing is said twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphql import GraphQLObjectType, GraphQLSchema
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import convert_arguments
from strawberry.types.base import StrawberryObjectDefinition

from graph_service.api.fields import AT_HAND, LOADS

if TYPE_CHECKING:
    from strawberry import Schema
    from strawberry.types.field import StrawberryField


class NotPlain(Exception):
    """Something that is left to the ordinary executor."""


class Info:
    """As much of strawberry's `Info` as resolvers here ask for. Whoever asks for more is left to the ordinary executor, by its AttributeError."""

    __slots__ = ("_asked_below", "context")

    def __init__(self, context: Any, asked_below: Callable[[tuple[str, ...]], frozenset[str]]) -> None:
        """Of one request, for one field; `asked_below` says what is selected at a place below it."""
        self.context, self._asked_below = context, asked_below

    def asked_below(self, path: tuple[str, ...]) -> frozenset[str]:
        """See `selection.asked_below`."""
        return self._asked_below(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """How one field gets its value."""

    #: The attribute that it is; None where it is resolved.
    attribute: str | None = None
    #: The resolver, which takes the object first.
    resolver: Callable[..., Any] | None = None
    #: What the resolver calls the info that it wants; None where it wants none.
    info: str | None = None
    #: Whether the resolver is to be awaited.
    awaited: bool = False
    #: Whether it waits for nothing but loaders: see `graph_service.api.fields`.
    loads: bool = False
    #: Gives what an awaited resolver would, or None where that is not at hand.
    at_hand: Callable[..., Any] | None = None
    #: From arguments as GraphQL reads them to those of the resolver; None where it takes none.
    arguments: Callable[[dict[str, Any], Info], dict[str, Any]] | None = None


class Sources:
    """The sources of all fields of one schema, each found out when it is first asked for."""

    def __init__(self, schema: GraphQLSchema) -> None:
        """Of a schema that strawberry made."""
        self._strawberry: Schema = schema._strawberry_schema  # type: ignore[attr-defined]
        self._fields: dict[str, dict[str, StrawberryField]] = {}
        self._found: dict[tuple[str, str], Source] = {}

    def of(self, type: GraphQLObjectType, name: str) -> Source:
        """The source of a field.

        Raises:
            NotPlain: its value comes in a way that is not known here.
        """
        found = self._found.get((type.name, name))
        if found is None:
            found = self._found[type.name, name] = self._source(self._field(type, name))
        return found

    def definition(self, type: GraphQLObjectType) -> StrawberryObjectDefinition:
        """What strawberry knows of a type.

        Raises:
            NotPlain: nothing.
        """
        found = type.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
        if not isinstance(found, StrawberryObjectDefinition):
            raise NotPlain(type.name)
        return found

    def _field(self, type: GraphQLObjectType, name: str) -> StrawberryField:
        if type.name not in self._fields:
            fields = self._strawberry.get_fields(self.definition(type))
            called = self._strawberry.config.name_converter.get_graphql_name
            self._fields[type.name] = {called(field): field for field in fields}
        found = self._fields[type.name].get(name)
        if found is None:
            raise NotPlain(f"{type.name}.{name}")
        return found

    def _source(self, field: StrawberryField) -> Source:
        schema, resolver = self._strawberry, field.base_resolver
        if field.extensions or field.is_subscription or schema.exception_handlers or schema.directives:
            raise NotPlain(field.name)
        if resolver is None:
            if schema.config.default_resolver is not getattr or not field.python_name.isidentifier():
                raise NotPlain(field.name)
            return Source(attribute=field.python_name)
        function = resolver.wrapped_func
        if not callable(function) or not resolver.self_parameter:
            raise NotPlain(field.name)
        if resolver.parent_parameter or resolver.root_parameter:
            raise NotPlain(field.name)
        return Source(
            resolver=function,
            info=None if resolver.info_parameter is None else resolver.info_parameter.name,
            awaited=resolver.is_async,
            loads=getattr(function, LOADS, False),
            at_hand=getattr(function, AT_HAND, None),
            arguments=self._arguments(field) if field.arguments else None,
        )

    def _arguments(self, field: StrawberryField) -> Callable[[dict[str, Any], Info], dict[str, Any]]:
        converter, config = self._strawberry.schema_converter, self._strawberry.config

        def converted(given: dict[str, Any], info: Info) -> dict[str, Any]:
            return convert_arguments(
                given,
                field.arguments,
                scalar_registry=converter.scalar_registry,
                config=config,
                info=info,  # type: ignore[arg-type]
            )

        return converted
