"""Promises of server-sent events: one operation a request, every change with its cursor as its id, so that a browser resumes by itself."""

from __future__ import annotations

import asyncio
import json

from tests.feeds import MemoryReader
from tests.sockets import streaming
from tests.unit.test_live_websocket import CHANGES, OnlyKnown, live_of, made


async def joined(app: object) -> None:
    """Wait until somebody listens."""
    async with asyncio.timeout(5):
        while not any(one.live for one in live_of(app)._hub._channels.values()):
            await asyncio.sleep(0.005)


async def test_changes_come_as_events() -> None:
    """With the headers that keep caches and proxies away."""
    reader = MemoryReader()
    app = made(reader)
    async with streaming(app, CHANGES) as stream:
        await joined(app)
        reader.feed.land("service:a", "service:b")
        found = [await stream.event(), await stream.event()]
        assert stream.status == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
    for event, key in zip(found, ("service:a", "service:b"), strict=True):
        assert event is not None and event["event"] == "next"
        change = json.loads(event["data"])["data"]["changes"]
        assert (change["entity"]["key"], change["cursor"]) == (key, event["id"])


async def test_the_last_id_counts_more_than_the_document() -> None:
    """A browser connects again with the same document, and says which event it had last."""
    reader = MemoryReader()
    app = made(reader)
    async with streaming(app, CHANGES) as stream:
        await joined(app)
        reader.feed.land("service:a")
        event = await stream.event()
        assert event is not None
    reader.feed.land("service:b")
    async with streaming(app, CHANGES, headers=[(b"last-event-id", event["id"].encode())]) as stream:
        assert (await stream.data())["data"]["changes"]["entity"]["key"] == "service:b"


async def test_a_query_is_answered_and_complete() -> None:
    """One event with the answer, one that says that it was all."""
    async with streaming(made(), "{ __typename }") as stream:
        assert (await stream.data())["data"] == {"__typename": "Query"}
        assert await stream.event() == {"event": "complete", "data": ""}
        assert await stream.event() is None


async def test_who_takes_either_gets_events_for_subscriptions_alone() -> None:
    """As urql asks for everything: a query has one answer of the usual type, and only a subscription has a stream."""
    either = b"application/graphql-response+json, application/json, text/event-stream, multipart/mixed"
    reader = MemoryReader()
    app = made(reader)
    async with streaming(app, "{ __typename }", accept=either) as stream:
        chunk = await asyncio.wait_for(stream.chunks.get(), 5)
        assert json.loads(chunk["body"])["data"] == {"__typename": "Query"}
        assert stream.headers["content-type"] == "application/graphql-response+json"
    async with streaming(app, CHANGES, accept=either) as stream:
        await joined(app)
        reader.feed.land("service:a")
        assert (await stream.data())["data"]["changes"]["entity"]["key"] == "service:a"
        assert stream.headers["content-type"].startswith("text/event-stream")


async def test_what_is_wrong_with_the_document_is_an_event() -> None:
    """For who reads events does not read anything else."""
    async with streaming(made(), "{ nothing }") as stream:
        assert (await stream.data())["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        assert await stream.event() == {"event": "complete", "data": ""}


async def test_strangers_are_refused_with_a_status() -> None:
    """Before any event."""
    async with streaming(made(access=OnlyKnown()), CHANGES) as stream:
        await asyncio.wait_for(stream.chunks.get(), 5)
        assert stream.status == 401


async def test_one_more_than_there_is_room_for_is_refused() -> None:
    """With a status that says to come again."""
    async with streaming(made(connections_max=0), CHANGES) as stream:
        await asyncio.wait_for(stream.chunks.get(), 5)
        assert (stream.status, stream.headers["retry-after"]) == (503, "1")


async def test_an_event_stream_ends_with_its_credentials() -> None:
    """And says so."""
    access = OnlyKnown()
    app = made(access=access)
    async with streaming(app, CHANGES, headers=[(b"authorization", b"Bearer word")]) as stream:
        await joined(app)
        access.ended = True
        assert (await stream.data())["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert await stream.event() == {"event": "complete", "data": ""}


async def test_a_stop_ends_event_streams_without_completing_them() -> None:
    """So that clients come again."""
    app = made()
    async with streaming(app, CHANGES) as stream:
        await joined(app)
        await live_of(app).stop()
        assert await stream.event() is None


async def test_who_hangs_up_is_forgotten() -> None:
    """Nothing goes on for nobody."""
    app = made()
    async with streaming(app, CHANGES) as stream:
        await joined(app)
        stream.leave()
        async with asyncio.timeout(5):
            while live_of(app)._hub._channels:
                await asyncio.sleep(0.005)


async def test_a_cursor_that_is_gone_is_an_event() -> None:
    """A coded error, and the end."""
    reader = MemoryReader()
    app = made(reader)
    async with streaming(app, CHANGES) as stream:
        await joined(app)
        reader.feed.land("service:a")
        event = await stream.event()
        assert event is not None
    reader.feed.log = "another"
    async with streaming(app, CHANGES, after=event["id"]) as stream:
        assert (await stream.data())["errors"][0]["extensions"]["code"] == "GONE"
        assert await stream.event() == {"event": "complete", "data": ""}
