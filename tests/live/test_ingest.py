"""Promises of the ingester on a real Kafka and a real Neo4j: bad input never blocks, nothing is lost, nothing is doubled."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from neo4j import AsyncDriver

from graph_service.mapping import Mapping
from graph_service.store.keep.digest import digest
from graph_service.store.read.reader import Reader
from graph_service.store.write.writer import Writer
from ingest.consume import Ingester
from ingest.kafka import Kafka, records_total
from ingest.options import IngestOptions
from ingest.publish import publish
from tests.live.conftest import EngineAddresses, MakeTopic, emptied

pytestmark = pytest.mark.asyncio(loop_scope="session")

APPLIED_WITHIN_S = 60.0
MAPPING = """
kinds: {service: {label: Service}}
relationships: {CALLS: {label: calls, depends: source}}
events:
  - name: seen
    type: seen.v1
    assert:
      - entity: {kind: service, name: data.name}
        properties: {size: data.size}
"""


@pytest.fixture
def mapping(tmp_path: Path) -> Mapping:
    """A mapping of one rule."""
    path = tmp_path / "one.yaml"
    path.write_text(MAPPING)
    return Mapping.load([path])


def event(id: str, **more: Any) -> dict[str, Any]:
    """A CloudEvent of the rule's type."""
    said = {
        "specversion": "1.0",
        "id": id,
        "source": "/test",
        "type": "seen.v1",
        "subject": f"service:{id}",
        "time": "2026-01-01T00:00:00Z",
        "data": {"name": id, "size": 1},
    }
    return {**said, **more}


async def prepared(driver: AsyncDriver, mapping: Mapping) -> Writer:
    """A writer as the service makes it."""
    writer = Writer(driver)
    await writer.migrate()
    await writer.declare(
        mapping.vocabulary, mapping.version, [(one.name, one.version, one.text) for one in mapping.files]
    )
    return writer


@asynccontextmanager
async def ingesting(options: IngestOptions, driver: AsyncDriver, mapping: Mapping) -> AsyncIterator[Ingester]:
    """An ingester at work; stopped in order at the end, and its error raised."""
    stop = asyncio.Event()
    ingester = Ingester(options, await prepared(driver, mapping), mapping)
    task = asyncio.create_task(ingester.run(stop))
    try:
        yield ingester
    finally:
        stop.set()
        await task


def options_for(engines: EngineAddresses, topic: str, **more: Any) -> IngestOptions:
    """Options with a group of their own."""
    kafka = Kafka(bootstrap=engines.kafka_bootstrap)
    return IngestOptions(kafka=kafka, topics=(topic,), group_id=f"test-{uuid.uuid4().hex}", **more)


async def ids_in(driver: AsyncDriver) -> list[str]:
    """The ids of all events in the graph, each as often as it is there."""
    found = await driver.execute_query("MATCH (e:Event) RETURN e.id AS id ORDER BY id")
    return [record["id"] for record in found.records]


BAD = {
    "not-json": b"{",
    "not-a-cloudevent": b'{"hello": "world"}',
    "bad-time": json.dumps(event("naive", time="2026-01-01T00:00:00")).encode(),
    "mapping-failed": json.dumps(event("fails", data={"size": 1})).encode(),
    "bad-key": json.dumps(event("wrong-key", data={"name": 7, "size": 1})).encode(),
    "too-large": json.dumps(event("large", data={"name": "large", "size": "x" * 2_000_000})).encode(),
    "null-value": None,
}


async def test_bad_records_are_buried_and_the_partition_goes_on(
    engines: EngineAddresses, clean_graph: AsyncDriver, topic: MakeTopic, mapping: Mapping
) -> None:
    """Each is a dead letter in the store and in the topic, with its reason and origin; an unknown type is counted; good events
    before, between and after are all applied.
    """
    name = await topic(configs={"max.message.bytes": "5000000"})
    async with AIOKafkaProducer(
        bootstrap_servers=engines.kafka_bootstrap, max_request_size=5_000_000
    ) as producer:
        for number, value in enumerate(BAD.values()):
            await producer.send_and_wait(name, json.dumps(event(f"good-{number}")).encode())
            await producer.send_and_wait(name, value, key=b"key")
        await producer.send_and_wait(name, json.dumps(event("unknown", type="unknown.v1")).encode())
        await producer.send_and_wait(name, json.dumps(event("last")).encode())
    async with ingesting(options_for(engines, name), clean_graph, mapping) as ingester:
        await ingester.drained(APPLIED_WITHIN_S)
        progress = ingester.progress
    assert await ids_in(clean_graph) == sorted([f"good-{number}" for number in range(len(BAD))] + ["last"])
    assert (progress.dead_letters, progress.unmapped) == (len(BAD), 1)
    stored = await clean_graph.execute_query(
        "MATCH (d:DeadLetter) RETURN d.reason AS reason, d.offset AS offset, d.value AS value ORDER BY offset"
    )
    assert [one["reason"] for one in stored.records] == list(BAD)
    assert [one["offset"] for one in stored.records] == [2 * number + 1 for number in range(len(BAD))]
    sent = await read_dead_letters(engines, f"{name}.dead-letters", len(BAD))
    for number, (record, (reason, value)) in enumerate(zip(sent, BAD.items(), strict=True)):
        headers = dict(record.headers)
        assert headers["dead-letter-reason"] == reason.encode()
        assert record.key == f"{name}/0/{2 * number + 1}".encode()
        assert record.value == (None if reason == "too-large" else value)


