"""Promises of the live feed over real connections: clients follow through restarts of the API and of Neo4j without gap or double."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
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
from graph_service.store.read.feed import Place
from graph_service.store.read.reader import Reader
from graph_service.store.write.writer import Writer
from tests.builders import entity, link, record, unlink
from tests.live.small_graph import SmallGraph
from tests.logs import assigned, batch_of
from tests.oracle import Recorded

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOST = "127.0.0.1"
CHANGES = "subscription ($after: String) { changes(after: $after) { after { properties } cursor } }"
WITHIN_S = 90.0
TRANSACTIONS = 30
CHANGES_PER_TRANSACTION = 3
GAP_S = 0.05
"""Between two transactions."""
FIRST_KILLED_AFTER, SECOND_KILLED_AFTER, NEO4J_STOPPED_AFTER = 7, 14, 20


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@dataclass
class Follower:
    """A client that comes again whatever happens, to the other API process, from behind the last change that it saw."""

    ports: tuple[int, ...]
    cursor: str
    seen: list[int] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    #: The port of the process that answers; 0 while none does.
    answered_by: int = 0

    async def follow(self, once: Callable[[], Any]) -> None:
        """For ever."""
        for port in cycle(self.ports):
            self.port = port
            with suppress(OSError, httpx.HTTPError, websockets.WebSocketException):
                await once()
            self.answered_by = 0
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
            self.answered_by = self.port
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
            self.answered_by = self.port
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


async def until(condition: Callable[[], bool], tasks: list[asyncio.Task[None]]) -> None:
    """Wait for it; the tasks go on meanwhile."""
    async with asyncio.timeout(WITHIN_S):
        while not condition():
            assert not any(task.done() for task in tasks), [task.exception() for task in tasks if task.done()]
            await asyncio.sleep(0.05)


async def test_clients_follow_through_restarts_of_the_api_and_of_neo4j(tmp_path: Path) -> None:
    """Of two API processes one is killed and starts again, then the other is killed, then Neo4j stops and starts again, while changes land: a client over
    WebSocket and one over server-sent events get every change, each once, in order.
    """
    ports, engine, expected = (
        (free_port(), free_port()),
        neo4j_in(tmp_path),
        TRANSACTIONS * CHANGES_PER_TRANSACTION,
    )
    with ExitStack() as neo4j, ExitStack() as first, ExitStack() as second:
        await asyncio.to_thread(neo4j.enter_context, engine.start(ensure_jars()))
        first.enter_context(served(ports[0], engine, tmp_path))
        second.enter_context(served(ports[1], engine, tmp_path))
        async with AsyncGraphDatabase.driver(
            engine.uri, auth=(engine.user, engine.password), notifications_min_severity="OFF"
        ) as driver:
            writer = Writer(driver, transaction_timeout_s=10)
            await writer.migrate()
            epochs = await assigned(writer, batch(0))
            feed, place = await Reader(driver).feed.end()
            one, other = (Follower(ports, cursor(feed, place.tick)) for _ in range(2))
            tasks = [
                asyncio.create_task(one.follow(one.by_websocket)),
                asyncio.create_task(other.follow(other.by_events)),
            ]
            await until(lambda: one.connections > 0 and other.connections > 0, tasks)
            for number in range(TRANSACTIONS):
                await written(writer, number, epochs)
                await asyncio.sleep(GAP_S)
                if number == FIRST_KILLED_AFTER:
                    first.close()
                    first.enter_context(served(ports[0], engine, tmp_path))
                elif number == SECOND_KILLED_AFTER:
                    second.close()
                elif number == NEO4J_STOPPED_AFTER:
                    await until(lambda: {one.answered_by, other.answered_by} == {ports[0]}, tasks)
                    await asyncio.to_thread(neo4j.close)
                    await asyncio.to_thread(neo4j.enter_context, neo4j_in(tmp_path).start(ensure_jars()))
            await until(lambda: min(len(one.seen), len(other.seen)) >= expected, tasks)
            for task in tasks:
                task.cancel()
        assert [one.seen, other.seen] == [list(range(1, expected + 1))] * 2
        assert one.connections > 1 and other.connections > 1


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
