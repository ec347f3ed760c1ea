"""Promises of the live feed over real connections: clients follow through restarts of the API and of Neo4j without gap or double."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
from neo4j import AsyncGraphDatabase

from graph_service.api.app import create_app
from graph_service.api.changes import place_text
from graph_service.api.security.access import Insecure
from graph_service.api.serve import serve
from graph_service.core.errors import StoreUnavailable
from graph_service.core.vocabulary import Depends, RelationshipDeclaration, Vocabulary
from graph_service.local import Neo4jEngine, ensure_jars
from graph_service.store.feed import Place
from graph_service.store.reader import Reader
from graph_service.store.writer import Writer
from tests.builders import entity, link, record, unlink
from tests.live.small_graph import SmallGraph
from tests.logs import assigned, batch_of
from tests.oracle import Recorded

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOST = "127.0.0.1"
CHANGES = "subscription ($after: String) { changes(after: $after) { after { properties } cursor } }"
WITHIN_S = 90.0
TRANSACTIONS = 60
CHANGES_PER_TRANSACTION = 3
GAP_S = 0.1
"""Between two transactions."""
API_KILLED_AFTER, NEO4J_STOPPED_AFTER = 10, 30


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@dataclass
class Follower:
    """A client that comes again whatever happens, from behind the last change that it saw."""

    port: int
    cursor: str
    seen: list[int] = field(default_factory=list)
    connections: int = 0

    async def follow(self, once: Callable[[], Any]) -> None:
        """For ever."""
        while True:
            with suppress(OSError, httpx.HTTPError, websockets.WebSocketException):
                await once()
            await asyncio.sleep(0.1)

    def take(self, payload: Any) -> None:
        """The payload of one message."""
        assert "errors" not in payload, payload
        change = payload["data"]["changes"]
        self.cursor = change["cursor"]
        self.seen.append(change["after"]["properties"]["n"])

    async def by_websocket(self) -> None:
        """Until the connection ends."""
        async with websockets.connect(
            f"ws://{HOST}:{self.port}/graphql", subprotocols=[websockets.Subprotocol("graphql-transport-ws")]
        ) as connection:
            await connection.send(json.dumps({"type": "connection_init"}))
            assert json.loads(await connection.recv())["type"] == "connection_ack"
            payload = {"query": CHANGES, "variables": {"after": self.cursor}}
            await connection.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
            self.connections += 1
            async for text in connection:
                message = json.loads(text)
                if message["type"] == "error":
                    # The graph does not answer at this moment: nothing has begun.
                    assert message["payload"][0]["extensions"]["code"] == "STORE_UNAVAILABLE", message
                    return
                self.take(message["payload"])

    async def by_events(self) -> None:
        """Until the response ends."""
        body = {"query": CHANGES, "variables": {"after": self.cursor}}
        async with (
            httpx.AsyncClient(timeout=httpx.Timeout(5.0, read=30.0)) as client,
            client.stream(
                "POST",
                f"http://{HOST}:{self.port}/graphql",
                json=body,
                headers={"accept": "text/event-stream"},
            ) as response,
        ):
            if response.status_code != 200:
                return
            self.connections += 1
            async for line in response.aiter_lines():
                if line.startswith("data: "):
                    self.take(json.loads(line.removeprefix("data: ")))


def neo4j_in(folder: Path) -> Neo4jEngine:
    """A Neo4j of the test's own, at the same address whenever it is started again."""
    return Neo4jEngine(folder / "neo4j", heap_mb=320, pagecache_mb=64, short_lived=True)


