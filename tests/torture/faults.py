"""The faults: which come when is decided by the seed alone; carrying them out waits for nobody."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import TypeVar

from graph_service.local import KafkaEngine, Neo4jEngine
from tests.torture.processes import EngineProcess, IngesterProcess
from tests.torture.proxy import LOOPBACK, Proxy

KINDS: tuple[tuple[str, int], ...] = (
    # Connections to Neo4j, of one ingester.
    ("neo4j-cut", 8),
    ("neo4j-refuse", 3),
    ("neo4j-delay", 4),
    ("neo4j-slice", 3),
    ("neo4j-half-close", 3),
    ("neo4j-black-hole", 4),
    ("neo4j-commit-answer-lost", 9),
    ("neo4j-commit-lost", 5),
    ("neo4j-commit-late", 6),
    # Connections to Kafka, of one ingester.
    ("kafka-cut", 6),
    ("kafka-refuse", 2),
    ("kafka-delay", 3),
    ("kafka-slice", 3),
    ("kafka-half-close", 3),
    ("kafka-black-hole", 3),
    # Ingesters.
    ("ingester-kill", 7),
    ("ingester-stop", 6),
    ("ingester-zombie", 4),
    ("ingester-leave", 4),
    # Engines.
    ("neo4j-kill", 1),
    ("neo4j-stop", 3),
    ("kafka-kill", 2),
    ("kafka-stop", 3),
)
"""Every kind with its weight."""
SPARE = ("kafka-cut", "ingester-stop", "kafka-delay", "kafka-half-close")
"""One of these happens where a fault finds nothing to strike, for what it was meant for is away."""
T = TypeVar("T")
COMMIT_WITHIN_S = 8.0
BATCH = b"$advances"
"""Stands in the queries of a transaction with a batch, and in no other."""
BREAK_EVERY_S, BREAK_S = 20.0, 4.0
"""No fault begins in the last seconds of each period, so that something is applied between them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault: when it begins, seconds after the start; whom it strikes; how hard, from 0 to 1."""

    at_s: float
    kind: str
    ingester: int
    force: float


def schedule(seed: int, *, duration_s: float, every_s: float, ingesters: int) -> list[Fault]:
    """Faults in their order, about one each `every_s`; every kind comes once before the weights decide."""
    random = Random(f"faults {seed}")
    names, weights = [name for name, _ in KINDS], [weight for _, weight in KINDS]
    first = random.sample(names, len(names))
    faults: list[Fault] = []
    at_s = 2.0
    share = (BREAK_EVERY_S - BREAK_S) / BREAK_EVERY_S
    while at_s < duration_s:
        if at_s % BREAK_EVERY_S > BREAK_EVERY_S - BREAK_S:
            at_s += BREAK_EVERY_S - at_s % BREAK_EVERY_S
        kind = first.pop() if first else random.choices(names, weights)[0]
        faults.append(
            Fault(at_s=at_s, kind=kind, ingester=random.randrange(ingesters), force=random.random())
        )
        at_s += random.uniform(0.3, 1.7) * every_s * share
    return faults


class Faults:
    """Carries faults out. `done` counts those that took place, by kind."""

    def __init__(
        self,
        *,
        ingesters: Sequence[IngesterProcess],
        neo4j: EngineProcess[Neo4jEngine],
        kafka: EngineProcess[KafkaEngine],
        to_neo4j: Sequence[Proxy],
        to_kafka: Sequence[Proxy],
        zombie_s: float,
    ) -> None:
        """`zombie_s`: long enough for the group to give the partitions of a silent member to another."""
        self.done: Counter[str] = Counter()
        #: What was due but found nothing to strike, nor did the spare one.
        self.missed: Counter[str] = Counter()
        self._ingesters, self._neo4j, self._kafka = ingesters, neo4j, kafka
        self._to_neo4j, self._to_kafka = to_neo4j, to_kafka
        self._zombie_s = zombie_s
        self._tasks: set[asyncio.Task[None]] = set()

    async def carry_out(self, faults: Sequence[Fault]) -> None:
        """All of them, each at its time; then wait until they are over, and heal everything."""
        started_s = time.monotonic()
        try:
            for fault in faults:
                await asyncio.sleep(max(0.0, started_s + fault.at_s - time.monotonic()))
                task = asyncio.create_task(self._carry_out(fault))
                self._tasks.add(task)
            await asyncio.gather(*self._tasks)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._tasks.clear()
            for proxy in (*self._to_neo4j, *self._to_kafka):
                proxy.calm()

    async def _carry_out(self, fault: Fault) -> None:
        if await self._happens(fault):
            self.done[fault.kind] += 1
            return
        spare = replace(fault, kind=SPARE[int(fault.force * len(SPARE))])
        (self.done if await self._happens(spare) else self.missed)[spare.kind] += 1

    async def _happens(self, fault: Fault) -> bool:
        target, _, what = fault.kind.partition("-")
        proxies = _from(self._to_neo4j if target == "neo4j" else self._to_kafka, fault.ingester)
        if target == "ingester":
            return await self._ingester(fault, what)
        if what in ("kill", "stop"):
            return await self._engine(fault, target, what)
        if what.startswith("commit-"):
            return await _commit(proxies, what, fault.force)
        connected = [proxy for proxy in proxies if proxy.connections]
        return bool(connected) and await _connections(connected[0], what, fault.force)

    async def _ingester(self, fault: Fault, what: str) -> bool:
        running = [one for one in _from(self._ingesters, fault.ingester) if one.running]
        if not running:
            return False
        ingester, now_s = running[0], time.monotonic()
        if what == "kill":
            ingester.start_not_before(now_s + 3 * fault.force)
            return ingester.send(signal.SIGKILL)
        if what == "leave":
            ingester.start_not_before(now_s + 1 + 5 * fault.force)
            return ingester.send(signal.SIGTERM)
        pid = ingester.pid
        ingester.send(signal.SIGSTOP)
        await asyncio.sleep(self._zombie_s + 2 * fault.force if what == "zombie" else 0.5 + 3 * fault.force)
        # It may have been killed meanwhile, and another one be in its place.
        return ingester.pid == pid and ingester.send(signal.SIGCONT)

    async def _engine(self, fault: Fault, target: str, what: str) -> bool:
        proxies = self._to_neo4j if target == "neo4j" else self._to_kafka
        if what == "stop":
            engine = self._neo4j if target == "neo4j" else self._kafka
            return await engine.stop_and_continue(0.5 + 4 * fault.force)
        if target == "neo4j":
            return await self._neo4j.kill_and_restart(lambda started: aim_neo4j(proxies, started))
        return await self._kafka.kill_and_restart(lambda started: aim_kafka(proxies, started))


async def _connections(proxy: Proxy, what: str, force: float) -> bool:
    """A fault of one ingester's connections to one engine. False when they are gone by now."""
    match what:
        case "cut":
            return proxy.cut() > 0
        case "refuse":
            proxy.refusing = True
            proxy.cut()
            await asyncio.sleep(0.5 + 2.5 * force)
            proxy.refusing = False
        case "delay":
            proxy.delay_s = 0.02 + 0.5 * force * force
            await asyncio.sleep(1 + 3 * force)
            proxy.delay_s = 0.0
        case "slice":
            proxy.slice_bytes = 1 + int(400 * force)
            await asyncio.sleep(1 + 2 * force)
            proxy.slice_bytes = 0
        case "half-close":
            return proxy.half_close(to_server=force < 0.5) > 0
        case "black-hole":
            proxy.hole()
            await asyncio.sleep(0.5 + 6 * force)
            if force < 0.5:
                proxy.cut()
            proxy.flow()
        case _:
            raise ValueError(what)
    return True


