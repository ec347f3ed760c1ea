"""A small graph that is written directly, without a Kafka: emptied by one statement, so that many histories fit into a minute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import settings
from neo4j import AsyncDriver

from graph_service.store.keep.digest import digest
from graph_service.store.read.reader import Reader
from graph_service.store.write.writer import Writer
from tests.live.comparing import VOCABULARY
from tests.logs import Delivery, deliver

#: Histories by Hypothesis profile: those held against the oracle, and those delivered in several ways.
DEEP = settings().max_examples > 1000
ANSWERED = settings(max_examples=300 if DEEP else 40)
DELIVERED = settings(max_examples=150 if DEEP else 20)


@dataclass(frozen=True, kw_only=True)
class SmallGraph:
    """A database that one statement empties: prepared once, then without history for each example."""

    driver: AsyncDriver
    writer: Writer
    reader: Reader
    bare: dict[str, Any]

    @classmethod
    async def prepared(cls, driver: AsyncDriver) -> SmallGraph:
        """On an empty database: constraints, indexes and the words of `VOCABULARY` are made."""
        writer = Writer(driver)
        await writer.migrate()
        await writer.declare(VOCABULARY, "tests", [])
        found = await driver.execute_query("MATCH (g:Graph) RETURN properties(g) AS bare")
        return cls(driver=driver, writer=writer, reader=Reader(driver), bare=found.records[0]["bare"])

    async def empty(self) -> None:
        """Only the graph's own node and its words are left."""
        await self.driver.execute_query("MATCH (n) DETACH DELETE n")
        await self.driver.execute_query("CREATE (g:Graph) SET g = $bare", bare=self.bare)

    def __repr__(self) -> str:
        return "graph"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("graph")

    async def seen(self) -> tuple[str, list[Any]]:
        """The full digest, and what it leaves out: the nodes that the present is read from, and where events stand."""
        found = await self.driver.execute_query(
            "MATCH (n:Entity) WHERE n.declared RETURN n {.*, heads: null} AS seen ORDER BY n.key "
            "UNION ALL MATCH (n:Event) RETURN n {.*, tick: null} AS seen ORDER BY n.uid"
        )
        return await digest(self.driver), [record["seen"] for record in found.records]

    async def holding(self, batches: Delivery) -> SmallGraph:
        """With this and nothing else in it."""
        await self.empty()
        await deliver(self.writer, batches)
        return self