async def read_dead_letters(engines: EngineAddresses, topic: str, count: int) -> list[Any]:
    """That many records of the topic, and no more are there."""
    assert await records_total(Kafka(bootstrap=engines.kafka_bootstrap), topic) == count
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=engines.kafka_bootstrap, auto_offset_reset="earliest"
    ) as consumer:
        return [await consumer.getone() for _ in range(count)]


async def test_a_restart_goes_on_where_it_was(
    engines: EngineAddresses, clean_graph: AsyncDriver, topic: MakeTopic, mapping: Mapping
) -> None:
    """Also after a crash, also in another group (Kafka's committed offsets decide nothing): no event is lost or applied twice."""
    name = await topic(partitions=3)
    kafka = Kafka(bootstrap=engines.kafka_bootstrap)
    ids = [f"{number:04}" for number in range(600)]
    await publish([event(id) for id in ids[:300]], kafka, name)
    crashing = Ingester(
        options_for(engines, name, batch_events_max=7), await prepared(clean_graph, mapping), mapping
    )
    task = asyncio.create_task(crashing.run(asyncio.Event()))
    while crashing.progress.applied < 50:
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await publish([event(id) for id in ids[300:]], kafka, name)
    for _ in range(2):
        async with ingesting(options_for(engines, name), clean_graph, mapping) as ingester:
            await ingester.drained(APPLIED_WITHIN_S)
    assert ingester.progress.applied == 0, "the second start had nothing to do"
    assert await ids_in(clean_graph) == ids


async def test_a_second_member_takes_over(
    engines: EngineAddresses, clean_graph: AsyncDriver, topic: MakeTopic, mapping: Mapping
) -> None:
    """Partitions move within the group while events come; the graph has each event once."""
    name = await topic(partitions=3)
    kafka = Kafka(bootstrap=engines.kafka_bootstrap)
    ids = [f"{number:04}" for number in range(900)]
    options = options_for(engines, name, batch_events_max=20)
    async with ingesting(options, clean_graph, mapping) as second:
        async with ingesting(options, clean_graph, mapping):
            for start in range(0, 900, 100):
                await publish([event(id) for id in ids[start : start + 100]], kafka, name)
                await asyncio.sleep(0.3)
        while (await ids_in(clean_graph)) != ids:
            await second.drained(APPLIED_WITHIN_S)
            await asyncio.sleep(0.1)


async def test_doubles_are_counted_and_conflicts_buried(
    engines: EngineAddresses, clean_graph: AsyncDriver, topic: MakeTopic, mapping: Mapping
) -> None:
    """Same source, id and content: counted. Other content: a dead letter with the record, and the graph stays as it was."""
    name = await topic()
    kafka = Kafka(bootstrap=engines.kafka_bootstrap)
    options = options_for(engines, name)
    await publish([event("a")], kafka, name)
    async with ingesting(options, clean_graph, mapping) as ingester:
        await ingester.drained(APPLIED_WITHIN_S)
        before = await digest(clean_graph, valid=True)
        await publish([event("a"), event("a", data={"name": "a", "size": 2})], kafka, name)
        await ingester.drained(APPLIED_WITHIN_S)
        progress = ingester.progress
    assert (progress.events, progress.duplicates, progress.conflicts) == (1, 1, 1)
    assert await digest(clean_graph, valid=True) == before
    [letter] = await read_dead_letters(engines, f"{name}.dead-letters", 1)
    assert dict(letter.headers)["dead-letter-reason"] == b"conflict"
    assert json.loads(letter.value)["data"]["size"] == 2


async def test_the_digest_does_not_depend_on_batches(
    engines: EngineAddresses, clean_graph: AsyncDriver, topic: MakeTopic, mapping: Mapping
) -> None:
    """The same log in batches of 1, 7 and 500: the same digest."""
    name = await topic(partitions=2)
    events = [event(f"{number}", data={"name": f"n{number % 10}", "size": number}) for number in range(60)]
    await publish(events, Kafka(bootstrap=engines.kafka_bootstrap), name)
    found = set()
    for batch_events_max in (1, 7, 500):
        await emptied(clean_graph)
        options = options_for(engines, name, batch_events_max=batch_events_max)
        async with ingesting(options, clean_graph, mapping) as ingester:
            await ingester.drained(APPLIED_WITHIN_S)
        found.add(await digest(clean_graph))
    assert len(found) == 1


async def test_a_quiet_partition_does_not_hold_the_watermark_back(
    engines: EngineAddresses, clean_graph: AsyncDriver, topic: MakeTopic, mapping: Mapping
) -> None:
    """One partition gives records, the other never did: the watermark follows the first while it is busy, and ends at its last record."""
    name = await topic(partitions=2)
    reader = Reader(clean_graph)
    producer = AIOKafkaProducer(bootstrap_servers=engines.kafka_bootstrap)
    await producer.start()
    try:
        async with ingesting(options_for(engines, name, idle_after_ms=100), clean_graph, mapping):
            reached: set[int | None] = {None}
            async with asyncio.timeout(APPLIED_WITHIN_S):
                while len(reached) < 4:
                    value = json.dumps(event(uuid.uuid4().hex)).encode()
                    await producer.send_and_wait(name, value, partition=0)
                    await asyncio.sleep(0.3)
                    reached.add((await reader.status()).watermark)
                while (await reader.status()).watermark != await latest(clean_graph):
                    await asyncio.sleep(0.1)
    finally:
        await producer.stop()


async def latest(driver: AsyncDriver) -> int:
    """The latest known time of the graph."""
    found = await driver.execute_query("MATCH (g:Graph) RETURN g.recorded_at AS at")
    return int(found.records[0]["at"])
