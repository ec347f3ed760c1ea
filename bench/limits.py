"""What very hot entities and very large events cost, and what is refused.

    .venv/bin/python -m bench.limits [--versions 100000] [--minutes 10] [--assertions 10000] [--relationships 100000]
    .venv/bin/python -m bench.limits backlog [5000000]

A Neo4j of its own; the writer and the reader from memory, without Kafka. Each line is one case: what was done, how long it took, and for the last
ones what it is compared with. Times are of this machine; what counts is that they end, and within the time that a transaction has (30 s; on a busy machine allow more, with `--timeout-s`).
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from neo4j import AsyncDriver, AsyncGraphDatabase

from bench.backlog import backlog
from bench.harness import cpu_s
from graph_service.core.assertions import Assertion
from graph_service.core.errors import GraphServiceError
from graph_service.core.vocabulary import KindDeclaration, RelationshipDeclaration, Vocabulary
from graph_service.local import Neo4jEngine, ensure_jars
from graph_service.store.read.asking import Filter, Op
from graph_service.store.read.reader import Reader
from graph_service.store.write.writer import Writer
from tests.builders import entity, link, links, record, retract
from tests.logs import batch_of
from tests.oracle import Recorded

BATCH = 2000
HOT, CENTRE = "service:hot", "service:centre"
KEY_CHARS, LARGE_CHARS = 1000, 100_000
LARGE = (Filter(property="text", op=Op.EXISTS, value=True),)
FIRST = 1_700_000_000_000_000
"""The valid time of the first version, in microseconds."""
KNOWN = 1_800_000_000_000_000
"""The known time of the first record."""
VOCABULARY = Vocabulary(
    kinds={"service": KindDeclaration(name="service", label="Service")},
    relationships={"CALLS": RelationshipDeclaration(type="CALLS", label="calls", depends="source")},
)


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds by the clock, and of CPU time of Neo4j and of this process."""

    wall_s: float
    cpu_s: float

    def __add__(self, other: Took) -> Took:
        return Took(self.wall_s + other.wall_s, self.cpu_s + other.cpu_s)


class Clock:
    """Tells what was taken since it was made, or asked."""

    def __init__(self, pid: int) -> None:
        """`pid` is Neo4j's."""
        self._pid = pid
        self._before = self._now()

    def took(self) -> Took:
        """Since the last time."""
        before, self._before = self._before, self._now()
        return Took(self._before.wall_s - before.wall_s, self._before.cpu_s - before.cpu_s)

    def _now(self) -> Took:
        return Took(time.perf_counter(), time.process_time() + cpu_s(self._pid))


