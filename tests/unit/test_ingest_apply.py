"""Promises of applying: the bad event is found by halves, an outage loses nothing, a lost partition is let go."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from graph_service.core.errors import LogUnavailable, Refused, StoreUnavailable
from graph_service.mapping import Mapping
from graph_service.store.batch import Batch, DeadLetter, Outcome, Position
from ingest.apply import Applier, Stopped
from ingest.decode import Item, Rules, item_of
from ingest.holdings import Holdings
from ingest.patience import Patience
from ingest.rate import Progress
from tests.unit.test_ingest_records import MAPPING, event, record


@dataclass
class FakeStore:
    """Refuses batches that hold an event of `refused`; is away as long as `away` says."""

    refused: set[str] = field(default_factory=set)
    away: int = 0
    conflicts: set[str] = field(default_factory=set)
    written: list[Batch] = field(default_factory=list)
    tries: int = 0

    async def write(self, batch: Batch) -> Outcome:
        self.tries += 1
        if self.away:
            self.away -= 1
            raise StoreUnavailable("away")
        if any(one.event.identity.id in self.refused for one in batch.events):
            raise Refused("this cannot be stored")
        self.written.append(batch)
        conflicts = tuple(
            (one.event, "taken") for one in batch.events if one.event.identity.id in self.conflicts
        )
        return Outcome(
            events=len(batch.events) - len(conflicts),
            duplicates=0,
            unmapped=len(batch.unmapped),
            dead_letters=len(batch.dead_letters) + len(conflicts),
            conflicts=conflicts,
            displaced=(),
            recorded_at=0,
        )


@dataclass
class FakeTopic:
    """Keeps what is sent; is away as long as `away` says."""

    away: int = 0
    sent: list[DeadLetter] = field(default_factory=list)

    async def send(self, letters: Sequence[DeadLetter]) -> None:
        if self.away:
            self.away -= 1
            raise LogUnavailable("away")
        self.sent += letters


@dataclass
class Bench:
    """An applier with all that is around it."""

    rules: Rules
    store: FakeStore = field(default_factory=FakeStore)
    topic: FakeTopic = field(default_factory=FakeTopic)
    holdings: Holdings = field(default_factory=Holdings)
    progress: Progress = field(default_factory=Progress)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        for partition in (0, 1):
            self.holdings.hold(
                Position(topic="t", partition=partition, offset=-1, recorded_at=None, epoch=1), 0.0
            )

    async def apply(self, items: Sequence[Item]) -> None:
        applier = Applier(
            self.store,
            self.topic,
            rules=self.rules,
            holdings=self.holdings,
            progress=self.progress,
            stop=self.stop,
            patience=Patience(first_s=0.001, most_s=0.002),
        )
        await applier.apply(items, dict(self.holdings.held))

    def items(self, ids: Sequence[str]) -> list[Item]:
        return [item_of(record(event(id), offset=at), at, self.rules) for at, id in enumerate(ids)]

    @property
    def applied(self) -> list[str]:
        return [one.event.identity.id for batch in self.store.written for one in batch.events]

    @property
    def offsets(self) -> list[int]:
        return [one.offset for batch in self.store.written for one in batch.advances]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    path = tmp_path / "one.yaml"
    path.write_text(MAPPING)
    return Bench(rules=Rules(mapping=Mapping.load([path])))


@pytest.mark.parametrize("bad", [{"0"}, {"63"}, {"17"}, {"3", "4", "40"}, {str(i) for i in range(64)}])
async def test_a_refused_event_is_found_and_all_others_are_applied_in_order(
    bench: Bench, bad: set[str]
) -> None:
    """Positions only go forward; the bad ones become dead letters, sent before they are stored."""
    ids = [str(i) for i in range(64)]
    bench.store.refused = bad
    await bench.apply(bench.items(ids))
    assert bench.applied == [id for id in ids if id not in bad]
    assert bench.offsets == sorted(set(bench.offsets))
    assert bench.offsets[-1] == 63
    assert [one.event_id for one in bench.topic.sent] == [id for id in ids if id in bad]
    assert {one.reason for one in bench.topic.sent} == {"refused"}
    stored = [one for batch in bench.store.written for one in batch.dead_letters]
    assert stored == bench.topic.sent
    assert bench.progress.applied == 64


async def test_one_bad_event_costs_a_logarithm_of_transactions(bench: Bench) -> None:
    """About 2·log2(N), not N."""
    bench.store.refused = {"100"}
    await bench.apply(bench.items([str(i) for i in range(256)]))
    assert bench.store.tries <= 2 * 8 + 2


async def test_an_outage_is_waited_for_and_makes_no_dead_letters(bench: Bench) -> None:
    """Neither one of the store nor one of Kafka."""
    bench.store.away = bench.topic.away = 3
    bench.store.refused = {"1"}
    await bench.apply(bench.items(["0", "1", "2"]))
    assert bench.applied == ["0", "2"]
    assert [one.event_id for one in bench.topic.sent] == ["1"]
    assert bench.progress.trouble is None


async def test_the_stop_ends_the_wait_for_an_outage(bench: Bench) -> None:
    """Nothing is applied, nothing is lost."""
    bench.store.away = 10**9
    bench.stop.set()
    with pytest.raises(Stopped):
        await bench.apply(bench.items(["0"]))
    assert bench.store.written == []
    assert bench.progress.trouble == "away"


async def test_work_of_a_lost_partition_is_dropped(bench: Bench) -> None:
    """Also when the same partition comes back meanwhile: its work is fetched again from where the store says."""
    both = [
        *bench.items(["a"]),
        item_of(record(event("b"), offset=0, partition=1), 5, bench.rules),
    ]
    of = dict(bench.holdings.held)
    bench.holdings.give([("t", 1)])
    bench.holdings.hold(Position(topic="t", partition=1, offset=-1, recorded_at=None, epoch=2), 0.0)
    applier = Applier(
        bench.store,
        bench.topic,
        rules=bench.rules,
        holdings=bench.holdings,
        progress=bench.progress,
        stop=bench.stop,
    )
    await applier.apply(both, of)
    assert bench.applied == ["a"]


async def test_a_conflict_goes_to_the_dead_letter_topic_with_its_record(bench: Bench) -> None:
    """After the transaction that found it, with key and value."""
    bench.store.conflicts = {"1"}
    await bench.apply(bench.items(["0", "1"]))
    [letter] = bench.topic.sent
    assert (letter.reason, letter.event_id, letter.value, letter.offset) == ("conflict", "1", event("1"), 1)


def test_patience_grows_to_its_limit_and_starts_anew() -> None:
    """Between half and all of 0.2 s, 0.4 s, … 30 s."""
    patience = Patience()
    waits = [patience.next_s() for _ in range(12)]
    assert 0.1 <= waits[0] <= 0.2
    assert 15.0 <= waits[-1] <= 30.0
    patience.reset()
    assert patience.next_s() <= 0.2
