"""Promises of taking partitions over: a topic that was made anew is noticed, also when the group says nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pytest
from aiokafka import TopicPartition

from graph_service.core.errors import BadInput, LogUnavailable, Unavailable
from graph_service.store.write.batch import Batch, Outcome, Position
from ingest import taking
from ingest.holdings import Holdings
from ingest.kafka import Kafka
from ingest.taking import Taking

PART = TopicPartition("t", 0)


@dataclass
class FakeIds:
    """What the names stand for; an exception is raised, and then forgotten."""

    ids: dict[str, str] = field(default_factory=lambda: {"t": "one"})
    raises: list[Exception] = field(default_factory=list)
    #: What comes after the first answer.
    then: dict[str, str] | None = None

    async def of(self, names: Iterable[str]) -> dict[str, str]:
        if self.raises:
            raise self.raises.pop()
        answer, self.ids = self.ids, self.then or self.ids
        return {name: answer[name] for name in names if name in answer}


@dataclass
class FakeStore:
    """Has applied up to an offset."""

    offset: int = 9
    said: list[tuple[str, int, str, int]] = field(default_factory=list)

    async def assign(self, topic: str, partition: int, topic_id: str, partitions: int = 0) -> Position:
        self.said.append((topic, partition, topic_id, partitions))
        return Position(topic=topic, partition=partition, offset=self.offset, recorded_at=None, epoch=1)

    async def note_ends(self, places: Sequence[tuple[str, int]], known: int | None) -> int | None:
        raise AssertionError

    async def prune_changes(self, *, kept_s: float, nodes_max: int) -> int:
        raise AssertionError

    async def write(self, batch: Batch) -> Outcome:
        raise AssertionError


@dataclass
class FakeConsumer:
    """One topic of three partitions."""

    first: int = 0
    end: int = 20

    def partitions_for_topic(self, topic: str) -> set[int]:
        return {0, 1, 2}

    async def beginning_offsets(self, parts: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(parts, self.first)

    async def end_offsets(self, parts: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(parts, self.end)


@pytest.fixture
def ids() -> FakeIds:
    """One topic."""
    return FakeIds()


@pytest.fixture
def store() -> FakeStore:
    """A store."""
    return FakeStore()


def taking_of(ids: FakeIds, store: FakeStore, holdings: Holdings | None = None) -> Taking:
    """With these instead of connections."""
    made = Taking(Kafka(bootstrap="nowhere:1"), store, holdings or Holdings())
    made._ids = ids  # type: ignore[assignment]
    return made


async def test_a_partition_goes_on_behind_its_position(ids: FakeIds, store: FakeStore) -> None:
    """The store hears which topic it is, and how many partitions that has."""
    topic_id, position, offset = await taking_of(ids, store).take(FakeConsumer(), PART)
    assert (topic_id, position.offset, offset) == ("one", 9, 10)
    assert store.said == [("t", 0, "one", 3)]


async def test_a_topic_that_is_gone_is_waited_for(ids: FakeIds, store: FakeStore) -> None:
    """It may come back; the store is not asked."""
    ids.ids = {}
    with pytest.raises(LogUnavailable, match="gone"):
        await taking_of(ids, store).take(FakeConsumer(), PART)
    assert store.said == []


async def test_records_that_kafka_lost_stop_the_ingester(ids: FakeIds, store: FakeStore) -> None:
    """The same topic ends before the position: nobody can go on there rightly."""
    with pytest.raises(BadInput, match="lost records"):
        await taking_of(ids, store).take(FakeConsumer(end=5), PART)


async def test_a_topic_that_is_made_anew_meanwhile_is_tried_again(ids: FakeIds, store: FakeStore) -> None:
    """It ends before the position because it is another one by now."""
    ids.then = {"t": "two"}
    with pytest.raises(LogUnavailable, match="anew"):
        await taking_of(ids, store).take(FakeConsumer(end=5), PART)


async def test_the_watch_gives_back_what_is_of_a_former_topic(
    ids: FakeIds, store: FakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All held partitions of that name, and no other; a Kafka that does not answer, and a topic that is gone, change nothing."""
    monkeypatch.setattr(taking, "WATCH_EVERY_S", 0.0)
    holdings = Holdings()
    for topic, partition in (("t", 0), ("t", 1), ("u", 0), ("gone", 0)):
        position = Position(topic=topic, partition=partition, offset=9, recorded_at=None, epoch=1)
        holdings.hold(position, 0.0, "one")
    ids.raises = [Unavailable("away")]
    ids.ids, ids.then = {"t": "one", "u": "one"}, {"t": "two", "u": "one"}
    watching = asyncio.create_task(taking_of(ids, store, holdings).watch())
    async with asyncio.timeout(5):
        while not holdings.awaited:
            await asyncio.sleep(0)
    watching.cancel()
    assert holdings.awaited == {("t", 0), ("t", 1)}
    assert set(holdings.held) == {("u", 0), ("gone", 0)}
