"""Everything that takes part in a torture: engines, proxies, ingesters, publisher, faults; set up, and taken down whatever happens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from neo4j import AsyncDriver, AsyncGraphDatabase

from graph_service.local import KafkaEngine, Neo4jEngine, ensure_jars
from tests.torture.checking import owned
from tests.torture.events import MAPPING
from tests.torture.faults import Faults, aim_kafka, aim_neo4j, listener_of
from tests.torture.processes import EngineProcess, IngesterProcess
from tests.torture.proxy import Proxy
from tests.torture.publishing import Publisher

BATCH_EVENTS_MAX = (500, 150, 40)
"""Of each ingester."""
INGESTERS = len(BATCH_EVENTS_MAX)
START_WITHIN_S = 180.0
SESSION_TIMEOUT_S = 6.0
TRANSACTION_TIMEOUT_S = 10.0
"""So long everybody waits for an ingester that is stopped within a transaction."""
ZOMBIE_S = SESSION_TIMEOUT_S + 2.5
TOPICS = {"torture.stamped": 4, "torture.given": 2}
"""By name, how many partitions. Kafka stamps the records of the first; the second takes the timestamps that it is given."""
SMALL_EVENTS_MAX = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done."""

    seed: int
    duration_s: float
    events: int
    fault_every_s: float
    output: Path

    @property
    def drain_s(self) -> float:
        """How long one calm ingester may take for everything."""
        return 120.0 + self.events / 100

    def neo4j(self, home: Path) -> Neo4jEngine:
        """A Neo4j of a size that suits; in a short run it had better start quickly."""
        small = self.events <= SMALL_EVENTS_MAX
        heap_mb, pagecache_mb = (640, 160) if small else (1024, 512)
        return Neo4jEngine(home, heap_mb=heap_mb, pagecache_mb=pagecache_mb, short_lived=small)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What takes part, at work."""

    plan: Plan
    neo4j: EngineProcess[Neo4jEngine]
    kafka: EngineProcess[KafkaEngine]
    ingesters: Sequence[IngesterProcess]
    publisher: Publisher
    faults: Faults

    async def calmed(self) -> None:
        """No faults, no ingesters, both engines well."""
        await asyncio.gather(self.neo4j.settled(), self.kafka.settled())
        for ingester in self.ingesters:
            await ingester.end()


@asynccontextmanager
async def staged(plan: Plan, data: Path) -> AsyncIterator[Stage]:
    """All of it, started, with every partition in the hands of an ingester. The engines keep their data in a folder.

    Nothing is left running at the end.
    """
    async with AsyncExitStack() as stack:
        to_neo4j = [await stack.enter_async_context(Proxy(f"neo4j-{n}")) for n in range(INGESTERS)]
        to_kafka = [await stack.enter_async_context(Proxy(f"kafka-{n}")) for n in range(INGESTERS)]
        advertised = {listener_of(number): proxy.port for number, proxy in enumerate(to_kafka)}
        jars = ensure_jars()
        neo4j = EngineProcess(lambda: plan.neo4j(data / "neo4j"), jars)
        kafka = EngineProcess(lambda: KafkaEngine(data / "kafka", heap_mb=256, advertised=advertised), jars)
        stack.push_async_callback(neo4j.end)
        stack.push_async_callback(kafka.end)
        await asyncio.gather(neo4j.start(), kafka.start())
        aim_neo4j(to_neo4j, neo4j.engine)
        aim_kafka(to_kafka, kafka.engine)
        await _make_topics(kafka.engine.bootstrap)
        ingesters = [
            _member(plan, n, neo4j.engine.password, to_neo4j[n].port, to_kafka[n].port)
            for n in range(INGESTERS)
        ]
        for ingester in ingesters:
            stack.callback(ingester.kill)
            stack.callback(asyncio.create_task(ingester.keep()).cancel)
            ingester.wanted = True
        async with driver_of(neo4j.engine) as driver:
            await _joined(driver, (*to_neo4j, *to_kafka))
        yield Stage(
            plan=plan,
            neo4j=neo4j,
            kafka=kafka,
            ingesters=ingesters,
            publisher=Publisher(lambda: kafka.engine.bootstrap, tuple(TOPICS), stamped=(False, True)),
            faults=Faults(
                ingesters=ingesters,
                neo4j=neo4j,
                kafka=kafka,
                to_neo4j=to_neo4j,
                to_kafka=to_kafka,
                zombie_s=ZOMBIE_S,
            ),
        )


@asynccontextmanager
async def driver_of(engine: Neo4jEngine) -> AsyncIterator[AsyncDriver]:
    """A driver for a Neo4j, without its hints."""
    auth = (engine.user, engine.password)
    async with AsyncGraphDatabase.driver(
        engine.uri, auth=auth, notifications_min_severity="OFF", warn_notification_severity="OFF"
    ) as driver:
        yield driver


def calm_ingester(plan: Plan, name: str, neo4j: Neo4jEngine, kafka: KafkaEngine) -> IngesterProcess:
    """An ingester that reaches the engines without a proxy."""
    variables = {"GRAPH_SERVICE_NEO4J_TRANSACTION_TIMEOUT_S": "60"}
    return _ingester(plan, name, neo4j.password, neo4j.state.ports["bolt"], kafka.bootstrap, variables)


def _member(plan: Plan, number: int, password: str, bolt: int, kafka: int) -> IngesterProcess:
    """A member of the group behind its own proxies, each with batches of its own size; the first one is a static member."""
    variables = {
        "GRAPH_SERVICE_BATCH_EVENTS_MAX": str(BATCH_EVENTS_MAX[number]),
        "GRAPH_SERVICE_NEO4J_TRANSACTION_TIMEOUT_S": str(TRANSACTION_TIMEOUT_S),
    }
    if number == 0:
        variables["GRAPH_SERVICE_GROUP_INSTANCE_ID"] = "torture-0"
    return _ingester(plan, f"ingester-{number}", password, bolt, f"127.0.0.1:{kafka}", variables)


def _ingester(
    plan: Plan, name: str, password: str, bolt: int, bootstrap: str, variables: Mapping[str, str]
) -> IngesterProcess:
    arguments = [
        *(f"--mapping={MAPPING}", f"--neo4j-uri=bolt://127.0.0.1:{bolt}", f"--kafka={bootstrap}"),
        *(f"--topic={topic}" for topic in TOPICS),
    ]
    log = plan.output / f"torture-{plan.seed}-{name}.log"
    log.unlink(missing_ok=True)
    return IngesterProcess(
        name,
        lambda: arguments,
        variables={
            **variables,
            "GRAPH_SERVICE_NEO4J_PASSWORD": password,
            "GRAPH_SERVICE_GROUP_SESSION_TIMEOUT_S": str(SESSION_TIMEOUT_S),
            "GRAPH_SERVICE_LOG_FORMAT": "json",
        },
        log=log,
    )


async def _make_topics(bootstrap: str) -> None:
    kinds = ("LogAppendTime", "CreateTime")
    new = [
        NewTopic(name, count, 1, topic_configs={"message.timestamp.type": kind})
        for (name, count), kind in zip(TOPICS.items(), kinds, strict=True)
    ]
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics(new)
    finally:
        await admin.close()


async def _joined(driver: AsyncDriver, proxies: Sequence[Proxy]) -> None:
    """Wait until all ingesters are there and every partition is somebody's."""
    deadline_s = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline_s:
        if await owned(driver) == sum(TOPICS.values()) and all(proxy.connections for proxy in proxies):
            return
        await asyncio.sleep(0.5)
    raise RuntimeError("the ingesters do not start; see their logs")
