"""Topics as Kafka really has them: offsets without records, and topics that are deleted and made anew under the same name."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from neo4j import AsyncDriver

from graph_service.mapping import Mapping as EventMapping
from graph_service.store.write.writer import Writer
from ingest.kafka import Kafka
from ingest.topic_ids import TopicIds
from tests.live.conftest import EngineAddresses, MakeTopic
from tests.live.test_ingest import (
    APPLIED_WITHIN_S,
    event,
    ids_in,
    ingesting,
    options_for,
)
from tests.live.test_ingest import mapping as mapping

pytestmark = pytest.mark.asyncio(loop_scope="session")

EARLY_MS = 1_000_000_000_000
GIVEN = {"message.timestamp.type": "CreateTime"}


@asynccontextmanager
async def producing(engines: EngineAddresses, **more: Any) -> AsyncIterator[AIOKafkaProducer]:
    """A producer."""
    async with AIOKafkaProducer(bootstrap_servers=engines.kafka_bootstrap, **more) as producer:
        yield producer


async def send(producer: AIOKafkaProducer, topic: str, *said: dict[str, Any] | bytes, **more: Any) -> None:
    """Records in their order, one at a time."""
    for one in said:
        await producer.send_and_wait(
            topic, one if isinstance(one, bytes) else json.dumps(one).encode(), **more
        )


async def made_anew(
    engines: EngineAddresses, name: str, *, partitions: int = 1, configs: Mapping[str, str] | None = None
) -> None:
    """Delete a topic and make another one of its name."""
    kafka = Kafka(bootstrap=engines.kafka_bootstrap)
    admin = AIOKafkaAdminClient(bootstrap_servers=engines.kafka_bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([name])
        while True:
            answer = await admin.create_topics(
                [NewTopic(name, partitions, 1, topic_configs=dict(configs or {}))]
            )
            if answer.topic_errors[0][1] == 0:
                break
            await asyncio.sleep(0.1)
    finally:
        await admin.close()
    ids = TopicIds(kafka)
    while name not in await ids.of([name]):
        await asyncio.sleep(0.05)
    await ids.close()


async def positions(driver: AsyncDriver) -> dict[int, dict[str, Any]]:
    """All positions, by partition."""
    found = await driver.execute_query("MATCH (p:Position) RETURN properties(p) AS p")
    return {record["p"]["partition"]: record["p"] for record in found.records}


async def letters(driver: AsyncDriver) -> dict[str, str]:
    """Reasons of the dead letters, by id."""
    found = await driver.execute_query("MATCH (d:DeadLetter) RETURN d.id AS id, d.reason AS reason")
    return {record["id"]: record["reason"] for record in found.records}


async def test_ids_tell_topics_of_one_name_apart(engines: EngineAddresses, topic: MakeTopic) -> None:
    """A topic has an id of its own; one that is not there has none."""
    name = await topic()
    ids = TopicIds(Kafka(bootstrap=engines.kafka_bootstrap))
    try:
        first = await ids.of([name, "not-there"])
        assert first == await ids.of([name])
        assert first[name] != name
        await made_anew(engines, name)
        assert (await ids.of([name]))[name] not in (first[name], name)
    finally:
        await ids.close()


async def test_offsets_without_records_are_passed_over(
    engines: EngineAddresses, clean_graph: AsyncDriver, topic: MakeTopic, mapping: EventMapping
) -> None:
    """Kafka transactions leave marks at the end and records that were taken back: nothing waits for them, at no size of batches, in
    the middle and at the end; what was taken back is not applied, and a restart finds nothing to do.
    """
    name = await topic()
    async with producing(engines, transactional_id=f"{name}-producer") as producer:
        for turn in range(6):
            await producer.begin_transaction()
            await send(producer, name, *(event(f"{turn}-{number}") for number in range(4)))
            if turn % 2:
                await producer.abort_transaction()
            else:
                await producer.commit_transaction()
    for batch_events_max in (3, 500):
        options = options_for(engines, name, batch_events_max=batch_events_max, idle_after_ms=100)
        async with ingesting(options, clean_graph, mapping) as ingester:
            await ingester.drained(APPLIED_WITHIN_S)
            async with asyncio.timeout(APPLIED_WITHIN_S):
                while not (ingester.progress.at_end and (await positions(clean_graph))[0].get("read_to")):
                    await asyncio.sleep(0.05)
    assert ingester.progress.applied == 0
    assert await ids_in(clean_graph) == sorted(
        f"{turn}-{number}" for turn in (0, 2, 4) for number in range(4)
    )


async def test_a_topic_made_anew_begins_at_its_own_beginning(
    engines: EngineAddresses, clean_graph: AsyncDriver, topic: MakeTopic, mapping: EventMapping
) -> None:
    """What the former topic said stays; what the new one says comes after all of it in known time, also where its clock is behind;
    the same event again is counted, another content is a dead letter, and dead letters of the same offset are two.
    """
    name = await topic(partitions=2, configs=GIVEN)
    options = options_for(engines, name)
    async with producing(engines) as producer:
        await send(producer, name, event("a"), b"bad", event("b"), timestamp_ms=EARLY_MS, partition=0)
        await send(producer, name, event("c"), timestamp_ms=EARLY_MS, partition=1)
        async with ingesting(options, clean_graph, mapping) as ingester:
            await ingester.drained(APPLIED_WITHIN_S)
    former = await positions(clean_graph)
    await made_anew(engines, name, configs=GIVEN)
    async with producing(engines) as producer:
        changed = event("b", data={"name": "b", "size": 2})
        again = (event("a"), b"bad again", changed, event("d"))
        await send(producer, name, *again, timestamp_ms=EARLY_MS - 5000, partition=0)
        async with ingesting(options, clean_graph, mapping) as ingester:
            await ingester.drained(APPLIED_WITHIN_S)
            progress = ingester.progress
    assert await ids_in(clean_graph) == ["a", "b", "c", "d"]
    assert (progress.events, progress.duplicates, progress.dead_letters) == (1, 1, 2)
    former_id = former[0]["topic_id"]
    assert await letters(clean_graph) == {
        f"{name}@{former_id}/0/1": "not-json",
        f"{name}/0/1": "not-json",
        f"{name}/0/2": "conflict",
    }
    now = await positions(clean_graph)
    assert (now[0]["offset"], now[0]["incarnation"], now[0]["epoch"]) == (3, 2, former[0]["epoch"] + 1)
    assert now[0]["topic_id"] != former_id
    found = await clean_graph.execute_query("MATCH (e:Event) RETURN e.id AS id, e.recorded_at AS at")
    at = {record["id"]: record["at"] for record in found.records}
    assert at["d"] > max(at["a"], at["b"]), "not even at the same instant: its offset is lower"
    # The new topic has one partition only: the other position must not hold the watermark back for ever.
    assert now[1] == {**former[1], "gone": True}


async def test_a_topic_made_anew_under_a_running_ingester(
    engines: EngineAddresses, clean_graph: AsyncDriver, topic: MakeTopic, mapping: EventMapping
) -> None:
    """Also when the new one is longer than the old one at once, so that the offset to go on at exists in both."""
    name = await topic()
    first, second = [f"first-{n:03}" for n in range(20)], [f"second-{n:03}" for n in range(200)]
    async with ingesting(options_for(engines, name), clean_graph, mapping) as ingester:
        async with producing(engines) as producer:
            await send(producer, name, *map(event, first))
        await ingester.drained(APPLIED_WITHIN_S)
        await made_anew(engines, name)
        async with producing(engines) as producer:
            waiting = [await producer.send(name, json.dumps(event(id)).encode()) for id in second]
            await asyncio.gather(*waiting)
        async with asyncio.timeout(APPLIED_WITHIN_S):
            while len(await ids_in(clean_graph)) < len(first) + len(second):
                await asyncio.sleep(0.1)
        await ingester.drained(APPLIED_WITHIN_S)
    assert await ids_in(clean_graph) == first + second
    assert (await positions(clean_graph))[0]["offset"] == len(second) - 1


async def test_partitions_that_nobody_has_taken_yet_are_known(clean_graph: AsyncDriver) -> None:
    """From the first one on that is taken, so that the watermark does not run ahead of the others."""
    writer = Writer(clean_graph)
    await writer.migrate()
    await writer.assign("t", 1, "id", 3)
    found = await positions(clean_graph)
    assert {number: (one["offset"], one["epoch"]) for number, one in found.items()} == {
        0: (-1, 0),
        1: (-1, 1),
        2: (-1, 0),
    }
    assert (await writer.assign("t", 2, "id", 3)).epoch == 1


async def test_a_kafka_without_ids_is_no_other_topic(clean_graph: AsyncDriver) -> None:
    """A graph that was made when the id was not known takes it over; one that knows it keeps it when it is not told again."""
    writer = Writer(clean_graph)
    await writer.migrate()
    for id, kept in (("t", "t"), ("id-1", "id-1"), ("t", "id-1"), ("id-1", "id-1")):
        assert (await writer.assign("t", 0, id)).offset == -1
        [position] = (await positions(clean_graph)).values()
        assert (position["topic_id"], position.get("incarnation")) == (kept, None)
