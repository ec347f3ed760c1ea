"""Strict JSON in, canonical JSON out, fast: what orjson does well, and the few places where it would guess."""

from __future__ import annotations

import json
import re
from typing import cast

import orjson

from graph_service.core.errors import BadRecord
from graph_service.core.model import Json, canonical

DEPTH_MAX = 64
"""How deep objects and lists may nest in a record."""

_INT_MIN, _INT_MAX = -(2**63), 2**64 - 1
#: Only numbers this long can be outside 64 bits, which orjson would turn into a float without a word.
_MANY_DIGITS = re.compile(rb"\d{19}")
#: Floats that Python and orjson write differently: tiny ones and those with an exponent (or text that looks like it).
_ODD_FLOAT = re.compile(rb"[0-9]e-?[0-9]|0\.0000")


def parse(text: bytes) -> Json:
    """The value of a JSON text in UTF-8. The last of doubled names counts, as everywhere in Python.

    Raises:
        BadRecord: `not-json`; `not-text` for half of a surrogate pair or bytes that are no UTF-8; `bad-number` for a whole number
            outside 64 bits or a float too large; `too-deep` beyond `DEPTH_MAX`.
    """
    try:
        value = cast(Json, orjson.loads(text))
    except orjson.JSONDecodeError as error:
        raise _refusal(text, error) from error
    if text.count(b"{") + text.count(b"[") > DEPTH_MAX:
        _check_depth(value)
    if _MANY_DIGITS.search(text):
        _check_numbers(text)
    return value


def canonical_text(value: object) -> str:
    """The same text as `core.model.canonical`, several times faster, of what `parse` returned or is as plain: no NaN, no other types."""
    text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return canonical(value) if _ODD_FLOAT.search(text) else text.decode()


def _refusal(text: bytes, error: orjson.JSONDecodeError) -> BadRecord:
    message = str(error)
    if "UTF-8: surrogates" in message or "surrogate" in message:
        return BadRecord("not-text", f"the record is not text in UTF-8: {message}")
    if "depth limit" in message:
        return BadRecord("too-deep", f"the record nests deeper than {DEPTH_MAX} levels: {message}")
    if "infinity" in message:
        return BadRecord("bad-number", f"the record holds a number that no 64 bits can say: {message}")
    try:
        text.decode()
    except UnicodeDecodeError as cause:
        return BadRecord("not-text", f"the record is not text in UTF-8: {cause}")
    return BadRecord("not-json", f"the record is not JSON: {message}")


def _check_numbers(text: bytes) -> None:
    def whole(digits: str) -> int:
        if len(digits) > 20 or not _INT_MIN <= int(digits) <= _INT_MAX:
            raise BadRecord(
                "bad-number", f"the whole number {digits[:40]} does not fit in 64 bits: send it as a string"
            )
        return 0

    json.loads(text, parse_int=whole)


def _check_depth(value: Json) -> None:
    level: list[Json] = [value]
    depth = 0
    while level:
        depth += 1
        if depth > DEPTH_MAX:
            raise BadRecord("too-deep", f"the record nests deeper than {DEPTH_MAX} levels")
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer if type(outer) is list else ())
            if type(inner) is dict or type(inner) is list
        ]
