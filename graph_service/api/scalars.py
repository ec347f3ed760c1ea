"""The two scalars of the schema: instants, which are integer microseconds inside, and plain JSON values."""

from __future__ import annotations

import json
from typing import Any, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from graph_service.core.errors import BadTime
from graph_service.core.time import EARLIEST, FOREVER, LATEST, format_instant, from_millis, parse_instant

DateTime = NewType("DateTime", int)
"""Microseconds inside, RFC 3339 UTC outside."""

Json = NewType("Json", object)
"""Any JSON value, as parsed."""


def _read(value: Any) -> int:
    if isinstance(value, str):
        return parse_instant(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return from_millis(value)
    raise BadTime(
        f"{value!r} is not an instant: send RFC 3339 text with an offset, such as 2026-03-01T09:30:00Z, "
        "or epoch milliseconds as a whole number"
    )


def _write(value: int) -> str:
    return format_instant(min(max(value, EARLIEST), LATEST))


SCALARS: dict[object, ScalarDefinition] = {
    DateTime: strawberry.scalar(
        name="DateTime",
        description="An instant: RFC 3339 with an offset, or epoch milliseconds. Answered in UTC. "
        "A time without an offset is refused.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc3339",
        serialize=_write,
        parse_value=_read,
    ),
    Json: strawberry.scalar(
        name="JSON",
        description="Any JSON value.",
        serialize=lambda value: value,
        parse_value=lambda value: value,
    ),
}


def instant(value: int | None) -> DateTime | None:
    """The beginning or end of a span as GraphQL says it: None where unknown or still open."""
    return None if value is None or value == FOREVER else DateTime(value)


def parsed(text: str) -> Json:
    """A JSON value from the store's canonical text."""
    return Json(json.loads(text))
