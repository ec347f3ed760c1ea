"""How long it takes until something can be done: the command line, and the API once Neo4j is there."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time

from bench.harness import Bench, Line, Target
from bench.lines.world import World
from bench.server import VARIABLE, free_port
from bench.stores import ROOT

NAME = "start"
ANSWER_S = 60.0


async def measure(bench: Bench, world: World) -> None:
    """Processes from their start on, so interpreter and imports are in it."""
    line = Line(
        name="start.import", what="importing the command line, beyond a bare interpreter", floor=None, unit="s", target=Target(sense="at most", value=0.4)
    )  # fmt: skip
    await bench.compare(line, None, _import_s)
    line = Line(
        name="start.api", what="from the start of the API's process to its first answer from the graph, Neo4j running", floor=None, unit="s",
        target=Target(sense="at most", value=2.0),
    )  # fmt: skip
    await bench.compare(line, None, lambda: _api_s(world), rounds=min(3, bench.rounds))


async def _import_s() -> float:
    bare_s = await asyncio.to_thread(_run_s, "pass")
    return max(0.0, await asyncio.to_thread(_run_s, "import graph_service.cli.app") - bare_s)


def _run_s(code: str) -> float:
    begun_s = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
    return time.perf_counter() - begun_s


async def _api_s(world: World) -> float:
    port, one = free_port(), world.address
    said = json.dumps(
        {"uri": one.uri, "user": one.user, "password": one.password, "port": port, "fast": True}
    )
    begun_s = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.server"], env={**os.environ, VARIABLE: said}, cwd=ROOT
    )
    try:
        while time.perf_counter() - begun_s < ANSWER_S:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.01)
                continue
            body = b'{"query":"{ entities(first: 1) { edges { node { key } } } }"}'
            head = f"POST /graphql HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + body)
            answer = await reader.read()
            took_s = time.perf_counter() - begun_s
            writer.close()
            if b'"key":' not in answer:
                raise SystemExit(f"the API answers {answer[:300]!r}")
            return took_s
        raise SystemExit(f"the API did not answer within {ANSWER_S:.0f} s")
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)
