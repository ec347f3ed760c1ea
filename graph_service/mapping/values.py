"""What expressions give, made into what assertions hold: keys, texts, instants, properties."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from cel import OptionalValue

from graph_service.core.errors import BadRecord, BadTime
from graph_service.core.model import PROPERTY_NAME_CHARS_MAX, Properties
from graph_service.core.time import from_millis, parse_instant
from graph_service.mapping.expressions import Expression, Scope
from graph_service.mapping.json_text import DEPTH_MAX, canonical_text

KEY_CHARS_MAX = 1024
VALUE_BYTES_MAX = 256 * 1024
PROPERTIES_MAX = 1000

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


def plain(expression: Expression, value: Any, depth: int = 0) -> Any:
    """A JSON value of what `expression` gave: timestamps become RFC 3339 text, an optional its value or null.

    Raises:
        BadRecord: `mapping-failed` for what JSON cannot say (bytes, durations, NaN, a map whose keys are not text).
    """
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if kind is float:
        if not math.isfinite(value):
            raise expression.failed(f"gave {value}, which JSON cannot say")
        return value
    if depth > DEPTH_MAX:
        raise expression.failed(f"gave a value that nests deeper than {DEPTH_MAX} levels")
    if kind is list:
        return [plain(expression, inner, depth + 1) for inner in value]
    if kind is dict:
        if any(type(name) is not str for name in value):
            raise expression.failed("gave a map whose keys are not all text")
        return {name: plain(expression, inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, OptionalValue):
        return plain(expression, value.value(), depth + 1) if value.has_value() else None
    raise expression.failed(f"gave {kind.__name__}, which JSON cannot say; make it text with string(…)")


def truth(expression: Expression, scope: Scope) -> bool:
    """The value of a condition.

    Raises:
        BadRecord: `mapping-failed` where it is neither true nor false.
    """
    value = expression.evaluate(scope)
    if value is True or value is False:
        return value
    raise expression.failed(f"gave {value!r:.64}; a condition must be true or false")


def checked_key(expression: Expression, value: Any, kind: str = "") -> str:
    """A key: the text that `expression` gave, after `kind` and a colon where a kind is given.

    Raises:
        BadRecord: `bad-key` where it is not text, empty, too long, or holds a control character.
    """
    if type(value) is not str:
        raise _bad_key(
            expression, f"gave {value!r:.64} ({type(value).__name__}); a key must be text, see string(…)"
        )
    key = f"{kind}:{value}" if kind else value
    if not value or value.isspace() or key.endswith(":"):
        raise _bad_key(expression, f"gave the key {key!r:.64}, which names nothing")
    if len(key) > KEY_CHARS_MAX:
        raise _bad_key(
            expression, f"gave a key of {len(key)} characters; at most {KEY_CHARS_MAX} are accepted"
        )
    if not key.isprintable() and _CONTROL.search(key):
        raise _bad_key(expression, f"gave the key {key!r:.64}, which holds a control character")
    return key


def _bad_key(expression: Expression, cause: str) -> BadRecord:
    return BadRecord("bad-key", str(expression.failed(cause)))


def text(expression: Expression, scope: Scope) -> str:
    """A text of at most `KEY_CHARS_MAX` characters, such as a discriminator.

    Raises:
        BadRecord: `mapping-failed` where it is something else, or too long.
    """
    value = expression.evaluate(scope)
    if type(value) is not str:
        raise expression.failed(f"gave {value!r:.64}; it must be text, see string(…)")
    if len(value) > KEY_CHARS_MAX:
        raise expression.failed(f"gave {len(value)} characters; at most {KEY_CHARS_MAX} are accepted")
    return value


def instant(expression: Expression, scope: Scope) -> int | None:
    """Microseconds, from RFC 3339 text, a CEL timestamp or epoch milliseconds; None for null.

    Raises:
        BadRecord: `bad-time` where it is something else, or no instant that exists.
    """
    value = expression.evaluate(scope)
    if isinstance(value, OptionalValue):
        value = value.value() if value.has_value() else None
    if value is None:
        return None
    try:
        if type(value) is str:
            return parse_instant(value)
        if type(value) is int:
            return from_millis(value)
        if isinstance(value, datetime) and value.tzinfo is not None:
            return (value - _EPOCH) // _US
    except BadTime as error:
        raise BadRecord("bad-time", str(expression.failed(str(error)))) from error
    cause = f"gave {value!r:.64}; it must be RFC 3339 text, a timestamp, epoch milliseconds or null"
    raise BadRecord("bad-time", str(expression.failed(cause)))


def elements(expression: Expression, scope: Scope, elements_max: int) -> list[Any]:
    """What a loop goes through: a list as it is; a map as {key, value} in the order of its keys.

    Raises:
        BadRecord: `mapping-failed` for anything else; `too-many-assertions` for a list longer than `elements_max`.
    """
    value = expression.evaluate(scope)
    if isinstance(value, dict):
        if any(type(key) is not str for key in value):
            raise expression.failed("gave a map whose keys are not all text")
        value = [{"key": key, "value": value[key]} for key in sorted(value)]
    if not isinstance(value, list):
        raise expression.failed(f"gave {value!r:.64}; for_each needs a list or a map")
    if len(value) > elements_max:
        cause = f"gave {len(value)} elements; at most {elements_max} are accepted"
        raise BadRecord("too-many-assertions", str(expression.failed(cause)))
    return value


def whole_map(expression: Expression, scope: Scope) -> dict[str, Any]:
    """All properties at once, from one expression.

    Raises:
        BadRecord: `mapping-failed` where it gives no map; `bad-property` for a name that cannot be.
    """
    value = plain(expression, expression.evaluate(scope))
    if not isinstance(value, dict):
        raise expression.failed(f"gave {value!r:.64}; properties must be a map")
    for name in value:
        if not name or len(name) > PROPERTY_NAME_CHARS_MAX or _CONTROL.search(name):
            cause = f"gave the property name {name!r:.64}; it must have 1 to {PROPERTY_NAME_CHARS_MAX} printable characters"
            raise BadRecord("bad-property", str(expression.failed(cause)))
    return value


def properties(where: str, values: dict[str, Any]) -> tuple[Properties, tuple[str, ...]]:
    """Properties of the values that are not null, and the names of those that are, sorted.

    Raises:
        BadRecord: `too-large` for a value of more than `VALUE_BYTES_MAX`, or more than `PROPERTIES_MAX` of them.
    """
    if len(values) > PROPERTIES_MAX:
        raise BadRecord(
            "too-large", f"{where}: {len(values)} properties; at most {PROPERTIES_MAX} are accepted"
        )
    texts: dict[str, str] = {}
    for name, value in values.items():
        if value is None:
            continue
        written = canonical_text(value)
        if len(written) * 4 > VALUE_BYTES_MAX and len(written.encode()) > VALUE_BYTES_MAX:
            raise BadRecord(
                "too-large", f"{where}: the property {name!r} has more than {VALUE_BYTES_MAX} bytes"
            )
        texts[name] = written
    nulls: Iterable[str] = (
        () if len(texts) == len(values) else (name for name, value in values.items() if value is None)
    )
    return Properties(texts), tuple(sorted(nulls))
