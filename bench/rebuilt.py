"""What a rebuild takes for an event: logs of 10⁴ and of 10⁵ events of the same kind, by turns, each into a graph of its own.

The part of `graph-service rebuild` that grows with the log: reading, decoding, mapping and writing, as the command does it. What it compares afterwards
is a walk as the digest's, which has its own line.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.events import IN_ORDER, MAPPING, events
from bench.harness import Bench, Line, Measured, Strangers, Target, cpu_s
from bench.lines.ingest import Stage, filled
from bench.stores import FOLDER, Memory, running
from graph_service.local import KafkaEngine, ensure_jars
from graph_service.mapping import Mapping
from graph_service.store.write.writer import Writer
from ingest.kafka import Kafka
from ingest.options import IngestOptions
from ingest.rebuild import Rebuild

SMALL, LARGE = 10_000, 100_000
WARM_EVENTS = 10_000
PER_SERVICE = 5
"""Events of a service, whatever the size: the same kinds of rows come of each log."""
MEMORY = Memory(heap_mb=1024, pagecache_mb=256)
LINEAR = 1.5


@dataclass(frozen=True, kw_only=True)
class End:
    """The last record of a topic."""

    topic: str
    partition: int
    topic_id: str | None
    offset: int


async def measure(bench: Bench) -> None:
    """Both logs by turns, as many times as there are rounds."""
    folder = FOLDER / "rebuild"
    shutil.rmtree(folder, ignore_errors=True)
    kafka = KafkaEngine(folder / "kafka", heap_mb=256)
    async with AsyncExitStack() as stack:
        stack.enter_context(kafka.start(ensure_jars()))
        stages = []
        for name in ("small", "large"):
            address = stack.enter_context(running(folder / name, MEMORY))
            driver = await stack.enter_async_context(address.driver())
            stages.append(Stage(address=address, bootstrap=kafka.bootstrap, driver=driver))
        for on in stages:
            await _lap(on, WARM_EVENTS, "warm")
        cpu = Strangers()
        laps: tuple[list[tuple[float, float]], ...] = ([], [])
        for n in range(bench.rounds):
            turns = list(zip(stages, (SMALL, LARGE), laps, strict=True))
            for on, count, took in turns if n % 2 == 0 else turns[::-1]:
                took.append(await _lap(on, count, f"r{n}"))
    shutil.rmtree(folder)
    for column, (name, what) in enumerate(
        (("time", "time"), ("cpu", "CPU time of Neo4j and of the rebuild"))
    ):
        line = Line(
            name=f"rebuild.{name}-{LARGE:,}", what=f"{what} for an event, a log of {LARGE:,} events rebuilt", floor=f"the same, {SMALL:,} events", unit="µs",
            target=Target(sense="at most", value=LINEAR),
        )  # fmt: skip
        floors, values = ([one[column] for one in took] for took in laps)
        bench.add(Measured(line=line, floors=tuple(floors), values=tuple(values), strangers=cpu.cores()))


async def _lap(on: Stage, count: int, prefix: str) -> tuple[float, float]:
    """Microseconds for an event, by the clock and of CPU."""
    names = [f"{prefix}-{n}" for n in range(count // PER_SERVICE)]
    topic = await filled(on, events(count, IN_ORDER, prefix, names=names))
    writer = Writer(on.driver)
    await writer.migrate()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.yaml"
        path.write_text(MAPPING)
        mapping = Mapping.load([path])
    await writer.declare(mapping.vocabulary, mapping.version, ())
    rebuilding = Rebuild(IngestOptions(kafka=Kafka(bootstrap=on.bootstrap), topics=(topic,)), writer, mapping)
    begun_s, used_s = time.perf_counter(), time.process_time() + cpu_s(on.address.pid)
    end = End(topic=topic, partition=0, topic_id=None, offset=count - 1)
    if not await rebuilding.run([end], asyncio.Event()) or rebuilding.progress.events != count:
        raise SystemExit(f"of {count:,} events {rebuilding.progress.events:,} were rebuilt")
    took_s = time.perf_counter() - begun_s
    return took_s / count * 1e6, (time.process_time() + cpu_s(on.address.pid) - used_s) / count * 1e6
