"""The log once more, from its beginning up to where a live graph is, into another graph.

The same decoding, batches and writer as the ingester's, but no consumer group, nothing committed and nothing sent to Kafka.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from graph_service.core.errors import BadInput, LogUnavailable
from graph_service.mapping import Mapping
from graph_service.store.write.batch import DeadLetter, Position
from ingest.apply import Applier, Stopped, Writes
from ingest.decode import Item, Place, Rules, in_record_order
from ingest.holdings import Held, Holdings
from ingest.kafka import consumer_of, require_fast_records
from ingest.member import POLL_MS, ends_of, next_offset
from ingest.options import IngestOptions
from ingest.rate import Progress
from ingest.sizing import Sizing
from ingest.topic_ids import TopicIds

STALLED_S = 60.0
"""Kafka gave nothing for so long, although there should be more."""


class Until(Protocol):
    """Where to stop in a partition: `offset` is that of the last record to read. `topic_id` None: not known."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def topic_id(self) -> str | None: ...
    @property
    def offset(self) -> int: ...


class Store(Writes, Protocol):
    """The part of the target's writer that a rebuild uses."""

    async def assign(self, topic: str, partition: int, topic_id: str) -> Position:
        """Own the partition from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What is to be read of one partition: the offsets from `start` to `last`, both included, if any."""

    topic: str
    partition: int
    start: int
    last: int
    #: First offset that Kafka has; more than 0 when older records are gone.
    first: int

    @property
    def offsets(self) -> int:
        """How many offsets that are; some may hold no record."""
        return max(0, self.last + 1 - self.start)


