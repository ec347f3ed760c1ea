"""Graphs to measure on: made once from a shape, kept under `.data/bench`, made anew when what they are made of changes."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

from neo4j import AsyncDriver, AsyncGraphDatabase

from bench import bulk
from bench.shape import SAMPLE, TOPIC, VOCABULARY, Data, Shape
from graph_service.core.model import canonical
from graph_service.local import Neo4jEngine, ensure_jars
from graph_service.local.java import java_command
from graph_service.local.neo4j_engine import ADMIN, OPENED_PACKAGES
from graph_service.local.process import run_tool
from graph_service.store.keep.digest import digest
from graph_service.store.write.batch import Advance, Batch, MappedEvent
from graph_service.store.write.writer import Writer

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".data" / "bench"
IMPORT_HEAP_MB, IMPORT_TIMEOUT_S = 768, 3600.0
START_TIMEOUT_S = 600.0
"""Of a Neo4j: several start at once, on machines that have other work."""
#: What a store is made of: whoever changes these gets new stores.
MADE_OF = (
    "bench/shape.py", "bench/bulk.py", "graph_service/store/write/claims.py", "graph_service/store/write/heads.py", "graph_service/core/model.py",
    "queries/schema",
)  # fmt: skip
#: What decides how the real writer leaves things behind: whoever changes these has the sample held against it anew.
DECIDED_BY = (*MADE_OF, "bench/stores.py", "graph_service/store/write", "graph_service/core", "queries/write")
BATCH = 1000


class Unequal(SystemExit):
    """The bulk and the real writer disagree: nothing measured on such a store would mean anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Of a Neo4j that is measured."""

    heap_mb: int = 1536
    pagecache_mb: int = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a Neo4j is, for this process and others."""

    uri: str
    user: str
    password: str
    pid: int
    home: Path

    def driver(self) -> AsyncDriver:
        """A driver; the caller closes it."""
        return AsyncGraphDatabase.driver(
            self.uri,
            auth=(self.user, self.password),
            notifications_min_severity="OFF",
            max_connection_pool_size=200,
        )


MEMORY = Memory()


def said(text: str) -> None:
    """What goes on, beside the table."""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


@contextmanager
def running(home: Path, memory: Memory = MEMORY) -> Iterator[Address]:
    """A Neo4j in that folder."""
    engine = Neo4jEngine(
        home, heap_mb=memory.heap_mb, pagecache_mb=memory.pagecache_mb, start_timeout_s=START_TIMEOUT_S
    )
    with engine.start(ensure_jars()):
        yield Address(
            uri=engine.uri, user=engine.user, password=engine.password, pid=engine.pid, home=engine.home
        )


@asynccontextmanager
async def stored(name: str, data: Data, memory: Memory = MEMORY) -> AsyncIterator[Address]:
    """A Neo4j that holds the data; made where it is not there. Nobody may write to it."""
    home = FOLDER / "stores" / f"{name}-{_mark(data.shapes, MADE_OF)}"
    if not (home / "complete").exists():
        for old in (FOLDER / "stores").glob(f"{name}-*"):
            shutil.rmtree(old)
        await made(home, data)
        (home / "complete").touch()
    with running(home / "neo4j", memory) as address:
        yield address


async def made(home: Path, data: Data) -> None:
    """Make a store of the data in an empty folder."""
    begun_s = time.perf_counter()
    csv_folder = home / "csv"
    files = bulk.write(data, csv_folder)
    written_s = time.perf_counter()
    with running(home / "neo4j"):
        pass
    jars = ensure_jars()
    command = java_command(
        options=(
            f"-Xmx{IMPORT_HEAP_MB}m", "--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED",
            *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED_PACKAGES),
        ),
        class_path=jars.class_path("neo4j"),
        program=(
            ADMIN, "database", "import", "full", "neo4j", "--overwrite-destination=true", "--id-type=integer", "--array-delimiter=\x1f",
            "--max-off-heap-memory=1G", f"--report-file={home / 'import.report'}", *files.options,
        ),
        arguments_path=home / "import.args",
        variables=(("NEO4J_HOME", str(home / "neo4j")), ("NEO4J_CONF", str(home / "neo4j" / "conf"))),
    )  # fmt: skip
    run_tool(command, what="Importing what is measured on", timeout_s=IMPORT_TIMEOUT_S)
    shutil.rmtree(csv_folder)
    imported_s = time.perf_counter()
    with running(home / "neo4j") as address:
        async with address.driver() as driver:
            await _completed(driver, files)
    said(
        f"{home.name}: {files.nodes:,} nodes and {files.relationships:,} relationships; {written_s - begun_s:.0f} s to make them up, "
        f"{imported_s - written_s:.0f} s to import, {time.perf_counter() - imported_s:.0f} s for indexes"
    )


