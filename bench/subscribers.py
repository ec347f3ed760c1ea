"""How many subscribers one API process feeds, how late, and whether anybody misses anything.

    .venv/bin/python -m bench.subscribers --subscribers 500 --rate 200 --seconds 20 [--stream] [--share 10]

A Neo4j of its own (or that of GRAPH_SERVICE_TEST_NEO4J_*), one API process, one process of clients, and a writer that changes `rate` entities a second in
ten transactions. `--share N`: every subscriber wants one N-th of the entities (its own filter), so that N different feeds are made; 1: all want all.
`--stream`: server-sent events instead of WebSocket. Every client checks that what it gets is without gap and double; latency is from before the write to
after the last byte was read, so it holds the transaction and half a poll (100 ms) on average.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import resource
import socket
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from neo4j import AsyncGraphDatabase

from graph_service.api.app import create_app
from graph_service.api.exposure import Exposure
from graph_service.api.live.limits import LiveLimits
from graph_service.api.security.access import Insecure
from graph_service.api.serve import serve
from graph_service.core.vocabulary import KindDeclaration, Vocabulary
from graph_service.local import Neo4jEngine, ensure_jars
from graph_service.store.read.reader import Reader
from graph_service.store.write.writer import Writer
from tests.builders import entity, record
from tests.logs import batch_of

TRANSACTIONS_PER_S = 10
TELL = re.compile(rb'"n":(\d+),"us":(\d+)}')
QUERY = "subscription ($kinds: [String!]) { changes(filter: {kinds: $kinds}) { after { properties } event { eventId } cursor } }"
Address = tuple[str, str, str]


@asynccontextmanager
async def neo4j() -> AsyncIterator[Address]:
    """Address, user and password."""
    names = ("URI", "USER", "PASSWORD")
    given = tuple(os.environ.get(f"GRAPH_SERVICE_TEST_NEO4J_{name}", "") for name in names)
    if given[0]:
        yield given[0], given[1] or "neo4j", given[2]
        return
    with tempfile.TemporaryDirectory() as folder:
        engine = Neo4jEngine(Path(folder) / "neo4j", heap_mb=512, pagecache_mb=128, short_lived=True)
        with engine.start(ensure_jars()):
            yield engine.uri, engine.user, engine.password


def driver(address: Address) -> Any:
    return AsyncGraphDatabase.driver(address[0], auth=address[1:], notifications_min_severity="OFF")


async def api(address: Address, port: int, subscribers: int) -> None:
    """The process that is measured."""
    async with driver(address) as opened:
        exposure = Exposure(live=LiveLimits(connections_max=subscribers + 10), audit=lambda _: None)
        await serve(create_app(Reader(opened), access=Insecure(), exposure=exposure), "127.0.0.1", port)


class Client(asyncio.Protocol):
    """Reads as little as it must to count: no JSON, no frames."""

    def __init__(self, hello: tuple[bytes, bytes], expected: list[int], ready: asyncio.Event) -> None:
        """`hello`: what is sent at once, and what once something was answered."""
        self.hello, self.expected, self.ready = hello, expected, ready
        self.rest, self.at, self.wrong, self.latencies_us = b"", 0, 0, list[int]()
        self.cut_off = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self.hello[0])

    def data_received(self, data: bytes) -> None:
        data, now_us = self.rest + data, time.time_ns() // 1000
        if not self.ready.is_set():
            self.transport.write(self.hello[1])
            self.ready.set()
        end = 0
        self.cut_off |= b"SLOW_READER" in data
        for found in TELL.finditer(data):
            n, end = int(found[1]), found.end()
            if self.at < len(self.expected) and self.expected[self.at] == n:
                self.latencies_us.append(now_us - int(found[2]))
            else:
                self.wrong += 1
            self.at += 1
        self.rest = data[max(end, len(data) - 64) :]


def hello_websocket(port: int, variables: dict[str, Any]) -> tuple[bytes, bytes]:
    """The handshake, and the first two messages."""
    key = b64encode(os.urandom(16)).decode()
    request = (
        f"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
    ).encode()
    subscribe = {"id": "1", "type": "subscribe", "payload": {"query": QUERY, "variables": variables}}
    return request, frame({"type": "connection_init"}) + frame(subscribe)


def frame(message: dict[str, Any]) -> bytes:
    """A text frame, masked with zeros."""
    content = json.dumps(message).encode()
    size = bytes([len(content) | 128]) if len(content) < 126 else b"\xfe" + len(content).to_bytes(2, "big")
    return b"\x81" + size + b"\0\0\0\0" + content


def hello_stream(port: int, variables: dict[str, Any]) -> tuple[bytes, bytes]:
    """A request for server-sent events."""
    body = json.dumps({"query": QUERY, "variables": variables}).encode()
    request = (
        f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()
    return request + body, b""


async def clients(port: int, options: argparse.Namespace) -> None:
    """All subscribers, in a process of their own."""
    changes = options.rate * options.seconds
    hello = hello_stream if options.stream else hello_websocket
    made = []
    loop = asyncio.get_running_loop()
    for number in range(options.subscribers):
        share = number % options.share
        expected = [n for n in range(changes) if n % options.share == share]
        one = Client(hello(port, {"kinds": [f"k{share}"]}), expected, asyncio.Event())
        await loop.create_connection(lambda one=one: one, "127.0.0.1", port)  # type: ignore[misc]
        made.append(one)
        if number % 20 == 19:
            await one.ready.wait()
    # Until every subscription has begun: each may wait for its turn.
    await asyncio.sleep(8)
    print("ready", flush=True)
    done_s = time.monotonic() + options.seconds + 60
    while time.monotonic() < done_s and any(one.at < len(one.expected) and not one.cut_off for one in made):
        await asyncio.sleep(0.2)
    missing = sum(max(0, len(one.expected) - one.at) for one in made if not one.cut_off)
    latencies = sorted(us for one in made for us in one.latencies_us)
    at = (
        {share: latencies[int(len(latencies) * share)] / 1000 for share in (0.5, 0.95, 0.99)}
        if latencies
        else {}
    )
    print(json.dumps({
        "messages": sum(one.at for one in made), "cut_off": sum(one.cut_off for one in made), "missing": missing, "out_of_place": sum(one.wrong for one in made),
        "latency_ms": {"p50": at.get(0.5), "p95": at.get(0.95), "p99": at.get(0.99), "max": latencies[-1] / 1000 if latencies else None},
    }), flush=True)  # fmt: skip


async def write(writer: Writer, options: argparse.Namespace) -> float:
    """`rate` changes a second; returns how long it took."""
    epoch = (await writer.assign("events", 0, "events")).epoch
    started_s, n, known = time.monotonic(), 0, 1_000_000
    for number in range(options.seconds * TRANSACTIONS_PER_S):
        await asyncio.sleep(max(0.0, started_s + number / TRANSACTIONS_PER_S - time.monotonic()))
        batch = []
        for _ in range(options.rate // TRANSACTIONS_PER_S):
            key, known = f"k{n % options.share}:e{n % 50}-{n % options.share}", known + 1
            said = entity(key, known, n=n, us=time.time_ns() // 1000)
            batch.append(record(f"e{n}", known, said, offset=n))
            n += 1
        await writer.write(batch_of(batch, {("events", 0): epoch}))
    return time.monotonic() - started_s


async def measure(options: argparse.Namespace) -> None:
    """Everything."""
    async with neo4j() as address, driver(address) as opened:
        await opened.execute_query("MATCH (n) DETACH DELETE n")
        writer = Writer(opened)
        await writer.migrate()
        kinds = {f"k{n}": KindDeclaration(name=f"k{n}", label=f"K{n}") for n in range(options.share)}
        await writer.declare(Vocabulary(kinds=kinds), "bench", [])
        port = free_port()
        command = [sys.executable, "-m", "bench.subscribers", *sys.argv[1:]]
        # What is secret goes by the environment.
        environment = {**os.environ, "BENCH_PART": json.dumps({"address": address, "port": port})}
        served = subprocess.Popen([*command, "--part", "api"], env=environment)
        try:
            await asyncio.sleep(4)
            asking = subprocess.Popen(
                [*command, "--part", "clients"], env=environment, stdout=subprocess.PIPE, text=True
            )
            assert asking.stdout is not None
            assert (await asyncio.to_thread(asking.stdout.readline)).strip() == "ready"
            before_s = cpu_s(served.pid)
            took_s = await write(writer, options)
            found = json.loads(await asyncio.to_thread(asking.stdout.readline))
            found |= {"write_s": round(took_s, 1), "api_cpu_s": round(cpu_s(served.pid) - before_s, 1)}
            found |= {"api_memory_mb": memory_mb(served.pid), "load": os.getloadavg()[0]}
            print(json.dumps(found, indent=2))
            asking.wait(10)
        finally:
            served.terminate()
            served.wait(20)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def cpu_s(pid: int) -> float:
    """CPU time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> int:
    """Resident memory of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) // 1024


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--subscribers", type=int, default=500)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--share", type=int, default=1)
    parser.add_argument("--stream", action="store_true")
    parser.add_argument("--part", choices=("all", "api", "clients"), default="all", help=argparse.SUPPRESS)
    options = parser.parse_args()
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (min(8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2
    )
    part = json.loads(os.environ.get("BENCH_PART", "{}"))
    if options.part == "api":
        asyncio.run(api(tuple(part["address"]), part["port"], options.subscribers))
    elif options.part == "clients":
        asyncio.run(clients(part["port"], options))
    else:
        asyncio.run(measure(options))


if __name__ == "__main__":
    main()
