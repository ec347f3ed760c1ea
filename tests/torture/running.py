"""One run: engines, ingesters behind proxies, publishing and faults at once; then calm, and the comparison with a calm run."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from neo4j import AsyncDriver, AsyncGraphDatabase

from graph_service.local import KafkaEngine, Neo4jEngine, ensure_jars
from graph_service.mapping import Mapping as EventMapping
from graph_service.store.digest import DigestComparison, compare
from tests.torture.checking import Findings, Truth, behind, findings, positions, read_truth
from tests.torture.events import MAPPING, Events
from tests.torture.faults import Faults, aim_kafka, aim_neo4j, listener_of, schedule
from tests.torture.processes import EngineProcess, IngesterProcess
from tests.torture.proxy import Proxy
from tests.torture.publishing import Publisher

BATCH_EVENTS_MAX = (500, 150, 40)
INGESTERS = len(BATCH_EVENTS_MAX)
START_WITHIN_S = 180.0
SESSION_TIMEOUT_S = 6.0
TRANSACTION_TIMEOUT_S = 10.0
"""So long everybody waits for an ingester that is stopped within a transaction."""
ZOMBIE_S = SESSION_TIMEOUT_S + 2.5
TOPICS = {"torture.stamped": 4, "torture.given": 2}
"""By name, how many partitions. Kafka stamps the records of the first; the second takes the timestamps that it is given."""
EXPECTED_EXITS = {3}
"""Of ingesters, unasked: Neo4j or Kafka was away when they started."""
HEAP_MB = 768


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


async def run(plan: Plan, data: Path) -> dict[str, Any]:
    """Carry out a plan with the data of the engines in a folder; returns the report. Nothing is left running, whatever happens."""
    started_s = time.monotonic()
    took: dict[str, float] = {}

    def lap(name: str) -> None:
        took[name] = round(time.monotonic() - started_s - sum(took.values()), 1)
        print(f"{name}: {took[name]} s", flush=True)

    async with AsyncExitStack() as stack:
        to_neo4j = [await stack.enter_async_context(Proxy(f"neo4j-{n}")) for n in range(INGESTERS)]
        to_kafka = [await stack.enter_async_context(Proxy(f"kafka-{n}")) for n in range(INGESTERS)]
        neo4j, kafka = _engines(data, to_kafka)
        stack.push_async_callback(neo4j.end)
        stack.push_async_callback(kafka.end)
        await asyncio.gather(neo4j.start(), kafka.start())
        aim_neo4j(to_neo4j, neo4j.engine)
        aim_kafka(to_kafka, kafka.engine)
        await _make_topics(kafka.engine.bootstrap)
        ingesters = [
            _ingester(plan, n, neo4j.engine.password, to_neo4j[n].port, to_kafka[n].port)
            for n in range(INGESTERS)
        ]
        for ingester in ingesters:
            stack.callback(ingester.kill)
        publisher = Publisher(lambda: kafka.engine.bootstrap, tuple(TOPICS), stamped=(False, True))
        faults = Faults(
            ingesters=ingesters,
            neo4j=neo4j,
            kafka=kafka,
            to_neo4j=to_neo4j,
            to_kafka=to_kafka,
            zombie_s=ZOMBIE_S,
        )
        keeping = [asyncio.create_task(ingester.keep()) for ingester in ingesters]
        for task in keeping:
            stack.callback(task.cancel)
        for ingester in ingesters:
            ingester.wanted = True
        async with _driver(neo4j.engine) as driver:
            await _joined(driver, (*to_neo4j, *to_kafka))
        lap("start")
        await _torture(plan, publisher, faults)
        lap("torture")
        await asyncio.gather(neo4j.settled(), kafka.settled())
        ends = [await ingester.end() for ingester in ingesters]
        mapping = EventMapping.load([MAPPING])
        truth = await read_truth(kafka.engine.bootstrap, TOPICS, mapping)
        lap("truth")
        async with _driver(neo4j.engine) as driver:
            left = await behind(driver, truth.last)
            await _drained(plan, "drain", neo4j.engine, kafka.engine, driver, truth)
            lap("drain")
            found = await findings(driver, truth)
            lap("check")
            calm = Neo4jEngine(
                data / "neo4j-calm", heap_mb=HEAP_MB, pagecache_mb=192, short_lived=plan.duration_s < 300
            )
            stack.callback(calm.stop)
            await asyncio.to_thread(calm.start, ensure_jars())
            async with _driver(calm) as calm_driver:
                await _drained(plan, "calm", calm, kafka.engine, calm_driver, truth)
                lap("calm run")
                found_calm = await findings(calm_driver, truth)
                comparison = await compare(driver, calm_driver)
                lap("comparison")
    report = _report(plan, publisher, faults, ingesters, truth, (found, found_calm), comparison, took)
    report["behind_at_the_end_of_faults"] = left
    report["ended_by_force"] = sum(code is not None and code < 0 for code in ends)
    _print(report)
    return report


def _engines(
    data: Path, to_kafka: list[Proxy]
) -> tuple[EngineProcess[Neo4jEngine], EngineProcess[KafkaEngine]]:
    jars = ensure_jars()
    advertised = {listener_of(number): proxy.port for number, proxy in enumerate(to_kafka)}
    neo4j = EngineProcess(
        lambda: Neo4jEngine(data / "neo4j", heap_mb=HEAP_MB, pagecache_mb=192, short_lived=True), jars
    )
    kafka = EngineProcess(lambda: KafkaEngine(data / "kafka", heap_mb=256, advertised=advertised), jars)
    return neo4j, kafka


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


def _ingester(plan: Plan, number: int, password: str, bolt: int, kafka: int) -> IngesterProcess:
    """A member of the group behind its own proxies, each with batches of its own size; the first one is a static member."""
    variables = {"GRAPH_SERVICE_BATCH_EVENTS_MAX": str(BATCH_EVENTS_MAX[number])}
    if number == 0:
        variables["GRAPH_SERVICE_GROUP_INSTANCE_ID"] = "torture-0"
    return _process(plan, f"ingester-{number}", password, bolt, f"127.0.0.1:{kafka}", variables)


def _process(
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
            "GRAPH_SERVICE_NEO4J_TRANSACTION_TIMEOUT_S": str(TRANSACTION_TIMEOUT_S),
            "GRAPH_SERVICE_LOG_FORMAT": "json",
        },
        log=log,
    )


async def _joined(driver: AsyncDriver, proxies: Sequence[Proxy]) -> None:
    """Wait until all ingesters are there and every partition is somebody's."""
    deadline_s = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline_s:
        places = await positions(driver)
        if len(places) == sum(TOPICS.values()) and all(proxy.connections for proxy in proxies):
            return
        await asyncio.sleep(0.5)
    raise RuntimeError("the ingesters do not start; see their logs")