@contextmanager
def served(port: int, engine: Neo4jEngine, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """An API process."""
    command = [sys.executable, "-c", "from graph_service.cli import main; main()", "serve", "--insecure"]
    variables = {
        "GRAPH_SERVICE_NEO4J_URI": engine.uri,
        "GRAPH_SERVICE_NEO4J_USER": engine.user,
        "GRAPH_SERVICE_NEO4J_PASSWORD": engine.password,
        "GRAPH_SERVICE_PORT": str(port),
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GRAPH_SERVICE_")}
    with (folder / "api.log").open("ab") as output:
        process = subprocess.Popen(
            command, env={**kept, **variables}, cwd=folder, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait(10)


def batch(number: int) -> list[Recorded]:
    """What one transaction says: changes are counted from 1 on."""
    first = number * CHANGES_PER_TRANSACTION + 1
    return [
        record(f"e{n}", 1000 + n, entity(f"service:{n % 5}", 1000 + n, n=n), offset=n)
        for n in range(first, first + CHANGES_PER_TRANSACTION)
    ]


async def written(writer: Writer, number: int, epochs: Any) -> None:
    """One transaction, whatever it takes. Done twice it is done once."""
    while True:
        try:
            await writer.write(batch_of(batch(number), epochs))
            return
        except StoreUnavailable:
            await asyncio.sleep(0.2)


async def test_clients_follow_through_restarts_of_the_api_and_of_neo4j(tmp_path: Path) -> None:
    """The API is killed and starts again, then Neo4j stops and starts again, while changes land: a client over WebSocket and one over
    server-sent events get every change, each once, in order.
    """
    port, jars = free_port(), ensure_jars()
    engine = neo4j_in(tmp_path)
    running = engine.start(jars)
    running.__enter__()
    process = served(port, engine, tmp_path)
    process.__enter__()
    try:
        async with AsyncGraphDatabase.driver(
            engine.uri, auth=(engine.user, engine.password), notifications_min_severity="OFF"
        ) as driver:
            writer = Writer(driver, transaction_timeout_s=10)
            await writer.migrate()
            epochs = await assigned(writer, batch(0))
            feed, place = await Reader(driver).feed.end()
            followers = [Follower(port, cursor(feed, place.tick)) for _ in range(2)]
            tasks = [
                asyncio.create_task(one.follow(how))
                for one, how in zip(
                    followers, (followers[0].by_websocket, followers[1].by_events), strict=True
                )
            ]
            for number in range(TRANSACTIONS):
                await written(writer, number, epochs)
                await asyncio.sleep(GAP_S)
                if number == API_KILLED_AFTER:
                    process.__exit__(None, None, None)
                    process = served(port, engine, tmp_path)
                    process.__enter__()
                if number == NEO4J_STOPPED_AFTER:
                    await asyncio.to_thread(running.__exit__, None, None, None)
                    running = neo4j_in(tmp_path).start(jars)
                    await asyncio.to_thread(running.__enter__)
            expected = list(range(1, TRANSACTIONS * CHANGES_PER_TRANSACTION + 1))
            async with asyncio.timeout(WITHIN_S):
                while any(len(one.seen) < len(expected) for one in followers):
                    await asyncio.sleep(0.1)
                    assert not any(task.done() for task in tasks), [
                        task.exception() for task in tasks if task.done()
                    ]
            for task in tasks:
                task.cancel()
            assert [one.seen for one in followers] == [expected, expected]
            assert all(one.connections > 1 for one in followers)
    finally:
        process.__exit__(None, None, None)
        running.__exit__(None, None, None)


def cursor(feed: str, tick: int) -> str:
    """The cursor of a place behind all that has landed."""
    return place_text(feed, Place.after_all_of(tick))


@asynccontextmanager
async def serving(reader: Reader) -> AsyncIterator[int]:
    """The API within this process; its port."""
    port = free_port()
    task = asyncio.create_task(serve(create_app(reader, access=Insecure()), HOST, port))
    try:
        async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(retries=5)) as client:
            await client.get(f"http://{HOST}:{port}/healthz")
        yield port
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_an_impact_is_told_whenever_it_changes(small_graph: SmallGraph) -> None:
    """Who enters and who leaves, also by a late record that says something about the past, and nothing of what does not matter."""
    await small_graph.empty()
    words = {
        type: RelationshipDeclaration(type=type, label=type.lower(), depends=depends)
        for type, depends in (("CALLS", Depends.SOURCE), ("KNOWS", Depends.NOBODY))
    }
    await small_graph.writer.declare(Vocabulary(relationships=words), "live", [])
    start = [
        record(
            "e0",
            100,
            link("service:b", "CALLS", "service:a", 10),
            link("service:c", "KNOWS", "service:a", 10),
        )
    ]
    steps = [
        [record("e1", 200, link("service:c", "CALLS", "service:b", 20), offset=1)],
        [record("e2", 300, link("service:d", "KNOWS", "service:a", 20), offset=2)],
        [record("e3", 400, unlink("service:b", "CALLS", "service:a", 30), offset=3)],
    ]
    epochs = await assigned(small_graph.writer, start[0:1])
    await small_graph.writer.write(batch_of(start, epochs))
    query = 'subscription { impact(of: ["service:a"]) { entered { entity { key } event { eventId } } left { entity { key } } unchanged } }'
    found = []
    async with (
        serving(small_graph.reader) as port,
        websockets.connect(
            f"ws://{HOST}:{port}/graphql", subprotocols=[websockets.Subprotocol("graphql-transport-ws")]
        ) as connection,
    ):
        await connection.send(json.dumps({"type": "connection_init"}))
        await connection.recv()
        await connection.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": query}}))
        await asyncio.sleep(1.5)
        for step in steps:
            await small_graph.writer.write(batch_of(step, epochs))
            with suppress(TimeoutError):
                message = json.loads(await asyncio.wait_for(connection.recv(), 3.0))
                found.append(message["payload"]["data"]["impact"])
    entered = [{"entity": {"key": "service:c"}, "event": {"eventId": "e1"}}]
    assert found == [
        {"entered": entered, "left": [], "unchanged": 1},
        {
            "entered": [],
            "left": [{"entity": {"key": key}} for key in ("service:b", "service:c")],
            "unchanged": 0,
        },
    ]
