"""A backlog: very many events in Kafka, and one `graph-service ingest` whose memory is bounded by the kernel, until the graph holds all of them.

    .venv/bin/python -m bench.limits backlog [5000000] [--memory-mb 1024] [--minutes 60] [--go-on]

The topic is complete before the ingester starts, and stays in `.data/bench/backlog` until all of it is applied: `--go-on` goes on with what is there. Two of five events say what a service is now, three of five that it calls one of its 20 others, with
another weight each time; so what the graph must hold in the end is counted while the topic is written. The ingester's address space is limited (`ulimit -v`, RLIMIT_AS): it can
neither map nor touch more, so what it touches, which is told, is less. Rates are told for each tenth, with the CPU time that the ingester
and Neo4j took for an event: wall time says as much about who else uses the machine.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from neo4j import AsyncDriver

from bench.events import FIRST, MAPPING, STEP, Said
from bench.harness import Strangers, cpu_s
from bench.stores import FOLDER, Address, said
from graph_service.local import KafkaEngine, Neo4jEngine, ensure_jars, start_all

TOPIC = "backlog"
PARTITIONS = 4
ENTITIES, OTHERS = 100_000, 20
BATCH_EVENTS, BATCH_BYTES = 500, 512 * 1024
EVERY_S = 1.0
SILENCE_S = 600.0
COUNTS = """
MATCH (g:Graph {id: 'graph'})
RETURN COUNT { MATCH (:Event) } AS events, COUNT { MATCH (:Entity) } AS entities, COUNT { MATCH ()-[:HAD]->() } AS `past states`,
  COUNT { MATCH ()-[:CALLS]->() } AS relationships, COUNT { MATCH ()-[:CALLS_PAST]->() } AS `past relationships`,
  COUNT { MATCH (:DeadLetter) } AS `dead letters`
"""


@dataclass(slots=True)
class Topic:
    """What was written, and so what must come of it."""

    #: Records of each partition.
    ends: list[int]
    seen: bytearray
    named: bytearray
    called: bytearray
    states: int = 0
    calls: int = 0

    @classmethod
    def empty(cls) -> Topic:
        """Nothing yet."""
        return cls([0] * PARTITIONS, bytearray(ENTITIES), bytearray(ENTITIES), bytearray(ENTITIES * OTHERS))

    def expected(self) -> dict[str, int | list[int]]:
        """As the positions and `COUNTS` must be found: each event says something else than the one before."""
        present = sum(self.called)
        return {
            "offsets": [end - 1 for end in self.ends], "events": self.states + self.calls, "entities": sum(self.named), "past states": self.states - sum(self.seen),
            "relationships": present, "past relationships": self.calls - present, "dead letters": 0,
        }  # fmt: skip

    def events(self, count: int) -> Iterator[tuple[int, Said]]:
        """So many events, each with its partition, which is that of its service."""
        rng = random.Random(7)
        for n in range(count):
            name = int(rng.random() * ENTITIES)
            data: dict[str, object] = {"name": f"s{name}"}
            self.named[name] = 1
            if rng.random() < 0.6:
                place = name * OTHERS + int(rng.random() * OTHERS)
                other = (name + 1 + 997 * (place % OTHERS)) % ENTITIES
                data |= {"other": f"s{other}", "weight": n}
                self.called[place] = self.named[other] = 1
                self.calls += 1
            else:
                data |= {"tier": n % 5, "version": f"1.{n}", "region": "eu", "cost": n % 997}
                self.seen[name] = 1
                self.states += 1
            kind = "called.v1" if "other" in data else "seen.v1"
            self.ends[name % PARTITIONS] += 1
            yield name % PARTITIONS, Said(id=str(n), type=kind, at=FIRST + n * STEP, data=data)


async def _fill(bootstrap: str, count: int) -> Topic:
    """Write the topic: no more of it in memory than a batch for each partition."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name=TOPIC, num_partitions=PARTITIONS, replication_factor=1)])
    finally:
        await admin.close()
    topic = Topic.empty()
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=BATCH_BYTES) as producer:
        batches = [producer.create_batch() for _ in range(PARTITIONS)]
        for partition, one in topic.events(count):
            batch = batches[partition]
            assert batch.append(timestamp=None, key=one.data["name"].encode(), value=one.value) is not None
            if batch.record_count() == BATCH_EVENTS:
                await (await producer.send_batch(batch, TOPIC, partition=partition))
                batches[partition] = producer.create_batch()
        for partition, batch in enumerate(batches):
            if batch.record_count():
                await (await producer.send_batch(batch, TOPIC, partition=partition))
    return topic


