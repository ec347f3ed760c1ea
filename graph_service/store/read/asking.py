"""How the store is asked: filters, orders, and cursors. A cursor is text that names an item's place in a stable order."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from graph_service.core.errors import BadRequest
from graph_service.core.model import Json
from graph_service.core.time import FOREVER
from graph_service.store.read.answers import DifferenceAt, EntityAt, EventRow, RelationshipAt, VersionAt

_PLAIN = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Op(StrEnum):
    """How a property is compared. Values of different JSON types are never equal and never ordered."""

    EQUAL = "equal"
    #: `value` is a list: equal to one of them.
    IN = "in"
    GTE = "gte"
    GT = "gt"
    LT = "lt"
    LTE = "lte"
    #: Text that begins with `value`.
    PREFIX = "prefix"
    #: `value` is a boolean: whether the property is there.
    EXISTS = "exists"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A condition on one property of the version that holds. A missing property only fulfils EXISTS false."""

    property: str
    op: Op
    value: Json


class OrderBy(StrEnum):
    """What entities are sorted by; always by key within that."""

    KEY = "key"
    KIND = "kind"
    PROPERTY = "property"
    VALID_FROM = "valid_from"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The order of entities. Where what is sorted by is missing, the entity comes last ascending and first descending."""

    by: OrderBy = OrderBy.KEY
    #: The property's name with OrderBy.PROPERTY.
    property: str | None = None
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events: all given conditions together; None means any. Times are the events' own `time`, half-open."""

    types: Sequence[str] | None = None
    sources: Sequence[str] | None = None
    correlation_id: str | None = None
    subject: str | None = None
    time_from: int | None = None
    time_to: int | None = None


def comparable(value: object) -> tuple[int, Any] | None:
    """A JSON scalar in a total order: booleans, numbers, texts; None for everything else."""
    match value:
        case bool():
            return (0, value)
        case int() | float():
            return (1, value)
        case str():
            return (2, value)
        case _:
            return None


def fulfils(values: dict[str, Any], condition: Filter) -> bool:
    """Whether properties fulfil a condition."""
    if condition.op is Op.EXISTS:
        return (condition.property in values) == bool(condition.value)
    if condition.property not in values:
        return False
    found, wanted = values[condition.property], condition.value
    match condition.op:
        case Op.EQUAL:
            return same(found, wanted)
        case Op.IN:
            return isinstance(wanted, list) and any(same(found, one) for one in wanted)
        case Op.PREFIX:
            return isinstance(found, str) and isinstance(wanted, str) and found.startswith(wanted)
        case _:
            return _ordered(condition.op, comparable(found), comparable(wanted))


def same(one: object, other: object) -> bool:
    """JSON equality: 1 and 1.0 are the same number, 1 and true are not the same."""
    left, right = comparable(one), comparable(other)
    return (
        left == right if left is not None and right is not None else type(one) is type(other) and one == other
    )


_COMPARE: dict[Op, Callable[[Any, Any], bool]] = {
    Op.GTE: lambda a, b: a >= b,
    Op.GT: lambda a, b: a > b,
    Op.LT: lambda a, b: a < b,
    Op.LTE: lambda a, b: a <= b,
}


def _ordered(op: Op, found: tuple[int, Any] | None, wanted: tuple[int, Any] | None) -> bool:
    if found is None or wanted is None or found[0] != wanted[0]:
        return False
    return bool(_COMPARE[op](found[1], wanted[1]))


def entity_place(entity: EntityAt, order: Order) -> tuple[Any, ...]:
    """Where an entity stands in an order, ascending."""
    match order.by:
        case OrderBy.KEY:
            return (entity.key,)
        case OrderBy.KIND:
            return (entity.kind, entity.key)
        case OrderBy.VALID_FROM:
            return (FOREVER if entity.valid_from is None else entity.valid_from, entity.key)
        case OrderBy.PROPERTY:
            value = comparable(json.loads(entity.properties).get(order.property or ""))
            return (*(value or (3, 0)), entity.key)


def entity_cursor(entity: EntityAt, order: Order) -> str:
    """The cursor of an entity in `Reader.entities`; in `Reader.search` it is that of the default order."""
    return _cursor(entity_place(entity, order))


def relationship_place(found: RelationshipAt, key: str) -> tuple[str, str, str, int]:
    """Where a relationship stands among those of the entity `key`."""
    out = found.source == key
    return (found.type, found.target if out else found.source, found.discriminator, 0 if out else 1)


def relationship_cursor(found: RelationshipAt, key: str) -> str:
    """The cursor of a relationship in `Reader.relationships`, as one of the entity `key`."""
    return _cursor(relationship_place(found, key))


def event_cursor(event: EventRow) -> str:
    """The cursor of an event in `Reader.events_about` and `Reader.events_list`."""
    return _cursor((event.recorded_at, event.topic, event.partition, event.offset))


def difference_place(found: DifferenceAt) -> tuple[int, str, str, str, str]:
    """Where a difference stands: by the valid instant of the change, then by subject."""
    version = found.after or found.before
    if version is None:
        raise ValueError("a difference has a version on at least one side")
    return (
        _instant(found.before, found.after),
        version.owner,
        version.type,
        version.target,
        version.discriminator,
    )


def difference_cursor(found: DifferenceAt) -> str:
    """The cursor of a difference in `Reader.diff`."""
    return _cursor(difference_place(found))


def _instant(before: VersionAt | None, after: VersionAt | None) -> int:
    if after is not None:
        return after.valid_from
    if before is None:
        return FOREVER
    return before.valid_from if before.valid_to == FOREVER else before.valid_to


def _cursor(place: tuple[Any, ...]) -> str:
    return _PLAIN.encode(place)


def place_of(cursor: str | None, shape: Sequence[type | tuple[type, ...]]) -> tuple[Any, ...] | None:
    """What a cursor names, checked against the types that its parts must have.

    Raises:
        BadRequest: text that is no cursor of this list.
    """
    if cursor is None:
        return None
    try:
        place = json.loads(cursor)
    except ValueError:
        place = None
    if not isinstance(place, list) or len(place) != len(shape) or not all(map(isinstance, place, shape)):
        raise BadRequest(
            f"{cursor[:64]!r} is not a cursor of this list; pass one that an answer gave, with the same order"
        )
    return tuple(place)
