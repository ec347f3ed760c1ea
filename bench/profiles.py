"""`make bench-profiles`: where the time goes on the hot paths, and what the database does for each query. Writes `docs/profiles.md`.

    .venv/bin/python -m bench.profiles [--seconds 8] [--small]

Two parts. What Python does is sampled by py-spy in processes that run as in production: an API under eight clients, an ingester that is behind. What the database does is Neo4j's own
PROFILE of the statements that the reader and the writer really send. Figures tell where to look, not how fast anything is.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neo4j import AsyncSession, AsyncTransaction, Query, Record

from bench.clients import CLIENTS
from bench.events import IN_ORDER, events
from bench.harness import surroundings
from bench.ingester import ingester
from bench.lines.impact import GRAPHQL
from bench.lines.ingest import applied, filled, stage
from bench.lines.points import places, questions
from bench.lines.world import World, world
from bench.shape import DAY, END, MESH, SMALL_MESH, Data, Shape
from bench.stores import FOLDER, ROOT, Memory, running, said, written
from graph_service.store.read.answers import Point

OUT = ROOT / "docs" / "profiles.md"
TOP = 14
EVENTS = 40_000
WRITTEN = Shape(services=300, teams=5, edges=1000, hubs=1, hub_degree=100, old=3)
"""What the writer is profiled with, from an empty graph on."""
NAME = re.compile(r"^// (\w+):", re.MULTILINE)
FRAME = re.compile(r"^(?P<name>.+) \((?P<file>.+?)(?::\d+)?\)$")


# What Python does.


def sampled(pid: int, seconds: float) -> Counter[tuple[str, str]]:
    """Samples of a process while it works: how often each (part, function) was what ran, of the main thread."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "raw"
        command = (
            "py-spy",
            "record",
            "--pid",
            str(pid),
            "--duration",
            f"{seconds:.0f}",
            "--rate",
            "200",
            "--format",
            "raw",
            "--output",
            str(path),
        )
        subprocess.run(
            [str(Path(sys.executable).with_name(command[0])), *command[1:]], check=True, capture_output=True
        )
        found: Counter[tuple[str, str]] = Counter()
        for line in path.read_text(encoding="utf-8").splitlines():
            stack, _, count = line.rpartition(" ")
            found[_placed(stack.rpartition(";")[2])] += int(count)
    return found


def _placed(frame: str) -> tuple[str, str]:
    """The part of the program that a frame is of, and the function."""
    match = FRAME.match(frame)
    name, file = (match["name"], match["file"]) if match else (frame, "")
    for own in ("graph_service", "ingest"):
        if f"{own}/" in file and "site-packages" not in file:
            path = f"{own}/{file.rpartition(f'{own}/')[2]}"
            return path.rpartition("/")[0], f"`{path.removesuffix('.py').replace('/', '.')}.{name}`"
    package = re.sub(r"^.*site-packages/", "", file).split("/")[0].removesuffix(".py")
    if file.startswith(("asyncio", "json", "threading")) or (
        "/lib/python3" in file and "site-packages" not in file
    ):
        package = "standard library"
    return package or "native", f"`{package}.{name}`"


def shown(what: str, samples: Counter[tuple[str, str]]) -> Iterator[str]:
    """Two tables of one profile: by part, by function; what was idle is left out."""
    total = sum(samples.values()) or 1
    parts: Counter[str] = Counter()
    for (part, _), count in samples.items():
        parts[part] += count
    yield from (
        f"### {what}",
        "",
        f"{total:,} samples while it ran.",
        "",
        "| part | own time |",
        "|---|---:|",
    )
    yield from (f"| {part} | {count / total:.1%} |" for part, count in parts.most_common(TOP))
    yield from ("", "| function | own time |", "|---|---:|")
    yield from (f"| {name} | {count / total:.1%} |" for (_, name), count in samples.most_common(TOP))
    yield ""


async def api_profiles(on: World, seconds: float) -> list[str]:
    """The API under each hot question."""
    http, lines = on.http(), list[str]()
    asked = [
        (one.what, [http.body(one.graphql, values) for values in one.variables])
        for one in questions(on, await places(http))
    ]
    asked.append(
        (
            "impact to depth 5, up to 1,000 items",
            [http.body(GRAPHQL, {"of": [key]}) for key in on.choices().starts()],
        )
    )
    for what, bodies in asked:
        await http.lap(bodies, clients=CLIENTS, lap_s=2)
        load = asyncio.create_task(http.lap(bodies, clients=CLIENTS, lap_s=seconds + 2))
        lines += shown(
            f"API: {what}, {CLIENTS} clients", await asyncio.to_thread(sampled, on.served_by(), seconds)
        )
        await load
    return lines


async def ingester_profile(seconds: float) -> list[str]:
    """An ingester that finds much to do."""
    async with stage() as on:
        topic = await filled(on, events(EVENTS, IN_ORDER, "profile"))
        with ingester(on.address, on.bootstrap, topic) as process:
            arrivals: AsyncIterator[tuple[int, float]] = applied(on, topic)
            async for offset, _ in arrivals:
                if offset > EVENTS // 10:
                    break
            return list(
                shown(
                    "Ingester: behind, events in order",
                    await asyncio.to_thread(sampled, process.pid, seconds),
                )
            )


# What the database does.


