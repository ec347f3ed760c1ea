"""The ledger: events, what they were caused by, and what they speak of."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from neo4j import Record

from graph_service.core.model import event_uid
from graph_service.core.time import FOREVER
from graph_service.store.queries import query
from graph_service.store.read.answers import EventRow, Page, Point
from graph_service.store.read.asking import EventFilter, place_of
from graph_service.store.read.reads import Reads, in_chunks
from graph_service.store.read.rows import event_row

_SHAPE = (int, str, int, int)


async def by_uid(reads: Reads, uids: Sequence[str]) -> dict[str, EventRow]:
    """The events that are there, by uid."""
    found = {}
    for some in in_chunks(dict.fromkeys(uids)):
        for record in await reads.run(query("read/events"), uids=some):
            found[record["event"]["uid"]] = event_row(record["event"])
    return found


async def by_identity(reads: Reads, source: str, id: str) -> EventRow | None:
    """The event of a CloudEvents identity."""
    uid = event_uid(source, id)
    return (await by_uid(reads, [uid])).get(uid)


async def about(reads: Reads, key: str, at: Point, first: int, after: str | None) -> Page[EventRow]:
    """See `Reader.events_about`."""
    records = await reads.run(
        query("read/events_about"), key=key, known=at.known, after=_start(after), size=first + 1
    )
    return _page(records, first)


async def listed(
    reads: Reads, asked: EventFilter, known: int | None, first: int, after: str | None
) -> Page[EventRow]:
    """See `Reader.events_list`."""
    records = await reads.run(
        query("read/events_list"),
        types=None if asked.types is None else list(asked.types),
        sources=None if asked.sources is None else list(asked.sources),
        correlation_id=asked.correlation_id,
        subject=asked.subject,
        time_from=asked.time_from,
        time_to=asked.time_to,
        known=_all(known),
        after=_start(after),
        size=first + 1,
    )
    return _page(records, first)


async def causes(reads: Reads, uids: Sequence[str], known: int | None) -> dict[str, tuple[EventRow, ...]]:
    """See `Reader.causes`."""
    found: dict[str, tuple[EventRow, ...]] = dict.fromkeys(uids, ())
    for some in in_chunks(found.copy()):
        for record in await reads.run(query("read/causes"), uids=some, known=_all(known)):
            found[record["uid"]] = tuple(map(event_row, record["causes"]))
    return found


async def causes_of(
    reads: Reads, uid: str, known: int | None, first: int, max_depth: int
) -> tuple[EventRow, ...]:
    """See `Reader.causes_of`."""

    async def step(frontier: Sequence[str], seen: Sequence[str], size: int) -> list[EventRow]:
        found = await causes(reads, frontier, known)
        rows = {row.uid: row for some in found.values() for row in some if row.uid not in seen}
        return sorted(rows.values(), key=_order)[:size]

    return tuple(await _walked(uid, first, max_depth, step))


async def effects(reads: Reads, uid: str, known: int | None, first: int, max_depth: int) -> Page[EventRow]:
    """See `Reader.effects`."""

    async def step(frontier: Sequence[str], seen: Sequence[str], size: int) -> list[EventRow]:
        records = await reads.run(
            query("read/effects"), uids=list(frontier), seen=list(seen), known=_all(known), size=size
        )
        return [event_row(record["event"]) for record in records]

    found = await _walked(uid, first + 1, max_depth, step)
    return Page(items=tuple(found[:first]), more=len(found) > first)


_Step = Callable[[Sequence[str], Sequence[str], int], Awaitable[list[EventRow]]]
"""From events, by uid, without those that were seen, up to so many."""


async def _walked(uid: str, size: int, max_depth: int, step: _Step) -> list[EventRow]:
    """What is reached, nearest first and each once, whatever circles there are."""
    found: list[EventRow] = []
    frontier = [uid]
    for _ in range(max_depth):
        seen = [uid, *(row.uid for row in found)]
        rows = await step(frontier, seen, size - len(found)) if frontier and len(found) < size else []
        found += rows
        frontier = [row.uid for row in rows]
    return found


async def correlated(
    reads: Reads, correlation_id: str, known: int | None, first: int, after: str | None
) -> Page[EventRow]:
    """See `Reader.correlated`."""
    records = await reads.run(
        query("read/correlated"),
        correlation_id=correlation_id, known=_all(known), after=_start(after), size=first + 1,
    )  # fmt: skip
    return _page(records, first)


async def entities_of(reads: Reads, uid: str) -> tuple[str, ...]:
    """See `Reader.entities_of_event`."""
    keys: set[str] = set()
    for record in await reads.run(query("read/event_claims"), uid=uid):
        keys.add(record["key"])
        keys |= _named(record["assertions"])
    return tuple(sorted(keys))


def _named(text: str | None) -> set[str]:
    """The keys of entities that the stored assertions name as targets; what cannot be read names none."""
    try:
        claims = json.loads(text or "[]")
    except ValueError:
        return set()
    keys: set[str] = set()
    for claim in claims if isinstance(claims, list) else ():
        if isinstance(claim, dict):
            named = [claim.get("target"), *(claim.get("targets") or ())]
            keys.update(one for one in named if isinstance(one, str))
    return keys


def _order(row: EventRow) -> tuple[int, str, int, int]:
    return row.recorded_at, row.topic, row.partition, row.offset


def _all(known: int | None) -> int:
    return FOREVER - 1 if known is None else known


def _start(after: str | None) -> list[Any] | None:
    place = place_of(after, _SHAPE)
    return None if place is None else list(place)


def _page(records: Sequence[Record], first: int) -> Page[EventRow]:
    found = [event_row(record["event"]) for record in records]
    return Page(items=tuple(found[:first]), more=len(found) > first)
