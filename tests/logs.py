"""From a history to what the store is given: events, batches, and the many ways in which one log can be delivered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b

from graph_service.core.model import Event, RecordOrder
from graph_service.store.write.batch import Advance, Batch, MappedEvent
from graph_service.store.write.writer import Writer
from tests.histories import KNOWN_FROM, Pick
from tests.oracle import Recorded

MAPPING = "tests"
Delivery = Sequence[Sequence[Recorded]]
"""A log in batches. A batch may mix partitions in any order; within a partition the order is that of the log."""
Partition = tuple[str, int]


def event_of(record: Recorded) -> Event:
    """The event of a record; its content is what it asserts."""
    said = repr((record.sequence, record.assertions))
    return Event(
        identity=record.event,
        type="tests.v1",
        subject=None,
        time=0,
        sequence=record.sequence,
        correlation_id=None,
        causation_id=None,
        recorded_time=None,
        traceparent=None,
        data="null",
        content_hash=blake2b(said.encode(), digest_size=16).hexdigest(),
        order=record.order,
    )


def partition_of(record: Recorded) -> Partition:
    """Where a record was read."""
    return record.order.topic, record.order.partition


def batch_of(records: Sequence[Recorded], epochs: Mapping[Partition, int]) -> Batch:
    """One batch. `epochs` are those under which its partitions were assigned."""
    last = {partition_of(record): record.order for record in records}
    return Batch(
        advances=tuple(
            Advance(
                topic=order.topic,
                partition=order.partition,
                epoch=epochs[place],
                offset=order.offset,
                recorded_at=order.recorded_at,
            )
            for place, order in last.items()
        ),
        events=tuple(
            MappedEvent(event=event_of(record), assertions=record.assertions, mapping=MAPPING)
            for record in records
        ),
        dead_letters=(),
        unmapped=(),
    )


async def assigned(writer: Writer, records: Iterable[Recorded]) -> dict[Partition, int]:
    """Take over every partition of the records. Returns the epochs."""
    places = sorted({partition_of(record) for record in records})
    return {place: (await writer.assign(*place, topic_id=place[0])).epoch for place in places}


async def deliver(writer: Writer, delivery: Delivery) -> None:
    """Write all batches, one after the other."""
    epochs = await assigned(writer, (record for batch in delivery for record in batch))
    for batch in delivery:
        await writer.write(batch_of(batch, epochs))


def delivery(pick: Pick, records: Sequence[Recorded]) -> Delivery:
    """One of the ways in which the log of `records`, given in record order, can come. The plainest is one batch, in record order."""
    left: dict[Partition, list[Recorded]] = {}
    for record in records:
        left.setdefault(partition_of(record), []).append(record)
    batches: list[list[Recorded]] = [[]]
    while left:
        heads = sorted(left, key=lambda place: left[place][0].order)
        place = heads[pick(len(heads))]
        if batches[-1] and pick(3) == 2:
            batches.append([])
        batches[-1].append(left[place].pop(0))
        if not left[place]:
            del left[place]
    return batches


def another_log(pick: Pick, records: Sequence[Recorded]) -> list[Recorded]:
    """A log of the same events, each there once in `records`: in another order, some doubled, over up to three partitions."""
    log: list[Recorded] = []
    waiting, known = list(records), KNOWN_FROM
    while waiting:
        record = waiting.pop(pick(len(waiting)))
        if pick(4) == 3 and len(log) < 2 * len(records):
            waiting.append(record)
        known += 1 + pick(2)
        log.append(replace(record, order=RecordOrder(known, "again", pick(3), len(log))))
    return log