@dataclass(slots=True)
class Profile:
    """Of one query, over all the times that it was asked."""

    times: int = 0
    hits: int = 0
    rows: int = 0
    #: Database hits by operator.
    operators: Counter[str] = field(default_factory=Counter)

    def add(self, plan: dict[str, Any]) -> None:
        """One more time."""
        self.times += 1
        self.rows += int(plan.get("rows", 0))
        for node in _nodes(plan):
            self.hits += int(node.get("dbHits", 0))
            self.operators[node["operatorType"].partition("@")[0]] += int(node.get("dbHits", 0))


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("children", ()):
        yield from _nodes(child)


class _Answer:
    """A result that was read to its end."""

    def __init__(self, records: list[Record], keys: tuple[str, ...]) -> None:
        self._records, self._keys = records, keys

    def keys(self) -> tuple[str, ...]:
        return self._keys

    async def __aiter__(self) -> AsyncIterator[Record]:
        for record in self._records:
            yield record


@contextmanager
def profiled() -> Iterator[dict[str, Profile]]:
    """All statements that are sent meanwhile by reader or writer are profiled, by the names of their queries."""
    found: dict[str, Profile] = {}
    originals = [(kind, kind.run) for kind in (AsyncSession, AsyncTransaction)]

    def wrapped(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def run(self: object, query: str | Query, *args: Any, **values: Any) -> Any:
            text = query.text if isinstance(query, Query) else query
            name = NAME.search(text)
            if name is None:
                return await original(self, query, *args, **values)
            result = await original(self, f"PROFILE {text}", *args, **values)
            keys, records = result.keys(), [record async for record in result]
            found.setdefault(name[1], Profile()).add((await result.consume()).profile)
            return _Answer(records, keys)

        return run

    for kind, original in originals:
        kind.run = wrapped(original)  # type: ignore[method-assign, assignment]
    try:
        yield found
    finally:
        for kind, original in originals:
            kind.run = original  # type: ignore[method-assign]


def listed(found: dict[str, Profile]) -> Iterator[str]:
    """A table of what was profiled, the dearest first."""
    yield from ("| query | asked | hits each | records each | hits by operator |", "|---|---:|---:|---:|---|")
    for name, one in sorted(found.items(), key=lambda pair: -pair[1].hits / pair[1].times):
        most = ", ".join(
            f"{operator} {count / max(1, one.hits):.0%}"
            for operator, count in one.operators.most_common(3)
            if count
        )
        yield f"| `{name}` | {one.times} | {one.hits / one.times:,.0f} | {one.rows / one.times:,.0f} | {most} |"
    yield ""


async def read_profiles(on: World) -> list[str]:
    """What the reader sends for the hot questions, ten of each, now and as of then."""
    reader, lines = on.reader, list[str]()
    now = await reader.point(None, None)
    then = Point(valid=END - 400 * DAY, known=now.known)
    chosen = on.choices(count=10)
    keys, starts = chosen.keys(), chosen.starts()
    for when, at in (("now", now), ("as of 400 days before the end", then)):
        with profiled() as found:
            for key in keys:
                await reader.entity(key, at)
                await reader.relationships([key], at=at, direction="both", ends=True)
            for key in starts:
                await reader.impact([key], at=at, max_depth=5, limit=1000, timeout_s=60)
            await reader.entities(at=at, kinds=["service"], first=100)
        lines += [f"### Reads, {when}", "", *listed(found)]
    with profiled() as found:
        for days in range(5):
            frm, to = (Point(valid=END - (60 + days - week) * DAY, known=now.known) for week in (0, 7))
            await reader.diff(frm, to, types=["DEPENDS_ON"], first=100_000)
    return [*lines, "### What differs over a week", "", *listed(found)]


async def write_profiles() -> list[str]:
    """What the writer sends for batches of 1,000 events."""
    home = FOLDER / "profiled"
    shutil.rmtree(home, ignore_errors=True)
    with running(home, Memory(heap_mb=512, pagecache_mb=128)) as address:
        async with address.driver() as driver:
            with profiled() as found:
                await written(driver, Data(WRITTEN))
    shutil.rmtree(home)
    return ["### Writes, batches of 1,000 events in order", "", *listed(found)]


async def _all(seconds: float, small: bool) -> Iterable[str]:
    python, database = list[str](), list[str]()
    async with world("small" if small else "mesh", SMALL_MESH if small else MESH) as on:
        python += await api_profiles(on, seconds)
        database += await read_profiles(on)
    python += await ingester_profile(seconds)
    database += await write_profiles()
    around = surroundings()
    return (
        "# Profiles of the hot paths", "",
        f"Made by `make bench-profiles` (`bench/profiles.py`), {around['date']}, commit {around['commit']}, Neo4j {around['neo4j']}, Python {around['python']}. "
        "They tell where to look, not how fast anything is: that is in [performance.md](performance.md).", "",
        "## What Python does", "", "Own time of the process, sampled 200 times a second by py-spy while it was not idle.", "", *python,
        "## What the database does", "",
        "Neo4j's PROFILE of the statements that were really sent. A hit is one access to the store; what each operator took of them is in the last column.", "", *database,
    )  # fmt: skip


def main() -> None:
    """Read the arguments, profile, write."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.profiles",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seconds", type=float, default=8.0, help="how long each process is sampled")
    parser.add_argument("--small", action="store_true", help="a fifth of the data: to try it quickly")
    given = parser.parse_args()
    lines = asyncio.run(_all(given.seconds, given.small))
    OUT.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    said(f"wrote {OUT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
