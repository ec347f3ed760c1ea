"""Promises of subscriptions over WebSocket: the protocol graphql-transport-ws to the letter, bounded in every way, and nobody misses anything."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from graph_service.api.app import create_app
from graph_service.api.exposure import Exposure
from graph_service.api.live.limits import LiveLimits
from graph_service.api.live.service import Live
from graph_service.api.security.access import Access, Insecure
from graph_service.api.security.roles import Principal, Role
from graph_service.core.errors import Unauthenticated
from graph_service.store.read.reader import Reader
from tests.feeds import MemoryReader
from tests.sockets import Socket, connected

CHANGES = "subscription ($after: String) { changes(after: $after) { entity { key } cursor } }"


class OnlyKnown:
    """Lets in who says the word."""

    insecure = False

    def __init__(self) -> None:
        self.ended = False

    async def authenticate(self, credentials: str | None) -> Principal:
        if credentials != "word":
            raise Unauthenticated("say the word")
        return Principal(name="one", realm="key", role=Role.READER)

    def holds(self, principal: Principal) -> bool:
        return not self.ended


def made(reader: MemoryReader | None = None, access: Access | None = None, **limits: Any) -> Any:
    """An app with a log in memory."""
    exposure = Exposure(
        live=LiveLimits(**{"changes_poll_ms": 10, "keepalive_s": 0.05, **limits}), audit=lambda _: None
    )
    return create_app(
        cast("Reader", reader or MemoryReader()), access=access or Insecure(), exposure=exposure
    )


def live_of(app: Any) -> Live:
    found: Live = app.state.live
    return found


def keys(messages: list[Any]) -> list[str]:
    """What appeared, by messages about changes."""
    return [one["payload"]["data"]["changes"]["entity"]["key"] for one in messages]


async def heard(socket: Socket, count: int) -> list[Any]:
    return [await socket.hear() for _ in range(count)]


async def listening(socket: Socket, app: Any, count: int = 1) -> None:
    """Wait until so many subscriptions have joined."""
    hub = live_of(app)._hub
    async with asyncio.timeout(5):
        while sum(len(one.live) for one in hub._channels.values()) < count:
            await asyncio.sleep(0.005)


async def test_another_protocol_is_not_spoken() -> None:
    """Also not its predecessor, which has the same name as the library."""
    async with connected(made(), protocols=["graphql-ws"]) as socket:
        assert await socket.closed() == 4406


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{", 4400),
        ("[]", 4400),
        ({"type": "nonsense"}, 4400),
        ({"type": "connection_init", "payload": 1}, 4400),
        ({"type": "subscribe", "id": "1"}, 4400),
        ({"type": "subscribe", "id": "", "payload": {"query": "{ __typename }"}}, 4400),
        ({"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }"}}, 4401),
        ("[" * 2_000_000, 1009),
    ],
)  # fmt: skip
async def test_what_may_not_come_first_closes_the_connection(message: object, code: int) -> None:
    """With the codes that the protocol names."""
    async with connected(made()) as socket:
        socket.tell(message)
        assert await socket.closed() == code


async def test_only_text_is_understood() -> None:
    """A binary message closes the connection."""
    async with connected(made()) as socket:
        socket.tell_bytes(b"{}")
        assert await socket.closed() == 4400


async def test_who_says_nothing_is_not_waited_for() -> None:
    """The first message has to come in time."""
    async with connected(made(connection_init_timeout_s=0.05)) as socket:
        assert await socket.closed() == 4408


async def test_it_begins_once() -> None:
    """A second first message closes the connection."""
    async with connected(made()) as socket:
        await socket.begin()
        socket.tell({"type": "connection_init"})
        assert await socket.closed() == 4429


async def test_ping_is_answered_with_its_payload_at_any_time() -> None:
    """Also before the beginning; a pong is not."""
    async with connected(made()) as socket:
        socket.tell({"type": "pong"})
        socket.tell({"type": "ping", "payload": {"a": 1}})
        assert await socket.hear() == {"type": "pong", "payload": {"a": 1}}


async def test_an_id_is_taken_until_its_operation_is_complete() -> None:
    """And then may be used again."""
    app = made()
    async with connected(app) as socket:
        await socket.begin()
        socket.subscribe("1", CHANGES)
        await listening(socket, app)
        socket.tell({"type": "complete", "id": "1"})
        socket.subscribe("1", "{ __typename }")
        assert (await socket.hear())["payload"]["data"] == {"__typename": "Query"}
        assert await socket.hear() == {"id": "1", "type": "complete"}
        socket.subscribe("1", CHANGES)
        socket.subscribe("1", CHANGES)
        assert await socket.closed() == 4409


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { impact(of: []) { unchanged } }", "BAD_USER_INPUT"),
        ("subscription { changes(filter: {types: [\"NEVER\"]}) { id } }", "UNKNOWN_TYPE"),
        ("subscription { changes(after: \"x\") { id } }", "BAD_USER_INPUT"),
        ("mutation { discardDeadLetters(ids: [], note: \"\") { discarded { id } } }", "BAD_USER_INPUT"),
        ("subscription { a: changes { id } b: changes { id } }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)  # fmt: skip
async def test_what_cannot_be_executed_is_said_and_the_connection_stays(query: str, code: str) -> None:
    """One message with coded errors; other operations go on."""
    async with connected(made()) as socket:
        await socket.begin()
        socket.subscribe("1", query)
        answer = await socket.hear()
        assert (answer["id"], answer["type"]) == ("1", "error")
        assert answer["payload"][0]["extensions"]["code"] == code, answer
        socket.subscribe("1", "{ __typename }")
        assert (await socket.hear())["type"] == "next"


async def test_a_connection_has_only_so_many_operations() -> None:
    """One more is refused; the others go on."""
    app = made(subscriptions_per_connection_max=1)
    async with connected(app) as socket:
        await socket.begin()
        socket.subscribe("1", CHANGES)
        await listening(socket, app)
        socket.subscribe("2", CHANGES)
        answer = await socket.hear()
        assert answer["payload"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"


async def test_a_process_has_only_so_many_different_subscriptions() -> None:
    """For each of them every change is made into a message; asking what others ask costs nothing."""
    app = made(channels_max=1)
    async with connected(app) as socket:
        await socket.begin()
        socket.subscribe("1", CHANGES)
        await listening(socket, app)
        socket.subscribe("2", CHANGES)
        await listening(socket, app, 2)
        socket.subscribe("3", "subscription { changes { id } }")
        answer = await socket.hear()
        assert (answer["id"], answer["payload"][0]["extensions"]["code"]) == ("3", "OVERLOADED")


async def test_a_process_has_only_so_many_connections() -> None:
    """One more is told to try again; a place is free once somebody leaves."""
    app = made(connections_max=1)
    async with connected(app) as socket:
        await socket.begin()
        async with connected(app) as other:
            assert await other.closed() == 1013
    async with connected(app) as again:
        await again.begin()


@pytest.mark.parametrize(
    "payload", [{"Authorization": "Bearer word"}, {"authorization": "bearer word"}, {"token": "word"}]
)
async def test_who_this_is_may_be_said_in_the_first_message(payload: dict[str, str]) -> None:
    """For browsers cannot send headers."""
    async with connected(made(access=OnlyKnown())) as socket:
        await socket.begin(payload)


async def test_who_this_is_may_be_said_in_a_header() -> None:
    """As with any request."""
    async with connected(made(access=OnlyKnown()), headers=[(b"authorization", b"Bearer word")]) as socket:
        await socket.begin()


@pytest.mark.parametrize("payload", [None, {}, {"token": "no"}, {"Authorization": "Basic word"}])
async def test_strangers_are_not_let_in(payload: dict[str, str] | None) -> None:
    """The code lets clients come again with other credentials."""
    async with connected(made(access=OnlyKnown())) as socket:
        socket.tell({"type": "connection_init", "payload": payload})
        assert await socket.closed() == 4403


async def test_a_connection_ends_with_its_credentials() -> None:
    """Whatever runs over it."""
    access, app = OnlyKnown(), None
    app = made(access=access)
    async with connected(app) as socket:
        await socket.begin({"token": "word"})
        socket.subscribe("1", CHANGES)
        await listening(socket, app)
        access.ended = True
        assert await socket.closed() == 4403


async def test_changes_come_as_they_land() -> None:
    """In the order of landing, to all who ask."""
    reader = MemoryReader()
    app = made(reader)
    async with connected(app) as one, connected(app) as other:
        for socket in (one, other):
            await socket.begin()
            socket.subscribe("1", CHANGES)
        await listening(one, app, 2)
        reader.feed.land("service:a", "service:b")
        reader.feed.land("service:c")
        for socket in (one, other):
            assert keys(await heard(socket, 3)) == ["service:a", "service:b", "service:c"]


async def test_what_is_asked_alike_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever cursor each resumes from, and however the cursor is passed."""
    reader = MemoryReader()
    app = made(reader)
    contexts = 0

    def counted(make: Any) -> Any:
        def context(principal: Principal) -> Any:
            nonlocal contexts
            contexts += 1
            return make(principal)

        return context

    endpoint = live_of(app).endpoint
    object.__setattr__(endpoint, "context", counted(endpoint.context))
    reader.feed.land("service:a")
    async with connected(app) as socket:
        await socket.begin()
        socket.subscribe("0", CHANGES)
        await listening(socket, app)
        for id in range(1, 20):
            socket.subscribe(str(id), CHANGES)
        await listening(socket, app, 20)
        before = contexts
        reader.feed.land("service:b")
        assert set(keys(await heard(socket, 20))) == {"service:b"}
        assert contexts - before == 1


