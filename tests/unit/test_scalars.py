"""Promises of the scalars of the schema."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_service.api.scalars import parsed
from graph_service.core.model import canonical

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


def _same(one: Any, other: Any) -> bool:
    """The same value of the same type, 0.0 and -0.0 told apart."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, float):
        return bool(one == other) and math.copysign(1, one) == math.copysign(1, other)
    return bool(one == other)


@given(VALUES)
def test_what_is_stored_is_read_as_it_was_written(value: Any) -> None:
    """Whatever JSON can say: whole numbers of any length, floats to the last bit, names in their order."""
    try:
        text = canonical(value)
        text.encode()
    except (ValueError, UnicodeEncodeError):
        return
    assert _same(parsed(text), json.loads(text))


@pytest.mark.parametrize("number", [2**63, 2**64 - 1, 2**64, -(2**63) - 1, 10**19, -(10**40)])
def test_long_numbers_stay_whole(number: int) -> None:
    """One beyond 64 bits is no float."""
    assert parsed(f'{{"a":[{number}]}}') == {"a": [number]}
