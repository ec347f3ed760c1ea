"""Exactly once, where it is hardest: two writers of one partition at the same moment, and commits whose answer never comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import pytest
from neo4j import AsyncDriver, AsyncGraphDatabase

from graph_service.core.assertions import EntityAsserted
from graph_service.core.errors import Fenced, StoreGaveUp, StoreUnavailable
from graph_service.core.model import Properties
from graph_service.mapping import Mapping
from graph_service.store.connect import connect
from graph_service.store.queries import ask
from graph_service.store.write.batch import Advance, Batch, MappedEvent, Position
from graph_service.store.write.writer import SILENCE_S, Writer
from ingest.kafka import Kafka
from ingest.publish import publish
from tests.live.conftest import EngineAddresses, MakeTopic
from tests.live.test_ingest import APPLIED_WITHIN_S, MAPPING, event, ids_in, ingesting, options_for
from tests.live.test_writer import TOPIC, record
from tests.torture.proxy import Proxy

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROUNDS = 60
EVENTS_PER_ROUND = 200
HEAD_START_S = 0.02
"""One of the two writers gets a random part of this."""
ENDS_OF_COMMITS: dict[str, Callable[[Proxy], None]] = {
    "the answer is lost": Proxy.lose_answer,
    "the commit is lost": Proxy.lose_request,
    "the commit comes late": lambda proxy: proxy.delay_request(0.3),
}


def events(first: int, count: int) -> list[MappedEvent]:
    """Events of one partition from an offset on, about few entities, so that batches meet."""
    found = []
    for offset in range(first, first + count):
        claim = EntityAsserted(
            key=f"service:{offset % 17}", set=Properties.of({"size": offset}), valid_from=offset
        )
        found.append(record(0, offset, 1000 + offset, f"e{offset}", claim, content=str(offset)))
    return found


def batch_of(position: Position, of: Sequence[MappedEvent]) -> Batch:
    """The events in one transaction, under the epoch of the position."""
    last = of[-1].event.order
    advance = Advance(
        topic=TOPIC, partition=0, epoch=position.epoch, offset=last.offset, recorded_at=last.recorded_at
    )
    return Batch(advances=(advance,), events=tuple(of), dead_letters=(), unmapped=())


async def counted(driver: AsyncDriver) -> tuple[int, int, int, int]:
    """Events, different identities, and what the graph says it has applied and has met twice."""
    found = await driver.execute_query(
        "MATCH (g:Graph) OPTIONAL MATCH (e:Event) "
        "RETURN count(e) AS events, count(DISTINCT e.id) AS ids, g.events AS applied, g.duplicates AS doubles"
    )
    row = found.records[0]
    return row["events"], row["ids"], row["applied"], row["doubles"]


@asynccontextmanager
async def through(engines: EngineAddresses) -> AsyncIterator[tuple[Proxy, AsyncDriver]]:
    """A driver whose connections go through a proxy."""
    address = urlsplit(engines.neo4j_uri)
    async with Proxy("neo4j", target=(address.hostname or "", address.port or 7687)) as proxy:
        uri = f"bolt://127.0.0.1:{proxy.port}"
        driver = await connect(uri, engines.neo4j_user, engines.neo4j_password)
        try:
            yield proxy, driver
        finally:
            await driver.close()


async def test_two_writers_of_one_partition_double_nothing(
    engines: EngineAddresses, clean_graph: AsyncDriver
) -> None:
    """60 times the same 200 events are written by the owner of a partition and by its successor, at the same moment: each event is
    there once. Not its identity but the position saves it, for no event is even met as a double; and who comes too late is fenced.
    """
    random = Random(4)
    auth = (engines.neo4j_user, engines.neo4j_password)
    async with AsyncGraphDatabase.driver(engines.neo4j_uri, auth=auth) as other:
        owner, successor = Writer(clean_graph), Writer(other)
        await owner.migrate()
        fenced = 0
        for turn in range(ROUNDS):
            mine = await owner.assign(TOPIC, 0, "id")
            barrier = asyncio.Barrier(2)
            batch, late_s = events(turn * EVENTS_PER_ROUND, EVENTS_PER_ROUND), random.uniform(-1, 1)

            async def zombie(
                mine: Position = mine,
                barrier: asyncio.Barrier = barrier,
                batch: list[MappedEvent] = batch,
                late_s: float = late_s,
            ) -> bool:
                await barrier.wait()
                await asyncio.sleep(max(0.0, late_s) * HEAD_START_S)
                try:
                    await owner.write(batch_of(mine, batch))
                except Fenced:
                    return True
                return False

            async def takes_over(
                barrier: asyncio.Barrier = barrier, batch: list[MappedEvent] = batch, late_s: float = late_s
            ) -> None:
                await barrier.wait()
                await asyncio.sleep(max(0.0, -late_s) * HEAD_START_S)
                # What it has fetched reaches back before its position: nothing but the position tells it so.
                await successor.write(batch_of(await successor.assign(TOPIC, 0, "id"), batch))

            was_fenced, _ = await asyncio.gather(zombie(), takes_over())
            fenced += was_fenced
            assert (await counted(clean_graph))[0] == (turn + 1) * EVENTS_PER_ROUND
    all = ROUNDS * EVENTS_PER_ROUND
    assert await counted(clean_graph) == (all, all, all, 0)
    assert 0 < fenced < ROUNDS, "both orders must have occurred, or nothing was raced"


async def test_a_fenced_writer_stays_fenced(clean_graph: AsyncDriver) -> None:
    """Also for a batch that nobody has applied yet, and however often it tries; nothing of it is there."""
    writer = Writer(clean_graph)
    await writer.migrate()
    mine = await writer.assign(TOPIC, 0, "id")
    await writer.write(batch_of(mine, events(0, 3)))
    theirs = await writer.assign(TOPIC, 0, "id")
    for _ in range(2):
        with pytest.raises(Fenced):
            await writer.write(batch_of(mine, events(3, 3)))
    assert theirs.offset == 2
    assert (await counted(clean_graph))[0] == 3
    with pytest.raises(Fenced):
        await writer.write(batch_of(replace(theirs, epoch=theirs.epoch + 1), events(3, 3)))


@pytest.mark.parametrize("end", ENDS_OF_COMMITS)
async def test_a_commit_without_answer_is_resolved_by_the_position(
    engines: EngineAddresses, clean_graph: AsyncDriver, end: str
) -> None:
    """Whether the database has done it or not: to write the same again is right, and applies each event once."""
    async with through(engines) as (proxy, driver):
        writer = Writer(driver)
        await writer.migrate()
        mine = await writer.assign(TOPIC, 0, "id")
        await writer.write(batch_of(mine, events(0, 50)))
        ENDS_OF_COMMITS[end](proxy)
        with pytest.raises(StoreUnavailable):
            await writer.write(batch_of(mine, events(50, 50)))
        outcome = await writer.write(batch_of(mine, events(50, 50)))
        ENDS_OF_COMMITS[end](proxy)
        taken = await writer.assign(TOPIC, 0, "id")
    assert (taken.offset, taken.epoch > mine.epoch) == (99, True), (
        "taking over may be done twice: it is, at once"
    )
    assert outcome.duplicates == 0
    assert outcome.events == (50 if end == "the commit is lost" else 0)
    assert await counted(clean_graph) == (100, 100, 100, 0)


async def test_a_connection_that_swallows_everything_is_given_up(
    engines: EngineAddresses, clean_graph: AsyncDriver
) -> None:
    """Nobody says that nothing comes through any more, and TCP would wait for minutes; then it goes on with another connection."""
    async with through(engines) as (proxy, driver):
        writer = Writer(driver, transaction_timeout_s=1.0)
        await writer.migrate()
        mine = await writer.assign(TOPIC, 0, "id")
        proxy.hole()
        since_s = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await writer.write(batch_of(mine, events(0, 50)))
        assert time.monotonic() - since_s < 1.0 + SILENCE_S + 3.0
        proxy.cut()
        proxy.flow()
        await writer.write(batch_of(mine, events(0, 50)))
    assert await counted(clean_graph) == (50, 50, 50, 0)


async def test_waiting_for_a_frozen_writer_says_nothing_about_the_batch(clean_graph: AsyncDriver) -> None:
    """A writer that stands still in its transaction holds the lock until its time is up: who waits for it is not told that its
    batch takes too long, or batches would shrink and innocent events be buried.
    """
    writer = Writer(clean_graph, transaction_timeout_s=1.0)
    await writer.migrate()
    mine = await writer.assign(TOPIC, 0, "id")
    async with clean_graph.session() as session, await session.begin_transaction(timeout=20.0) as frozen:
        await ask(frozen, "write/graph_locked")
        with pytest.raises(StoreUnavailable) as waited:
            await writer.write(batch_of(mine, events(0, 50)))
    assert not isinstance(waited.value, StoreGaveUp)
    assert (await writer.write(batch_of(mine, events(0, 50)))).events == 50


async def test_an_ingester_gets_over_commits_without_answer(
    engines: EngineAddresses, clean_graph: AsyncDriver, topic: MakeTopic, tmp_path: Path
) -> None:
    """While every other commit fails in one of three ways, all events are applied once."""
    path = tmp_path / "one.yaml"
    path.write_text(MAPPING)
    name = await topic(partitions=2)
    ids = [f"{number:04}" for number in range(600)]
    await publish([event(id) for id in ids], Kafka(bootstrap=engines.kafka_bootstrap), name)
    async with through(engines) as (proxy, driver):
        options = options_for(engines, name, batch_events_max=20)
        async with (
            ingesting(options, driver, Mapping.load([path])) as ingester,
            asyncio.timeout(APPLIED_WITHIN_S),
        ):
            for end in [*ENDS_OF_COMMITS] * 4:
                applied = ingester.progress.applied
                while ingester.progress.applied == applied:
                    await asyncio.sleep(0.002)
                ENDS_OF_COMMITS[end](proxy)
                while proxy.ambush is not None:
                    await asyncio.sleep(0.002)
            proxy.calm()
            await ingester.drained(APPLIED_WITHIN_S)
    assert await ids_in(clean_graph) == ids
    assert (await counted(clean_graph))[2:] == (600, 0)
