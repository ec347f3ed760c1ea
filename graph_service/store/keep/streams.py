"""All streams of a graph with their versions, and all events, each in one order, page by page: whatever walks a whole graph walks here.

The order is that of Unicode code points, in Neo4j's indexes as in Python, so two graphs can be walked side by side.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar

from neo4j import AsyncDriver, RoutingControl

from graph_service.core.errors import GraphServiceError
from graph_service.core.model import StreamKey
from graph_service.core.time import FOREVER
from graph_service.store.neo4j_errors import translated
from graph_service.store.queries import PAST, query
from graph_service.store.read.answers import VersionAt
from graph_service.store.read.rows import Owner, StoredRow

T = TypeVar("T")
K = TypeVar("K", str, StreamKey)

ROWS_PER_PAGE = 5_000
"""What a page of owners aims at."""
OWNERS_PER_PAGE_MAX = 1_000
OWNERS_FIRST_PAGE = 100
EVENTS_PER_PAGE = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """A database that is read here. The driver stays the caller's to close."""

    driver: AsyncDriver
    database: str = "neo4j"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A stream and its versions, at least one, in no order that means anything."""

    key: StreamKey
    versions: tuple[VersionAt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventMark:
    """An event as far as it decides what a graph is: who it is, what it says, and where it stands in the log."""

    uid: str
    source: str
    id: str
    topic: str
    partition: int
    offset: int
    recorded_at: int
    content_hash: str


async def tick(graph: Graph) -> int | None:
    """The number of transactions written so far: when it is the same before and after a walk, the walk saw one moment.

    None for a graph that was never prepared.

    Raises:
        StoreUnavailable: Neo4j does not answer.
    """
    with translated():
        result = await graph.driver.execute_query(
            query("read/graph"), database_=graph.database, routing_=RoutingControl.READ
        )
    found = result.records[0]["graph"]
    return None if found is None else found["tick"]


async def streams(graph: Graph, *, known: int = FOREVER) -> AsyncGenerator[Stream]:
    """Every stream that has a version, by key, with its versions as far as they were recorded by `known`.

    One page of owners is held at a time, and one is asked for ahead; pages adapt to how many rows their owners have.

    Raises:
        StoreUnavailable: Neo4j does not answer.
    """
    async with aclosing(_owners(graph)) as owners:
        async for key, held, rows in owners:
            for stream in _of_owner(key, held, rows, known):
                yield stream


async def events(graph: Graph, *, known: int = FOREVER) -> AsyncGenerator[EventMark]:
    """Every event that was recorded by `known`, by uid.

    Raises:
        StoreUnavailable: Neo4j does not answer.
    """

    async def page(after: str) -> list[list[Any]]:
        return await _one(graph, "read/event_marks", after=after, events_max=EVENTS_PER_PAGE)

    async with aclosing(_pages(page)) as found:
        async for uid, source, id, topic, partition, offset, recorded_at, content_hash in found:
            if recorded_at > known:
                continue
            yield EventMark(
                uid=uid,
                source=source,
                id=id,
                topic=topic,
                partition=partition,
                offset=offset,
                recorded_at=recorded_at,
                content_hash=content_hash,
            )


async def joined(
    left: AsyncIterator[T], right: AsyncIterator[T], key: Callable[[T], K]
) -> AsyncGenerator[tuple[T | None, T | None]]:
    """Two sequences, each ascending by `key` without doubles, side by side: None where one of them has no such key.

    Raises:
        GraphServiceError: one is not in order, so that nothing could be said about what is missing.
    """
    one, two = await _next(left, key, None), await _next(right, key, None)
    while one is not None or two is not None:
        if two is None or (one is not None and key(one) < key(two)):
            yield one, None
            one = await _next(left, key, one)
        elif one is None or key(two) < key(one):
            yield None, two
            two = await _next(right, key, two)
        else:
            yield one, two
            one, two = await _next(left, key, one), await _next(right, key, two)


async def _next(items: AsyncIterator[T], key: Callable[[T], K], last: T | None) -> T | None:
    item = await anext(items, None)
    if item is not None and last is not None and not key(last) < key(item):
        raise GraphServiceError(
            f"a graph is not read in order: {key(item)!r} came after {key(last)!r}; please report this"
        )
    return item


async def _owners(graph: Graph) -> AsyncGenerator[list[Any]]:
    count = OWNERS_FIRST_PAGE

    async def page(after: str) -> list[list[Any]]:
        nonlocal count
        owners = await _one(graph, "read/stream_rows", after=after, owners_max=count)
        rows = sum(1 + len(one[2]) for one in owners)
        # At most twice as many as before: the next owners may be heavier than these.
        count = max(1, min(count * 2, OWNERS_PER_PAGE_MAX, count * ROWS_PER_PAGE // max(rows, 1)))
        return owners

    async with aclosing(_pages(page)) as found:
        async for one in found:
            yield one


async def _pages(page: Callable[[str], Awaitable[list[list[Any]]]]) -> AsyncGenerator[list[Any]]:
    """All rows of all pages. The first column is the key; a page follows the last key of the one before. One page is ahead."""
    asked = asyncio.ensure_future(page(""))
    try:
        while rows := await asked:
            asked = asyncio.ensure_future(page(rows[-1][0]))
            await asyncio.sleep(
                0
            )  # lets the question leave, so that the database works while this page is used
            for row in rows:
                yield row
    finally:
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)


async def _one(graph: Graph, name: str, **values: Any) -> list[list[Any]]:
    with translated():
        result = await graph.driver.execute_query(
            query(name), values, database_=graph.database, routing_=RoutingControl.READ
        )
    return list(result.records[0][0])


def _of_owner(key: str, held: list[Any] | None, rows: list[list[Any]], known: int) -> Iterator[Stream]:
    by_stream: dict[StreamKey, list[VersionAt]] = {}
    for owner, row in _rows(key, held, rows):
        versions = row.versions(owner, known, corrections=True)
        if versions:
            by_stream.setdefault(StreamKey(key, owner.type, owner.discriminator), []).extend(versions)
    for stream in sorted(by_stream):
        yield Stream(key=stream, versions=tuple(by_stream[stream]))


def _rows(key: str, held: list[Any] | None, rows: list[list[Any]]) -> Iterator[tuple[Owner, StoredRow]]:
    if held is not None:
        names = ("properties", "event", "valid_from", "known_from")
        yield Owner(key=key), StoredRow.of(dict(zip(names, held, strict=True)))
    for (
        name, target, discriminator, properties, event, valid_from, valid_to, known_from, known_to, end_known, ended_by,
    ) in rows:  # fmt: skip
        if end_known is None:
            end_known = FOREVER if valid_to == FOREVER else known_from
        base = "" if name == "HAD" else name.removesuffix(PAST)
        yield (
            Owner(key=key, type=base, target=target if base else "", discriminator=discriminator or ""),
            StoredRow(
                properties=properties or "{}",
                event=event,
                valid_from=valid_from,
                valid_to=valid_to,
                known_from=known_from,
                known_to=known_to,
                end_known=end_known,
                ended_by=ended_by,
            ),
        )
