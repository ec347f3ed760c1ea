"""Known time comes from the log: the one rule that gives every record its place in it."""

from __future__ import annotations

from graph_service.core.time import EARLIEST, LATEST


def recorded_at(timestamp_ms: int, previous: int | None) -> int:
    """`recorded_at` (microseconds) of a record: its own timestamp, but never before the record ahead of it in its partition.

    `timestamp_ms` is the Kafka record's; `previous` is `recorded_at` of the record ahead, None for the first. A timestamp that
    is no instant of the years 1 to 9999 is brought to the nearest one, so that it cannot break the clock.
    """
    own = min(max(timestamp_ms * 1000, EARLIEST), LATEST)
    return own if previous is None else max(own, previous)