async def _commit(proxies: Sequence[Proxy], what: str, force: float) -> bool:
    """Something happens to the next commit that any of the ingesters sends. False when none comes."""
    for proxy in proxies:
        if what == "commit-answer-lost":
            proxy.lose_answer(after=BATCH)
        elif what == "commit-lost":
            proxy.lose_request(after=BATCH)
        else:
            proxy.delay_request(0.1 + 2 * force, after=BATCH)
    ambushes = [proxy.ambush for proxy in proxies]
    deadline_s = time.monotonic() + COMMIT_WITHIN_S
    happened = False
    while not happened and time.monotonic() < deadline_s:
        await asyncio.sleep(0.02)
        happened = any(proxy.ambush is not one for proxy, one in zip(proxies, ambushes, strict=True))
    for proxy, one in zip(proxies, ambushes, strict=True):
        if proxy.ambush is one:
            proxy.ambush = None
    return happened


def _from(them: Sequence[T], first: int) -> list[T]:
    """All of them, this one first."""
    return [*them[first:], *them[:first]]


def aim_neo4j(proxies: Sequence[Proxy], engine: Neo4jEngine) -> None:
    """Send the clients of the proxies to this Neo4j."""
    for proxy in proxies:
        proxy.target = (LOOPBACK, engine.state.ports["bolt"])


def aim_kafka(proxies: Sequence[Proxy], engine: KafkaEngine) -> None:
    """Send the clients of the proxies to this Kafka, each by its own listener."""
    for number, proxy in enumerate(proxies):
        proxy.target = (LOOPBACK, engine.port_of(listener_of(number)))


def listener_of(number: int) -> str:
    """The name of Kafka's listener for one proxy."""
    return f"PROXY{number}"
