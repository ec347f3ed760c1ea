"""The two scalars of the schema: instants, which are integer microseconds inside, and plain JSON values."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from graph_service.core.errors import BadTime
from graph_service.core.time import EARLIEST, FOREVER, LATEST, format_instant, from_millis, parse_instant

DateTime = NewType("DateTime", int)
"""Microseconds inside, RFC 3339 UTC outside."""

Json = NewType("Json", object)
"""Any JSON value, as parsed."""


_JSON = json.JSONDecoder()

#: Milliseconds as text, as dashboards put them into documents: 1973-03-03 to 2286-11-20. Fewer or more digits may be a year, a day or seconds.
_MILLIS = re.compile(r"\d{12,13}", re.ASCII)
#: As milliseconds in early 1970, as seconds from 2001 to 2286: whoever sends these means seconds.
_SECONDS = range(10**9, 10**10)


def _read(value: Any) -> int:
    if isinstance(value, str):
        if value.isdigit():
            return _millis_of(value)
        return parse_instant(value)
    if isinstance(value, int) and not isinstance(value, bool):
        if value in _SECONDS:
            raise BadTime(f"{value} looks like seconds: send milliseconds, {value}000, or RFC 3339 text")
        return from_millis(value)
    raise BadTime(
        f"{value!r} is not an instant: send RFC 3339 text with an offset, such as 2026-03-01T09:30:00Z, "
        "or epoch milliseconds as a whole number"
    )


def _millis_of(digits: str) -> int:
    if _MILLIS.fullmatch(digits) is None:
        raise BadTime(
            f"{digits[:64]!r} may be a year, a day or seconds: digits as text are epoch milliseconds, 12 or 13 of them; anything else is sent as RFC 3339 "
            "text with an offset"
        )
    return from_millis(int(digits))


def _write(value: int) -> str:
    return format_instant(min(max(value, EARLIEST), LATEST))


SCALARS: dict[object, ScalarDefinition] = {
    DateTime: strawberry.scalar(
        name="DateTime",
        description="An instant: RFC 3339 with an offset, or epoch milliseconds (a whole number, or 12 or 13 digits as text). Answered in UTC. "
        "A time without an offset is refused, and so is what looks like seconds.",
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
    # Canonical text has no space around it, so nothing has to look for some.
    value, end = _JSON.raw_decode(text)
    return Json(value if end == len(text) else json.loads(text))


def differing(now: Mapping[str, Any], then: Mapping[str, Any]) -> list[str]:
    """The names under which two JSON objects differ, sorted. 1, 1.0 and true are three values."""
    return sorted(
        name
        for name in now.keys() | then.keys()
        if (name in now) != (name in then) or _text(now[name]) != _text(then[name])
    )


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)