async def test_a_subscriber_resumes_where_it_was() -> None:
    """All that landed since comes first, then what lands; nothing is missing, nothing comes twice."""
    reader = MemoryReader()
    app = made(reader)
    async with connected(app) as socket:
        await socket.begin()
        socket.subscribe("1", CHANGES)
        await listening(socket, app)
        reader.feed.land(*(f"service:{n}" for n in range(3)))
        cursors = [one["payload"]["data"]["changes"]["cursor"] for one in await heard(socket, 3)]
    for n in range(3, 20, 4):
        reader.feed.land(*(f"service:{m}" for m in range(n, n + 4)))
    for number, cursor in enumerate(cursors):
        async with connected(app) as socket:
            await socket.begin()
            socket.subscribe("1", CHANGES, after=cursor)
            expected = [f"service:{n}" for n in range(number + 1, 23)]
            assert keys(await heard(socket, len(expected))) == expected
            reader.feed.land("service:new")
            assert keys(await heard(socket, 1)) == ["service:new"]
        reader.feed.tick -= 1
        reader.feed.changes_by_place.popitem()


async def test_who_joins_while_changes_land_misses_none() -> None:
    """Many that begin at any moment between two transactions, each from its own place."""
    reader = MemoryReader()
    app = made(reader, changes_poll_ms=10)
    reader.feed.land("service:0")
    async with connected(app) as first:
        await first.begin()
        first.subscribe("0", CHANGES)
        await listening(first, app)
        reader.feed.land("service:1")
        cursor = (await first.hear())["payload"]["data"]["changes"]["cursor"]

        async def land() -> None:
            for n in range(2, 60):
                reader.feed.land(f"service:{n}")
                await asyncio.sleep(0.003)

        landing = asyncio.create_task(land())
        for id in range(1, 15):
            first.subscribe(str(id), CHANGES, after=cursor)
            await asyncio.sleep(0.007)
        await landing
        found: dict[str, list[str]] = {str(id): [] for id in range(15)}
        while any(len(some) < 58 for some in found.values()):
            message = await first.hear()
            found[message["id"]] += keys([message])
    assert all(some == [f"service:{n}" for n in range(2, 60)] for some in found.values())