class Rebuild:
    """A rebuild, in as many runs as it takes. `progress` and `parts` may be read at any time."""

    def __init__(self, options: IngestOptions, writer: Store, mapping: Mapping) -> None:
        """Nothing is connected yet. `writer` writes to the target.

        Raises:
            BadSettings: aiokafka has no C extension, and that is not allowed.
        """
        require_fast_records(slow_allowed=options.slow_kafka_allowed)
        self.progress = Progress()
        #: Of the last run, once it has found the beginnings; until then empty.
        self.parts: tuple[Part, ...] = ()
        self._options = options
        self._writer = writer
        self._rules = Rules(
            mapping=mapping,
            record_bytes_max=options.record_bytes_max,
            unmapped_to_dead_letters=options.unmapped_to_dead_letters,
        )
        self._sizing = Sizing(options.batch_events_max)
        self._holdings = Holdings()
        self._left: dict[TopicPartition, int] = {}

    @property
    def offsets_left(self) -> int:
        """How many offsets this run has still to do."""
        left = 0
        for part in self.parts:
            held = self._holdings.held.get((part.topic, part.partition))
            left += max(0, part.last - max(held.offset if held else -1, part.start - 1))
        return left

    async def run(self, until: Iterable[Until], stop: asyncio.Event) -> bool:
        """Read the log up to `until`, from where the target is; False when `stop` ended it before. It may be run again.

        An outage of the target is waited for.

        Raises:
            BadInput: a topic is not the one that the live graph was made from, or does not reach as far.
            LogUnavailable: Kafka does not answer, or has stopped to.
            Fenced: something else writes these partitions to the target.
        """
        kafka, wanted = self._options.kafka, tuple(until)
        await self._same_topics(wanted)
        async with consumer_of(
            kafka,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            fetch_max_bytes=self._options.fetch_bytes_max,
            max_partition_fetch_bytes=min(
                self._options.fetch_bytes_max, self._options.partition_fetch_bytes_max
            ),
            fetch_max_wait_ms=POLL_MS,
        ) as consumer:
            try:
                await self._begin(consumer, wanted)
                return await self._read(consumer, stop)
            except Stopped:
                return False
            except KafkaError as error:
                raise kafka.unreachable(error) from error

    async def _same_topics(self, wanted: Iterable[Until]) -> None:
        wanted, ids = list(wanted), TopicIds(self._options.kafka)
        try:
            now = await ids.of({one.topic for one in wanted})
        finally:
            await ids.close()
        for one in wanted:
            topic, known = one.topic, now.get(one.topic)
            if known != topic and one.topic_id not in (None, known, topic):
                raise BadInput(
                    f"the topic {topic} was {'made anew' if known else 'deleted'} since the live graph began to read it (its id was "
                    f"{one.topic_id}): the log that the graph was made from is gone; import an export of its events instead"
                )

    async def _begin(self, consumer: AIOKafkaConsumer, wanted: Iterable[Until]) -> None:
        """Take the partitions over in the target, and stand behind what it holds of each."""
        until = {TopicPartition(one.topic, one.partition): one for one in wanted}
        ends = await ends_of(consumer, list(until)) if until else {}
        parts: dict[TopicPartition, Part] = {}
        for place, one in until.items():
            first, end = ends[place]
            next_offset(place, one.offset, first, end)
            position = await self._writer.assign(one.topic, one.partition, one.topic_id or one.topic)
            start = next_offset(place, position.offset, first, end)
            parts[place] = Part(
                topic=one.topic, partition=one.partition, start=start, last=one.offset, first=first
            )
            self._holdings.hold(position, time.monotonic())
        self.parts = tuple(parts.values())
        self._left = {place: part.last for place, part in parts.items() if part.offsets}
        if self._left:
            # Nothing may be awaited in between: without a place, the consumer would look for one by itself.
            consumer.assign(list(self._left))
            for place in self._left:
                consumer.seek(place, parts[place].start)

    async def _read(self, consumer: AIOKafkaConsumer, stop: asyncio.Event) -> bool:
        """Decode the next batch while the one before is written."""
        applier = Applier(
            self._writer,
            _Nowhere(),
            rules=self._rules,
            holdings=self._holdings,
            progress=self.progress,
            stop=stop,
        )
        of = dict(self._holdings.held)
        writing: asyncio.Task[None] | None = None
        try:
            while self._left and not stop.is_set():
                items = await self._gather(consumer, stop)
                if writing is not None:
                    await writing
                writing = asyncio.create_task(self._write(applier, items, of)) if items else None
            if writing is not None:
                await writing
        finally:
            if writing is not None:
                writing.cancel()
                await asyncio.gather(writing, return_exceptions=True)
        return not self._left

    async def _write(self, applier: Applier, items: Sequence[Item], of: dict[Place, Held]) -> None:
        begun_s = time.monotonic()
        await applier.apply(in_record_order(items), of)
        self._sizing.took(len(items), time.monotonic() - begun_s)

    async def _gather(self, consumer: AIOKafkaConsumer, stop: asyncio.Event) -> list[Item]:
        """The next batch; shorter than it could be only where the log gives no more at once, empty only at the end."""
        items: list[Item] = []
        most = self._sizing.size
        came_s = time.monotonic()
        while self._left and len(items) < most and not stop.is_set():
            fetched = await consumer.getmany(timeout_ms=POLL_MS, max_records=most - len(items))
            for part, records in fetched.items():
                last = self._left.get(part, -1)
                wanted = [record for record in records if record.offset <= last]
                items += await self._holdings.decoded((part.topic, part.partition), wanted, self._rules)
            await self._finish(consumer)
            if fetched:
                came_s = time.monotonic()
            elif items:
                break
            elif time.monotonic() - came_s > STALLED_S:
                raise LogUnavailable(self._stalled())
        return items

    async def _finish(self, consumer: AIOKafkaConsumer) -> None:
        """Leave the partitions whose last record came. Their position is behind it also where that offset holds no record any more."""
        for part, last in list(self._left.items()):
            if await consumer.position(part) > last:
                del self._left[part]
                consumer.pause(part)

    def _stalled(self) -> str:
        left = ", ".join(f"{part.topic}/{part.partition} up to {last}" for part, last in self._left.items())
        return f"Kafka gave no record for {STALLED_S:.0f} s, but these are not read to their end: {left}; look at Kafka, then go on with --continue"


class _Nowhere:
    """Dead letters of a rebuild are in the target, where they are counted; the topic of dead letters has those of the ingester."""

    async def send(self, letters: Sequence[DeadLetter]) -> None:
        """Done."""
