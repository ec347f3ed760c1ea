"""From Kafka to the committed graph, with the complete promise, against the bare batched Cypher that writes the same facts from memory; how fresh the graph is."""

from __future__ import annotations

import asyncio
import shutil
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from neo4j import AsyncDriver

from bench.clients import p95
from bench.events import FLOOR, FLOOR_BATCH, FLOOR_SCHEMA, IN_ORDER, Mix, Said, events, floor_batches
from bench.harness import Bench, Line, Measured, Strangers, Target
from bench.ingester import ingester
from bench.stores import FOLDER, Address, said
from graph_service.local import KafkaEngine, Neo4jEngine, ensure_jars, start_all

NAME = "ingest"
MIXES = (
    (Mix(name="1 % late", late=1), "late-1", Target(sense="at least", value=0.5)),
    (Mix(name="20 % late", late=20), "late-20", None),
    (Mix(name="5 % corrections", corrections=5), "corrections", None),
)
WARM = 0.25
"""The first part of a run does not count: compilers and caches are cold, and the ingester has just begun."""
FRESH_RATE, FRESH_S = 500, 8
SILENCE_S = 600.0


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Engines for the ingester."""

    address: Address
    bootstrap: str
    driver: AsyncDriver


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """An empty Neo4j and an empty Kafka."""
    folder = FOLDER / "ingest"
    shutil.rmtree(folder, ignore_errors=True)
    neo4j = Neo4jEngine(folder / "neo4j", heap_mb=1536, pagecache_mb=512)
    with start_all(
        folder, neo4j=neo4j, kafka=KafkaEngine(folder / "kafka", heap_mb=256), jars=ensure_jars()
    ) as engines:
        one = engines.neo4j
        address = Address(uri=one.uri, user=one.user, password=one.password, pid=one.pid, home=one.home)
        async with address.driver() as driver:
            yield Stage(address=address, bootstrap=engines.kafka.bootstrap, driver=driver)
    shutil.rmtree(folder, ignore_errors=True)


async def measure(bench: Bench, count: int) -> None:
    """Runs of `count` events: the bare Cypher, in order, and each mix, by turns; then freshness."""
    mixed = [(mix, name, target) for mix, name, target in MIXES if bench.wants(f"ingest.{name}")]
    async with stage() as on:
        for statement in FLOOR_SCHEMA:
            await on.driver.execute_query(statement)
        if mixed or bench.wants("ingest.in-order"):
            await _rates(bench, on, count, mixed)
        if bench.wants("ingest.fresh"):
            await _fresh(bench, on)


async def _rates(
    bench: Bench, on: Stage, count: int, mixed: Sequence[tuple[Mix, str, Target | None]]
) -> None:
    floors, memory = list[float](), list[int]()
    rates: dict[str, list[float]] = {"in-order": [], **{name: [] for _, name, _ in mixed}}
    # Both ways warm up together: the server compiles while it is first asked.
    await bare(on.driver, events(count, IN_ORDER, "warm-f"))
    await ingested(on, events(count, IN_ORDER, "warm"))
    cpu = Strangers()
    for n in range(min(bench.rounds, 3)):
        runs = [None, (IN_ORDER, "in-order"), *((mix, name) for mix, name, _ in mixed)]
        for run in runs if n % 2 == 0 else runs[::-1]:
            if run is None:
                floors.append(await bare(on.driver, events(count, IN_ORDER, f"f{n}")))
                said(f"bare Cypher: {floors[-1]:,.0f} events/s")
            else:
                mix, name = run
                rate, peak_mb = await ingested(on, events(count, mix, f"{name}{n}"))
                rates[name].append(rate)
                memory.append(peak_mb)
                said(f"ingester, {mix.name}: {rate:,.0f} events/s")
    strangers = cpu.cores()
    line = Line(
        name="ingest.in-order", what=f"{count:,} events in order, Kafka to committed graph, one ingester", unit="/s",
        floor=f"bare Cypher from memory, the same facts, batches of {FLOOR_BATCH:,}", target=Target(sense="at least", value=0.75),
    )  # fmt: skip
    if bench.wants(line.name):
        more = f"ingester's memory at most {max(memory)} MB"
        bench.add(
            Measured(
                line=line,
                floors=tuple(floors),
                values=tuple(rates["in-order"]),
                strangers=strangers,
                more=more,
            )
        )
    for mix, name, target in mixed:
        line = Line(
            name=f"ingest.{name}",
            what=f"{count:,} events, {mix.name}",
            floor="the same in order, through the ingester",
            unit="/s",
            target=target,
        )
        bench.add(
            Measured(
                line=line, floors=tuple(rates["in-order"]), values=tuple(rates[name]), strangers=strangers
            )
        )


async def bare(driver: AsyncDriver, what: Sequence[Said]) -> float:
    """Events of a second by the bare statements, one client, one transaction a batch; the first ones do not count."""
    batches = floor_batches(what)
    warm = max(1, int(len(batches) * WARM))
    counted, begun_s = 0, 0.0
    for n, batch in enumerate(batches):
        if n == warm:
            begun_s = time.perf_counter()
        async with driver.session(database="neo4j") as session, await session.begin_transaction() as tx:
            for name, text in FLOOR:
                if batch[name] or name == "position":
                    values = {"offset": batch[name]} if name == "position" else {"rows": batch[name]}
                    await (await tx.run(text, values)).consume()
            await tx.commit()
        counted += batch["count"] if n >= warm else 0
    return counted / (time.perf_counter() - begun_s)


async def topic_of(on: Stage) -> str:
    """A new topic of one partition."""
    admin = AIOKafkaAdminClient(bootstrap_servers=on.bootstrap)
    await admin.start()
    try:
        name = f"bench-{uuid.uuid4().hex[:8]}"
        await admin.create_topics([NewTopic(name=name, num_partitions=1, replication_factor=1)])
        return name
    finally:
        await admin.close()


async def filled(on: Stage, what: Sequence[Said]) -> str:
    """A new topic with all of this in it."""
    topic = await topic_of(on)
    async with AIOKafkaProducer(
        bootstrap_servers=on.bootstrap, linger_ms=20, max_batch_size=262_144
    ) as producer:
        for one in what:
            await producer.send(topic, one.value, key=one.data["name"].encode(), partition=0)
        await producer.flush()
    return topic


async def ingested(on: Stage, what: Sequence[Said]) -> tuple[float, int]:
    """Events of a second by an ingester that finds all of them in Kafka, and its memory at most, in MB."""
    topic = await filled(on, what)
    with ingester(on.address, on.bootstrap, topic) as process:
        warm, begun = int(len(what) * WARM), (0, 0.0)
        async for offset, now_s in applied(on, topic):
            if begun[1] == 0 and offset >= warm:
                begun = (offset, now_s)
            if offset >= len(what) - 1:
                return (offset - begun[0]) / (now_s - begun[1]), _peak_mb(process.pid)
    raise SystemExit("the ingester ended before all was applied")


async def applied(on: Stage, topic: str, every_s: float = 0.01) -> AsyncIterator[tuple[int, float]]:
    """How far the topic is applied, whenever that has changed, and when it was seen.

    Raises:
        SystemExit: nothing was applied for ten minutes.
    """
    last, seen_s = -1, time.perf_counter()
    while time.perf_counter() - seen_s < SILENCE_S:
        found = await on.driver.execute_query(
            "MATCH (p:Position {topic: $topic, partition: 0}) RETURN p.offset AS offset", topic=topic
        )
        now_s = time.perf_counter()
        if found.records and found.records[0]["offset"] > last:
            last, seen_s = found.records[0]["offset"], now_s
            yield last, now_s
        await asyncio.sleep(every_s)
    raise SystemExit(f"the ingester applied nothing for {SILENCE_S:.0f} s")


async def _fresh(bench: Bench, on: Stage) -> None:
    """From before an event is sent until its transaction is seen to be committed."""
    line = Line(
        name="ingest.fresh", what=f"event to visible, p95, {FRESH_RATE} events/s for {FRESH_S} s", floor=None, unit="s", target=Target(sense="at most", value=1.0)
    )  # fmt: skip
    values, middles = list[float](), list[float]()
    cpu = Strangers()
    for n in range(min(bench.rounds, 2)):
        took = await _latencies_s(on, events(FRESH_RATE * FRESH_S, IN_ORDER, f"fresh{n}"))
        values.append(p95(took))
        middles.append(median(took))
    bench.add(
        Measured(
            line=line,
            floors=(),
            values=tuple(values),
            strangers=cpu.cores(),
            more=f"p50 {median(middles):.3f} s",
        )
    )


async def _latencies_s(on: Stage, what: Sequence[Said]) -> list[float]:
    topic, sent = await topic_of(on), list[float]()
    with ingester(on.address, on.bootstrap, topic):
        async with AIOKafkaProducer(bootstrap_servers=on.bootstrap) as producer:
            # One that nobody times: the ingester is at work when it is applied.
            await producer.send_and_wait(topic, what[0].value, partition=0)
            arrivals = applied(on, topic)
            await anext(arrivals)
            sending = asyncio.create_task(_send(producer, topic, what[1:], sent))
            took = list[float]()
            async for offset, now_s in arrivals:
                took += [now_s - at for at in sent[len(took) : offset]]
                if offset >= len(what) - 1:
                    break
            await sending
    # The first second warms up.
    return took[FRESH_RATE:]


async def _send(producer: AIOKafkaProducer, topic: str, what: Sequence[Said], sent: list[float]) -> None:
    """In time: 25 each 50 ms."""
    step = FRESH_RATE // 20
    begun_s = time.perf_counter()
    for first in range(0, len(what), step):
        await asyncio.sleep(max(0.0, begun_s + first / FRESH_RATE - time.perf_counter()))
        for one in what[first : first + step]:
            sent.append(time.perf_counter())
            await producer.send(topic, one.value, partition=0)


def _peak_mb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) // 1024
