"""Members of a group: a restart that nobody else notices, a batch that is finished before its partition goes, memory that is bounded."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from aiokafka import AIOKafkaProducer

from graph_service.core.errors import Fenced
from graph_service.mapping import Mapping as EventMapping
from graph_service.store.write.batch import Batch, Outcome, Position
from ingest.consume import Ingester
from ingest.kafka import Kafka
from ingest.options import IngestOptions
from ingest.publish import publish
from tests.live.conftest import EngineAddresses, MakeTopic
from tests.live.test_ingest import APPLIED_WITHIN_S, event
from tests.live.test_ingest import mapping as mapping

pytestmark = pytest.mark.asyncio(loop_scope="session")

MB = 1024 * 1024
PARTITIONS = 3
EVENT_BYTES = 8_000
EVENTS = 6_000
"""Some 48 MB."""


@dataclass
class SlowStore:
    """Keeps positions and epochs as the store does, and takes its time with each batch. One for all members of a group."""

    write_s: float = 0.0
    #: Nothing is written while this is not set.
    open: asyncio.Event = field(default_factory=asyncio.Event)
    offsets: dict[tuple[str, int], int] = field(default_factory=dict)
    epochs: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))
    ids: list[str] = field(default_factory=list)
    writing: int = 0
    fenced: int = 0

    async def assign(self, topic: str, partition: int, topic_id: str, partitions: int = 0) -> Position:
        place = (topic, partition)
        self.epochs[place] += 1
        offset = self.offsets.get(place, -1)
        return Position(
            topic=topic, partition=partition, offset=offset, recorded_at=None, epoch=self.epochs[place]
        )

    async def note_ends(self, places: Sequence[tuple[str, int]], known: int | None) -> int | None:
        return None

    async def prune_changes(self, *, kept_s: float, nodes_max: int) -> int:
        return 0

    async def write(self, batch: Batch) -> Outcome:
        self.writing += 1
        try:
            await self.open.wait()
            await asyncio.sleep(self.write_s)
        finally:
            self.writing -= 1
        if any(self.epochs[one.topic, one.partition] != one.epoch for one in batch.advances):
            self.fenced += 1
            raise Fenced("somebody else's")
        for one in batch.advances:
            self.offsets[one.topic, one.partition] = one.offset
        self.ids += [one.event.identity.id for one in batch.events]
        return Outcome(
            events=len(batch.events),
            duplicates=0,
            unmapped=0,
            dead_letters=0,
            conflicts=(),
            displaced=(),
            recorded_at=0,
        )


@asynccontextmanager
async def at_work(options: IngestOptions, store: SlowStore, mapping: EventMapping) -> AsyncIterator[Ingester]:
    """An ingester that writes to the store; stopped in order at the end."""
    stop, ingester = asyncio.Event(), Ingester(options, store, mapping)
    task = asyncio.create_task(ingester.run(stop))
    try:
        yield ingester
    finally:
        stop.set()
        await task


async def until(true: Callable[[], bool]) -> None:
    """Wait for it."""
    async with asyncio.timeout(APPLIED_WITHIN_S):
        while not true():
            await asyncio.sleep(0.02)


def options_for(engines: EngineAddresses, topic: str) -> IngestOptions:
    """Options with a group of their own."""
    kafka = Kafka(bootstrap=engines.kafka_bootstrap)
    return IngestOptions(kafka=kafka, topics=(topic,), group_id=f"test-{uuid.uuid4().hex}")


async def test_a_static_member_comes_back_without_a_rebalance(
    engines: EngineAddresses, topic: MakeTopic, mapping: EventMapping
) -> None:
    """Members with a name of their own: one restarts, and gets its partitions back; those of the other were never touched."""
    name = await topic(partitions=4)
    options, store = options_for(engines, name), SlowStore()
    store.open.set()
    static = [replace(options, group_instance_id=one) for one in ("a", "b")]
    async with at_work(static[0], store, mapping) as first:
        async with at_work(static[1], store, mapping) as second:
            await until(lambda: len(store.epochs) == 4 and first.progress.at_end and second.progress.at_end)
            await asyncio.sleep(1.0)
            before = dict(store.epochs)
        async with at_work(static[1], store, mapping) as again:
            await again.drained(APPLIED_WITHIN_S)
            await asyncio.sleep(1.0)
            raised = {place: epoch - before[place] for place, epoch in store.epochs.items()}
    assert sorted(raised.values()) == [0, 0, 1, 1]


async def test_a_batch_is_finished_before_its_partition_goes(
    engines: EngineAddresses, topic: MakeTopic, mapping: EventMapping
) -> None:
    """Members come and go while every batch takes a while: what is under way is finished, so nobody is fenced or works in vain."""
    name = await topic(partitions=PARTITIONS)
    options, store = replace(options_for(engines, name), batch_events_max=30), SlowStore(write_s=0.3)
    store.open.set()
    ids = [f"{number:04}" for number in range(900)]
    await publish([event(id) for id in ids], options.kafka, name)
    async with at_work(options, store, mapping):
        for _ in range(3):
            written = len(store.ids)
            await until(lambda written=written: store.writing > 0 and len(store.ids) > written)  # type: ignore[misc]
            async with at_work(options, store, mapping):
                await asyncio.sleep(1.0)
        await until(lambda: len(store.ids) >= len(ids))
    assert sorted(store.ids) == ids
    assert store.fenced == 0


async def test_memory_does_not_grow_with_the_lag(
    engines: EngineAddresses, topic: MakeTopic, mapping: EventMapping
) -> None:
    """48 MB wait in Kafka while the store does nothing, and then is slow: what the ingester holds stays within its limits."""
    name = await topic(partitions=PARTITIONS)
    filling = "x" * EVENT_BYTES
    async with AIOKafkaProducer(bootstrap_servers=engines.kafka_bootstrap) as producer:
        for number in range(EVENTS):
            said = event(f"{number}", data={"name": f"n{number}", "size": filling})
            await producer.send(name, json.dumps(said).encode(), partition=number % PARTITIONS)
        await producer.flush()
    options = replace(
        options_for(engines, name),
        fetch_bytes_max=MB,
        partition_fetch_bytes_max=MB // 2,
        batch_bytes_max=MB,
        batch_events_max=10_000,
    )
    store = SlowStore(write_s=0.05)
    tracemalloc.start()
    try:
        async with at_work(options, store, mapping):
            await until(lambda: store.writing > 0)
            await asyncio.sleep(2.0)
            store.open.set()
            await until(lambda: len(store.ids) > EVENTS // 4)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Two batches, the one under way and the next, decoded to some times their size, and a fetch for each partition.
    assert peak < 16 * MB, f"{peak / MB:.1f} MB"
