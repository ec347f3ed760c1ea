"""The API in a process of its own, as it is served: what lines about requests measure. `python -m bench.server` is that process."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from neo4j import AsyncGraphDatabase

from bench.stores import ROOT, Address
from graph_service.cli.loop import run_served
from graph_service.cli.running import collect_seldom

VARIABLE = "BENCH_SERVER"
READY_S = 60.0


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def api(
    address: Address, *, fast: bool = True, impact_items_max: int | None = None
) -> Iterator[tuple[int, int]]:
    """The port and the process id of an API process on this graph; `impact_items_max`: instead of what one impact may have."""
    port = free_port()
    said = json.dumps({
        "uri": address.uri, "user": address.user, "password": address.password, "port": port, "fast": fast, "impact_items_max": impact_items_max
    })  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.server"], env={**os.environ, VARIABLE: said}, cwd=ROOT
    )
    try:
        until_s = time.monotonic() + READY_S
        while not listens(port):
            if process.poll() is not None or time.monotonic() > until_s:
                raise SystemExit("the API did not start; its messages are above")
            time.sleep(0.02)
        yield port, process.pid
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def listens(port: int) -> bool:
    """Whether somebody does, on this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def _serve(said: dict[str, Any]) -> None:
    from graph_service.api import impact_queries
    from graph_service.api.app import create_app
    from graph_service.api.exposure import Exposure
    from graph_service.api.limits.bounds import Limits
    from graph_service.api.security.access import Insecure
    from graph_service.api.serve import serve
    from graph_service.store.read.reader import Reader

    # What one client may cost in a minute is left out; all else is as it is served.
    limits = Limits(query_cost_max=10**9, cost_per_s=10**9, cost_burst=10**9)
    if isinstance(most := said.get("impact_items_max"), int):
        impact_queries.IMPACT_ITEMS_MAX = most
    auth = (str(said["user"]), str(said["password"]))
    async with AsyncGraphDatabase.driver(
        str(said["uri"]), auth=auth, notifications_min_severity="OFF"
    ) as driver:
        collect_seldom()
        exposure = Exposure(limits=limits, audit=lambda _: None, fast=bool(said["fast"]))
        await serve(
            create_app(Reader(driver), access=Insecure(), exposure=exposure), "127.0.0.1", int(said["port"])
        )


def main() -> None:
    """Serve until it is told to end."""
    run_served(_serve(json.loads(os.environ[VARIABLE])))


if __name__ == "__main__":
    main()
