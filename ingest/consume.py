"""The ingester: a member of a consumer group that fetches one batch ahead while the store applies the one before.

Where it stands is in the store alone (design 2.4): on assignment it asks there and seeks; Kafka's committed offsets only show lag.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import KafkaError

from graph_service.core.errors import Fenced, LogUnavailable, Unavailable
from graph_service.mapping import Mapping
from ingest.apply import Applier, Stopped
from ingest.deadletters import DeadLetterTopic
from ingest.decode import Item, Place, Rules, in_record_order
from ingest.finality import Finality
from ingest.holdings import Held, Holdings
from ingest.kafka import require_fast_records
from ingest.member import POLL_MS, group_consumer
from ingest.options import IngestOptions
from ingest.patience import Patience
from ingest.rate import Progress, Rate
from ingest.sizing import Sizing
from ingest.taking import Store, Taking

log = structlog.get_logger("ingest")

REVOKE_WAIT_S = 5.0
"""How long a rebalance waits for the transaction under way; the epoch guards what is later."""
PAUSE_AFTER_S = 5.0
"""A write that takes longer is an outage: partitions are paused, and polled for the membership."""
COMMIT_EVERY_S = 1.0
PRUNE_EVERY_S = 10.0
"""Up to a thousand transactions of the change log at a time: more than an ingester writes meanwhile."""
FENCED_MAX = 5
"""In a row, without a batch applied in between."""


async def run(options: IngestOptions, writer: Store, mapping: Mapping, stop: asyncio.Event) -> None:
    """Ingest until `stop` is set: see `Ingester.run`."""
    await Ingester(options, writer, mapping).run(stop)


class Ingester:
    """One member of the group. `progress` may be read at any time."""

    def __init__(self, options: IngestOptions, writer: Store, mapping: Mapping) -> None:
        """Nothing is connected yet.

        Raises:
            BadSettings: aiokafka has no C extension, and that is not allowed.
        """
        require_fast_records(slow_allowed=options.slow_kafka_allowed)
        self.progress = Progress()
        self._options = options
        self._writer = writer
        self._rules = Rules(
            mapping=mapping,
            record_bytes_max=options.record_bytes_max,
            unmapped_to_dead_letters=options.unmapped_to_dead_letters,
        )
        self._sizing = Sizing(options.batch_events_max)
        self._holdings = Holdings()
        self._taking = Taking(options.kafka, writer, self._holdings)
        self._finality = Finality(writer, self._holdings, idle_after_s=options.idle_after_ms / 1000)
        self._writing: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._gathered = False
        self._committed: dict[TopicPartition, int] = {}
        self._consumer: AIOKafkaConsumer | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Ingest until `stop` is set; then finish the transaction under way and leave.

        Outages of Kafka and of the store are waited for, except that Kafka must answer at the start.

        Raises:
            LogUnavailable: Kafka does not answer at the start.
            BadInput: Kafka has lost records that are in the graph.
            Fenced: another writer takes the partitions again and again.
        """
        dead_letters = DeadLetterTopic(
            self._options.kafka,
            topic=self._options.dead_letter_topic,
            record_bytes_max=self._options.record_bytes_max,
        )
        applier = Applier(
            self._writer,
            dead_letters,
            rules=self._rules,
            holdings=self._holdings,
            progress=self.progress,
            stop=stop,
        )
        patience, fenced, started, last = Patience(), 0, False, 0
        try:
            while not stop.is_set():
                applied = self.progress.applied
                if applied > last:
                    patience.reset()
                last = applied
                try:
                    started = await self._member(applier, stop, again=started)
                except Stopped:
                    return
                except Fenced as error:
                    fenced = fenced + 1 if self.progress.applied == applied else 1
                    if fenced >= FENCED_MAX:
                        raise
                    log.warning("another writer owns a partition; joining the group anew", cause=str(error))
                    await patience.wait(stop)
                except (KafkaError, OSError) as error:
                    log.warning("Kafka fails; joining the group anew", cause=repr(error))
                    self.progress.trouble = str(self._options.kafka.unreachable(error))
                    await patience.wait(stop)
        finally:
            await dead_letters.close()
            await self._taking.close()

    async def drained(self, timeout_s: float) -> None:
        """Wait until everything that was in the topics at the time of this call is applied.

        Raises:
            LogUnavailable: it is not, after `timeout_s`; the message says how far it is.
        """
        deadline_s = time.monotonic() + timeout_s
        ends: dict[TopicPartition, int] | None = None
        while time.monotonic() < deadline_s:
            consumer = self._consumer
            if consumer is not None and self._holdings.settled:
                if ends is None:
                    ends = await consumer.end_offsets(
                        [TopicPartition(*place) for place in self._holdings.held]
                    )
                if all([await self._done(consumer, part, end) for part, end in ends.items()]):
                    return
            await asyncio.sleep(0.05)
        lag = "an unknown number of" if self.progress.lag is None else str(self.progress.lag)
        cause = self.progress.trouble or "it is slow, or the topic is still growing"
        raise LogUnavailable(f"{lag} records are not applied after {timeout_s:.0f} s: {cause}")

    async def _done(self, consumer: AIOKafkaConsumer, part: TopicPartition, end: int) -> bool:
        """Whether a partition is applied up to `end`; markers of Kafka transactions count as applied."""
        held = self._holdings.held.get((part.topic, part.partition))
        if held is None:
            return True
        if held.offset + 1 >= end or end == 0:
            return True
        under_way = self._gathered or self._writing is not None
        return not under_way and bool(await consumer.position(part) >= end)

    async def _member(self, applier: Applier, stop: asyncio.Event, *, again: bool) -> bool:
        """Join the group and consume until the stop. True: it was joined."""
        options = self._options
        consumer = group_consumer(options, _Listener(self))
        try:
            await consumer.start()
        except (KafkaError, OSError) as error:
            await consumer.stop()
            if again:
                raise
            raise options.kafka.unreachable(error) from error
        self._consumer = consumer
        log.info("joined", group=options.group_id, topics=list(options.topics))
        for topic in options.topics:
            if not consumer.partitions_for_topic(topic):
                log.warning("the topic does not exist yet; it is taken up once it does", topic=topic)
        self._watching = asyncio.create_task(self._taking.watch())
        try:
            await self._consume(consumer, applier, stop)
        finally:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
            await self._end_writing()
            if stop.is_set():
                await self._commit(consumer)
            self._consumer = None
            self._holdings.clear()
            self.progress.at_end = False
            await consumer.stop()
        return True

    async def _consume(self, consumer: AIOKafkaConsumer, applier: Applier, stop: asyncio.Event) -> None:
        rate = Rate(time.monotonic())
        committed_s = pruned_s = time.monotonic()
        while not stop.is_set():
            await self._take_up(consumer, stop)
            items = await self._gather(consumer, stop)
            await self._written(consumer)
            self.progress.trouble = None
            if items and not stop.is_set():
                of = dict(self._holdings.held)
                ours = [item for item in items if item.place in of]
                self._writing = asyncio.create_task(self._write(applier, in_record_order(ours), of))
            self._gathered = False
            now_s = time.monotonic()
            if now_s - committed_s >= COMMIT_EVERY_S:
                committed_s = now_s
                await self._finality.round(consumer, now_s, under_way=self._writing is not None)
                await self._commit(consumer)
            if now_s - pruned_s >= PRUNE_EVERY_S:
                pruned_s = now_s
                await self._prune()
            await self._look(consumer)
            if self._watching is not None and self._watching.done():
                self._watching.result()
            line = rate.line(self.progress, now_s)
            if line is not None:
                log.info("applied", **line)

    async def _write(self, applier: Applier, items: Sequence[Item], of: dict[Place, Held]) -> None:
        begun_s = time.monotonic()
        await applier.apply(items, of)
        self._sizing.took(len(items), time.monotonic() - begun_s)

    async def _take_up(self, consumer: AIOKafkaConsumer, stop: asyncio.Event) -> None:
        """Ask the store where to go on, for each partition that the group gave us."""
        patience = Patience()
        while self._holdings.awaited and not stop.is_set():
            place, generation = min(self._holdings.awaited), self._holdings.generation
            part = TopicPartition(*place)
            try:
                topic_id, position, offset = await self._taking.take(consumer, part)
            except Unavailable as error:
                if self.progress.trouble is None:
                    log.warning("waiting", cause=str(error))
                self.progress.trouble = str(error)
                if not await patience.wait(stop):
                    await self._poll_paused(consumer)
                continue
            if self._holdings.generation == generation and part in consumer.assignment():
                consumer.seek(part, offset)
                self._holdings.hold(position, time.monotonic(), topic_id)
                log.info(
                    "assigned",
                    topic=part.topic,
                    partition=part.partition,
                    offset=offset,
                    epoch=position.epoch,
                )

    async def _gather(self, consumer: AIOKafkaConsumer, stop: asyncio.Event) -> list[Item]:
        """Fetch and decode the next batch: until it is full, or waited long enough and the one before is written."""
        items: list[Item] = []
        first_s: float | None = None
        bytes_left = self._options.batch_bytes_max
        slow_s = time.monotonic() + PAUSE_AFTER_S
        most, wait_s = self._sizing.size, self._options.batch_wait_ms / 1000
        while not stop.is_set() and not self._holdings.awaited and len(items) < most and bytes_left > 0:
            left_s = POLL_MS / 1000 if first_s is None else max(first_s + wait_s - time.monotonic(), 0.0)
            if first_s is not None and left_s == 0.0:
                if self._writing is None or self._writing.done() or time.monotonic() > slow_s:
                    break
                left_s = 0.01
            fetched = await consumer.getmany(
                timeout_ms=int(left_s * 1000) or 1, max_records=most - len(items)
            )
            for part, records in fetched.items():
                place = (part.topic, part.partition)
                # From here on, until its batch is written, a fetched record is under way: `drained` must not overlook it.
                self._gathered |= place in self._holdings.held
                items += await self._holdings.decoded(place, records, self._rules)
                bytes_left -= sum(len(record.value or b"") for record in records)
            if items and first_s is None:
                first_s = time.monotonic()
            if not items and (self._writing is None or self._writing.done()):
                break
            if time.monotonic() > slow_s:
                break
        return items

    async def _written(self, consumer: AIOKafkaConsumer) -> None:
        """Wait for the batch under way; when that takes long, keep the membership alive without fetching more."""
        while (writing := self._writing) is not None:
            await asyncio.wait((writing,), timeout=PAUSE_AFTER_S)
            if writing.done():
                self._writing = None
                await writing
            else:
                await self._poll_paused(consumer)
        if paused := consumer.paused():
            consumer.resume(*paused)

    async def _poll_paused(self, consumer: AIOKafkaConsumer) -> None:
        """Tell the group that we live. Records that slip through are not held back: their partition is taken up anew."""
        if assigned := consumer.assignment():
            consumer.pause(*assigned)
        for part in await consumer.getmany(timeout_ms=0):
            self._holdings.give([(part.topic, part.partition)])

    async def _end_writing(self) -> None:
        """Let the transaction under way end, for better or worse: the position in the store tells which."""
        writing, self._writing = self._writing, None
        if writing is None:
            return
        await asyncio.wait((writing,), timeout=REVOKE_WAIT_S)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)

    async def revoked(self, places: Iterable[Place]) -> None:
        """The group takes partitions away: wait a little for the transaction under way, then let go."""
        if self._writing is not None:
            await asyncio.wait((self._writing,), timeout=REVOKE_WAIT_S)
        self._holdings.take(places)

    def assigned(self, places: Iterable[Place]) -> None:
        """The group gives partitions; they are taken up by the loop, which can wait for the store."""
        self._holdings.give(places)

    async def _prune(self) -> None:
        """Keep the change log within its limits, a bit at a time. Any ingester does; that several do, does no harm."""
        try:
            await self._writer.prune_changes(
                kept_s=self._options.changes_kept_s, nodes_max=self._options.changes_kept_max
            )
        except Unavailable as error:
            log.debug("changes not pruned", cause=str(error))

    async def _look(self, consumer: AIOKafkaConsumer) -> None:
        """Bring `progress` up to date."""
        lag: int | None = 0
        for place, held in list(self._holdings.held.items()):
            part = TopicPartition(*place)
            high = consumer.highwater(part) if part in consumer.assignment() else None
            if high is None:
                lag = None
            elif lag is not None and held.offset + 1 < high:
                # The last offsets may hold nothing to apply: the end of a Kafka transaction is one of them.
                done = self._writing is None and bool(await consumer.position(part) >= high)
                lag += 0 if done else high - held.offset - 1
        self.progress.lag = lag if self._holdings.settled else None
        self.progress.at_end = self.progress.lag == 0 and self._writing is None

    async def _commit(self, consumer: AIOKafkaConsumer) -> None:
        """For those who watch lag in Kafka; nothing depends on it."""
        assigned = consumer.assignment()
        offsets = {
            part: held.offset + 1
            for place, held in self._holdings.held.items()
            if (part := TopicPartition(*place)) in assigned and held.offset >= 0
        }
        if offsets and offsets != self._committed:
            try:
                await asyncio.wait_for(consumer.commit(offsets), REVOKE_WAIT_S)
                self._committed = offsets
            except (KafkaError, TimeoutError) as error:
                log.debug("offsets not committed", cause=repr(error))


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """What Kafka's group says, in our words."""

    def __init__(self, ingester: Ingester) -> None:
        self._ingester = ingester

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        await self._ingester.revoked([(part.topic, part.partition) for part in revoked])

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._ingester.assigned([(part.topic, part.partition) for part in assigned])
