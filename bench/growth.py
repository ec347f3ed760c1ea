"""`make bench-growth`: the same company as it grows old, 10⁵ to 10⁷ versions of edges, and what each question costs then.

    .venv/bin/python -m bench.growth [--sizes 100000,1000000] [--rounds 5] [--keep] [--only growth.digest,rebuild]

Every size is a graph of its own, all of them run at once, and each is asked by turns with the one that is ten times smaller. Ingestion comes last, because it writes: the
graphs are made anew the next time (10⁷ take about half an hour and 12 GB), unless `--keep` leaves ingestion out. Writes `test-output/growth.md` and `growth.json`.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import shutil
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from neo4j import AsyncDriver

from bench import rebuilt
from bench.events import IN_ORDER, STEP, events
from bench.harness import ROUNDS, Bench, Line, Measured, Strangers, Target, cpu_s, surroundings, write_down
from bench.lines.ingest import Stage, ingested
from bench.lines.world import each
from bench.shape import DAY, END, GROWTH, Choices, Data
from bench.stores import FOLDER, Address, bytes_of, stored
from graph_service.local import KafkaEngine, ensure_jars
from graph_service.store.keep.digest import digest
from graph_service.store.read.answers import Point
from graph_service.store.read.reader import Reader

EVENTS = 12_000
WARM = 3
"""Laps of everything before anything counts: a server compiles what it is asked often."""
TENFOLD = 1.5
"""What a read may cost more on a graph ten times as large: the tree of an index is one level higher."""
INGEST, DISK = 0.75, 150.0
Ask = Callable[["Grown"], Awaitable[object]]


@dataclass(frozen=True, kw_only=True)
class Grown:
    """The graph of one size."""

    name: str
    versions: int
    address: Address
    driver: AsyncDriver
    reader: Reader
    now: Point
    #: Nodes and relationships.
    elements: int

    @property
    def bytes(self) -> int:
        """On disk, indexes too."""
        return bytes_of(self.address.home)


async def run(bench: Bench, sizes: Sequence[str], *, keep: bool) -> None:
    """All sizes, then all questions."""
    async with AsyncExitStack() as stack:
        grown = [await _opened(stack, name) for name in sizes]
        choices = Choices(Data(GROWTH[sizes[0]]).parts[0])
        keys, heads = choices.keys(), choices.ordinary()
        # The last 20 days of the smallest are within the history of all of them.
        instants = list(itertools.islice(choices.instants(END - 20 * DAY, END - 2 * DAY), 50))
        questions = _questions(keys, heads, instants)
        questions = [one for one in questions if bench.wants(f"growth.{one[0]}")]
        for _ in range(WARM):
            for _, _, side in questions:
                for one in grown:
                    await side(one)()
        for name, what, side in questions:
            for small, large in itertools.pairwise(grown):
                line = Line(
                    name=f"growth.{name}-{large.name}", what=f"{what}, {large.name} versions", floor=f"the same, {small.name}", unit="ms",
                    target=Target(sense="at most", value=TENFOLD),
                )  # fmt: skip
                await bench.compare(line, side(small), side(large), warm=2)
        await _kept(bench, grown)
        if not keep and bench.wants("growth.ingest"):
            await _ingested(bench, grown)


async def _opened(stack: AsyncExitStack, name: str) -> Grown:
    shape = GROWTH[name]
    address = await stack.enter_async_context(stored(f"growth-{shape.old}", Data(shape)))
    driver = await stack.enter_async_context(address.driver())
    reader = Reader(driver, timeout_s=60)
    counted = "RETURN COUNT { MATCH () } + COUNT { MATCH ()-->() } AS elements"
    found = await driver.execute_query(counted)
    return Grown(
        name=name, versions=shape.edges * (shape.old + 1), address=address, driver=driver, reader=reader, now=await reader.point(None, None),
        elements=found.records[0]["elements"],
    )  # fmt: skip


def _questions(
    keys: Sequence[str], heads: Sequence[str], instants: Sequence[int]
) -> list[tuple[str, str, Callable[[Grown], Callable[[], Awaitable[float]]]]]:
    """Name, what it is, and a lap of it on a graph."""
    chosen = list(zip(heads, instants, strict=True))
    days = list(dict.fromkeys(at // DAY * DAY for at in instants))[:5]

    def then(grown: Grown, at: int) -> Point:
        return Point(valid=at, known=grown.now.known)

    return [
        ("key", "entity by key", lambda g: each(lambda key: g.reader.entity(key, g.now), keys)),
        (
            "key-then", "entity by key, as of then",
            lambda g: each(lambda one: g.reader.entity(one[0], then(g, one[1])), chosen),
        ),
        (
            "related", "what is related to an entity, both ways",
            lambda g: each(lambda key: g.reader.relationships([key], at=g.now, direction="both"), heads),
        ),
        (
            "related-then", "what is related to an entity, both ways, as of then",
            lambda g: each(lambda one: g.reader.relationships([one[0]], at=then(g, one[1]), direction="both"), chosen),
        ),
        ("impact", "impact to depth 3", lambda g: each(lambda key: g.reader.impact([key], at=g.now, max_depth=3), heads)),
        (
            "impact-then", "impact to depth 3, as of then",
            lambda g: each(lambda one: g.reader.impact([one[0]], at=then(g, one[1]), max_depth=3), chosen),
        ),
        (
            "diff", "what differs over a week",
            lambda g: each(lambda at: g.reader.diff(then(g, at - 7 * DAY), then(g, at), types=["DEPENDS_ON"], first=100_000), days),
        ),
    ]  # fmt: skip


async def _kept(bench: Bench, grown: Sequence[Grown]) -> None:
    """What a graph takes on disk, and how long its digest takes for each version."""
    for one in grown:
        line = Line(
            name=f"growth.disk-{one.name}", what=f"bytes on disk for each of {one.elements:,} nodes and relationships, indexes too", floor=None, unit="B",
            target=Target(sense="at most", value=DISK),
        )  # fmt: skip
        bench.add(Measured(line=line, floors=(), values=(one.bytes / one.elements,)))
    took = []
    for one in grown if bench.wants("growth.digest") else ():
        begun_s = time.perf_counter()
        await digest(one.driver)
        took.append((time.perf_counter() - begun_s) / one.elements * 1e6)
    for (small, before), (large, after) in itertools.pairwise(zip(grown, took, strict=False)):
        line = Line(
            name=f"growth.digest-{large.name}", what=f"the digest, for each node and relationship, {large.name} versions",
            floor=f"the same, {small.name}", unit="µs", target=Target(sense="at most", value=TENFOLD),
        )  # fmt: skip
        bench.add(Measured(line=line, floors=(before,), values=(after,)))


async def _ingested(bench: Bench, grown: Sequence[Grown]) -> None:
    """The same events into each graph, about the entities that it has, each time after all that it holds."""
    folder = FOLDER / "growth-kafka"
    shutil.rmtree(folder, ignore_errors=True)
    names = [key.partition(":")[2] for key in Data(GROWTH[grown[0].name]).parts[0].services[:2000]]
    rates: dict[str, list[float]] = {one.name: [] for one in grown}
    used: dict[str, list[float]] = {one.name: [] for one in grown}
    engine, cpu = KafkaEngine(folder, heap_mb=256), Strangers()
    with engine.start(ensure_jars()):
        for n in range(bench.rounds + 1):
            for one in grown if n % 2 == 0 else grown[::-1]:
                # What is written to is no longer what the shape says.
                (one.address.home.parent / "complete").unlink(missing_ok=True)
                stage = Stage(address=one.address, bootstrap=engine.bootstrap, driver=one.driver)
                what = events(EVENTS, IN_ORDER, f"g{n}", names=names, begin=END + n * EVENTS * STEP)
                before_s = cpu_s(one.address.pid)
                rate, _ = await ingested(stage, what)
                # The first warms the server up.
                if n:
                    rates[one.name].append(rate)
                    used[one.name].append((cpu_s(one.address.pid) - before_s) / EVENTS * 1e6)
    shutil.rmtree(folder, ignore_errors=True)
    for small, large in itertools.pairwise(grown):
        line = Line(
            name=f"growth.ingest-{large.name}", what=f"{EVENTS:,} events in order into a graph of {large.name} versions", floor=f"the same into {small.name}",
            unit="/s", target=Target(sense="at least", value=INGEST),
        )  # fmt: skip
        bench.add(
            Measured(
                line=line,
                floors=tuple(rates[small.name]),
                values=tuple(rates[large.name]),
                strangers=cpu.cores(),
            )
        )
        line = Line(
            name=f"growth.ingest-cpu-{large.name}", what=f"Neo4j's CPU time for an event into a graph of {large.name} versions",
            floor=f"the same into {small.name}", unit="µs", target=None,
        )  # fmt: skip
        bench.add(Measured(line=line, floors=tuple(used[small.name]), values=tuple(used[large.name])))


async def _all(bench: Bench, sizes: Sequence[str], *, keep: bool) -> None:
    if bench.wants("growth"):
        await run(bench, sizes, keep=keep)
    if bench.wants("rebuild"):
        await rebuilt.measure(bench)


def plots(found: Sequence[Measured], sizes: Sequence[str]) -> str:
    """A chart of each kind of question, in Mermaid: cost on each size, the smallest as 1."""
    costs: dict[str, dict[str, float]] = {}
    for one in found:
        name, _, size = one.line.name.removeprefix("growth.").rpartition("-")
        if one.floors and size in sizes[1:]:
            costs.setdefault(name, {sizes[0]: 1.0})
            before = sizes[sizes.index(size) - 1]
            step = 1 / one.ratio if one.line.unit == "/s" else one.ratio
            costs[name][size] = costs[name][before] * step
    charts = (
        ("Reads now", ("key", "related", "impact")), ("Reads as of then, and a week's difference", ("key-then", "related-then", "impact-then", "diff")),
        ("Time for each event ingested, and for each element of a digest", ("ingest", "digest")),
    )  # fmt: skip
    lines = []
    axis = ", ".join(f'"{name}"' for name in sizes)
    for title, names in charts:
        shown = [name for name in names if name in costs]
        top = max((value for name in shown for value in costs[name].values()), default=1.0)
        lines += [
            f"{title}: {', '.join(shown)}, in this order; the cost on the smallest graph is 1.", "", "```mermaid", "xychart-beta",
            f'  x-axis "versions of edges" [{axis}]', f'  y-axis "times the smallest" 0 --> {max(2.0, top * 1.1):.1f}',
            *(f"  line [{', '.join(f'{costs[name].get(size, 0):.2f}' for size in sizes)}]" for name in shown), "```", "",
        ]  # fmt: skip
    return "\n".join(lines)


def main() -> None:
    """Read the arguments, measure, tell."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.growth",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--sizes", default=",".join(name.replace(",", "") for name in GROWTH))
    parser.add_argument("--rounds", type=int, default=min(3, ROUNDS))
    parser.add_argument("--only", default="", help="beginnings of the names of lines")
    parser.add_argument("--keep", action="store_true", help="leave ingestion out and keep the graphs")
    given = parser.parse_args()
    sizes = [f"{int(size):,}" for size in given.sizes.split(",")]
    bench = Bench(rounds=given.rounds, only=tuple(filter(None, given.only.split(","))))
    asyncio.run(_all(bench, sizes, keep=given.keep))
    print(write_down(bench, surroundings(), "growth", f"\n{plots(bench.found, sizes)}"))


if __name__ == "__main__":
    main()
