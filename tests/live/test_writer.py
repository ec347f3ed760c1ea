"""Promises of the writer: of several records of one event the first in the log counts, in whatever order they are applied."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence

import pytest
from neo4j import AsyncDriver

from graph_service.core.assertions import Assertion, EntityAsserted, EventRetracted, RelationshipAsserted
from graph_service.core.model import Event, EventId, Properties, RecordOrder
from graph_service.store.keep.digest import digest
from graph_service.store.write.batch import Advance, Batch, MappedEvent, Outcome
from graph_service.store.write.writer import Writer
from tests.live.conftest import emptied

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOPIC = "t"


def record(
    partition: int, offset: int, recorded_at: int, id: str, *assertions: Assertion, content: str = "a"
) -> MappedEvent:
    """An event as the ingester hands it over."""
    event = Event(
        identity=EventId("/test", id),
        type="seen.v1",
        subject=None,
        time=recorded_at,
        sequence=None,
        correlation_id=None,
        causation_id=None,
        recorded_time=None,
        traceparent=None,
        data=json.dumps(content),
        content_hash=content,
        order=RecordOrder(recorded_at, TOPIC, partition, offset),
    )
    return MappedEvent(event=event, assertions=assertions, mapping="m")


def size(value: int, valid_from: int = 5) -> Assertion:
    return EntityAsserted(key="service:a", set=Properties.of({"size": value}), valid_from=valid_from)


def calls(target: str) -> Assertion:
    return RelationshipAsserted(
        source="service:a", type="CALLS", target=target, properties=Properties.of({}), valid_from=6
    )


async def applied(driver: AsyncDriver, records: Sequence[MappedEvent]) -> tuple[str, list[Outcome]]:
    """The digest after each record in a batch of its own, in an empty graph."""
    await emptied(driver)
    writer = Writer(driver)
    await writer.migrate()
    places = {(one.event.order.partition) for one in records}
    epochs = {place: (await writer.assign(TOPIC, place, "id")).epoch for place in places}
    outcomes = []
    for one in records:
        order = one.event.order
        advance = Advance(
            topic=TOPIC,
            partition=order.partition,
            epoch=epochs[order.partition],
            offset=order.offset,
            recorded_at=order.recorded_at,
        )
        batch = Batch(advances=(advance,), events=(one,), dead_letters=(), unmapped=())
        outcomes.append(await writer.write(batch))
    return await digest(driver), outcomes


async def same_in_every_order(driver: AsyncDriver, records: Sequence[MappedEvent]) -> list[Outcome]:
    """Applies the records in every order; one digest comes out. The outcomes of the reverse order."""
    digests = {}
    for order in itertools.permutations(records):
        digests[tuple(one.event.order for one in order)], outcomes = await applied(driver, order)
    assert len(set(digests.values())) == 1, digests
    return outcomes


async def test_of_two_contents_the_first_in_the_log_counts(clean_graph: AsyncDriver) -> None:
    """The other one is a dead letter, also where it was applied first; what it alone had said is gone without a trace."""
    first = record(0, 0, 10, "x", size(1), content="a")
    second = record(1, 0, 20, "x", size(2), calls("service:b"), content="b")
    other = record(2, 0, 15, "y", size(3, 7), content="c")
    outcomes = await same_in_every_order(clean_graph, [first, other, second])
    assert [len(outcome.displaced) for outcome in outcomes] == [0, 0, 1]
    assert [outcome.events for outcome in outcomes] == [1, 1, 0]
    (letter,) = outcomes[-1].displaced
    assert letter.id == "t/1/0"
    assert "t/0/0" in letter.message
    assert json.loads(letter.value or b"")["data"] == "b"


async def test_of_two_equal_records_the_first_in_the_log_counts(clean_graph: AsyncDriver) -> None:
    """Known time is that of the first record, also where the second was applied before it."""
    first = record(0, 0, 10, "x", size(1))
    second = record(1, 0, 20, "x", size(1))
    other = record(2, 0, 15, "y", size(3, 7))
    outcomes = await same_in_every_order(clean_graph, [first, second, other])
    assert sum(outcome.duplicates for outcome in outcomes) == 1


async def test_retractions_stand_from_their_place_in_the_log(clean_graph: AsyncDriver) -> None:
    """A retraction, its own retraction, and a conflicting double of a retraction, applied in every order."""
    said = record(0, 0, 10, "x", size(1))
    against = record(1, 0, 20, "r", EventRetracted(event=EventId("/test", "x")))
    against_that = record(2, 0, 30, "rr", EventRetracted(event=EventId("/test", "r")))
    double = record(3, 0, 15, "rr", size(9, 8), content="b")
    await same_in_every_order(clean_graph, [said, against, against_that, double])
