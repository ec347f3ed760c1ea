"""The graph is a pure function of the log: generated histories through the real database, held against the oracle and each other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import Any, cast

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st
from neo4j import AsyncDriver

from graph_service.core.errors import Fenced, StoreUnavailable
from graph_service.store.digest import digest
from graph_service.store.reader import Reader
from graph_service.store.writer import Writer
from tests.histories import distinct, histories, picking
from tests.live.comparing import VOCABULARY, difference
from tests.live.conftest import emptied
from tests.live.crashing import CrashingDriver
from tests.logs import Delivery, another_log, assigned, batch_of, deliver, delivery
from tests.oracle import Oracle

pytestmark = pytest.mark.asyncio(loop_scope="session")

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

    async def empty(self) -> None:
        """Only the graph's own node and its words are left."""
        await self.driver.execute_query("MATCH (n) DETACH DELETE n")
        await self.driver.execute_query("CREATE (g:Graph) SET g = $bare", bare=self.bare)

    def __repr__(self) -> str:
        return "graph"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("graph")

    async def holding(self, batches: Delivery) -> SmallGraph:
        """With this and nothing else in it."""
        await self.empty()
        await deliver(self.writer, batches)
        return self


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def graph(neo4j_driver: AsyncDriver) -> AsyncIterator[SmallGraph]:
    """An empty graph with two relationship types."""
    await emptied(neo4j_driver)
    writer = Writer(neo4j_driver)
    await writer.migrate()
    await writer.declare(VOCABULARY, "tests", [])
    found = await neo4j_driver.execute_query("MATCH (g:Graph) RETURN properties(g) AS bare")
    yield SmallGraph(
        driver=neo4j_driver, writer=writer, reader=Reader(neo4j_driver), bare=found.records[0]["bare"]
    )


@st.composite
def delivered(draw: st.DrawFn) -> Delivery:
    """A history, and a way in which its log comes."""
    return delivery(picking(draw), draw(histories()))


@st.composite
def delivered_twice(draw: st.DrawFn) -> tuple[Delivery, Delivery]:
    """A history, and two ways in which its log comes."""
    history = draw(histories())
    return delivery(picking(draw), history), delivery(picking(draw), history)


@st.composite
def logged_twice(draw: st.DrawFn) -> tuple[Delivery, Delivery]:
    """Events with distinct valid instants, in two logs: each of another order, with other doubles, over other partitions."""
    pick, events = picking(draw), distinct(draw(histories()))
    return delivery(pick, events), delivery(pick, another_log(pick, events))


@ANSWERED
@given(batches=delivered())
async def test_the_graph_answers_as_the_oracle(graph: SmallGraph, batches: Delivery) -> None:
    """As-of, history, relationships, impact and diff, at every interesting point on both clocks."""
    await graph.holding(batches)
    wrong = await difference(graph.reader, Oracle(record for batch in batches for record in batch))
    assert wrong is None, wrong


@DELIVERED
@given(both=delivered_twice())
async def test_one_log_is_one_graph(graph: SmallGraph, both: tuple[Delivery, Delivery]) -> None:
    """In any batches and any interleaving of its partitions, and replayed from the start over itself: the same full digest."""
    one, other = [await digest((await graph.holding(batches)).driver) for batches in both]
    assert one == other
    await deliver(graph.writer, both[0])
    assert await digest(graph.driver) == one, "replayed under the same positions"
    await graph.driver.execute_query("MATCH (p:Position) DETACH DELETE p")
    await deliver(graph.writer, both[0])
    assert await digest(graph.driver) == one, "replayed without positions"


@DELIVERED
@given(both=logged_twice())
async def test_other_logs_of_the_same_events_are_equal_on_the_valid_axis(
    graph: SmallGraph, both: tuple[Delivery, Delivery]
) -> None:
    """In another order, doubled, split over other partitions: the same valid digest."""
    one, other = [await digest((await graph.holding(batches)).driver, valid=True) for batches in both]
    assert one == other


@DELIVERED
@given(batches=delivered(), crashes=st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=6))
async def test_crashes_leave_no_trace(
    graph: SmallGraph, batches: Delivery, crashes: list[tuple[int, bool]]
) -> None:
    """A writer breaks at any statement, or after a commit whose answer it never gets; another takes over and begins anew, at what
    the positions say or further back; what the dead one still sends is refused. The same full digest as without.
    """
    calm = await digest((await graph.holding(batches)).driver)
    await graph.empty()
    epochs = await assigned(graph.writer, (record for batch in batches for record in batch))
    for number, batch in enumerate(batches):
        if number < len(crashes):
            at, answer_lost = crashes[number]
            breaking = CrashingDriver(graph.driver, at, answer_lost=answer_lost)
            with suppress(StoreUnavailable):
                await Writer(cast(AsyncDriver, breaking)).write(batch_of(batch, epochs))
            dead, epochs = epochs, await assigned(graph.writer, chain.from_iterable(batches))
            with pytest.raises(Fenced):
                await graph.writer.write(batch_of(batch, dead))
            await graph.writer.write(
                batch_of([*chain.from_iterable(batches[max(0, number - 1) : number + 1])], epochs)
            )
        else:
            await graph.writer.write(batch_of(batch, epochs))
    assert await digest(graph.driver) == calm