async def _completed(driver: AsyncDriver, files: bulk.Files) -> None:
    """Constraints, indexes and the graph's own nodes, by the writer; the counters as it would have left them."""
    writer = Writer(driver, transaction_timeout_s=600)
    await writer.migrate()
    await writer.declare(VOCABULARY, bulk.MAPPING, ())
    await writer.assign(TOPIC, 0, TOPIC)
    await driver.execute_query(
        "MATCH (g:Graph), (p:Position) SET g.events = $events, g.recorded_at = $at, g.changes_gone_to = g.tick, "
        "p.offset = $events - 1, p.recorded_at = $at",
        events=files.events,
        at=files.recorded_at,
    )
    await driver.execute_query("CALL db.awaitIndexes(1800)")
    await driver.execute_query("CALL db.prepareForReplanning(600)")


async def written(driver: AsyncDriver, data: Data) -> None:
    """The same by the real writer."""
    writer = Writer(driver)
    await writer.migrate()
    await writer.declare(VOCABULARY, bulk.MAPPING, ())
    epoch = (await writer.assign(TOPIC, 0, TOPIC)).epoch
    events = bulk.mapped(data, data.log())
    while some := list(islice(events, BATCH)):
        await writer.write(batch_of(some, epoch))


def batch_of(some: list[MappedEvent], epoch: int) -> Batch:
    """One batch of one partition."""
    order = some[-1].event.order
    advance = Advance(
        topic=order.topic,
        partition=order.partition,
        epoch=epoch,
        offset=order.offset,
        recorded_at=order.recorded_at,
    )
    return Batch(advances=(advance,), events=tuple(some), dead_letters=(), unmapped=())


async def held_against_the_writer() -> None:
    """Make a small sample both ways and compare all that is stored; once for each state of the code.

    Raises:
        Unequal: with the first elements that only one of them has.
    """
    proof = FOLDER / f"equal-{_mark((SAMPLE,), DECIDED_BY)}"
    if proof.exists():
        return
    said("a sample is written by the real writer and by the import, and compared")
    folder, data, found = FOLDER / "sample", Data(SAMPLE), []
    shutil.rmtree(folder, ignore_errors=True)
    small = Memory(heap_mb=384, pagecache_mb=64)
    with running(folder / "writer", small) as address:
        async with address.driver() as driver:
            await written(driver, data)
            found.append((await digest(driver), await elements(driver)))
    await made(folder / "bulk", data)
    with running(folder / "bulk" / "neo4j", small) as address:
        async with address.driver() as driver:
            found.append((await digest(driver), await elements(driver)))
    (one, its), (two, others) = found
    if one != two or its != others:
        apart = [
            [f"only {who}: {text}" for text in list(a - b)[:3]]
            for who, a, b in (("writer", its, others), ("bulk", others, its))
        ]
        raise Unequal(
            "\n".join(
                [
                    "the bulk does not write what the writer writes; mend bench/bulk.py",
                    one,
                    two,
                    *apart[0],
                    *apart[1],
                ]
            )
        )
    shutil.rmtree(folder)
    proof.touch()


async def elements(driver: AsyncDriver) -> Counter[str]:
    """Every node and relationship but the graph's own and the change log, as text."""
    left_out = "NOT n:Graph AND NOT n:Changes AND NOT n:Position AND NOT n:MappingFile"
    nodes = await driver.execute_query(
        f"MATCH (n) WHERE {left_out} RETURN labels(n) AS labels, n {{.*, tick: null}} AS its"
    )
    edges = await driver.execute_query(
        "MATCH (n)-[r]->(m) RETURN type(r) AS type, properties(r) AS its, [n.key, n.uid, m.key, m.uid] AS ends"
    )
    return Counter(canonical(_plain(record.data())) for record in (*nodes.records, *edges.records))


def _plain(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "its": {name: value for name, value in record["its"].items() if value is not None}}


def _mark(shapes: tuple[Shape, ...], names: tuple[str, ...]) -> str:
    """Of some code, and of what it makes."""
    found = blake2b(repr(shapes).encode(), digest_size=6)
    for name in names:
        path = ROOT / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.suffix in (".py", ".cypher"):
                found.update(file.read_bytes())
    return found.hexdigest()


def bytes_of(home: Path) -> int:
    """What the store takes on disk, indexes too, the log of transactions left out."""
    return sum(
        file.stat().st_size for file in (home / "data" / "databases" / "neo4j").rglob("*") if file.is_file()
    )


if __name__ == "__main__":
    asyncio.run(held_against_the_writer())
