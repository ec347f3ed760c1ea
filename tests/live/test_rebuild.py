"""Promises of digest, rebuild and compare, on a real Kafka and two real Neo4js: the graph is a function of the log, and what makes
two graphs differ is named.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete
from aiokafka.structs import TopicPartition
from neo4j import AsyncDriver, AsyncGraphDatabase

from graph_service.cli import rebuild as command
from graph_service.core.errors import BadSettings
from graph_service.core.model import StreamKey
from graph_service.local import Neo4jEngine, ensure_jars
from graph_service.mapping import Mapping
from graph_service.settings import Settings, load_settings
from graph_service.store.keep.compare import What
from graph_service.store.keep.digest import compare, digest, stream_digests
from graph_service.store.keep.erasure import Eraser
from graph_service.store.keep.streams import Graph
from graph_service.store.keep.target import begin, standings
from graph_service.store.write.writer import Writer
from ingest.consume import Ingester
from ingest.kafka import Kafka
from ingest.options import IngestOptions
from ingest.rebuild import Rebuild
from tests.live.conftest import NEO4J_IMAGE, EngineAddresses, MakeTopic, emptied

pytestmark = pytest.mark.asyncio(loop_scope="session")

APPLIED_WITHIN_S = 60.0
SOURCE = "/rebuild"
FIRST = """
kinds: {service: {label: Service}}
relationships: {CALLS: {label: calls, depends: source}}
events:
  - name: seen
    type: seen.v1
    assert:
      - entity: {kind: service, name: data.name}
        properties: {size: data.size}
  - name: calls
    type: calls.v1
    assert:
      - relationship: CALLS
        source: {kind: service, name: data.name}
        target: {kind: service, name: data.calls}
  - name: gone
    type: gone.v1
    assert:
      - end: {kind: service, name: data.name}
  - name: never
    type: never.v1
    assert:
      - retract: data.wrong
"""
#: A unit for every service, calls from when they began to be so and not between friends, and services that were only heard of.
SECOND = """
kinds: {service: {label: Service}}
relationships: {CALLS: {label: calls, depends: source}}
events:
  - name: seen
    type: seen.v1
    assert:
      - entity: {kind: service, name: data.name}
        properties: {size: data.size, unit: "'kg'"}
  - name: calls
    type: calls.v1
    when: "!has(data.friends)"
    assert:
      - relationship: CALLS
        source: {kind: service, name: data.name}
        target: {kind: service, name: data.calls}
        valid_from: data.since
  - name: gone
    type: gone.v1
    assert:
      - end: {kind: service, name: data.name}
  - name: never
    type: never.v1
    assert:
      - retract: data.wrong
  - name: heard
    type: heard.v1
    assert:
      - entity: {kind: service, name: data.name}