async def test_a_place_that_is_gone_is_refused() -> None:
    """Never a gap in silence: what is not kept, what is of another log, what is not there yet."""
    reader = MemoryReader()
    app = made(reader)
    for n in range(5):
        reader.feed.land(f"service:{n}")
    async with connected(app) as socket:
        await socket.begin()
        socket.subscribe("0", CHANGES)
        await listening(socket, app)
        reader.feed.land("service:last")
        cursor = (await socket.hear())["payload"]["data"]["changes"]["cursor"]
        reader.feed.land("service:later")
        await socket.hear()
        reader.feed.gone_to = 7
        socket.subscribe("1", CHANGES, after=cursor)
        assert (await socket.hear())["payload"][0]["extensions"]["code"] == "GONE"
        reader.feed.gone_to, reader.feed.log = -1, "another"
        # Those who listened are told, and their cursors are of no use any more.
        ended = await socket.hear()
        assert (ended["id"], ended["payload"][0]["extensions"]["code"]) == ("0", "GONE")
        socket.subscribe("2", CHANGES, after=cursor)
        assert (await socket.hear())["payload"][0]["extensions"]["code"] == "GONE"


async def test_a_cursor_from_the_future_is_refused() -> None:
    """The graph was set back: what the subscriber had seen is not there."""
    reader = MemoryReader()
    app = made(reader)
    async with connected(app) as socket:
        await socket.begin()
        socket.subscribe("0", CHANGES)
        await listening(socket, app)
        reader.feed.land("service:last")
        cursor = (await socket.hear())["payload"]["data"]["changes"]["cursor"]
    reader.feed.tick = 0
    async with connected(app) as socket:
        await socket.begin()
        socket.subscribe("1", CHANGES, after=cursor)
        assert (await socket.hear())["payload"][0]["extensions"]["code"] == "GONE"


