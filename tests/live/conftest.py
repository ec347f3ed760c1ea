"""Real engines for the tests: one fixture, three ways, the same tests.

`GRAPH_SERVICE_TEST_BACKEND` chooses: `external` (addresses in `GRAPH_SERVICE_TEST_NEO4J_URI`, `…_NEO4J_USER`,
`…_NEO4J_PASSWORD`, `GRAPH_SERVICE_TEST_KAFKA_BOOTSTRAP`), `containers` (a Docker engine), `local` (jars as
child processes), or `auto`, the default: the first of these that is there.
"""

from __future__ import annotations

import importlib
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Generator, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pytest
import pytest_asyncio

from graph_service.local import KafkaEngine, Neo4jEngine, start_all

if TYPE_CHECKING:
    from neo4j import AsyncDriver

    from tests.live.small_graph import SmallGraph

BACKENDS = ("auto", "external", "containers", "local")
NEO4J_IMAGE = "neo4j:2026.08.1"
KAFKA_IMAGE = "confluentinc/cp-kafka:7.6.0"
SKIP_ALLOWED = "shared data absent"
Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


@dataclass(frozen=True, kw_only=True)
class EngineAddresses:
    """Where the engines of this session are. `backend` says which way they came."""

    backend: str
    neo4j_uri: str
    neo4j_user: str
    neo4j_password: str
    kafka_bootstrap: str


class MakeTopic(Protocol):
    """Makes a topic of its own name, and returns that name."""

    def __call__(
        self, *, partitions: int = 1, configs: Mapping[str, str] | None = None
    ) -> Awaitable[str]: ...


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineAddresses]:
    """A Neo4j and a Kafka that answer; started once for all tests where they are not given."""
    backend = chosen_backend(os.environ)
    if backend == "external":
        yield external_engines(os.environ)
    elif backend == "containers":
        with container_engines() as addresses:
            yield addresses
    else:
        with local_engines(tmp_path_factory.mktemp("engines")) as addresses:
            yield addresses


def chosen_backend(environment: Mapping[str, str]) -> str:
    """The way to the engines: one of BACKENDS without `auto`."""
    backend = environment.get("GRAPH_SERVICE_TEST_BACKEND", "auto")
    if backend not in BACKENDS:
        raise pytest.UsageError(
            f"GRAPH_SERVICE_TEST_BACKEND is {backend!r}; it must be one of {', '.join(BACKENDS)}"
        )
    if backend != "auto":
        return backend
    given = ("NEO4J_URI", "NEO4J_PASSWORD", "KAFKA_BOOTSTRAP")
    if all(environment.get(f"GRAPH_SERVICE_TEST_{name}") for name in given):
        return "external"
    return "containers" if docker_answers() else "local"


def docker_answers() -> bool:
    """Whether a Docker engine can be used from here."""
    try:
        return bool(importlib.import_module("docker").from_env(timeout=3).ping())
    except Exception:
        return False


def external_engines(environment: Mapping[str, str]) -> EngineAddresses:
    """The engines whose addresses are configured."""
    try:
        return EngineAddresses(
            backend="external",
            neo4j_uri=environment["GRAPH_SERVICE_TEST_NEO4J_URI"],
            neo4j_user=environment.get("GRAPH_SERVICE_TEST_NEO4J_USER", "neo4j"),
            neo4j_password=environment["GRAPH_SERVICE_TEST_NEO4J_PASSWORD"],
            kafka_bootstrap=environment["GRAPH_SERVICE_TEST_KAFKA_BOOTSTRAP"],
        )
    except KeyError as error:
        raise pytest.UsageError(f"The backend `external` needs the variable {error.args[0]}") from None


@contextmanager
def container_engines() -> Iterator[EngineAddresses]:
    """Engines in containers, with the same settings as the local ones where tests depend on them."""
    from testcontainers.community.kafka import KafkaContainer
    from testcontainers.community.neo4j import Neo4jContainer

    password = uuid.uuid4().hex
    neo4j = Neo4jContainer(NEO4J_IMAGE, password=password)
    kafka = KafkaContainer(KAFKA_IMAGE).with_kraft()
    kafka.with_env("KAFKA_LOG_MESSAGE_TIMESTAMP_TYPE", "LogAppendTime")
    kafka.with_env("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false")
    kafka.with_env("KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS", "0")
    with neo4j, kafka:
        yield EngineAddresses(
            backend="containers",
            neo4j_uri=neo4j.get_connection_url(),
            neo4j_user="neo4j",
            neo4j_password=password,
            kafka_bootstrap=kafka.get_bootstrap_server(),
        )


