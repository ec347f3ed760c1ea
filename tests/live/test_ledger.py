"""Promises of a backup: what is exported and imported again is the same graph, and an ingester goes on where the old one was."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping as Map
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from neo4j import AsyncDriver

from graph_service import story
from graph_service.core.errors import BadInput, StoreUnavailable
from graph_service.mapping import Mapping
from graph_service.store.keep.digest import digest
from graph_service.store.keep.ledger import export_ledger, import_ledger
from graph_service.store.keep.ledger_file import LedgerSummary
from graph_service.store.write.batch import Batch
from graph_service.store.write.writer import Writer
from ingest.kafka import Kafka
from ingest.publish import Timestamps, publish
from tests.live.conftest import EngineAddresses, MakeTopic, emptied
from tests.live.test_ingest import ingesting, options_for

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "online-boutique"
MAPPINGS = ROOT / "deploy" / "mappings"
APPLIED_WITHIN_S = 120.0
OWN_TIME = {
    "message.timestamp.type": "CreateTime",
    "message.timestamp.before.max.ms": "9223372036854775807",
    "message.timestamp.after.max.ms": "9223372036854775807",
}


async def exported(driver: AsyncDriver, path: Path) -> LedgerSummary:
    """A backup in a file."""
    with path.open("wb") as file:
        return await export_ledger(driver, file)


async def both_digests(driver: AsyncDriver) -> tuple[str, str]:
    """Of all, and of the valid axis."""
    return await digest(driver), await digest(driver, valid=True)


async def standing(driver: AsyncDriver) -> dict[str, Any]:
    """What is neither versions nor events: positions without their epochs, counters, dead letters, mapping files.

    An imported graph has a feed of its own: cursors of the other are not good there.
    """
    found = await driver.execute_query(
        """MATCH (g:Graph) RETURN g {.*, tick: null, feed: null, changes_gone_to: null} AS graph,
             COLLECT { MATCH (p:Position) RETURN p {.*, epoch: null, read_to: null} ORDER BY p.topic, p.partition } AS positions,
             COLLECT { MATCH (d:DeadLetter) RETURN [labels(d), d {.*, tick: null}] ORDER BY d.id } AS letters,
             COLLECT { MATCH (m:MappingFile) RETURN properties(m) ORDER BY m.name, m.version } AS files"""
    )
    return found.records[0].data()


async def epochs(driver: AsyncDriver) -> dict[int, int]:
    """By partition."""
    found = await driver.execute_query("MATCH (p:Position) RETURN p.partition AS partition, p.epoch AS epoch")
    return {record["partition"]: record["epoch"] for record in found.records}


def lines(path: Path, *kinds: str) -> list[dict[str, Any]]:
    """The lines of these kinds."""
    found = [json.loads(line) for line in path.read_bytes().splitlines()]
    return [one for one in found if one["kind"] in kinds]


async def test_the_demo_story_comes_back(
    engines: EngineAddresses, clean_graph: AsyncDriver, topic: MakeTopic, tmp_path: Path
) -> None:
    """Equal digests, counters, dead letters and positions; old writers are fenced; a second backup says the same; an ingester finds
    nothing to do. A backup taken while it was ingested is the graph of a beginning of the log: the ingester goes on from there to the
    same end.
    """
    name = await topic(partitions=3, configs=OWN_TIME)
    kafka = Kafka(bootstrap=engines.kafka_bootstrap)
    async with AIOKafkaProducer(bootstrap_servers=engines.kafka_bootstrap) as producer:
        await producer.send_and_wait(
            name, b"\xff{", key=b"\x00key", headers=[("h", b"\xfe")], partition=1, timestamp_ms=1
        )
    events = list(story.events())
    await publish(events, kafka, name, timestamps=Timestamps.RECORDEDTIME)
    mapping = Mapping.load([MAPPINGS / "demo.yaml"])
    midway, first, second = (tmp_path / name for name in ("midway", "first", "second"))
    async with ingesting(options_for(engines, name, batch_events_max=100), clean_graph, mapping) as ingester:
        while ingester.progress.applied < len(events) // 4:
            await asyncio.sleep(0.01)
        taken = await exported(clean_graph, midway)
        assert ingester.progress.applied < len(events), "the export was not concurrent"
        await ingester.drained(APPLIED_WITHIN_S)
    before, stood, old = (
        await both_digests(clean_graph),
        await standing(clean_graph),
        await epochs(clean_graph),
    )
    assert len(stood["letters"]) == 1
    summary = await exported(clean_graph, first)
    assert 0 < taken.counts["event"] < summary.counts["event"] == ingester.progress.events

    await emptied(clean_graph)
    assert await import_ledger(clean_graph, first, batch_events_max=300) == summary
    assert await both_digests(clean_graph) == before
    assert await standing(clean_graph) == stood
    new = await epochs(clean_graph)
    assert all(new[partition] > epoch for partition, epoch in old.items())
    await exported(clean_graph, second)
    said = ("mapping_file", "counters", "event", "dead_letter")
    assert lines(second, *said) == lines(first, *said)
    async with ingesting(options_for(engines, name), clean_graph, mapping) as ingester:
        await ingester.drained(APPLIED_WITHIN_S)
        assert ingester.progress.applied == 0
    with pytest.raises(BadInput, match="not empty"):
        await import_ledger(clean_graph, first)
    assert await both_digests(clean_graph) == before

    await emptied(clean_graph)
    await import_ledger(clean_graph, midway)
    found = (await standing(clean_graph))["graph"]
    passed = sum(one["offset"] + 1 for one in lines(midway, "position"))
    letters = len(lines(midway, "dead_letter"))
    assert found["events"] + found["duplicates"] + found["unmapped"] + letters == passed
    async with ingesting(options_for(engines, name), clean_graph, mapping) as ingester:
        await ingester.drained(APPLIED_WITHIN_S)
        assert ingester.progress.applied == len(events) + 1 - passed
    assert await both_digests(clean_graph) == before


@pytest.mark.skipif(not DATA.is_dir(), reason="shared data absent")
async def test_eight_years_come_back(
    engines: EngineAddresses, clean_graph: AsyncDriver, topic: MakeTopic, tmp_path: Path
) -> None:
    """Exported, wiped, imported: equal digests."""
    name, path = await topic(partitions=2), tmp_path / "ledger"
    with gzip.open(DATA / "events.jsonl.gz") as file:
        await publish([json.loads(line) for line in file], Kafka(bootstrap=engines.kafka_bootstrap), name)
    mapping = Mapping.load([MAPPINGS / "online-boutique.yaml"])
    async with ingesting(options_for(engines, name), clean_graph, mapping) as ingester:
        await ingester.drained(APPLIED_WITHIN_S)
    before = await both_digests(clean_graph)
    await exported(clean_graph, path)
    await emptied(clean_graph)
    await import_ledger(clean_graph, path)
    assert await both_digests(clean_graph) == before


async def small(driver: AsyncDriver, engines: EngineAddresses, name: str, count: int = 40) -> Mapping:
    """A graph of some events of the story."""
    events = [event for event, _ in zip(story.events(), range(count), strict=False)]
    await publish(events, Kafka(bootstrap=engines.kafka_bootstrap), name)
    mapping = Mapping.load([MAPPINGS / "demo.yaml"])
    async with ingesting(options_for(engines, name), driver, mapping) as ingester:
        await ingester.drained(APPLIED_WITHIN_S)
    return mapping


async def test_an_interrupted_import_goes_on(
    engines: EngineAddresses, clean_graph: AsyncDriver, topic: MakeTopic, tmp_path: Path
) -> None:
    """Until it is done nobody else writes, no other ledger is taken, and the same import, again, ends in the same graph."""
    name = await topic()
    await small(clean_graph, engines, name)
    before, path, other = await both_digests(clean_graph), tmp_path / "a.ndjson", tmp_path / "b.ndjson"
    await exported(clean_graph, path)
    await small(clean_graph, engines, name, 50)
    await exported(clean_graph, other)
    await emptied(clean_graph)

    def fail(done: int, total: int) -> None:
        if done >= 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await import_ledger(clean_graph, path, batch_events_max=10, on_record=fail)
    position = await Writer(clean_graph).assign(name, 0, "id")
    assert position.offset < 40
    with pytest.raises(BadInput, match="another ledger"):
        await import_ledger(clean_graph, other)
    with pytest.raises(BadInput, match="not finished"):
        await export_ledger(clean_graph, io.BytesIO())
    done: list[int] = []
    await import_ledger(clean_graph, path, batch_events_max=10, on_record=lambda now, _: done.append(now))
    assert done == [30, 40]
    assert await both_digests(clean_graph) == before


async def test_writers_take_turns_without_deadlocks(clean_graph: AsyncDriver) -> None:
    """Batches, assignments and exports at the same time: none of them ends because of another, and every one counts."""
    writer = Writer(clean_graph)
    await writer.migrate()

    async def work() -> None:
        for _ in range(10):
            await writer.write(Batch(advances=(), events=(), dead_letters=(), unmapped=()))
            await writer.assign("t", 0, "id")
            await export_ledger(clean_graph, io.BytesIO())

    await asyncio.gather(*(work() for _ in range(4)))
    assert await epochs(clean_graph) == {0: 40}


async def test_writers_wait_for_an_import(clean_graph: AsyncDriver) -> None:
    """Their batch is not lost: the store is unavailable to them."""
    writer = Writer(clean_graph)
    await writer.migrate()
    await clean_graph.execute_query("MATCH (g:Graph) SET g.importing = 'some'")
    with pytest.raises(StoreUnavailable, match="import"):
        await writer.write(Batch(advances=(), events=(), dead_letters=(), unmapped=()))


async def test_a_damaged_file_writes_nothing(
    engines: EngineAddresses, clean_graph: AsyncDriver, topic: MakeTopic, tmp_path: Path
) -> None:
    """Not even a constraint's worth: cut or altered, it is refused before the database is touched."""
    await small(clean_graph, engines, await topic(), 10)
    path = tmp_path / "whole.ndjson"
    await exported(clean_graph, path)
    await emptied(clean_graph)
    content = path.read_bytes()
    damaged: Map[str, bytes] = {
        "cut": content[: len(content) // 2],
        "without its end": b"".join(content.splitlines(keepends=True)[:-1]),
        "altered": content.replace(b'"offset":3', b'"offset":4', 1),
    }
    for what, bytes in damaged.items():
        path.write_bytes(bytes)
        with pytest.raises(BadInput):
            await import_ledger(clean_graph, path)
        found = await clean_graph.execute_query("MATCH (n) RETURN count(n) AS nodes")
        assert found.records[0]["nodes"] == 0, what


def command(engines: EngineAddresses, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`graph-service` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", "from graph_service.cli import main; main()", *arguments],
        cwd=ROOT,
        env={
            **os.environ,
            "GRAPH_SERVICE_NEO4J_URI": engines.neo4j_uri,
            "GRAPH_SERVICE_NEO4J_USER": engines.neo4j_user,
            "GRAPH_SERVICE_NEO4J_PASSWORD": engines.neo4j_password,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_the_commands_do_it(
    engines: EngineAddresses, clean_graph: AsyncDriver, topic: MakeTopic, tmp_path: Path
) -> None:
    """To a file and to standard output, from a compressed file; what is not sure is not done; nothing half is left behind."""
    await small(clean_graph, engines, await topic())
    before, path = await both_digests(clean_graph), tmp_path / "backup.ndjson.gz"
    told = command(engines, "export", str(path))
    assert (told.returncode, told.stdout.split(",")[0]) == (0, "40 events"), told.stderr
    piped = command(engines, "export")
    assert piped.returncode == 0
    assert piped.stdout == gzip.decompress(path.read_bytes()).decode()
    assert command(engines, "import", str(path)).returncode == 2, "the graph is not empty"
    await emptied(clean_graph)
    assert command(engines, "import", str(path)).returncode == 0
    assert await both_digests(clean_graph) == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]

    found = await clean_graph.execute_query("MATCH (e:Entity) WHERE e.present RETURN e.key AS key LIMIT 1")
    key = found.records[0]["key"]
    assert "pass --yes" in command(engines, "erase", key).stderr
    assert "check the key" in command(engines, "erase", key + "x", "--yes").stderr
    assert await both_digests(clean_graph) == before
    receipt = json.loads(command(engines, "erase", key, "--yes", "--reason", "why").stdout)
    assert (receipt["key"], receipt["reason"], receipt["done"]) == (key, "why", True)
    assert receipt["events"] > 0
    assert await both_digests(clean_graph) != before
