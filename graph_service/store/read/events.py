"""The ledger: events, what they were caused by, and what they speak of."""

from __future__ import annotations

import json
from collections.abc import Sequence
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


async def effects(reads: Reads, uid: str, known: int | None, first: int) -> Page[EventRow]:
    """See `Reader.effects`."""
    return _page(await reads.run(query("read/effects"), uid=uid, known=_all(known), size=first + 1), first)


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


def _all(known: int | None) -> int:
    return FOREVER - 1 if known is None else known


def _start(after: str | None) -> list[Any] | None:
    place = place_of(after, _SHAPE)
    return None if place is None else list(place)


def _page(records: Sequence[Record], first: int) -> Page[EventRow]:
    found = [event_row(record["event"]) for record in records]
    return Page(items=tuple(found[:first]), more=len(found) > first)
