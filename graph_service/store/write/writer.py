"""The write side: batches into the graph, each in one transaction, exactly once in effect (design 2.4).

All writers take turns on the one (:Graph) node, so a transaction sees and leaves a whole graph.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from neo4j import AsyncDriver
from neo4j.exceptions import IncompleteCommit

from graph_service.core.errors import StoreSilent
from graph_service.core.vocabulary import Vocabulary
from graph_service.store.neo4j_errors import translated, unless_there
from graph_service.store.queries import ask, query, schema, schema_of_type, type_list
from graph_service.store.write.batch import Batch, Outcome, Position
from graph_service.store.write.talk import talking
from graph_service.store.write.transaction import BatchTransaction

SILENCE_S = 5.0
"""A database that is silent for so long after a transaction's time was up does not answer: a connection that swallows everything
says nothing of itself, and TCP alone would wait for minutes."""

COMMITS_MAX = 3
NODES_PRUNED_MAX = 1000
"""In one transaction, so that no writer waits for long."""


class Writer:
    """Writes through one driver. Any number of writers may run; they take turns."""

    def __init__(
        self, driver: AsyncDriver, *, database: str = "neo4j", transaction_timeout_s: float = 30.0
    ) -> None:
        """A transaction that takes longer is ended by the server, so that nobody holds the lock for ever."""
        self._driver, self._database, self._timeout_s = driver, database, transaction_timeout_s

    async def migrate(self) -> None:
        """Constraints, indexes and the graph's own node; does nothing where they are there."""
        await self._made((*schema(), *schema_of_type("HAD")))
        await self._run(query("write/graph_made"))

    async def declare(
        self, vocabulary: Vocabulary, version: str, files: Sequence[tuple[str, str, str]]
    ) -> None:
        """Make the mapping's words known: `files` are (name, version, text); indexes for its relationship types."""
        await self._index(vocabulary)
        await self._run(
            query("write/declared"),
            vocabulary=vocabulary.to_json(),
            version=version,
            files=_file_rows(files),
        )

    async def extend(self, vocabulary: Vocabulary, files: Sequence[tuple[str, str, str]]) -> None:
        """Make words known besides those of the mapping in use, which stay as they are; `files` as for `declare`.

        For facts of another mapping than the ingester's: their types can be asked for, and the text behind their rules is kept.
        """
        await self._index(vocabulary)
        with translated():
            async with (
                self._driver.session(database=self._database) as session,
                await session.begin_transaction(timeout=self._timeout_s) as tx,
            ):
                await ask(tx, "write/graph_locked")
                (row,) = await ask(tx, "read/graph")
                text = row["graph"].get("vocabulary")
                declared = Vocabulary.from_json(text) if text else Vocabulary()
                words = Vocabulary(
                    kinds={**vocabulary.kinds, **declared.kinds},
                    relationships={**vocabulary.relationships, **declared.relationships},
                )
                await ask(tx, "write/extended", vocabulary=words.to_json(), files=_file_rows(files))
                await tx.commit()

    async def _index(self, vocabulary: Vocabulary) -> None:
        for name in vocabulary.relationships:
            base, past = type_list([name]).strip("`"), type_list([name], past=True).strip("`")
            await self._made((*schema_of_type(base), *schema_of_type(past)))

    async def _made(self, statements: Sequence[str]) -> None:
        """Make constraints and indexes where they are not there."""
        for statement in statements:
            with translated(), unless_there():
                await self._repeatable(statement)

    async def assign(self, topic: str, partition: int, topic_id: str, partitions: int = 0) -> Position:
        """Take over a partition: earlier owners are fenced from here on. Where to go on is in the answer.

        `topic_id` tells a topic from a later one of the same name, which begins at its own beginning; the name itself where it is
        not known. `partitions`: how many the topic has, where that is known.
        """
        rows = await self._run(
            query("write/position_taken"),
            topic=topic,
            partition=partition,
            topic_id=topic_id,
            partitions=partitions,
        )
        (row,) = rows
        return Position(
            topic=topic,
            partition=partition,
            offset=row["offset"],
            recorded_at=row["recorded_at"],
            epoch=row["epoch"],
        )

    async def note_ends(self, places: Sequence[tuple[str, int]], known: int | None) -> int | None:
        """Note that nothing more can come from these partitions (topic, number) that was recorded up to `known`, so that they do not
        hold the watermark back. Returns the graph's latest known time; None while there is none.
        """
        (row,) = await self._run(query("write/ends_noted"), places=sorted(map(list, places)), known=known)
        recorded_at: int | None = row["recorded_at"]
        return recorded_at

    async def prune_changes(self, *, kept_s: float, nodes_max: int) -> int:
        """Take the oldest of the change log away, at most `NODES_PRUNED_MAX` nodes at once: what was recorded more than `kept_s` before
        the latest record, and what is more than `nodes_max`. Returns how many went. Nobody can go on from what is gone.
        """
        rows = await self._run(
            query("write/changes_pruned"),
            kept_us=int(kept_s * 1_000_000),
            nodes_max=nodes_max,
            most=NODES_PRUNED_MAX,
        )
        return int(rows[0]["gone"]) if rows else 0

    async def write(self, batch: Batch) -> Outcome:
        """Apply a batch: all of it or nothing, and what was applied before not again.

        Raises:
            Fenced: a partition of the batch has another owner now.
            Refused: the database refuses the data of some event.
            StoreUnavailable: try again; the positions tell what was done.
        """
        async with (
            self._answering(),
            self._driver.session(database=self._database) as session,
            await session.begin_transaction(timeout=self._timeout_s) as tx,
        ):
            async with talking(tx) as talk:
                outcome = await BatchTransaction(talk, batch).apply()
            await tx.commit()
            return outcome

    async def _run(self, statement: str, **values: Any) -> list[Any]:
        async with self._answering():
            return await self._repeatable(statement, **values)

    async def _repeatable(self, statement: str, **values: Any) -> list[Any]:
        """Run what does no harm when it is done twice: where the answer to the commit is lost, it is done again."""
        commits = 0
        while True:
            try:
                result = await self._driver.execute_query(statement, values, database_=self._database)
                return list(result.records)
            except IncompleteCommit:
                commits += 1
                if commits == COMMITS_MAX:
                    raise

    @asynccontextmanager
    async def _answering(self) -> AsyncIterator[None]:
        """Around whatever is asked of the database, which either answers in time or does not answer."""
        try:
            with translated():
                async with asyncio.timeout(self._timeout_s + SILENCE_S):
                    yield
        except TimeoutError as error:
            raise StoreSilent(
                f"Neo4j has not answered for {self._timeout_s + SILENCE_S:.0f} s; check that it runs and the way to it"
            ) from error


def _file_rows(files: Sequence[tuple[str, str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "version": version, "text": text} for name, version, text in files]
