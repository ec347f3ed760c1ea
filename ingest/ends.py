"""Where the partitions of topics end, for those who watch the lag."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from ingest.kafka import Kafka

FRESH_S = 1.0
ANSWER_WITHIN_S = 3.0


class LogEnds:
    """Asks Kafka at most once a second. Call it for the end offset of every partition, by topic and number.

    Empty while Kafka does not answer: a lag that is not known must not make a status fail.
    """

    def __init__(self, kafka: Kafka, topics: Sequence[str]) -> None:
        """Nothing is connected before the first call."""
        self._kafka = kafka
        self._topics = tuple(topics)
        self._lock = asyncio.Lock()
        self._consumer: AIOKafkaConsumer | None = None
        self._ends: Mapping[tuple[str, int], int] = {}
        self._asked_s = float("-inf")

    async def __call__(self) -> Mapping[tuple[str, int], int]:
        """The ends, at most a second old."""
        async with self._lock:
            if time.monotonic() - self._asked_s >= FRESH_S:
                try:
                    self._ends = await asyncio.wait_for(self._ask(), ANSWER_WITHIN_S)
                except (KafkaError, OSError, TimeoutError):
                    self._ends = {}
                    await self.close()
                self._asked_s = time.monotonic()
            return self._ends

    async def close(self) -> None:
        """Let go of the connection."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.stop()

    async def _ask(self) -> Mapping[tuple[str, int], int]:
        if self._consumer is None:
            self._consumer = AIOKafkaConsumer(*self._topics, **self._kafka.options())
            await self._consumer.start()
        parts = [
            TopicPartition(topic, number)
            for topic in self._topics
            for number in self._consumer.partitions_for_topic(topic) or ()
        ]
        ends = await self._consumer.end_offsets(parts) if parts else {}
        return {(part.topic, part.partition): end for part, end in ends.items()}
