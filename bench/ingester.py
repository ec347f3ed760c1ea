"""An ingester in a process of its own, as it runs in production. `python -m bench.ingester` is that process."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neo4j import AsyncGraphDatabase

from bench.events import MAPPING
from bench.stores import ROOT, Address
from graph_service.cli.loop import run_served
from graph_service.cli.running import collect_seldom

VARIABLE = "BENCH_INGESTER"


@contextmanager
def ingester(address: Address, bootstrap: str, topic: str) -> Iterator[subprocess.Popen[bytes]]:
    """An ingester of that topic, until it is left."""
    said = {
        "uri": address.uri,
        "user": address.user,
        "password": address.password,
        "bootstrap": bootstrap,
        "topic": topic,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.ingester"], env={**os.environ, VARIABLE: json.dumps(said)}, cwd=ROOT
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


async def _run(said: dict[str, str]) -> None:
    import signal

    from graph_service.mapping import Mapping
    from graph_service.store.write.writer import Writer
    from ingest.consume import Ingester
    from ingest.kafka import Kafka
    from ingest.options import IngestOptions

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.yaml"
        path.write_text(MAPPING)
        mapping = Mapping.load([path])
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with AsyncGraphDatabase.driver(
        said["uri"], auth=(said["user"], said["password"]), notifications_min_severity="OFF"
    ) as driver:
        collect_seldom()
        writer = Writer(driver)
        await writer.migrate()
        await writer.declare(
            mapping.vocabulary, mapping.version, [(one.name, one.version, one.text) for one in mapping.files]
        )
        kafka = Kafka(bootstrap=said["bootstrap"])
        options = IngestOptions(kafka=kafka, topics=(said["topic"],), group_id=f"bench-{said['topic']}")
        await Ingester(options, writer, mapping).run(stop)


def main() -> None:
    """Ingest until it is told to end."""
    run_served(_run(json.loads(os.environ[VARIABLE])))


if __name__ == "__main__":
    main()
