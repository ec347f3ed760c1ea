"""An append reads only what is open, and gives what a fold of everything gives: rows, nodes and heads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.appends import WORKED, Appending, once
from tests.builders import facts, oracle_facts
from tests.histories import appending_histories, histories, late_histories, picking
from tests.logs import Delivery, delivery
from tests.oracle import Oracle, Recorded


@st.composite
def delivered(draw: st.DrawFn, records: st.SearchStrategy[list[Recorded]]) -> Delivery:
    """Histories in batches, each event once."""
    return delivery(picking(draw), once(draw(records)))


@given(batches=delivered(histories()) | delivered(late_histories()))
def test_any_delivery_ends_in_one_fold_of_everything(batches: Delivery) -> None:
    """After every batch, whatever was appended and whatever was folded anew before it."""
    store = Appending()
    for number, batch in enumerate(batches):
        store.write(batch)
        wrong = store.wrong()
        assert wrong is None, f"after batch {number}: {wrong}"
    history = [record for batch in batches for record in batch]
    assert facts(store.stored()) == oracle_facts(Oracle(history))


@pytest.mark.parametrize("batches", WORKED.values(), ids=WORKED)
def test_worked_deliveries(batches: Delivery) -> None:
    """Cases at the border of what may be appended."""
    store = Appending()
    for batch in batches:
        store.write(batch)
    assert store.wrong() is None
    assert facts(store.stored()) == oracle_facts(Oracle(one for batch in batches for one in batch))


@given(batches=delivered(appending_histories()))
def test_what_is_newer_on_both_clocks_is_appended(batches: Delivery) -> None:
    """All of it: a stream in order never reads its past."""
    store = Appending()
    for batch in batches:
        store.write(batch)
    assert (store.windowed, store.refolded) == (0, 0)
    wrong = store.wrong()
    assert wrong is None, wrong
