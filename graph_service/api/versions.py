"""Versions in their order: oldest valid time first, then the order of knowing. Pages of them, and which one was before another."""

from __future__ import annotations

from collections.abc import Sequence

from graph_service.api.ids import Cursor
from graph_service.store.read.answers import Page, VersionAt


def version_slice(rows: Sequence[VersionAt], size: int, cursor: Cursor | None) -> Page[VersionAt]:
    """A page of versions in their order, from behind the place of the cursor."""
    begin = 0
    if cursor is not None:
        valid_from, known_from = (int(part) for part in cursor.after.split(" "))
        begin = next(
            (n for n, row in enumerate(rows) if version_place(row) > (valid_from, known_from)), len(rows)
        )
    return Page(items=tuple(rows[begin : begin + size]), more=len(rows) > begin + size)


def version_before(rows: Sequence[VersionAt], row: VersionAt) -> VersionAt | None:
    """The neighbour on the valid axis that was believed at the same time; the latest belief of several."""
    before = [
        other
        for other in rows
        if other.valid_to == row.valid_from
        and other.known_from < row.known_to
        and row.known_from < other.known_to
    ]
    return max(before, key=lambda other: other.known_from, default=None)


def version_place(row: VersionAt) -> tuple[int, int]:
    """Its place in the order."""
    return (row.valid_from, row.known_from)


def version_cursor(row: VersionAt) -> str:
    """Its place as a cursor holds it."""
    return f"{row.valid_from} {row.known_from}"
