"""Promises of applying: the bad event is found by halves, an outage loses nothing, a lost partition is let go."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from graph_service.core.errors import (
    LogUnavailable,
    Refused,
    StoreOutOfMemory,
    StoreSilent,
    StoreTimeout,
    StoreUnavailable,
)
from graph_service.mapping import Mapping
from graph_service.store.write.batch import Batch, DeadLetter, Outcome, Position
from graph_service.store.write.records import conflict_letter
from ingest.apply import Applier, Stopped
from ingest.decode import Item, Rules, item_of
from ingest.holdings import Holdings
from ingest.patience import Patience
from ingest.rate import Progress
from tests.unit.test_ingest_records import MAPPING, event, record


@dataclass
class FakeStore:
    """Refuses batches that hold an event of `refused`; is away as long as `away` says; gives up on batches that cost more than
    `patience`, where an event costs 1, or what `costs` says.
    """

    refused: set[str] = field(default_factory=set)
    away: int = 0
    costs: dict[str, int] = field(default_factory=dict)
    patience: int = 10**9
    #: Gives up on so many transactions, whatever is in them.
    overloaded: int = 0
    gave_up: type[StoreUnavailable] = StoreTimeout
    conflicts: set[str] = field(default_factory=set)
    written: list[Batch] = field(default_factory=list)
    tries: int = 0

    async def write(self, batch: Batch) -> Outcome:
        self.tries += 1
        if self.away:
            self.away -= 1
            raise StoreUnavailable("away")
        if self.overloaded:
            self.overloaded -= 1
            raise self.gave_up("overloaded")
        if any(one.event.identity.id in self.refused for one in batch.events):
            raise Refused("this cannot be stored")
        if sum(self.costs.get(one.event.identity.id, 1) for one in batch.events) > self.patience:
            raise self.gave_up("too much")
        self.written.append(batch)
        conflicts = tuple(
            conflict_letter(one, "taken") for one in batch.events if one.event.identity.id in self.conflicts
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
        await self.applier().apply(items, dict(self.holdings.held))

    def applier(self) -> Applier:
        return Applier(
            self.store,
            self.topic,
            rules=self.rules,
            holdings=self.holdings,
            progress=self.progress,
            stop=self.stop,
            patience=Patience(first_s=0.001, most_s=0.002),
        )

    def items(self, ids: Sequence[str], first: int = 0) -> list[Item]:
        return [item_of(record(event(id), offset=at), at, self.rules) for at, id in enumerate(ids, first)]

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


@pytest.mark.parametrize("bad", [0, 1, 100, 127, 128, 254, 255])
async def test_one_bad_event_costs_a_logarithm_of_transactions(bench: Bench, bad: int) -> None:
    """log2(N) and three more: all of it, the bad one alone, and the rest with the dead letter."""
    bench.store.refused = {str(bad)}
    await bench.apply(bench.items([str(i) for i in range(256)]))
    assert bench.store.tries <= 8 + 3


async def test_many_bad_events_cost_a_few_transactions_each(bench: Bench) -> None:
    """Where all are bad, large attempts are given up soon."""
    bench.store.refused = {str(i) for i in range(256)}
    await bench.apply(bench.items([str(i) for i in range(256)]))
    assert bench.store.tries <= 3 * 256 + 2 * 8
    assert len(bench.topic.sent) == 256


@pytest.mark.parametrize("gave_up", [StoreTimeout, StoreOutOfMemory, StoreSilent])
async def test_a_batch_that_is_too_much_is_cut_smaller_and_nothing_is_called_bad(
    bench: Bench, gave_up: type[StoreUnavailable]
) -> None:
    """Also the batches that follow: they are not first tried whole."""
    bench.store.patience, bench.store.gave_up = 10, gave_up
    applier = bench.applier()
    for start in (0, 64, 128):
        tries = bench.store.tries
        items = bench.items([str(start + i) for i in range(64)], first=start)
        await applier.apply(items, dict(bench.holdings.held))
    assert bench.applied == [str(i) for i in range(192)]
    assert bench.topic.sent == []
    assert bench.store.tries - tries <= 10


@pytest.mark.parametrize("gave_up", [StoreTimeout, StoreOutOfMemory, StoreSilent])
async def test_a_single_event_that_is_too_much_while_others_go_through_is_buried(
    bench: Bench, gave_up: type[StoreUnavailable]
) -> None:
    """It must not block its partition for ever, also where nobody says that its time is up because it goes by in this process; what is needed to
    replay it is kept, and the reason says what happened.
    """
    bench.store.patience, bench.store.costs, bench.store.gave_up = 40, {"5": 41}, gave_up
    applier = bench.applier()
    await applier.apply(bench.items([str(i) for i in range(16)]), dict(bench.holdings.held))
    assert bench.applied == [str(i) for i in range(16) if i != 5]
    [letter] = bench.topic.sent
    assert (letter.event_id, letter.reason, letter.complete) == ("5", "too-costly", True)
    assert bench.progress.trouble is None
    tries = bench.store.tries
    await applier.apply(bench.items([str(i) for i in range(16, 32)], first=16), dict(bench.holdings.held))
    assert bench.store.tries == tries + 1, "what follows is not cut smaller for it"


@pytest.mark.parametrize("gave_up", [StoreTimeout, StoreOutOfMemory, StoreSilent])
async def test_a_store_that_gives_up_on_everything_is_an_outage(
    bench: Bench, gave_up: type[StoreUnavailable]
) -> None:
    """Overloaded for long, it buries nothing: what has no content is not done either."""
    bench.store.overloaded, bench.store.gave_up = 200, gave_up
    await bench.apply(bench.items([str(i) for i in range(16)]))
    assert bench.applied == [str(i) for i in range(16)]
    assert bench.topic.sent == []


async def test_a_slow_store_is_an_outage_too(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that does other work, but slowly, gives no event a bad name."""
    monkeypatch.setattr("ingest.apply.OTHER_WORK_S", 0.0)
    bench.store.patience, bench.store.costs = 40, {"5": 41}
    task = asyncio.create_task(bench.apply(bench.items(["5"])))
    await asyncio.sleep(0.1)
    assert bench.store.tries > 10
    bench.store.costs = {}
    await task
    assert (bench.applied, bench.topic.sent) == (["5"], [])


async def test_silence_is_shown_as_trouble_while_less_is_tried(bench: Bench) -> None:
    """It may as well be an outage, and whoever looks must see one."""
    bench.store.overloaded, bench.store.gave_up = 10**9, StoreSilent
    task = asyncio.create_task(bench.apply(bench.items([str(i) for i in range(1024)])))
    await asyncio.sleep(0.01)
    assert bench.progress.trouble == "overloaded"
    bench.store.overloaded = 0
    await task
    assert (bench.progress.trouble, bench.topic.sent, len(bench.applied)) == (None, [], 1024)


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
