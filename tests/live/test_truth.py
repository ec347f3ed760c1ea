"""The graph is a pure function of the log: generated histories through the real database, held against the oracle and each other."""

from __future__ import annotations

from contextlib import suppress
from itertools import chain
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from neo4j import AsyncDriver

from graph_service.core.errors import Fenced, StoreUnavailable
from graph_service.store.keep.digest import digest
from graph_service.store.write.writer import Writer
from tests.histories import distinct, histories, late_histories, picking
from tests.live.comparing import difference
from tests.live.crashing import CrashingDriver
from tests.live.small_graph import ANSWERED, DELIVERED, SmallGraph
from tests.logs import Delivery, another_log, assigned, batch_of, deliver, delivery
from tests.oracle import Oracle

pytestmark = pytest.mark.asyncio(loop_scope="session")


#: Half of them in the order of knowing: those go through the short ways of the store, which read only a part of the past.
HISTORIES = histories() | late_histories()


@st.composite
def delivered(draw: st.DrawFn) -> Delivery:
    """A history, and a way in which its log comes."""
    return delivery(picking(draw), draw(HISTORIES))


@st.composite
def delivered_twice(draw: st.DrawFn) -> tuple[Delivery, Delivery]:
    """A history, and two ways in which its log comes."""
    history = draw(HISTORIES)
    return delivery(picking(draw), history), delivery(picking(draw), history)


@st.composite
def logged_twice(draw: st.DrawFn) -> tuple[Delivery, Delivery]:
    """Events with distinct valid instants, in two logs: each of another order, with other doubles, over other partitions."""
    pick, events = picking(draw), distinct(draw(histories()))
    return delivery(pick, events), delivery(pick, another_log(pick, events))


@ANSWERED
@given(batches=delivered())
async def test_the_graph_answers_as_the_oracle(small_graph: SmallGraph, batches: Delivery) -> None:
    """As-of, history, relationships, impact and diff, at every interesting point on both clocks."""
    await small_graph.holding(batches)
    wrong = await difference(small_graph.reader, Oracle(record for batch in batches for record in batch))
    assert wrong is None, wrong


@DELIVERED
@given(both=delivered_twice())
async def test_one_log_is_one_graph(small_graph: SmallGraph, both: tuple[Delivery, Delivery]) -> None:
    """In any batches and any interleaving of its partitions, and replayed from the start over itself: the same full digest."""
    one, other = [await (await small_graph.holding(batches)).seen() for batches in both]
    assert one == other
    await deliver(small_graph.writer, both[0])
    assert await small_graph.seen() == one, "replayed under the same positions"
    await small_graph.driver.execute_query("MATCH (p:Position) DETACH DELETE p")
    await deliver(small_graph.writer, both[0])
    assert await small_graph.seen() == one, "replayed without positions"


@DELIVERED
@given(both=logged_twice())
async def test_other_logs_of_the_same_events_are_equal_on_the_valid_axis(
    small_graph: SmallGraph, both: tuple[Delivery, Delivery]
) -> None:
    """In another order, doubled, split over other partitions: the same valid digest."""
    one, other = [await digest((await small_graph.holding(batches)).driver, valid=True) for batches in both]
    assert one == other


#: The statement before which a writer breaks, or None for the commit; and whether that is done nevertheless.
CRASHES = st.lists(st.tuples(st.none() | st.integers(0, 20), st.booleans()), max_size=6)


@DELIVERED
@given(batches=delivered(), crashes=CRASHES)
async def test_crashes_leave_no_trace(
    small_graph: SmallGraph, batches: Delivery, crashes: list[tuple[int | None, bool]]
) -> None:
    """A writer breaks at any statement, or after a commit whose answer it never gets; another takes over and begins anew, at what
    the positions say or further back; what the dead one still sends is refused. The same full digest as without.
    """
    calm = await (await small_graph.holding(batches)).seen()
    await small_graph.empty()
    epochs = await assigned(small_graph.writer, (record for batch in batches for record in batch))
    for number, batch in enumerate(batches):
        if number < len(crashes):
            at, answer_lost = crashes[number]
            breaking = CrashingDriver(small_graph.driver, at, answer_lost=answer_lost)
            with suppress(StoreUnavailable):
                await Writer(cast(AsyncDriver, breaking)).write(batch_of(batch, epochs))
            dead, epochs = epochs, await assigned(small_graph.writer, chain.from_iterable(batches))
            with pytest.raises(Fenced):
                await small_graph.writer.write(batch_of(batch, dead))
            await small_graph.writer.write(
                batch_of([*chain.from_iterable(batches[max(0, number - 1) : number + 1])], epochs)
            )
        else:
            await small_graph.writer.write(batch_of(batch, epochs))
    assert await small_graph.seen() == calm