@contextmanager
def local_engines(data: Path) -> Iterator[EngineAddresses]:
    """Engines as child processes, small, with their data in a temporary folder."""
    neo4j = Neo4jEngine(data / "neo4j", heap_mb=512, pagecache_mb=128, short_lived=True)
    with start_all(data, neo4j=neo4j, kafka=KafkaEngine(data / "kafka", heap_mb=256)) as started:
        yield EngineAddresses(
            backend="local",
            neo4j_uri=started.neo4j.uri,
            neo4j_user=started.neo4j.user,
            neo4j_password=started.neo4j.password,
            kafka_bootstrap=started.kafka.bootstrap,
        )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def neo4j_driver(engines: EngineAddresses) -> AsyncIterator[AsyncDriver]:
    """A driver for the session's Neo4j."""
    from neo4j import AsyncGraphDatabase

    auth = (engines.neo4j_user, engines.neo4j_password)
    async with AsyncGraphDatabase.driver(
        engines.neo4j_uri, auth=auth, notifications_min_severity="OFF"
    ) as driver:
        await driver.verify_connectivity()
        if engines.backend == "external":
            await refuse_to_wipe_a_database_in_use(driver, engines.neo4j_uri)
        yield driver


async def refuse_to_wipe_a_database_in_use(driver: AsyncDriver, uri: str) -> None:
    """The tests empty the database: a configured one must be empty at first, or named as expendable."""
    found = await driver.execute_query("MATCH (n) RETURN count(n) AS nodes")
    if found.records[0]["nodes"] and os.environ.get("GRAPH_SERVICE_TEST_NEO4J_WIPE") != "yes":
        raise pytest.UsageError(
            f"The database at {uri} is not empty, and the tests delete all that is in it; use an empty one, "
            "or set GRAPH_SERVICE_TEST_NEO4J_WIPE=yes"
        )


@pytest_asyncio.fixture(loop_scope="session")
async def clean_graph(neo4j_driver: AsyncDriver) -> AsyncDriver:
    """The driver, on a database without nodes and relationships; constraints and indexes stay."""
    await emptied(neo4j_driver)
    return neo4j_driver


async def emptied(driver: AsyncDriver) -> None:
    """Take away all nodes and relationships."""
    async with driver.session() as session:
        result = await session.run("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS")
        await result.consume()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def small_graph(neo4j_driver: AsyncDriver) -> SmallGraph:
    """An empty graph with two relationship types, to be written directly; see there how it is emptied again."""
    from tests.live.small_graph import SmallGraph

    await emptied(neo4j_driver)
    return await SmallGraph.prepared(neo4j_driver)


@pytest_asyncio.fixture(loop_scope="session")
async def topic(engines: EngineAddresses) -> AsyncIterator[MakeTopic]:
    """Makes topics: `name = await topic(partitions=3, configs={"max.message.bytes": "3000000"})`; they go
    with the test.
    """
    from aiokafka.admin import AIOKafkaAdminClient, NewTopic

    made: list[str] = []
    async with AsyncExitStack() as stack:
        admin = AIOKafkaAdminClient(bootstrap_servers=engines.kafka_bootstrap)
        await admin.start()
        stack.push_async_callback(admin.close)

        async def make(*, partitions: int = 1, configs: Mapping[str, str] | None = None) -> str:
            name = f"test-{uuid.uuid4().hex}"
            new = NewTopic(
                name=name, num_partitions=partitions, replication_factor=1, topic_configs=dict(configs or {})
            )
            answer = await admin.create_topics([new])
            errors = [error for _, *error in answer.topic_errors if error[0]]
            assert not errors, f"Kafka refused the topic {name}: {errors}"
            made.append(name)
            return name

        yield make
        if made:
            await admin.delete_topics(made)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a live test that is skipped has failed."""
    report = yield
    return fail_if_skipped_in_ci(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """So has a file of live tests."""
    report = yield
    return fail_if_skipped_in_ci(report)


def fail_if_skipped_in_ci(report: Report) -> Report:
    """The report, failed if it says skipped, this is CI, and the reason is not that the shared data is
    absent.
    """
    in_ci = os.environ.get("CI", "").lower() not in ("", "0", "false")
    if in_ci and report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        reason = skip_reason(report.longrepr)
        if not reason.startswith(SKIP_ALLOWED):
            report.outcome = "failed"
            report.longrepr = f"A live test must not be skipped in CI: {reason}"
    return report


def skip_reason(longrepr: Any) -> str:
    """The words given to `pytest.skip` or `skipif`."""
    text = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)
    return str(text).removeprefix("Skipped: ")