def rates(laps: Sequence[Took], events: int) -> str:
    """Of the first and the last tenth: events a second, and the CPU time that one takes. `events` in all, the same in each lap."""
    tenth, told = max(1, len(laps) // 10), []
    for name, some in (("first", laps[:tenth]), ("last", laps[-tenth:])):
        all, count = sum(some, Took(0, 0)), events / len(laps) * len(some)
        told.append(
            f"{count / all.wall_s:.0f}/s in the {name} tenth, {all.cpu_s / count * 1e6:.0f} µs of CPU for each"
        )
    return "; ".join(told)


class Log:
    """One partition, written to the graph as it grows."""

    def __init__(self, driver: AsyncDriver, pid: int, timeout_s: float) -> None:
        """`pid` is Neo4j's."""
        self._writer = Writer(driver, transaction_timeout_s=timeout_s)
        self.clock = Clock(pid)
        self._offset = -1
        self._epoch = 0

    async def begin(self) -> None:
        """Own it."""
        await self._writer.migrate()
        await self._writer.declare(VOCABULARY, "limits", ())
        self._epoch = (await self._writer.assign("events", 0, "events")).epoch

    async def write(self, events: Iterable[tuple[str, Sequence[Assertion]]]) -> Took:
        """Append and apply in one batch."""
        records: list[Recorded] = []
        for id, assertions in events:
            self._offset += 1
            records.append(record(id, KNOWN + self._offset, *assertions, offset=self._offset))
        batch = batch_of(records, {("events", 0): self._epoch})
        self.clock.took()
        await self._writer.write(batch)
        return self.clock.took()


def said(case: str, took: Took, more: str = "") -> None:
    """One line."""
    print(f"{case:64} {took.wall_s:8.2f} s, {took.cpu_s:7.2f} s of CPU  {more}", flush=True)


async def timed(case: str, log: Log, id: str, *assertions: Assertion) -> None:
    """One event alone, or why it is refused."""
    try:
        said(case, await log.write([(id, assertions)]))
    except GraphServiceError as error:
        said(case, log.clock.took(), f"refused: {type(error).__name__}: {error}")


async def hot_entity(driver: AsyncDriver, log: Log, most: int, minutes: float) -> None:
    """One entity with very many versions, or as many as it gets in that time: appends, what comes late, what is withdrawn, and reads."""
    versions, laps = 0, list[Took]()
    until_s = time.monotonic() + minutes * 60
    while versions < most and time.monotonic() < until_s:
        some = range(versions, min(versions + BATCH, most))
        laps.append(await log.write((f"v{n}", (entity(HOT, FIRST + 2 * n, version=n),)) for n in some))
        versions = some.stop
    said(f"{versions} versions of one entity, in order", sum(laps, Took(0, 0)), rates(laps, versions))
    await timed(
        "a late event behind the last hundred",
        log,
        "late-100",
        entity(HOT, FIRST + 2 * (versions - 100) + 1, late=1),
    )
    await timed(
        "a late event in the middle that alters all after it",
        log,
        "late-half",
        entity(HOT, FIRST + versions + 1, middle=1),
    )
    await timed("a late event before all, that alters all", log, "late-all", entity(HOT, FIRST - 1, early=1))
    await timed("the last version withdrawn", log, "no-last", retract(f"v{versions - 1}"))
    await timed("the first version withdrawn", log, "no-first", retract("v0"))
    await timed("the next append", log, "next", entity(HOT, FIRST + 2 * versions, version=-1))
    reader = Reader(driver)
    for name, valid in (
        ("now", FIRST + 3 * versions),
        ("in the middle", FIRST + versions),
        ("at the beginning", FIRST),
    ):
        point = await reader.point(valid, None)
        await read(f"the entity {name}", log, partial(reader.entity, HOT, point))


async def large_events(log: Log, assertions: int) -> None:
    """Very many assertions of one event."""
    many = [entity(f"service:many-{n}", FIRST, n=n) for n in range(assertions)]
    await timed(f"one event of {assertions} entities", log, "many", *many)
    edges = [link("service:hub", "CALLS", f"service:many-{n}", FIRST) for n in range(assertions)]
    await timed(f"one event of {assertions} relationships of one entity", log, "edges", *edges)
    await timed(
        "one more relationship of that entity", log, "edge", link("service:hub", "CALLS", HOT, FIRST + 1)
    )
    listed: dict[str, dict[str, object]] = {f"service:many-{n}": {} for n in range(0, assertions, 2)}
    await timed(
        f"a complete set that ends half of {assertions}",
        log,
        "half",
        links("service:hub", "CALLS", listed, FIRST + 2),
    )


async def large_values(driver: AsyncDriver, log: Log) -> None:
    """The longest keys, and properties as large as they may be."""
    keys = [f"service:{n:0{KEY_CHARS}}" for n in range(1000)]
    said(
        "1,000 entities with keys of 1 kB",
        await log.write((f"k{n}", (entity(key, FIRST, n=n),)) for n, key in enumerate(keys)),
    )
    pairs = list(itertools.pairwise(keys))
    said(
        "1,000 relationships between them",
        await log.write(
            (f"kr{n}", (link(one, "CALLS", other, FIRST),)) for n, (one, other) in enumerate(pairs)
        ),
    )
    text = "x" * LARGE_CHARS
    said(
        "100 entities with a property of 100 kB",
        await log.write((f"l{n}", (entity(f"service:large-{n}", FIRST, text=text),)) for n in range(100)),
    )
    reader = Reader(driver)
    point = await reader.point(None, None)
    await read("an entity with a key of 1 kB", log, lambda: reader.entity(keys[0], point))
    await read(
        "a page of 100 entities with 100 kB each",
        log,
        lambda: reader.entities(at=point, where=LARGE, first=100),
    )


async def many_relationships(driver: AsyncDriver, log: Log, count: int) -> None:
    """One entity on which very many depend, by an event each, and questions about it."""
    laps = list[Took]()
    for first in range(0, count, BATCH):
        some = range(first, min(first + BATCH, count))
        laps.append(
            await log.write((f"d{n}", (link(f"service:d{n}", "CALLS", CENTRE, FIRST + n),)) for n in some)
        )
    said(f"{count} relationships to one entity, in order", sum(laps, Took(0, 0)), rates(laps, count))
    reader = Reader(driver)
    now = await reader.point(FIRST + 2 * count, None)
    then = await reader.point(FIRST + count // 2, None)
    await read("the entity", log, lambda: reader.entity(CENTRE, now))
    await read(
        "its first 50 relationships", log, lambda: reader.relationships([CENTRE], at=now, direction="in")
    )
    await read(
        "its first 50 relationships, half way",
        log,
        lambda: reader.relationships([CENTRE], at=then, direction="in"),
    )
    await read("impact, the first 1,000", log, lambda: reader.impact([CENTRE], at=now, limit=1000))


async def read(case: str, log: Log, ask: Callable[[], Awaitable[object]]) -> None:
    """One question, the second time that it is asked."""
    await ask()
    log.clock.took()
    await ask()
    said(case, log.clock.took())


async def measured(driver: AsyncDriver, pid: int, given: argparse.Namespace) -> None:
    """All cases."""
    log = Log(driver, pid, given.timeout_s)
    await log.begin()
    await large_events(log, given.assertions)
    await large_values(driver, log)
    await many_relationships(driver, log, given.relationships)
    await hot_entity(driver, log, given.versions, given.minutes)


def main() -> None:
    """Read the arguments, start Neo4j, measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.limits", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("all", "backlog"), default="all")
    parser.add_argument("events", nargs="?", type=int, default=5_000_000, help="of the backlog")
    parser.add_argument("--memory-mb", type=int, default=1024, help="of the backlog's ingester")
    parser.add_argument("--go-on", action="store_true", help="with the backlog that is there")
    parser.add_argument(
        "--minutes",
        type=float,
        default=60,
        help="after which the backlog, or the one entity, is left as it is",
    )
    parser.add_argument("--versions", type=int, default=100_000)
    parser.add_argument("--timeout-s", type=float, default=30, help="of a transaction")
    parser.add_argument("--assertions", type=int, default=10_000)
    parser.add_argument("--relationships", type=int, default=100_000)
    given = parser.parse_args()
    if given.what == "backlog":
        sys.exit(
            not asyncio.run(
                backlog(given.events, memory_mb=given.memory_mb, minutes=given.minutes, go_on=given.go_on)
            )
        )

    async def go(engine: Neo4jEngine) -> None:
        auth = (engine.user, engine.password)
        async with AsyncGraphDatabase.driver(
            engine.uri, auth=auth, notifications_min_severity="OFF"
        ) as driver:
            await measured(driver, engine.pid, given)

    with tempfile.TemporaryDirectory() as folder:
        engine = Neo4jEngine(Path(folder) / "neo4j", heap_mb=1024, pagecache_mb=256)
        with engine.start(ensure_jars()):
            asyncio.run(go(engine))


if __name__ == "__main__":
    main()
