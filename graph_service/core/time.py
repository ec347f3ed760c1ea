"""Instants and spans: integer microseconds since 1970-01-01T00:00:00Z, half-open spans, one maximum for "open"."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from graph_service.core.errors import BadTime

FOREVER = 2**63 - 1
"""The end of what is still open. A value and not null, so that one comparison serves open and closed spans."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BARE_EPOCH = datetime(1970, 1, 1)
_RFC3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d{1,9}))?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
_US = timedelta(microseconds=1)


def parse_instant(text: str) -> int:
    """RFC 3339 text with an offset as microseconds; digits beyond the sixth are cut, not rounded.

    Raises:
        BadTime: no offset, no such day, hour 24, second 60, or outside the years 1 to 9999 in UTC.
    """
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise BadTime(
            f"{text[:64]!r} is not an RFC 3339 instant with an offset, such as 2026-03-01T09:30:00Z"
        )
    day, clock, fraction, offset = found.groups()
    try:
        whole = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if offset in 'Zz' else offset}")
        second = (whole - _EPOCH) // _US
    except (ValueError, OverflowError) as error:
        raise BadTime(f"{text[:64]!r} is not an instant that exists: {error}") from error
    return _bounded(second + (int(fraction[:6].ljust(6, "0")) if fraction else 0), text)


def _bounded(instant: int, text: str) -> int:
    if not EARLIEST <= instant <= LATEST:
        raise BadTime(f"{text[:64]!r} is outside the years 1 to 9999 in UTC")
    return instant


EARLIEST = (datetime(1, 1, 1, tzinfo=UTC) - _EPOCH) // _US
LATEST = (datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC) - _EPOCH) // _US


def from_millis(millis: int) -> int:
    """Epoch milliseconds as microseconds.

    Raises:
        BadTime: outside the years 1 to 9999.
    """
    return _bounded(millis * 1000, str(millis))


@lru_cache(maxsize=4096)
def format_instant(instant: int) -> str:
    """Microseconds as RFC 3339 UTC: no fraction when it is zero, six digits when it is not."""
    return f"{(_BARE_EPOCH + timedelta(microseconds=instant)).isoformat()}Z"


def open_or_text(instant: int) -> str | None:
    """An end as people see it: None where it is still open."""
    return None if instant == FOREVER else format_instant(instant)


def now() -> int:
    """The wall clock in microseconds. For questions ("as it is now"); never for facts."""
    return (datetime.now(UTC) - _EPOCH) // _US
