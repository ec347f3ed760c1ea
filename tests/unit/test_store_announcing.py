"""Promises of the change log as it is written: nothing that changes is left out, and batches leave no trace in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_service.core.changes import changes_at
from graph_service.core.model import Row, StreamKey
from graph_service.core.time import FOREVER
from graph_service.store.write import announcing
from graph_service.store.write.announcing import CORRECTS, HAD_BEFORE, HAS_AFTER, entries, news
from graph_service.store.write.refold import Edits, row_of
from tests import appends
from tests.appends import WORKED, Appending, Owner, once
from tests.builders import end, entity, folded, link, log, record, retract
from tests.histories import appending_histories, histories, picking
from tests.logs import Delivery, batch_of, delivery, partition_of
from tests.oracle import Recorded

Entry = tuple[Any, ...]


class _Watched(Owner):
    """An owner whose edits are seen."""

    seen: list[Edits]

    def edit(self, edits: Edits) -> None:
        own = next((stream for stream in edits.before if not stream.type), None)
        if own is not None and self.node.get("present"):
            rows = list(edits.before[own])
            if not any(row.valid_to == row.known_to == FOREVER for row in rows):
                rows.append(row_of("", self.node))
            edits = replace(edits, before={**edits.before, own: rows})
        self.seen.append(edits)
        super().edit(edits)


def written(batches: Delivery) -> list[list[Entry]]:
    """The entries that each batch leaves in the log."""
    store, seen = Appending(), list[Edits]()

    class Watched(_Watched):
        pass

    Watched.seen = seen
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(appends, "Owner", Watched)
        for batch in batches:
            store.write(batch)
            records = sorted(batch, key=lambda one: one.order)
            events = batch_of(records, {partition_of(one): 0 for one in records}).events
            told = entries((one for edit in seen for one in news(edit.before, edit.after)), events)
            found.append([tuple(entry) for entry in told])
            seen.clear()
    return found


def told_apart(records: Sequence[Recorded]) -> list[Recorded]:
    """No two of them recorded at the same instant."""
    return [
        replace(one, order=one.order._replace(recorded_at=100 + number)) for number, one in enumerate(records)
    ]


def cut(records: Sequence[Recorded], cuts: Sequence[int]) -> Delivery:
    """In batches, in record order."""
    places = [0, *sorted({place for place in cuts if 0 < place < len(records)}), len(records)]
    return [records[start:stop] for start, stop in pairwise(places)]


@st.composite
def delivered(draw: st.DrawFn) -> Delivery:
    """A history in one of the ways in which its log can come."""
    return delivery(picking(draw), once(draw(histories())))


@given(histories(), st.lists(st.integers(1, 9)))
def test_batches_leave_no_trace(history: list[Recorded], cuts: list[int]) -> None:
    """The log of one delivery in record order is the same for every batch size, entry by entry."""
    records = told_apart(once(history))
    single, cut_up = written([records]), written(cut(records, cuts))
    assert [entry for batch in cut_up for entry in batch] == single[0]


@given(delivered())
def test_nothing_that_changes_is_left_out(batches: Delivery) -> None:
    """However the log comes, late partitions and equal known times included: every change of the fold of everything is in the log."""
    announced = {entry[:7] for batch in written(batches) for entry in batch}
    assert set(_references(folded([one for batch in batches for one in batch]))) - announced == set()


@pytest.mark.parametrize("batches", WORKED.values(), ids=WORKED)
def test_nothing_is_left_out_of_worked_deliveries(batches: Delivery) -> None:
    """Cases that chance seldom finds."""
    announced = {entry[:7] for batch in written(batches) for entry in batch}
    assert set(_references(folded([one for batch in batches for one in batch]))) - announced == set()


def _references(rows: dict[StreamKey, tuple[Row, ...]]) -> Iterator[Entry]:
    for (owner, type, discriminator), some in rows.items():
        instants = {known for row in some for known in (row.known_from, row.end_known, row.known_to)}
        for known, changes in changes_at(some, instants - {FOREVER}):
            for one in changes:
                end = None if one.valid_to == FOREVER else one.valid_to
                yield owner, type, one.item, discriminator, one.valid_from, end, known


@given(appending_histories(), st.lists(st.integers(1, 9)))
def test_the_short_way_says_what_the_long_one_says(history: list[Recorded], cuts: list[int]) -> None:
    """For plain appends nothing is compared; the outcome is as if it were."""
    batches = cut(history, cuts)
    short = written(batches)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(announcing, "_plain", lambda *_: None)
        assert written(batches) == short


def test_what_is_written_down() -> None:
    """References only: who, when on both clocks, which event, and whether it corrects."""
    records = log(
        record("a", 10, entity("x", 1, size=1), link("x", "CALLS", "y", 1)),
        record("b", 20, entity("x", 5, size=2)),
        record("c", 30, entity("x", 3, size=3)),
        record("d", 40, end("x", 8)),
        record("e", 50, retract("b")),
    )
    uids = {one.event.uid: one.event.id for one in records}
    found = defaultdict(list)
    for batch in written(cut(records, [1, 2, 3, 4])):
        for *reference, uid, marks in batch:
            found[uids[uid]].append((*reference, marks))
    appeared, changed, ended = HAS_AFTER, HAD_BEFORE + HAS_AFTER, HAD_BEFORE
    assert dict(found) == {
        "a": [("x", "", "", "", 1, None, 10, appeared), ("x", "CALLS", "y", "", 1, None, 10, appeared)],
        "b": [("x", "", "", "", 5, None, 20, changed)],
        "c": [("x", "", "", "", 3, 5, 30, changed + CORRECTS)],
        "d": [("x", "", "", "", 8, None, 40, ended), ("x", "CALLS", "y", "", 8, None, 40, ended)],
        "e": [("x", "", "", "", 5, 8, 50, changed + CORRECTS)],
    }
