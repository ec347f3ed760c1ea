"""Instants: what is taken, what is refused, and that nothing is lost between text and microseconds."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_service.core.errors import BadTime
from graph_service.core.time import (
    EARLIEST,
    FOREVER,
    LATEST,
    format_instant,
    from_millis,
    now,
    open_or_text,
    parse_instant,
)

SECOND = 1_000_000
HOUR = 3600 * SECOND


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:00z", 0),
        ("1970-01-01T00:00:00+00:00", 0),
        ("1970-01-01T00:00:00-00:00", 0),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:00-05:30", 5 * HOUR + HOUR // 2),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("1970-01-01T00:00:00.5Z", SECOND // 2),
        ("1970-01-01T00:00:00.000001Z", 1),
        ("2024-02-29T12:00:00Z", 1_709_208_000 * SECOND),
        ("0001-01-01T00:00:00Z", EARLIEST),
        ("9999-12-31T23:59:59.999999Z", LATEST),
        ("0001-01-01T23:59:00+23:59", EARLIEST),
        ("9999-12-31T00:00:59.999999-23:59", LATEST),
    ],
)
def test_parse(text: str, instant: int) -> None:
    """RFC 3339 in any offset is one number of microseconds, UTC."""
    assert parse_instant(text) == instant


@pytest.mark.parametrize("digits", ["0000019", "000001999", "00000199"])
def test_digits_beyond_microseconds_are_cut(digits: str) -> None:
    """Nanoseconds are cut, not rounded, so that no event moves to a later instant than it says."""
    assert parse_instant(f"1970-01-01T00:00:00.{digits}Z") == 1


def test_digits_are_cut_before_the_epoch_too() -> None:
    """Cutting means the same digits are dropped on both sides of the epoch."""
    assert parse_instant("1969-12-31T23:59:59.9999999Z") == -1


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("2026-03-01T09:30:00", id="naive"),
        pytest.param("2026-03-01", id="a day"),
        pytest.param("2026-03-01T09:30Z", id="no seconds"),
        pytest.param("2026-03-01 09:30:00Z", id="a space"),
        pytest.param("2026-06-30T23:59:60Z", id="leap second"),
        pytest.param("2026-03-01T24:00:00Z", id="hour 24"),
        pytest.param("2026-03-01T09:60:00Z", id="minute 60"),
        pytest.param("2026-02-30T00:00:00Z", id="no such day"),
        pytest.param("2025-02-29T00:00:00Z", id="no leap year"),
        pytest.param("2026-13-01T00:00:00Z", id="month 13"),
        pytest.param("0000-01-01T00:00:00Z", id="year 0"),
        pytest.param("10000-01-01T00:00:00Z", id="year 10000"),
        pytest.param("0001-01-01T00:00:00+00:01", id="before year 1 in UTC"),
        pytest.param("9999-12-31T23:59:59-00:01", id="after year 9999 in UTC"),
        pytest.param("2026-03-01T09:30:00+24:00", id="offset of a day"),
        pytest.param("2026-03-01T09:30:00+0100", id="offset without colon"),
        pytest.param("2026-03-01T09:30:00.Z", id="a point and no digits"),
        pytest.param("2026-03-01T09:30:00,5Z", id="a comma"),
        pytest.param("2026-03-01T09:30:00.1234567890Z", id="ten digits"),
        pytest.param(" 2026-03-01T09:30:00Z", id="a space before"),
        pytest.param("2026-03-01T09:30:00Z\n", id="a line end"),
        pytest.param("２０２６-03-01T09:30:00Z", id="digits of another script"),
        pytest.param("", id="nothing"),
        pytest.param("now", id="a word"),
        pytest.param("1772357400000", id="a number as text"),
    ],
)
def test_refused(text: str) -> None:
    """What is not an instant is refused with its own error, never guessed."""
    with pytest.raises(BadTime):
        parse_instant(text)


def test_a_refusal_quotes_little() -> None:
    """However long the bad text is, the message stays short."""
    with pytest.raises(BadTime) as refused:
        parse_instant("9" * 100_000)
    assert len(str(refused.value)) < 400


@given(st.integers(EARLIEST, LATEST))
def test_round_trip(instant: int) -> None:
    """Text and back is the same instant; the text is UTC and has six digits or none."""
    text = format_instant(instant)
    assert parse_instant(text) == instant
    assert text.endswith("Z") and len(text) in (20, 27)
    assert (len(text) == 20) == (instant % SECOND == 0)


@given(
    st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31)),
    st.integers(-23 * 60 - 59, 23 * 60 + 59),
)
def test_offsets_agree_with_the_standard_library(moment: datetime, offset_minutes: int) -> None:
    """Any offset means the instant that `datetime` says."""
    there = moment.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))
    expected = (there - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert parse_instant(there.isoformat()) == expected


@given(st.lists(st.integers(EARLIEST, LATEST), min_size=2, max_size=4))
def test_texts_of_whole_seconds_sort_as_the_instants_do(instants: list[int]) -> None:
    """Years are always four digits wide, also before the year 1000."""
    whole = [instant - instant % SECOND for instant in instants]
    assert [format_instant(instant) for instant in sorted(whole)] == sorted(map(format_instant, whole))


def test_bounds() -> None:
    """The years 1 to 9999, and an open end that is later than both and fits a signed 64-bit integer."""
    assert format_instant(EARLIEST) == "0001-01-01T00:00:00Z"
    assert format_instant(LATEST) == "9999-12-31T23:59:59.999999Z"
    assert LATEST < FOREVER == 2**63 - 1


def test_from_millis() -> None:
    """Milliseconds become microseconds within the bounds."""
    assert from_millis(1) == 1000
    assert from_millis(-1) == -1000
    assert from_millis(LATEST // 1000) <= LATEST
    for millis in (LATEST // 1000 + 1, EARLIEST // 1000 - 1, 2**63):
        with pytest.raises(BadTime):
            from_millis(millis)


def test_an_open_end_is_no_text() -> None:
    """People see an open end as nothing at all."""
    assert open_or_text(FOREVER) is None
    assert open_or_text(0) == "1970-01-01T00:00:00Z"


def test_now_is_the_wall_clock() -> None:
    """In microseconds."""
    assert abs(now() - time.time_ns() // 1000) < 60 * SECOND
