"""Batches grow under lag while the store is quick, and never beyond their limit."""

from __future__ import annotations

from ingest.sizing import FIRST, LEAST, Sizing


def test_a_quick_store_gets_larger_batches_up_to_the_limit() -> None:
    """Twice as large at most with each, and what takes two seconds is large enough."""
    sizing = Sizing(6000)
    assert sizing.size == FIRST
    sizing.took(FIRST, 0.1)
    assert sizing.size == 2 * FIRST
    sizing.took(2 * FIRST, 0.1)
    assert sizing.size == 6000
    sizing.took(6000, 3.0)
    assert sizing.size == 4000
    sizing.took(4000, 2.0)
    assert sizing.size == 4000


def test_a_slow_store_gets_small_ones_and_recovers() -> None:
    """An outage within a transaction counts as slow, and is made up for at once."""
    sizing = Sizing(8000)
    sizing.took(FIRST, 60.0)
    assert sizing.size == LEAST
    for _ in range(4):
        sizing.took(sizing.size, 0.1)
    assert sizing.size == 8000


def test_a_batch_that_is_not_full_says_nothing() -> None:
    """There was no more to take, and most of its time is not its records'."""
    sizing = Sizing(8000)
    sizing.took(FIRST // 2 - 1, 1.0)
    assert sizing.size == FIRST


def test_a_small_limit_holds() -> None:
    """Also below the least that is thought sensible."""
    sizing = Sizing(7)
    sizing.took(7, 0.001)
    assert sizing.size == 7
    sizing.took(7, 60.0)
    assert sizing.size == 7