"""


@contextmanager
def second_neo4j(engines: EngineAddresses, data: Path) -> Iterator[tuple[str, str, str]]:
    """Address, user and password of a Neo4j that is not the session's. An external one is named by
    `GRAPH_SERVICE_TEST_NEO4J_SECOND_URI`, with the same user and password.
    """
    if engines.backend == "local":
        neo4j = Neo4jEngine(data / "neo4j", heap_mb=320, pagecache_mb=64, short_lived=True)
        with neo4j.start(ensure_jars()):
            yield neo4j.uri, neo4j.user, neo4j.password
    elif engines.backend == "containers":
        from testcontainers.community.neo4j import Neo4jContainer

        with Neo4jContainer(NEO4J_IMAGE, password=engines.neo4j_password) as container:
            yield container.get_connection_url(), "neo4j", engines.neo4j_password
    else:
        uri = os.environ.get("GRAPH_SERVICE_TEST_NEO4J_SECOND_URI")
        if uri is None:
            pytest.skip("no second Neo4j: set GRAPH_SERVICE_TEST_NEO4J_SECOND_URI")
        yield uri, engines.neo4j_user, engines.neo4j_password


@pytest.fixture(scope="module")
def second(
    engines: EngineAddresses, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str, str]]:
    """Where to rebuild into."""
    with second_neo4j(engines, tmp_path_factory.mktemp("second")) as address:
        yield address


@pytest_asyncio.fixture(loop_scope="session")
async def target(second: tuple[str, str, str]) -> AsyncIterator[AsyncDriver]:
    """The second Neo4j, empty."""
    uri, *auth = second
    async with AsyncGraphDatabase.driver(uri, auth=(auth[0], auth[1])) as driver:
        await emptied(driver)
        yield driver


@pytest.fixture
def mappings(tmp_path: Path) -> tuple[Mapping, Mapping]:
    """The mapping in use, and another."""
    for name, text in (("first", FIRST), ("second", SECOND)):
        (tmp_path / f"{name}.yaml").write_text(text)
    return Mapping.load([tmp_path / "first.yaml"]), Mapping.load([tmp_path / "second.yaml"])


def settings_of(
    engines: EngineAddresses, topic: str, second: tuple[str, str, str]
) -> tuple[Settings, Settings]:
    """Settings of the live graph, and of the one to rebuild into."""
    common = {"topics": (topic,), "kafka_bootstrap": engines.kafka_bootstrap, "batch_events_max": 20}
    live = load_settings(
        neo4j_uri=engines.neo4j_uri,
        neo4j_user=engines.neo4j_user,
        neo4j_password=engines.neo4j_password,
        **common,
    )
    uri, user, password = second
    return live, load_settings(neo4j_uri=uri, neo4j_user=user, neo4j_password=password, **common)


def event(id: str, type: str, day: int, **data: Any) -> bytes:
    """A CloudEvent of some day in January."""
    said = {
        "specversion": "1.0",
        "id": id,
        "source": SOURCE,
        "type": type,
        "time": f"2026-01-{day:02}T00:00:00Z",
        "data": data,
    }
    return json.dumps(said).encode()


def seen(id: str, day: int, name: str, size: int) -> bytes:
    """A service has a size."""
    return event(id, "seen.v1", day, name=name, size=size)


LOG = (
    seen("1", 1, "a", 1),
    seen("2", 2, "b", 1),
    b"{ not JSON",
    seen("3", 5, "a", 2),
    event("4", "calls.v1", 4, name="a", calls="b", since="2026-01-03T00:00:00Z"),
    event("5", "calls.v1", 4, name="b", calls="a", since="2026-01-03T00:00:00Z", friends=True),
    seen("3", 5, "a", 2),  # a double
    seen("3", 5, "a", 3),  # a conflict
    event("6", "heard.v1", 6, name="heard"),
    event("7", "seen.v1", 7, size=1),  # has no name
    seen("8", 8, "c", 1),
    event("9", "gone.v1", 9, name="c"),
    seen("10", 1, "b", 7),  # late
    seen("11", 3, "d", 4),
    event("12", "never.v1", 10, wrong="11"),
    *(seen(f"more-{number}", 11 + number % 10, f"n{number % 7}", number) for number in range(40)),
)


async def ingested(
    engines: EngineAddresses, driver: AsyncDriver, mapping: Mapping, topic: str, log: Sequence[bytes] = LOG
) -> None:
    """Publish a log, records in turn to all partitions, and ingest it."""
    async with AIOKafkaProducer(bootstrap_servers=engines.kafka_bootstrap) as producer:
        partitions = len(await producer.partitions_for(topic))
        for number, value in enumerate(log):
            await producer.send_and_wait(topic, value, partition=number % partitions)
            await asyncio.sleep(
                0.002
            )  # a known time of its own: what is retracted within one was never believed
    await caught_up(engines, driver, mapping, topic)


async def published_in_transactions(engines: EngineAddresses, topic: str) -> None:
    """The same log to two partitions in transactions, one more of which is taken back: not every offset holds a record."""
    async with AIOKafkaProducer(
        bootstrap_servers=engines.kafka_bootstrap, transactional_id=topic
    ) as producer:
        for start in range(0, len(LOG), 20):
            async with producer.transaction():
                for number, value in enumerate(LOG[start : start + 20], start):
                    await producer.send_and_wait(topic, value, partition=number % 2)
            await producer.begin_transaction()
            await producer.send_and_wait(topic, seen("taken-back", 1, "a", 9), partition=0)
            await producer.abort_transaction()


async def caught_up(engines: EngineAddresses, driver: AsyncDriver, mapping: Mapping, topic: str) -> None:
    """Ingest all of a topic."""
    stop = asyncio.Event()
    options = options_for(engines, topic)
    ingester = Ingester(options, await prepared(driver, mapping), mapping)
    task = asyncio.create_task(ingester.run(stop))
    try:
        await ingester.drained(APPLIED_WITHIN_S)
    finally:
        stop.set()
        await task


def options_for(engines: EngineAddresses, topic: str) -> IngestOptions:
    """Options with a group of their own."""
    return IngestOptions(
        kafka=Kafka(bootstrap=engines.kafka_bootstrap),
        topics=(topic,),
        group_id=f"of-{topic}",
        batch_events_max=20,
    )


async def prepared(driver: AsyncDriver, mapping: Mapping) -> Writer:
    """A writer as the service makes it."""
    writer = Writer(driver)
    await writer.migrate()
    await writer.declare(
        mapping.vocabulary, mapping.version, [(one.name, one.version, one.text) for one in mapping.files]
    )
    return writer


async def test_a_rebuild_equals_the_graph(
    engines: EngineAddresses,
    second: tuple[str, str, str],
    clean_graph: AsyncDriver,
    target: AsyncDriver,
    topic: MakeTopic,
    mappings: tuple[Mapping, Mapping],
) -> None:
    """Of a log with bad records, doubles, conflicts, late and retracted events over two partitions, sparse in its offsets, and with a subject erased.
    Neither the live graph nor anything but an empty one is ever written to.
    """
    name = await topic(partitions=2)
    await published_in_transactions(engines, name)
    await caught_up(engines, clean_graph, mappings[0], name)
    await Eraser(driver=clean_graph).erase("service:n3", requested_at=0)
    live, other = settings_of(engines, name, second)
    before = await digest(clean_graph)
    report = await command.rebuild(live, other, mappings[0], go_on=False, first=5)
    assert report.comparison.equal and not report.partial, command.lines(report)
    assert await digest(target) == await digest(clean_graph) == before
    assert (report.records, report.events, report.duplicates, report.unmapped) == (len(LOG), 50, 1, 1)
    assert (
        report.dead_letters == report.dead_letters_live == {"conflict": 1, "mapping-failed": 1, "not-json": 1}
    )
    with pytest.raises(BadSettings, match="not empty"):
        await command.rebuild(live, other, mappings[0], go_on=False, first=5)
    with pytest.raises(BadSettings, match="begun with version"):
        await command.rebuild(live, other, mappings[1], go_on=True, first=5)
    for go_on in (False, True):
        with pytest.raises(BadSettings, match="live graph itself"):
            await command.rebuild(live, live, mappings[0], go_on=go_on, first=5)
    assert await digest(clean_graph) == before


async def test_a_rebuild_under_another_mapping_tells_which_facts_differ(
    engines: EngineAddresses,
    second: tuple[str, str, str],
    clean_graph: AsyncDriver,
    target: AsyncDriver,
    topic: MakeTopic,
    mappings: tuple[Mapping, Mapping],
) -> None:
    """Exactly those that the two mappings imply, each by its word."""
    name = await topic(partitions=1)
    await ingested(engines, clean_graph, mappings[0], name, LOG[:15])
    live, other = settings_of(engines, name, second)
    report = await command.rebuild(live, other, mappings[1], go_on=False, first=10)
    found = report.comparison
    # a twice, b twice (the late event), c once; d was retracted. One service was only heard of.
    assert found.counts == {
        "CALLS": {What.GAINED: 0, What.LOST: 1, What.MOVED: 1, What.CHANGED: 0},
        "service": {What.GAINED: 1, What.LOST: 0, What.MOVED: 0, What.CHANGED: 5},
    }
    a, b, c, heard = (f"service:{one}" for one in ("a", "b", "c", "heard"))
    assert {one.stream: one.counts for one in found.first} == {
        StreamKey(a): {What.CHANGED: 2},
        StreamKey(a, "CALLS"): {What.MOVED: 1},
        StreamKey(b): {What.CHANGED: 2},
        StreamKey(b, "CALLS"): {What.LOST: 1},
        StreamKey(c): {What.CHANGED: 1},
        StreamKey(heard): {What.GAINED: 1},
    }
    # Nothing is believed of d now; what was believed before it was retracted had no unit.
    assert found.first_believed_otherwise == (StreamKey("service:d"),)
    # The event that was only heard of is new; the friends' event is there in both, though it says nothing any more.
    assert (found.events.gained, found.events.lost, found.events.otherwise) == (1, 0, 0)
    assert json.loads(json.dumps(command.plain(report)))["comparison"]["differ"] == 6
    said = command.lines(report)
    assert "  moved   service:b {} [2026-01-04T00:00:00Z, open) => [2026-01-03T00:00:00Z, open)" in said


async def test_a_rebuild_goes_on_after_an_interruption(
    engines: EngineAddresses,
    second: tuple[str, str, str],
    clean_graph: AsyncDriver,
    target: AsyncDriver,
    topic: MakeTopic,
    mappings: tuple[Mapping, Mapping],
) -> None:
    """Ended in the middle, it is continued only when asked to, and is equal then; records that were done are not done again."""
    name = await topic(partitions=2)
    await ingested(engines, clean_graph, mappings[0], name)
    live_graph, target_graph = Graph(driver=clean_graph), Graph(driver=target)
    await begin(live_graph, target_graph, Writer(target), go_on=False, mapping=mappings[0].version)
    options = replace(options_for(engines, name), batch_events_max=5)
    rebuilding = Rebuild(options, await prepared(target, mappings[0]), mappings[0])
    running = asyncio.create_task(rebuilding.run(await standings(live_graph), asyncio.Event()))
    while rebuilding.progress.applied < 10:
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    done = sum(one.offset + 1 for one in await standings(target_graph))
    assert 10 <= done < len(LOG)
    live, other = settings_of(engines, name, second)
    with pytest.raises(BadSettings, match="--continue"):
        await command.rebuild(live, other, mappings[0], go_on=False, first=5)
    report = await command.rebuild(live, other, mappings[0], go_on=True, first=5)
    assert report.comparison.equal, command.lines(report)
    assert report.records == len(LOG) - done
    assert await digest(target) == await digest(clean_graph)


async def test_compare_names_exactly_what_was_tampered_with(
    engines: EngineAddresses,
    second: tuple[str, str, str],
    clean_graph: AsyncDriver,
    target: AsyncDriver,
    topic: MakeTopic,
    mappings: tuple[Mapping, Mapping],
    tmp_path: Path,
) -> None:
    """One row changed by hand: one stream is named, in the library and on the command line; all others are equal."""
    name = await topic(partitions=2)
    await ingested(engines, clean_graph, mappings[0], name)
    await ingested(engines, target, mappings[0], name, ())
    assert (await compare(clean_graph, target)).equal
    await target.execute_query(
        "MATCH (:Entity {key: 'service:a'})-[r:CALLS]->() SET r.properties = '{\"by\":\"hand\"}'"
    )
    found = await compare(clean_graph, target)
    wrong = StreamKey("service:a", "CALLS")
    assert not found.equal and (found.streams_differ, found.events_differ) == (1, 0)
    assert [one.stream for one in found.first_streams] == [wrong]
    assert (await digest(clean_graph), await digest(target)) == (found.one, found.two)
    streams = [
        {one.stream: one.digest async for one in stream_digests(driver)} for driver in (clean_graph, target)
    ]
    assert [key for key in streams[0] if streams[0][key] != streams[1][key]] == [wrong]
    said = against(engines, second, tmp_path)
    assert said.returncode == 1, said.stderr
    assert said.stdout.splitlines()[1:] == [
        f"1 of {found.streams} streams differ:",
        f"  service:a -CALLS->: 1 versions ({streams[0][wrong][:8]}) here, 1 versions ({streams[1][wrong][:8]}) there",
    ]


def against(
    engines: EngineAddresses, second: tuple[str, str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """`graph-service digest --against`, as a process of its own."""
    files = []
    for number, password in enumerate((engines.neo4j_password, second[2])):
        files.append(folder / f"password-{number}")
        files[-1].write_text(password)
    addresses = (
        "--neo4j-uri", engines.neo4j_uri, "--neo4j-user", engines.neo4j_user, "--neo4j-password-file", str(files[0]),
        "--against", second[0], "--against-user", second[1], "--against-password-file", str(files[1]),
    )  # fmt: skip
    program = "from graph_service.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, "digest", *addresses],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


async def test_a_log_without_its_beginning_is_said_to_be_partial(
    engines: EngineAddresses,
    second: tuple[str, str, str],
    clean_graph: AsyncDriver,
    target: AsyncDriver,
    topic: MakeTopic,
    mappings: tuple[Mapping, Mapping],
) -> None:
    """What retention took cannot be rebuilt: the report says of which partition, and how many events."""
    name = await topic(partitions=2)
    await ingested(engines, clean_graph, mappings[0], name)
    admin = AIOKafkaAdminClient(bootstrap_servers=engines.kafka_bootstrap)
    await admin.start()
    try:
        await admin.delete_records({TopicPartition(name, 0): RecordsToDelete(before_offset=2)})
    finally:
        await admin.close()
    live, other = settings_of(engines, name, second)
    report = await command.rebuild(live, other, mappings[0], go_on=False, first=5)
    assert report.partial and not report.comparison.equal
    [cut] = report.cut
    # Offset 0 is event 1, offset 1 is no event.
    assert (cut.topic, cut.partition, cut.first_offset, cut.events_older) == (name, 0, 2, 1)
    assert report.comparison.events.lost == 1
    assert any(
        line.startswith(f"PARTIAL: the log of {name}/0 begins at offset 2") for line in command.lines(report)
    )
