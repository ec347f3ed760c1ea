"""What questions may say: points, filters, orders."""

from __future__ import annotations

from enum import Enum

import strawberry

from graph_service.api.scalars import DateTime, Json
from graph_service.core.errors import BadRequest
from graph_service.core.model import Json as JsonValue
from graph_service.store.read.asking import EventFilter, Filter, Op, Order, OrderBy


@strawberry.input(
    description="A point on both clocks. Everything below a field that takes `at` is answered at that same point."
)
class At:
    valid: DateTime | None = strawberry.field(
        default=None, description="When it was so in the world. Default: the moment of the request."
    )
    known: DateTime | None = strawberry.field(
        default=None, description="As the log had recorded it by then. Default: all that is recorded."
    )


@strawberry.enum(
    description="How a property is compared. Values of different JSON types are never equal and never ordered."
)
class FilterOp(Enum):
    EQUAL = strawberry.enum_value("equal", description="Equal to `value`.")
    IN = strawberry.enum_value("in", description="`value` is a list: equal to one of them.")
    GTE = strawberry.enum_value("gte", description="At least `value`.")
    GT = strawberry.enum_value("gt", description="More than `value`.")
    LT = strawberry.enum_value("lt", description="Less than `value`.")
    LTE = strawberry.enum_value("lte", description="At most `value`.")
    PREFIX = strawberry.enum_value("prefix", description="Text that begins with `value`.")
    EXISTS = strawberry.enum_value(
        "exists", description="`value` is a boolean: whether the property is there."
    )


_OPS: dict[FilterOp, Op] = {op: Op[op.name] for op in FilterOp}


@strawberry.input(
    description="A condition on one property. A missing property only fulfils EXISTS false. Several conditions must all hold."
)
class PropertyFilter:
    property: str = strawberry.field(description="The name of the property.")
    value: Json = strawberry.field(description="What it is compared with.")
    op: FilterOp = strawberry.field(default=FilterOp.EQUAL, description="How it is compared.")

    def to_store(self) -> Filter:
        """The condition as the store takes it.

        Raises:
            BadRequest: a value that the comparison cannot use.
        """
        value: object = self.value
        if self.op is FilterOp.IN and not isinstance(value, list):
            raise BadRequest(f"the condition IN on {self.property!r} needs a list as `value`")
        if self.op is FilterOp.EXISTS and not isinstance(value, bool):
            raise BadRequest(f"the condition EXISTS on {self.property!r} needs true or false as `value`")
        plain: JsonValue = value  # type: ignore[assignment]  # the scalar lets nothing but JSON through
        return Filter(property=self.property, op=_OPS[self.op], value=plain)


@strawberry.enum(description="What entities are sorted by; always by key within that.")
class EntityOrderField(Enum):
    KEY = strawberry.enum_value("key", description="The key.")
    KIND = strawberry.enum_value("kind", description="The kind.")
    PROPERTY = strawberry.enum_value("property", description="A property, named in `property`.")
    VALID_FROM = strawberry.enum_value("valid_from", description="Since when it has been as it is.")


_ORDERS: dict[EntityOrderField, OrderBy] = {by: OrderBy[by.name] for by in EntityOrderField}


@strawberry.input(
    description="The order of entities. Where the property is missing, last ascending and first descending."
)
class EntityOrder:
    by: EntityOrderField = strawberry.field(default=EntityOrderField.KEY, description="What to sort by.")
    property: str | None = strawberry.field(default=None, description="The property's name, with PROPERTY.")
    descending: bool = strawberry.field(default=False, description="The other way round.")

    def to_store(self) -> Order:
        """The order as the store takes it.

        Raises:
            BadRequest: PROPERTY without a name, or a name without PROPERTY.
        """
        if (self.by is EntityOrderField.PROPERTY) != bool(self.property):
            raise BadRequest("an order by PROPERTY names the `property`, and no other order does")
        return Order(by=_ORDERS[self.by], property=self.property, descending=self.descending)


@strawberry.input(name="EventFilter", description="Which events: all that is given must hold.")
class EventsWanted:
    types: list[str] | None = strawberry.field(default=None, description="Of one of these CloudEvents types.")
    sources: list[str] | None = strawberry.field(default=None, description="From one of these sources.")
    correlation_id: str | None = strawberry.field(default=None, description="Of this flow of work.")
    subject: str | None = strawberry.field(default=None, description="With this CloudEvents subject.")
    time_from: DateTime | None = strawberry.field(default=None, description="Happened at or after this.")
    time_to: DateTime | None = strawberry.field(default=None, description="Happened before this.")

    def to_store(self) -> EventFilter:
        """The filter as the store takes it."""
        return EventFilter(
            types=self.types,
            sources=self.sources,
            correlation_id=self.correlation_id,
            subject=self.subject,
            time_from=self.time_from,
            time_to=self.time_to,
        )


@strawberry.enum(description="Which way an impact is followed.")
class ImpactDirection(Enum):
    DEPENDENTS = strawberry.enum_value("dependents", description="All that depends on what is asked.")
    DEPENDENCIES = strawberry.enum_value("dependencies", description="All that what is asked depends on.")


def order_of(order: EntityOrder | None) -> Order:
    """By key where nothing is said."""
    return Order() if order is None else order.to_store()
