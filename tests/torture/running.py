"""One run: publishing and faults at once; then calm, and the comparison with a calm run."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from neo4j import AsyncDriver

from graph_service.local import Neo4jEngine, ensure_jars
from graph_service.mapping import Mapping
from graph_service.store.keep.digest import DigestComparison, compare
from tests.torture.checking import Findings, Truth, behind, findings, read_truth
from tests.torture.events import MAPPING, Events
from tests.torture.faults import schedule
from tests.torture.processes import EXPECTED_EXITS
from tests.torture.stage import INGESTERS, TOPICS, Plan, Stage, calm_ingester, driver_of, staged

SAY_EVERY_S = 30.0


class Laps:
    """How long each part of a run took, in seconds; said as soon as it is over."""

    def __init__(self) -> None:
        """The first part begins."""
        self.seconds: dict[str, float] = {}
        self._since_s = time.monotonic()

    def over(self, name: str) -> None:
        """The part of this name is over, and the next one begins."""
        now_s = time.monotonic()
        self.seconds[name], self._since_s = round(now_s - self._since_s, 1), now_s
        print(f"{name}: {self.seconds[name]} s", flush=True)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came of a run."""

    truth: Truth
    #: Records that were not applied when the faults were over.
    left: int
    tortured: Findings
    calm: Findings
    comparison: DigestComparison


async def run(plan: Plan, data: Path) -> dict[str, Any]:
    """Carry out a plan with the data of the engines in a folder; returns the report. Nothing is left running, whatever happens."""
    laps = Laps()
    async with staged(plan, data) as stage:
        laps.over("start")
        await _torture(stage)
        laps.over("torture")
        await stage.calmed()
        truth = await read_truth(stage.kafka.engine.bootstrap, TOPICS, Mapping.load([MAPPING]))
        laps.over("truth")
        async with driver_of(stage.neo4j.engine) as driver:
            result = await _compared(stage, driver, data, truth, laps)
    return _report(stage, result, laps)


async def _torture(stage: Stage) -> None:
    """Publish while faults happen, until both are over."""
    plan, publisher = stage.plan, stage.publisher
    due = schedule(plan.seed, duration_s=plan.duration_s, every_s=plan.fault_every_s, ingesters=INGESTERS)
    events = islice(iter(Events(plan.seed, partitions=tuple(TOPICS.values()))), plan.events)
    work = [
        asyncio.create_task(publisher.publish(events, per_s=plan.events / plan.duration_s)),
        asyncio.create_task(stage.faults.carry_out(due)),
    ]
    saying = asyncio.create_task(_say(stage))
    try:
        await asyncio.gather(*work)
    finally:
        for task in (*work, saying):
            task.cancel()
        await asyncio.gather(*work, saying, return_exceptions=True)


async def _say(stage: Stage) -> None:
    """How far it is, now and then."""
    while True:
        await asyncio.sleep(SAY_EVERY_S)
        faults, published = sum(stage.faults.done.values()), len(stage.publisher.acknowledged)
        print(f"  {faults} faults, {published} events published", flush=True)


async def _compared(stage: Stage, driver: AsyncDriver, data: Path, truth: Truth, laps: Laps) -> Result:
    """Apply what is left, do it all again in an empty graph, and compare both with what must be, and with each other."""
    left = await behind(driver, truth.last)
    await _drained(stage, "drain", stage.neo4j.engine, driver, truth)
    laps.over("drain")
    tortured = await findings(driver, truth)
    laps.over("check")
    with stage.plan.neo4j(data / "neo4j-calm") as calm:
        await asyncio.to_thread(calm.start, ensure_jars())
        async with driver_of(calm) as calm_driver:
            await _drained(stage, "calm", calm, calm_driver, truth)
            laps.over("calm run")
            found = await findings(calm_driver, truth)
            comparison = await compare(driver, calm_driver)
            laps.over("comparison")
    return Result(truth=truth, left=left, tortured=tortured, calm=found, comparison=comparison)


async def _drained(stage: Stage, name: str, neo4j: Neo4jEngine, driver: AsyncDriver, truth: Truth) -> None:
    """One ingester, straight at the engines, until everything of the log is applied."""
    process = calm_ingester(stage.plan, name, neo4j, stage.kafka.engine)
    keeping = asyncio.create_task(process.keep())
    process.wanted = True
    deadline_s = time.monotonic() + stage.plan.drain_s
    try:
        while (left := await behind(driver, truth.last)) > 0:
            if time.monotonic() > deadline_s or process.exits:
                raise RuntimeError(f"{left} records are not applied; see the log of {process.name}")
            await asyncio.sleep(0.5)
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await process.end()


def _report(stage: Stage, result: Result, laps: Laps) -> dict[str, Any]:
    truth, comparison, publisher, faults = result.truth, result.comparison, stage.publisher, stage.faults
    exits = sum((ingester.exits for ingester in stage.ingesters), Counter[int]())
    unexpected_exits = sum(count for code, count in exits.items() if code not in EXPECTED_EXITS)
    lost_by_kafka = len(publisher.acknowledged - truth.numbers)
    passed = (
        result.tortured.clean
        and result.calm.clean
        and comparison.equal
        and len(publisher.acknowledged) == stage.plan.events
        and not lost_by_kafka
        and not unexpected_exits
    )
    return {
        "passed": passed,
        "seed": stage.plan.seed,
        "faults_by_kind": dict(sorted(faults.done.items())),
        "faults": sum(faults.done.values()),
        "faults_that_found_nothing": sum(faults.missed.values()),
        "published": len(publisher.acknowledged),
        "producer_failures": publisher.failures,
        "acknowledged_but_not_in_kafka": lost_by_kafka,
        "records": truth.records,
        "events": len(truth.events),
        "doubles": truth.doubles,
        "conflicts": len(truth.conflicts),
        "bad_records": len(truth.bad),
        "unmapped": truth.unmapped,
        "lost": result.tortured.lost,
        "doubled": result.tortured.doubled,
        "digest": comparison.one,
        "digest_of_calm_run": comparison.two,
        "streams": comparison.streams,
        "streams_differ": comparison.streams_differ,
        "events_differ": comparison.events_differ,
        "first_streams_differ": [str(one.stream) for one in comparison.first_streams],
        "after_torture": asdict(result.tortured),
        "after_calm_run": asdict(result.calm),
        "behind_at_the_end_of_faults": result.left,
        "ingester_starts": sum(ingester.starts for ingester in stage.ingesters),
        "ingesters_ended_by_force": sum(ingester.forced for ingester in stage.ingesters),
        "unasked_exits": {str(code): count for code, count in exits.items()},
        "unexpected_exits": unexpected_exits,
        "seconds": laps.seconds,
    }


def printed(report: dict[str, Any]) -> str:
    """The report for people."""
    kinds = [f"  {kind:30} {count}" for kind, count in report["faults_by_kind"].items()]
    rest = [
        f"{name:32} {value}" for name, value in report.items() if name not in ("faults_by_kind", "seconds")
    ]
    return "\n".join([*kinds, *rest, "  ".join(f"{name} {s} s" for name, s in report["seconds"].items())])
