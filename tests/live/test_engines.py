"""Promises of the engines, on the real ones: ours, durable, alone on their data, and never left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from neo4j import AsyncDriver, AsyncGraphDatabase, GraphDatabase

from graph_service.core.errors import EngineError
from graph_service.local import Engines, KafkaEngine, Neo4jEngine, ensure_jars, start_all
from graph_service.local.bolt import lives_in
from graph_service.local.process import is_running
from tests.live.conftest import EngineAddresses, MakeTopic

pytestmark = pytest.mark.asyncio(loop_scope="session")

GONE_WITHIN_S = 15.0
TOPIC = "kept"
KilledParent = tuple[Path, subprocess.Popen[str], dict[str, Any]]
PARENT = """
import json, sys, time
from pathlib import Path
from tests.live.test_engines import small_engines
with small_engines(Path(sys.argv[1])) as engines:
    pids = [pid for one in (engines.neo4j, engines.kafka) for pid in (one.pid, one.state.supervisor_pid)]
    print(json.dumps({"pids": pids, "uri": engines.neo4j.uri, "password": engines.neo4j.password,
                      "bootstrap": engines.kafka.bootstrap}), flush=True)
    time.sleep(600)
"""


def small_engines(data: Path) -> Engines:
    """Both engines, as small as they can be."""
    neo4j = Neo4jEngine(data / "neo4j", heap_mb=384, pagecache_mb=64, short_lived=True)
    return start_all(data, neo4j=neo4j, kafka=KafkaEngine(data / "kafka", heap_mb=192), progress=False)


def write_node(uri: str, password: str, name: str) -> None:
    with GraphDatabase.driver(uri, auth=("neo4j", password)) as driver:
        driver.execute_query("CREATE (:Kept {name: $name})", name=name)


def read_nodes(engines: Engines) -> list[str]:
    auth = (engines.neo4j.user, engines.neo4j.password)
    with GraphDatabase.driver(engines.neo4j.uri, auth=auth) as driver:
        return [
            record["name"]
            for record in driver.execute_query("MATCH (n:Kept) RETURN n.name AS name ORDER BY name").records
        ]


async def append(bootstrap: str, value: bytes, *, create: bool = False) -> None:
    if create:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        await admin.create_topics([NewTopic(TOPIC, 1, 1)])
        await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        await producer.send_and_wait(TOPIC, value)


async def read_topic(bootstrap: str, topic: str, count: int) -> list[bytes]:
    async with AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
        return [(await consumer.getone()).value for _ in range(count)]


def until_gone(pids: list[int]) -> float:
    """The seconds until none of the processes is there; fails after GONE_WITHIN_S."""
    start = time.monotonic()
    while any(map(is_running, pids)):
        assert time.monotonic() - start < GONE_WITHIN_S, (
            f"left behind: {[pid for pid in pids if is_running(pid)]}"
        )
        time.sleep(0.05)
    return time.monotonic() - start


async def test_neo4j_answers_and_can_be_emptied(clean_graph: AsyncDriver) -> None:
    """The session's Neo4j takes writes, and `clean_graph` handed it over without nodes."""
    found = await clean_graph.execute_query("MATCH (n) RETURN count(n) AS nodes")
    assert found.records[0]["nodes"] == 0
    await clean_graph.execute_query("UNWIND range(1, 100) AS i CREATE (:A {i: i})-[:TO]->(:B)")


async def test_the_graph_is_clean_in_every_test(clean_graph: AsyncDriver) -> None:
    """What another test wrote is gone, relationships included."""
    found = await clean_graph.execute_query("OPTIONAL MATCH (n)-[r]->() RETURN count(n) + count(r) AS all")
    assert found.records[0]["all"] == 0


async def test_kafka_stamps_records_when_it_appends_them(engines: EngineAddresses, topic: MakeTopic) -> None:
    """The timestamp of a record is the log's, whatever the producer says: known time comes from the log."""
    name = await topic(partitions=2)
    before_ms = int(time.time() * 1000) - 1
    async with AIOKafkaProducer(bootstrap_servers=engines.kafka_bootstrap) as producer:
        sent = await producer.send_and_wait(name, b"x", partition=1, timestamp_ms=1)
    async with AIOKafkaConsumer(
        name, bootstrap_servers=engines.kafka_bootstrap, auto_offset_reset="earliest"
    ) as consumer:
        record = await consumer.getone()
    assert (record.partition, record.offset) == (sent.partition, sent.offset)
    assert record.timestamp_type == 1
    assert before_ms <= record.timestamp <= int(time.time() * 1000) + 1


