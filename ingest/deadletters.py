"""The dead-letter topic: a copy of each record that cannot be applied, with why and where it was."""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from graph_service.store.write import records
from graph_service.store.write.batch import DeadLetter
from ingest.kafka import Kafka, create_topic

log = structlog.get_logger("ingest")

SUFFIX = ".dead-letters"
PREFIX = "dead-letter-"
"""Of the headers that are added; the record's own headers come before them."""
#: A dead letter is its record and some headers.
HEADERS_BYTES_MAX = 256 * 1024


def topic_of(origin: str, configured: str | None) -> str:
    """Where the dead letters of a topic go."""
    return configured or origin + SUFFIX


def headers_of(letter: DeadLetter) -> list[tuple[str, bytes]]:
    """The record's own headers, then what became of it."""
    own = [(name, content or b"") for name, content in records.headers_of(letter.headers)]
    said = {
        "reason": letter.reason,
        "message": letter.message,
        "topic": letter.topic,
        "partition": str(letter.partition),
        "offset": str(letter.offset),
        "mapping": letter.mapping,
        "source": letter.source,
        "event-id": letter.event_id,
        "event-type": letter.event_type,
    }
    return own + [(PREFIX + name, text.encode()) for name, text in said.items() if text is not None]


class DeadLetterTopic:
    """Sends dead letters; makes the topic when the first one comes. Use as `async with`."""

    def __init__(self, kafka: Kafka, *, topic: str | None = None, record_bytes_max: int) -> None:
        """`topic` None: each topic has its own, `<topic>.dead-letters`."""
        self._kafka = kafka
        self._topic = topic
        self._bytes_max = record_bytes_max + HEADERS_BYTES_MAX
        self._made: set[str] = set()
        self._producer: AIOKafkaProducer | None = None

    async def send(self, letters: Iterable[DeadLetter]) -> None:
        """Send them and wait until Kafka has them on all replicas. The key is the origin: `topic/partition/offset`.

        Raises:
            LogUnavailable: Kafka does not take them; the same call may succeed later.
        """
        waiting = list(letters)
        if not waiting:
            return
        try:
            producer = await self._started()
            for letter in waiting:
                topic = await self._existing(topic_of(letter.topic, self._topic))
                try:
                    await self._sent(producer, topic, letter)
                except MessageSizeTooLargeError as error:
                    # A topic that others made may take less than ours does; waiting would not help. The store keeps all of it.
                    log.warning("dead letter sent without its record", id=letter.id, cause=str(error))
                    await self._sent(producer, topic, records.bare(letter))
        except (KafkaError, OSError) as error:
            await self.close()
            raise self._kafka.unreachable(error) from error

    async def _sent(self, producer: AIOKafkaProducer, topic: str, letter: DeadLetter) -> None:
        await producer.send_and_wait(
            topic, value=letter.value, key=letter.id.encode(), headers=headers_of(letter)
        )

    async def close(self) -> None:
        """Let go of the connection; `send` opens it again."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(**self._kafka.options(), acks="all", max_request_size=self._bytes_max)
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer

    async def _existing(self, topic: str) -> str:
        if topic not in self._made:
            configs = {"retention.ms": "-1", "max.message.bytes": str(self._bytes_max)}
            await create_topic(self._kafka, topic, configs=configs)
            self._made.add(topic)
        return topic
