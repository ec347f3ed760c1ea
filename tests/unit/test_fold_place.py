"""The order of CloudEvents `sequence`, and which streams an assertion speaks of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_service.core.fold import sequence_key, streams_of
from graph_service.core.model import StreamKey
from tests.builders import end, entity, link, links, unlink

OWN, CALLS, USES = StreamKey("a"), StreamKey("a", "CALLS"), StreamKey("a", "USES", "f")


def test_sequences_sort_none_numbers_text() -> None:
    """None, then digits by value, then other text by code point; digits of other scripts are text."""
    ordered = [None, "0", "1", "2", "10", "100", "", "-1", "1.5", "1a", "Z", "a", "é", "٣"]
    assert sorted(ordered[7:] + ordered[:7], key=sequence_key) == ordered


@given(st.integers(0), st.integers(0), st.integers(0, 3))
def test_numbers_compare_by_value(one: int, other: int, zeros: int) -> None:
    """Whatever zeros lead."""
    left, right = sequence_key("0" * zeros + str(one)), sequence_key(str(other))
    assert (left < right, left == right) == (one < other, one == other)


@pytest.mark.parametrize("digits", [20, 4_000, 100_000])
def test_a_number_may_be_long(digits: int) -> None:
    """No number of digits is too many for an order: an event cannot stop the fold by its sequence."""
    assert (
        sequence_key("9" * (digits - 1)) < sequence_key("1" + "0" * (digits - 1)) < sequence_key("9" * digits)
    )


def test_an_end_speaks_of_all_streams_of_its_owner() -> None:
    """The entity's own once, also where it is among those that exist."""
    assert sorted(streams_of(end("a", 1), [CALLS, OWN, USES])) == sorted([OWN, CALLS, USES])
    assert streams_of(end("a", 1), []) == (OWN,)


def test_other_assertions_speak_of_one_stream() -> None:
    """Whatever else exists."""
    existing = [OWN, CALLS, USES]
    assert streams_of(entity("a", 1), existing) == (OWN,)
    for claim in (
        link("a", "USES", "b", 1, disc="f"),
        unlink("a", "USES", "b", 1, disc="f"),
        links("a", "USES", {}, 1, disc="f"),
    ):
        assert streams_of(claim, existing) == (USES,)