async def test_a_topic_can_take_large_records(engines: EngineAddresses, topic: MakeTopic) -> None:
    """Extra settings of a topic are kept: here, records of 2 MB."""
    name = await topic(configs={"max.message.bytes": "3000000"})
    value = os.urandom(2_000_000)
    async with AIOKafkaProducer(
        bootstrap_servers=engines.kafka_bootstrap, max_request_size=3_000_000
    ) as producer:
        await producer.send_and_wait(name, value)
    assert await read_topic(engines.kafka_bootstrap, name, 1) == [value]


@pytest.fixture
def killed_parent(tmp_path: Path) -> Iterator[KilledParent]:
    """Engines started by another process: their data folder, that process, and what it says about them."""
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], cwd=root, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        line = parent.stdout.readline()
        assert line, "the engines did not start"
        yield tmp_path, parent, json.loads(line)
        parent.kill()


async def test_engines_end_with_a_killed_parent_and_find_everything_again(
    killed_parent: KilledParent,
) -> None:
    """After kill -9 of the parent nothing is left; the next start has the same password, ports, records and
    nodes.

    The same after kill -9 of the engines themselves, and with their ports taken meanwhile; and no second
    engine gets in.
    """
    data, parent, told = killed_parent
    write_node(told["uri"], told["password"], "before")
    await append(told["bootstrap"], b"before", create=True)
    parent.kill()
    parent.wait()
    until_gone(told["pids"])

    with small_engines(data) as again:
        assert (again.neo4j.uri, again.neo4j.password) == (told["uri"], told["password"])
        assert again.kafka.bootstrap == told["bootstrap"]
        assert read_nodes(again) == ["before"]
        assert await read_topic(again.kafka.bootstrap, TOPIC, 1) == [b"before"]
        with pytest.raises(EngineError, match=f"is in use by process {os.getpid()}"):
            small_engines(data)
        assert read_nodes(again) == ["before"], "the refused start must not harm the running engines"
        write_node(again.neo4j.uri, again.neo4j.password, "between")
        await append(again.kafka.bootstrap, b"between")
        pids = [again.neo4j.pid, again.kafka.pid]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        until_gone(pids)
        assert not again.neo4j.is_running()

    with socket.socket() as bolt_taken, socket.socket() as kafka_taken:
        for taken, address in ((bolt_taken, told["uri"]), (kafka_taken, told["bootstrap"])):
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", int(address.rpartition(":")[2])))
            taken.listen()
        with small_engines(data) as moved:
            assert moved.neo4j.uri != told["uri"]
            assert moved.kafka.bootstrap != told["bootstrap"]
            assert read_nodes(moved) == ["before", "between"]
            assert await read_topic(moved.kafka.bootstrap, TOPIC, 2) == [b"before", b"between"]
            assert not lives_in(
                data,
                port=int(moved.neo4j.uri.rpartition(":")[2]),
                user="neo4j",
                password=moved.neo4j.password,
            )


async def test_a_client_with_a_wrong_password_gets_nothing(engines: EngineAddresses) -> None:
    """The random password is really set: no default one opens the database."""
    from neo4j.exceptions import AuthError

    async with AsyncGraphDatabase.driver(engines.neo4j_uri, auth=("neo4j", "neo4j")) as driver:
        with pytest.raises(AuthError):
            await driver.verify_connectivity()


@pytest.mark.parametrize("make", [Neo4jEngine, KafkaEngine])
async def test_too_little_memory_is_said_in_a_sentence(
    make: type[Neo4jEngine | KafkaEngine], tmp_path: Path
) -> None:
    """A heap that cannot be had ends the start at once, with the engine's last words, and leaves nothing
    behind.
    """
    engine = make(tmp_path / "engine", heap_mb=2**34)
    with pytest.raises(
        EngineError, match=r"ended while it started \(exit code 1\); check that \d+ MB of heap fit.*heap"
    ):
        engine.start(ensure_jars(progress=False))
    assert not engine.is_running()
    assert not is_running(engine.pid)


async def test_a_port_in_use_is_said_in_a_sentence(tmp_path: Path) -> None:
    """A port that the user chose is never silently replaced."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        engine = KafkaEngine(tmp_path / "kafka", port=port)
        with pytest.raises(EngineError, match=f"Port {port} \\(broker\\) is used by another process"):
            engine.start(ensure_jars(progress=False))
