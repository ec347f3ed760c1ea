"""The write side: batches into the graph, each in one transaction, exactly once in effect (design 2.4).

All writers take turns on the one (:Graph) node, so a transaction sees and leaves a whole graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neo4j import AsyncDriver

from graph_service.core.vocabulary import Vocabulary
from graph_service.store.batch import Batch, Outcome, Position
from graph_service.store.neo4j_errors import translated
from graph_service.store.queries import query, schema, schema_of_type, type_list
from graph_service.store.transaction import BatchTransaction


class Writer:
    """Writes through one driver. Any number of writers may run; they take turns."""

    def __init__(
        self, driver: AsyncDriver, *, database: str = "neo4j", transaction_timeout_s: float = 30.0
    ) -> None:
        """A transaction that takes longer is ended by the server, so that nobody holds the lock for ever."""
        self._driver, self._database, self._timeout_s = driver, database, transaction_timeout_s

    async def migrate(self) -> None:
        """Constraints, indexes and the graph's own node; does nothing where they are there."""
        for statement in (*schema(), *schema_of_type("HAD")):
            await self._run(statement)
        await self._run(query("write/graph_made"))

    async def declare(
        self, vocabulary: Vocabulary, version: str, files: Sequence[tuple[str, str, str]]
    ) -> None:
        """Make the mapping's words known: `files` are (name, version, text); indexes for its relationship types."""
        for name in vocabulary.relationships:
            base, past = type_list([name]).strip("`"), type_list([name], past=True).strip("`")
            for statement in (*schema_of_type(base), *schema_of_type(past)):
                await self._run(statement)
        rows = [{"name": name, "version": own, "text": text} for name, own, text in files]
        await self._run(query("write/declared"), vocabulary=vocabulary.to_json(), version=version, files=rows)

    async def assign(self, topic: str, partition: int, topic_id: str) -> Position:
        """Take over a partition: earlier owners are fenced from here on. Where to go on is in the answer."""
        rows = await self._run(
            query("write/position_taken"), topic=topic, partition=partition, topic_id=topic_id
        )
        (row,) = rows
        return Position(
            topic=topic,
            partition=partition,
            offset=row["offset"],
            recorded_at=row["recorded_at"],
            epoch=row["epoch"],
        )

    async def mark_idle(self, topic: str, partition: int, idle: bool) -> None:
        """Whether a partition is read to its end, so that it does not hold the watermark back."""
        await self._run(query("write/position_idle"), topic=topic, partition=partition, idle=idle)

    async def write(self, batch: Batch) -> Outcome:
        """Apply a batch: all of it or nothing, and what was applied before not again.

        Raises:
            Fenced: a partition of the batch has another owner now.
            Refused: the database refuses the data of some event.
            StoreUnavailable: try again; the positions tell what was done.
        """
        with translated():
            async with (
                self._driver.session(database=self._database) as session,
                await session.begin_transaction(timeout=self._timeout_s) as tx,
            ):
                outcome = await BatchTransaction(tx, batch).apply()
                await tx.commit()
                return outcome

    async def _run(self, statement: str, **values: Any) -> list[Any]:
        with translated():
            result = await self._driver.execute_query(statement, values, database_=self._database)
            return list(result.records)