async def _torture(plan: Plan, publisher: Publisher, faults: Faults) -> None:
    """Publish while faults happen, until both are over."""
    due = schedule(plan.seed, duration_s=plan.duration_s, every_s=plan.fault_every_s, ingesters=INGESTERS)
    events = Events(plan.seed, partitions=tuple(TOPICS.values()))
    work = [
        asyncio.create_task(
            publisher.publish(islice(iter(events), plan.events), per_s=plan.events / plan.duration_s)
        ),
        asyncio.create_task(faults.carry_out(due)),
    ]
    try:
        await asyncio.gather(*work)
    finally:
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)


async def _drained(
    plan: Plan, name: str, neo4j: Neo4jEngine, kafka: KafkaEngine, driver: AsyncDriver, truth: Truth
) -> None:
    """One ingester, straight at the engines, until everything of the log is applied."""
    process = _process(plan, name, neo4j.password, neo4j.state.ports["bolt"], kafka.bootstrap, {})
    keeping = asyncio.create_task(process.keep())
    process.wanted = True
    deadline_s = time.monotonic() + plan.drain_s
    try:
        while (left := await behind(driver, truth.last)) > 0:
            if time.monotonic() > deadline_s or process.exits:
                raise RuntimeError(f"{left} records are not applied; see {process.name} in {plan.output}")
            await asyncio.sleep(0.5)
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await process.end()


@asynccontextmanager
async def _driver(engine: Neo4jEngine) -> AsyncIterator[AsyncDriver]:
    auth = (engine.user, engine.password)
    async with AsyncGraphDatabase.driver(
        engine.uri, auth=auth, notifications_min_severity="OFF", warn_notification_severity="OFF"
    ) as driver:
        yield driver


def _report(
    plan: Plan,
    publisher: Publisher,
    faults: Faults,
    ingesters: list[IngesterProcess],
    truth: Truth,
    found: tuple[Findings, Findings],
    comparison: DigestComparison,
    took: Mapping[str, float],
) -> dict[str, Any]:
    exits = sum((ingester.exits for ingester in ingesters), Counter[int]())
    unexpected_exits = {code: count for code, count in exits.items() if code not in EXPECTED_EXITS}
    lost_by_kafka = len(publisher.acknowledged - truth.numbers)
    all_there = len(publisher.acknowledged) == plan.events
    return {
        "passed": all(one.clean for one in found)
        and comparison.equal
        and all_there
        and not lost_by_kafka
        and not unexpected_exits,
        "seed": plan.seed,
        "events_published": len(publisher.acknowledged),
        "records": truth.records,
        "events": len(truth.events),
        "doubles": truth.doubles,
        "conflicts": len(truth.conflicts),
        "bad_records": len(truth.bad),
        "unmapped": truth.unmapped,
        "faults": sum(faults.done.values()),
        "faults_by_kind": dict(sorted(faults.done.items())),
        "faults_missed": dict(sorted(faults.missed.items())),
        "ingester_starts": sum(ingester.starts for ingester in ingesters),
        "ingester_exits": {str(code): count for code, count in exits.items()},
        "unexpected_exits": sum(unexpected_exits.values()),
        "producer_failures": publisher.failures,
        "acknowledged_but_not_in_kafka": lost_by_kafka,
        "lost": found[0].lost,
        "doubled": found[0].doubled,
        "after_torture": asdict(found[0]),
        "after_calm_run": asdict(found[1]),
        "digest": comparison.one,
        "digest_of_calm_run": comparison.two,
        "streams": comparison.streams,
        "streams_differ": comparison.streams_differ,
        "events_differ": comparison.events_differ,
        "first_streams_differ": [str(one.stream) for one in comparison.first_streams],
        "seconds": dict(took),
        "cpus": os.cpu_count(),
    }


def _print(report: Mapping[str, Any]) -> None:
    show: Callable[[str], str] = lambda name: f"{name:32} {report[name]}"  # noqa: E731
    for kind, count in report["faults_by_kind"].items():
        print(f"  {kind:30} {count}")
    for name, value in report.items():
        if name != "faults_by_kind" and not isinstance(value, list):
            print(show(name))
