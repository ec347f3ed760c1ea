"""Partitions are taken over in the store, each at the topic that its name stands for now."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from graph_service.core.errors import BadInput, LogUnavailable, Unavailable
from graph_service.store.write.batch import Position
from ingest.apply import Writes
from ingest.holdings import Holdings
from ingest.kafka import Kafka
from ingest.member import ends_of, next_offset
from ingest.topic_ids import TopicIds

log = structlog.get_logger("ingest")

WATCH_EVERY_S = 1.0
"""How soon a topic that was made anew is noticed."""


class Store(Writes, Protocol):
    """The part of the store's writer that an ingester uses."""

    async def assign(self, topic: str, partition: int, topic_id: str, partitions: int = 0) -> Position:
        """Own the partition from now on. `partitions`: how many the topic has."""

    async def note_ends(self, places: Sequence[tuple[str, int]], known: int | None) -> int | None:
        """Nothing more can come from these partitions that was recorded up to `known`; the graph's latest known time."""

    async def prune_changes(self, *, kept_s: float, nodes_max: int) -> int:
        """Take some of the oldest changes away; how many."""


class Taking:
    """Takes partitions over, and notices when their topic is another one under the same name."""

    def __init__(self, kafka: Kafka, writer: Store, holdings: Holdings) -> None:
        """Nothing is connected yet."""
        self._ids = TopicIds(kafka)
        self._writer = writer
        self._holdings = holdings

    async def close(self) -> None:
        """Let go of the connection."""
        await self._ids.close()

    async def take(self, consumer: AIOKafkaConsumer, part: TopicPartition) -> tuple[str, Position, int]:
        """Own a partition in the store; returns the id of its topic, its position, and the offset to go on at.

        Raises:
            StoreUnavailable, LogUnavailable: try again; the partition may be owned or not.
            BadInput: Kafka has lost records that are in the graph.
        """
        topic_id = await self._topic_id(part.topic)
        partitions = len(consumer.partitions_for_topic(part.topic) or ())
        position = await self._writer.assign(part.topic, part.partition, topic_id, partitions)
        ends = await ends_of(consumer, [part])
        try:
            return topic_id, position, next_offset(part, position.offset, *ends[part])
        except BadInput:
            if await self._topic_id(part.topic) == topic_id:
                raise
            raise LogUnavailable(f"the topic {part.topic} is being made anew") from None

    async def watch(self) -> None:
        """For ever: see to it that a topic that was made anew is begun anew, for its offsets mean other records now.

        What was read of it until then may be misplaced, but is not lost: it comes again, and counts as a double.
        """
        while True:
            await asyncio.sleep(WATCH_EVERY_S)
            held = dict(self._holdings.held)
            try:
                now = await self._ids.of({topic for topic, _ in held}) if held else {}
            except Unavailable:
                continue
            former = [
                place
                for place, one in held.items()
                if now.get(place[0], one.topic_id) != one.topic_id and self._holdings.held.get(place) is one
            ]
            if former:
                log.warning("a topic was made anew; it is begun anew", topics=sorted({t for t, _ in former}))
                self._holdings.give(former)

    async def _topic_id(self, topic: str) -> str:
        ids = await self._ids.of([topic])
        if topic not in ids:
            raise LogUnavailable(f"the topic {topic} is gone; it is taken up again once it is there")
        return ids[topic]