async def test_an_outage_is_waited_for() -> None:
    """The connection stays, and goes on without gap or double."""
    reader = MemoryReader()
    app = made(reader)
    async with connected(app) as socket:
        await socket.begin()
        socket.subscribe("1", CHANGES)
        await listening(socket, app)
        reader.feed.land("service:a")
        await socket.hear()
        reader.feed.away = True
        reader.feed.land("service:b")
        await asyncio.sleep(0.1)
        reader.feed.land("service:c")
        reader.feed.away = False
        assert keys(await heard(socket, 2)) == ["service:b", "service:c"]


async def test_a_slow_reader_is_cut_off_with_its_cursor() -> None:
    """What is in the queue is dropped, others are not held up, and from the cursor it goes on without gap or double."""
    reader = MemoryReader()
    app = made(reader, subscriber_queue_max=5)
    async with connected(app, room=1) as slow, connected(app) as quick:
        for socket in (slow, quick):
            await socket.begin()
            socket.subscribe("1", CHANGES)
        await listening(slow, app, 2)
        for n in range(30):
            reader.feed.land(f"service:{n}")
            assert keys([await quick.hear()]) == [f"service:{n}"]
        seen = []
        while (message := await slow.hear())["type"] == "next":
            seen += keys([message])
        (error,) = message["payload"]
        assert (message["type"], error["extensions"]["code"]) == ("error", "SLOW_READER")
        slow.subscribe("1", CHANGES, after=error["extensions"]["cursor"])
        while len(seen) < 30:
            seen += keys([await slow.hear()])
        assert seen == [f"service:{n}" for n in range(30)]


async def test_a_stop_ends_connections() -> None:
    """So that clients go elsewhere at once."""
    app = made()
    async with connected(app) as socket:
        await socket.begin()
        socket.subscribe("1", CHANGES)
        await listening(socket, app)
        await live_of(app).stop()
        assert await socket.closed() == 1012


async def test_nothing_is_read_when_nobody_listens() -> None:
    """The poller rests once the last subscriber has left."""
    reader = MemoryReader()
    app = made(reader)
    async with connected(app) as socket:
        await socket.begin()
        socket.subscribe("1", CHANGES)
        await listening(socket, app)
        socket.tell({"type": "complete", "id": "1"})
        async with asyncio.timeout(5):
            while live_of(app)._hub._polling is not None:
                await asyncio.sleep(0.005)
    assert not live_of(app)._hub._channels
