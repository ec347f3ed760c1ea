"""Backup that restores: the ledger of all events as a file, and a graph made from it (docs/adr/0011-ledger.md).

Community Neo4j has no online backup, and needs none here: the graph is a function of its events. What is written down are they,
with what the mapping made of them; everything else is folded again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any

from neo4j import AsyncDriver, AsyncTransaction

from graph_service import __version__
from graph_service.core.errors import BadInput, Changed
from graph_service.core.vocabulary import Vocabulary
from graph_service.store.keep.erasure import Erasure, keep_erasures
from graph_service.store.keep.ledger_file import (
    FORMAT,
    LedgerSummary,
    LedgerWriter,
    check_ledger,
    event_values,
    mapped_event,
    read_ledger,
    unpacked,
)
from graph_service.store.neo4j_errors import translated
from graph_service.store.queries import ask, query
from graph_service.store.write.batch import Advance, Batch, MappedEvent
from graph_service.store.write.erasing import Erasing
from graph_service.store.write.talk import talking
from graph_service.store.write.transaction import BatchTransaction
from graph_service.store.write.writer import Writer

BATCH_EVENTS_MAX = 2000
LETTERS_PER_TRANSACTION = 20
EVENTS_FETCHED = 1000
LETTERS_FETCHED = 20
#: Of one batch; nobody else writes meanwhile.
TRANSACTION_TIMEOUT_S = 300.0
#: Of the graph's own node: what the header names, and what is not counted or of no use elsewhere.
_HEADER = ("recorded_at", "mapping", "mapping_files", "vocabulary")
_NOT_COUNTED = (
    *_HEADER, "id", "lock", "tick", "importing", "imported", "erased_to", "rebuild_of", "feed", "changes_gone_to",
)  # fmt: skip
#: Of positions and dead letters: what is of no use elsewhere.
_PASSING = ("tick", "read_to")

OnRecord = Callable[[int, int], None]
"""Hears how many records are done, and how many there are."""


async def export_ledger(
    driver: AsyncDriver,
    file: IO[bytes],
    *,
    database: str = "neo4j",
    on_record: OnRecord = lambda done, total: None,
) -> LedgerSummary:
    """Write the ledger to an open binary file, which stays the caller's to close. Ingesters go on meanwhile.

    It is the graph as it was at one moment, between two transactions. Everything is streamed: memory does not grow with the graph.

    Raises:
        BadInput: there is no graph in this database.
        Changed: what was there at that moment was erased, replayed or took another place in the log meanwhile.
        StoreUnavailable: Neo4j does not answer.
    """
    snapshot = await _snapshot(driver, database)
    graph, tick = snapshot["graph"], snapshot["tick"]
    total, done = snapshot["events"] + snapshot["dead_letters"], 0
    writer = LedgerWriter(file)
    writer.write(
        "header",
        {
            "format": FORMAT,
            "product": "graph-service",
            "version": __version__,
            **{name: graph.get(name) for name in _HEADER},
        },
    )
    for kind in ("mapping_file", "erasure", "position"):
        for plain in snapshot[f"{kind}s"]:
            writer.write(kind, _lasting(plain))
    writer.write("counters", {name: graph[name] for name in sorted(graph) if name not in _NOT_COUNTED})
    async for row in _stream(driver, database, "read/ledger_events", EVENTS_FETCHED, tick=tick):
        writer.write("event", event_values(row["event"], row["claims"], row["retracts"]))
        done += 1
        on_record(done, total)
    async for row in _stream(driver, database, "read/ledger_dead_letters", LETTERS_FETCHED, tick=tick):
        writer.write("dead_letter", {**_lasting(row["letter"]), "marks": sorted(row["marks"])})
        done += 1
        on_record(done, total)
    after = await _snapshot(driver, database)
    if done != total or after["erasures"] != snapshot["erasures"]:
        raise Changed(
            "the past was changed while it was read: something was erased, a dead letter was replayed or discarded, or an event turned "
            "up earlier in the log than before; export again"
        )
    digest, counts = writer.finish()
    return LedgerSummary(
        sha256=digest, counts=counts, product_version=__version__, recorded_at=graph.get("recorded_at")
    )


async def import_ledger(
    driver: AsyncDriver,
    path: Path,
    *,
    database: str = "neo4j",
    erasures: Sequence[Erasure] = (),
    batch_events_max: int = BATCH_EVENTS_MAX,
    on_record: OnRecord = lambda done, total: None,
) -> LedgerSummary:
    """Make the graph of a ledger in an empty database: equal digests, and ingesters go on where the exported graph stood.

    `erasures` count besides those of the ledger: what was erased after it was written does not come back with it.

    The file is checked whole before anything is written. Should the import be interrupted, ingesters wait, and the same import, asked
    for again, goes on behind its last transaction.

    Raises:
        BadInput: the file is cut, altered or no ledger; the database is not empty, or holds the half of another import.
        StoreUnavailable: Neo4j does not answer; do the same again.
    """
    summary = check_ledger(path)
    writer = Writer(driver, database=database)
    await writer.migrate()
    restoring = _Restoring(driver, database, summary, batch_events_max, on_record)
    await restoring.begin()
    kept = list(erasures)
    files: list[tuple[str, str, str]] = []
    header: Mapping[str, Any] = {}
    for plain in read_ledger(path):
        match plain["kind"]:
            case "header":
                header = plain
                restoring.graph = {
                    name: plain[name] for name in ("recorded_at", "mapping_files") if name in plain
                }
            case "mapping_file":
                files.append((plain["name"], plain["version"], plain["text"]))
            case "erasure":
                kept.append(_erasure(plain))
            case "position":
                restoring.positions.append(unpacked(plain))
            case "counters":
                if header.get("vocabulary") is not None:
                    await writer.declare(Vocabulary.from_json(header["vocabulary"]), header["mapping"], files)
                await keep_erasures(driver, kept, database=database)
                restoring.graph |= unpacked(plain)
            case "event":
                await restoring.event(mapped_event(plain))
            case "dead_letter":
                await restoring.letter(unpacked(plain))
    await restoring.finish()
    return summary


def erasures_in(path: Path) -> list[Erasure]:
    """The erasures that a ledger names.

    Raises:
        BadInput: the file is cut, altered or no ledger.
    """
    return [_erasure(plain) for plain in read_ledger(path) if plain["kind"] == "erasure"]


class _Restoring:
    """An import at work: collects batches and writes each in a transaction, together with how far it is."""

    def __init__(
        self, driver: AsyncDriver, database: str, summary: LedgerSummary, events_max: int, on_record: OnRecord
    ) -> None:
        self._driver, self._database = driver, database
        self._summary, self._events_max, self._on_record = summary, events_max, on_record
        self._imported = self._seen = 0
        self._events: list[MappedEvent] = []
        self._letters: list[dict[str, Any]] = []
        self.positions: list[dict[str, Any]] = []
        #: Properties of the graph's own node.
        self.graph: dict[str, Any] = {}

    async def begin(self) -> None:
        """Keep all others from writing; find out where to go on.

        Raises:
            BadInput: the database is not empty, or holds the half of another import.
        """
        async with self._transaction() as (tx, graph):
            importing = graph["importing"]
            if importing is None:
                (found,) = await ask(tx, "read/inhabited")
                if found["inhabited"]:
                    raise BadInput(
                        "the database is not empty; import into an empty one (and stop ingesters that write to it)"
                    )
            elif importing != self._summary.sha256:
                raise BadInput(
                    "the database holds the half of an import of another ledger; import that one again, or empty the database"
                )
            (row,) = await ask(tx, "write/import_begun", importing=self._summary.sha256)
            self._imported = row["imported"]

    async def event(self, mapped: MappedEvent) -> None:
        """The next event."""
        self._seen += 1
        if self._seen > self._imported:
            self._events.append(mapped)
            if len(self._events) >= self._events_max:
                await self._write()

    async def letter(self, letter: dict[str, Any]) -> None:
        """The next dead letter; all events came before."""
        self._seen += 1
        if self._seen > self._imported:
            self._letters.append(letter)
            if len(self._letters) >= LETTERS_PER_TRANSACTION:
                await self._write()

    async def finish(self) -> None:
        """The rest, then positions and counters; from here on ingesters may write."""
        await self._write()
        async with self._transaction() as (tx, _):
            await ask(tx, "write/import_done", graph=self.graph, positions=self.positions)

    async def _write(self) -> None:
        if not (self._events or self._letters):
            return
        async with self._transaction() as (tx, graph):
            if graph["importing"] != self._summary.sha256:
                raise Changed("another import of the same ledger has finished it")
            if self._events:
                async with talking(tx) as talk:
                    await _Restore(talk, _batch(self._events)).apply()
            if self._letters:
                letters = await Erasing(tx, graph["erased_to"]).letter_rows(self._letters)
                await ask(tx, "write/letters_restored", rows=[_marked(letter) for letter in letters])
            await ask(tx, "write/import_advanced", imported=self._seen)
        self._events, self._letters = [], []
        self._imported = self._seen
        self._on_record(self._seen, self._summary.records)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[tuple[AsyncTransaction, dict[str, Any]]]:
        with translated():
            async with (
                self._driver.session(database=self._database) as session,
                await session.begin_transaction(timeout=TRANSACTION_TIMEOUT_S) as tx,
            ):
                (graph,) = await ask(tx, "write/graph_locked")
                yield tx, graph
                await tx.commit()


class _Restore(BatchTransaction):
    """A batch that comes from a ledger, under the lock of its import; positions are set at the end."""

    def _admit(self, importing: str | None) -> None:
        pass

    async def _positions(self) -> dict[tuple[str, int], int]:
        return {(advance.topic, advance.partition): -1 for advance in self._batch.advances}


def _batch(events: list[MappedEvent]) -> Batch:
    last = {mapped.event.order[1:3]: mapped.event.order for mapped in events}
    return Batch(
        advances=tuple(
            Advance(
                topic=at.topic, partition=at.partition, epoch=0, offset=at.offset, recorded_at=at.recorded_at
            )
            for at in last.values()
        ),
        events=tuple(events),
        dead_letters=(),
        unmapped=(),
    )


def _marked(letter: dict[str, Any]) -> dict[str, Any]:
    marks = letter["marks"]
    return {
        "letter": {name: value for name, value in letter.items() if name != "marks"},
        "replayed": "ReplayedLetter" in marks,
        "discarded": "DiscardedLetter" in marks,
    }


async def _snapshot(driver: AsyncDriver, database: str) -> dict[str, Any]:
    """All that is small, and the last transaction before: under the writers' lock, so between two transactions."""
    with translated():
        async with (
            driver.session(database=database) as session,
            await session.begin_transaction(timeout=TRANSACTION_TIMEOUT_S) as tx,
        ):
            locked = await ask(tx, "write/graph_locked")
            if not locked:
                raise BadInput("there is no graph in this database; check its address")
            if locked[0]["importing"] is not None:
                raise BadInput("an import into this graph is not finished; finish it first")
            (found,) = await ask(tx, "read/ledger_snapshot")
            await tx.commit()
            return {**found, "tick": locked[0]["tick"]}


async def _stream(
    driver: AsyncDriver, database: str, name: str, fetched: int, **values: Any
) -> AsyncIterator[dict[str, Any]]:
    with translated():
        async with driver.session(
            database=database, default_access_mode="READ", fetch_size=fetched
        ) as session:
            async for record in await session.run(query(name), values):
                yield record.data()


def _lasting(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain[name] for name in sorted(plain) if name not in _PASSING}


def _erasure(plain: Mapping[str, Any]) -> Erasure:
    """What was under way when it was exported is done once it is imported: all of it is blanked on arrival."""
    names = ("key", "known_to", "requested_at", "events", "versions", "dead_letters")
    return Erasure(**{name: plain[name] for name in names}, reason=plain.get("reason"), done=True)
