"""`advance` on top of stored rows gives what the fold gives, in any batches, by the least it asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_service.core.fold import advance, before, fold
from graph_service.core.model import Row, StreamKey
from graph_service.core.time import FOREVER
from tests.batches import Lend, batched
from tests.builders import claims_by_stream, entity, folded, log, record
from tests.histories import appending_histories, histories
from tests.oracle import Recorded

CUTS = st.lists(st.integers(1, 8), max_size=5)


def _sets(rows: Mapping[StreamKey, Sequence[Row]]) -> dict[StreamKey, set[Row]]:
    for some in rows.values():
        assert len(set(some)) == len(some), "a row is there twice"
    return {stream: set(some) for stream, some in rows.items()}


@pytest.mark.parametrize("lend", Lend)
@given(history=histories(), cuts=CUTS)
def test_any_batches_equal_one_fold(lend: Lend, history: list[Recorded], cuts: list[int]) -> None:
    """Late, finite, future-dated, retracted facts, cut anywhere, also inside a known instant: equal rows."""
    assert _sets(batched(history, cuts, lend)) == _sets(folded(history))


@given(histories())
def test_one_record_at_a_time_equals_one_fold(history: list[Recorded]) -> None:
    """The smallest batches that there are, each with the least that `advance` asks for."""
    assert _sets(batched(history, range(len(history)), Lend.LEAST)) == _sets(folded(history))


@given(appending_histories())
def test_an_append_reads_only_what_is_open(history: list[Recorded]) -> None:
    """An event newer than its stream on both clocks needs the open rows and no claims at all."""
    rows: dict[StreamKey, list[Row]] = {}
    for stream, claims in claims_by_stream(history).items():
        rows[stream] = []
        for known in sorted({claim.place.order.recorded_at for claim in claims}):
            new = [claim for claim in claims if claim.place.order.recorded_at == known]
            is_open = [row for row in rows[stream] if row.known_to == row.valid_to == FOREVER]
            closed = [row for row in rows[stream] if row not in is_open]
            rows[stream] = [*closed, *advance(is_open, (), new)]
    assert _sets(rows) == _sets(folded(history))


@given(histories(), st.integers(0, 8))
def test_before_gives_back_what_was_believed(history: list[Recorded], place: int) -> None:
    """`before` undoes what was learned at the last known time: what the log before it believed is back."""
    known = history[min(place, len(history) - 1)].order.recorded_at
    until = folded([record for record in history if record.order.recorded_at <= known])
    shorter = folded([record for record in history if record.order.recorded_at < known])
    for stream, rows in until.items():
        believed = {row for row in shorter.get(stream, ()) if row.known_to == FOREVER}
        assert set(before(rows, known)) == believed


def test_a_correction_at_the_known_time_of_what_it_corrects() -> None:
    """Two batches that share a known time leave no row that was never believed."""
    history = log(
        record("one", 100, entity("shop", 10, tier=1)),
        record("two", 110, entity("shop", 20, tier=2)),
        record("three", 110, entity("shop", 20, tier=3)),
    )
    (stream,) = claims_by_stream(history)
    expected = set(fold(claims_by_stream(history)[stream]))
    assert set(batched(history, [2], Lend.LEAST)[stream]) == expected
    assert all(row.known_from < row.known_to for row in expected)