@contextmanager
def _ingester(
    address: Address, bootstrap: str, folder: Path, memory_mb: int
) -> Iterator[subprocess.Popen[bytes]]:
    """The command that people run, with an address space of so many MiB."""
    mapping = folder / "bench.yaml"
    mapping.write_text(MAPPING)
    command = [
        "sh", "-c", 'ulimit -v "$0" && exec "$@"', str(memory_mb * 1024), str(Path(sys.executable).parent / "graph-service"), "ingest", "--neo4j-uri", address.uri, "--kafka", bootstrap,
        "--topic", TOPIC, "--mapping", str(mapping),
    ]  # fmt: skip
    with (folder / "ingest.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            env={**os.environ, "GRAPH_SERVICE_NEO4J_USER": address.user, "GRAPH_SERVICE_NEO4J_PASSWORD": address.password},
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def _memory_mb(pid: int) -> dict[str, int]:
    """Resident now and at most, and mapped at most."""
    names = {"VmRSS": "resident", "VmHWM": "resident at most", "VmPeak": "mapped at most"}
    lines = (line.split() for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return {names[line[0][:-1]]: int(line[1]) // 1024 for line in lines if line[0][:-1] in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Where it is at one moment."""

    applied: int
    now_s: float
    ingester_s: float
    neo4j_s: float

    def since(self, before: Look) -> str:
        """Events a second, and CPU time for each."""
        events = max(1, self.applied - before.applied)
        return (
            f"{events / (self.now_s - before.now_s):6,.0f}/s, CPU for an event: ingester {(self.ingester_s - before.ingester_s) / events * 1e6:4.0f} µs, "
            f"Neo4j {(self.neo4j_s - before.neo4j_s) / events * 1e6:4.0f} µs"
        )


async def _positions(driver: AsyncDriver) -> dict[int, int]:
    found = await driver.execute_query(
        "MATCH (p:Position {topic: $topic}) RETURN p.partition AS partition, p.offset AS offset", topic=TOPIC
    )
    return {one["partition"]: one["offset"] for one in found.records}


async def _looks(
    driver: AsyncDriver, address: Address, process: subprocess.Popen[bytes]
) -> AsyncIterator[Look]:
    """Every second.

    Raises:
        SystemExit: the ingester has ended, or applied nothing for ten minutes.
    """
    last, moved_s = -1, time.monotonic()
    while process.poll() is None:
        applied = sum(offset + 1 for offset in (await _positions(driver)).values())
        now_s = time.monotonic()
        if applied > last:
            last, moved_s = applied, now_s
        if now_s - moved_s > SILENCE_S:
            raise SystemExit(f"the ingester applied nothing for {SILENCE_S:.0f} s")
        yield Look(applied=applied, now_s=now_s, ingester_s=cpu_s(process.pid), neo4j_s=cpu_s(address.pid))
        await asyncio.sleep(EVERY_S)
    raise SystemExit(f"the ingester ended with {process.returncode}")


@asynccontextmanager
async def _stage(folder: Path, *, go_on: bool) -> AsyncIterator[tuple[Address, str, AsyncDriver]]:
    if not go_on:
        shutil.rmtree(folder, ignore_errors=True)
    neo4j = Neo4jEngine(folder / "neo4j", heap_mb=1536, pagecache_mb=1024)
    kafka = KafkaEngine(folder / "kafka", heap_mb=256)
    with start_all(folder, neo4j=neo4j, kafka=kafka, jars=ensure_jars()):
        address = Address(
            uri=neo4j.uri, user=neo4j.user, password=neo4j.password, pid=neo4j.pid, home=neo4j.home
        )
        async with address.driver() as driver:
            yield address, kafka.bootstrap, driver


async def backlog(count: int, *, memory_mb: int, minutes: float, go_on: bool) -> bool:
    """Fill, ingest, tell; whether all came through and all is there. With `go_on` the topic is there already, with what must come of it."""
    folder = FOLDER / "backlog"
    expected = folder / "expected.json"
    async with _stage(folder, go_on=go_on) as (address, bootstrap, driver):
        if not go_on:
            begun_s = time.monotonic()
            expected.write_text(json.dumps((await _fill(bootstrap, count)).expected()))
            print(f"{count:,} events in Kafka after {time.monotonic() - begun_s:.0f} s", flush=True)
        with _ingester(address, bootstrap, folder, memory_mb) as process:
            try:
                await _followed(driver, address, process, count, minutes)
            except SystemExit:
                said((folder / "ingest.log").read_text(errors="replace")[-4000:])
                raise
            memory = _memory_mb(process.pid)
        print(
            f"ingester with {memory_mb} MiB of address space: "
            + ", ".join(f"{name} {mb} MB" for name, mb in memory.items())
        )
        found = (await driver.execute_query(COUNTS)).records[0].data()
        offsets = await _positions(driver)
        got, wanted = (
            {"offsets": [offsets[n] for n in sorted(offsets)], **found},
            json.loads(expected.read_text()),
        )
        print(f"found:    {json.dumps(got)}\nexpected: {json.dumps(wanted)}", flush=True)
        print("as expected" if got == wanted else "NOT AS EXPECTED, or not all of it yet", flush=True)
    if got == wanted:
        shutil.rmtree(folder)
    return bool(got == wanted)


async def _followed(
    driver: AsyncDriver, address: Address, process: subprocess.Popen[bytes], count: int, minutes: float
) -> None:
    """A line for each tenth, until all is applied or the time is over."""
    first: Look | None = None
    before: Look | None = None
    tenth, strangers = 1, Strangers()
    async for look in _looks(driver, address, process):
        if first is None or before is None:
            first = before = look
            # Of a backlog that is gone on with, what was applied before is no news.
            tenth = look.applied * 10 // count + 1
        over = look.now_s - first.now_s > minutes * 60
        if look.applied >= tenth * count // 10 or over:
            memory = _memory_mb(process.pid)["resident"]
            print(
                f"{look.applied:9,} after {(look.now_s - first.now_s) / 60:5.1f} min: {look.since(before)}; {memory} MB; others {strangers.cores()} cores",
                flush=True,
            )
            before, strangers = look, Strangers()
            while look.applied >= tenth * count // 10:
                tenth += 1
        if look.applied >= count or over:
            print(f"in all: {look.since(first)}", flush=True)
            return
