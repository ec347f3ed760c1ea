"""Who asks: one client, or eight at once, over Bolt or over HTTP.

Over Bolt eight clients are eight processes with the plain driver, as the public peers' floor was measured: one process would be limited by its own Python. Over HTTP
they are eight connections of one event loop that sends what was made before and reads no more than lengths: a client that costs almost nothing, like a load generator
written in C. Both work through the same choices, each client from another place on.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

from bench.stores import Address

CLIENTS = 8
STEP = 6
"""How far apart in the choices two clients begin."""


class BoltClients:
    """Processes that ask Cypher; started once, for all lines."""

    def __init__(self, address: Address, count: int = CLIENTS) -> None:
        self._pipes: list[Connection] = []
        self._processes = []
        # Not forked: this process has threads and an event loop.
        context = multiprocessing.get_context("spawn")
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(
                target=_bolt_client, args=(address.uri, address.user, address.password, theirs), daemon=True
            )
            process.start()
            self._pipes.append(ours)
            self._processes.append(process)
        for pipe in self._pipes:
            pipe.recv()

    async def lap(
        self, cypher: str, choices: Sequence[dict[str, Any]], *, clients: int, lap_s: float
    ) -> tuple[float, list[float]]:
        """Answers of a second, and what each took in ms."""
        pipes = self._pipes[:clients]
        for n, pipe in enumerate(pipes):
            pipe.send((cypher, list(choices), n * STEP, lap_s))
        told = await asyncio.gather(*(asyncio.to_thread(pipe.recv) for pipe in pipes))
        # Each tells its own rate: the last answers of some do not make the others wait.
        return sum(len(took) / over_s for took, over_s in told), [one for took, _ in told for one in took]

    def close(self) -> None:
        """End them."""
        for pipe in self._pipes:
            pipe.send(None)
        for process in self._processes:
            process.join(10)


def _bolt_client(uri: str, user: str, password: str, pipe: Connection) -> None:
    from neo4j import GraphDatabase

    driver = GraphDatabase.driver(uri, auth=(user, password), notifications_min_severity="OFF")
    with driver, driver.session(database="neo4j", fetch_size=-1, default_access_mode="READ") as session:
        session.run("RETURN 1").consume()
        pipe.send("ready")
        while (asked := pipe.recv()) is not None:
            cypher, choices, at, lap_s = asked
            took, begun_s = [], time.perf_counter()
            now_s = begun_s
            while now_s - begun_s < lap_s:
                session.run(cypher, choices[at % len(choices)]).values()
                took.append((time.perf_counter() - now_s) * 1000)
                now_s, at = time.perf_counter(), at + 1
            pipe.send((took, now_s - begun_s))


class HttpClients:
    """Connections to a server on this machine that stay open."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    def body(self, query: str, variables: dict[str, Any]) -> bytes:
        """A request, as it is sent."""
        content = json.dumps({"query": query, "variables": variables}).encode()
        head = f"POST /graphql HTTP/1.1\r\nHost: localhost:{self._port}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        return head.encode() + content

    async def lap(
        self, requests: Sequence[bytes], *, clients: int, lap_s: float
    ) -> tuple[float, list[float]]:
        """Answers of a second, and what each took in ms."""
        # Anew for each lap: servers close what was silent while others were measured.
        await self._opened(clients)
        rates: list[float] = []
        took: list[float] = []

        async def client(n: int) -> None:
            reader, writer = self._open[n]
            begun_s, at, count = time.perf_counter(), n * STEP, 0
            now_s = begun_s
            while now_s - begun_s < lap_s:
                writer.write(requests[at % len(requests)])
                await _answer(reader)
                took.append((time.perf_counter() - now_s) * 1000)
                now_s, at, count = time.perf_counter(), at + 1, count + 1
            rates.append(count / (now_s - begun_s))

        await asyncio.gather(*(client(n) for n in range(clients)))
        return sum(rates), took

    async def one(self, request: bytes) -> Any:
        """One answer, read whole, without errors."""
        await self._opened(1)
        reader, writer = self._open[0]
        writer.write(request)
        answer = json.loads(await _answer(reader))
        if answer.get("errors"):
            raise SystemExit(f"the API refuses what is to be measured: {answer['errors'][:2]}")
        return answer["data"]

    async def _opened(self, count: int) -> None:
        self.close()
        self._open = [
            await asyncio.open_connection("127.0.0.1", self._port, limit=2**26) for _ in range(count)
        ]

    def close(self) -> None:
        """Close all."""
        for _, writer in self._open:
            writer.close()


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if not head.startswith(b"http/1.1 200"):
        raise SystemExit(f"the API answers {head[:200]!r}")
    if b"\r\ncontent-length:" in head:
        size = int(head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0])
        return await reader.readexactly(size)
    parts = []
    while size := int(await reader.readuntil(b"\r\n"), 16):
        parts.append((await reader.readexactly(size + 2))[:-2])
    await reader.readuntil(b"\r\n")
    return b"".join(parts)


def p50(took_ms: Sequence[float]) -> float:
    """The middle one."""
    return sorted(took_ms)[len(took_ms) // 2]


def p95(took_ms: Sequence[float]) -> float:
    """What nineteen of twenty do not exceed."""
    return sorted(took_ms)[min(len(took_ms) - 1, int(len(took_ms) * 0.95))]
