"""Promises of the change log's stuff: each change is a true difference between two neighbouring beliefs, and nothing is left out."""

from __future__ import annotations

from hypothesis import given

from graph_service.core.changes import Change, ChangeKind, changes_at
from graph_service.core.model import Row
from graph_service.core.time import FOREVER
from tests.builders import end, entity, folded, identity, log, record, retract
from tests.histories import histories
from tests.oracle import Recorded


def believed(rows: tuple[Row, ...], item: str, valid: int, known: int) -> str | None:
    """The properties of an item at a point; None where it is not there."""
    found = [row.properties.text for row in rows if row.item == item and row.holds(valid, known)]
    assert len(found) <= 1
    return found[0] if found else None


@given(histories())
def test_changes_are_all_differences_between_neighbouring_beliefs(history: list[Recorded]) -> None:
    """At every valid instant: what changes say was before and is after is what the rows say; where there is no change, both agree."""
    instants = sorted({one.order.recorded_at for one in history})
    for rows in folded(history).values():
        by_instant = dict(changes_at(rows, instants))
        edges = sorted({edge for row in rows for edge in (row.valid_from, row.valid_to) if edge != FOREVER})
        for known in instants:
            found = by_instant.get(known, [])
            for item in {row.item for row in rows}:
                for valid in (valid for edge in edges for valid in (edge - 1, edge)):
                    before, after = (
                        believed(rows, item, valid, known - 1),
                        believed(rows, item, valid, known),
                    )
                    here = [c for c in found if c.item == item and c.valid_from <= valid < c.valid_to]
                    assert len(here) == (before != after)
                    for change in here:
                        assert (text(change.before), text(change.after)) == (before, after)


def text(version: object) -> str | None:
    return None if version is None else version.properties.text  # type: ignore[attr-defined]


def changes_of(*records: Recorded) -> dict[int, list[Change]]:
    """The changes of the entity's state by known instant."""
    listed = log(*records)
    (rows,) = folded(listed).values()
    return dict(changes_at(rows, {one.order.recorded_at for one in listed}))


def test_appending_corrects_nothing() -> None:
    """To appear, to change and to end, each after what is known, alters nothing about the past; and each names its event."""
    found = changes_of(
        record("a", 10, entity("x", 1, size=1)),
        record("b", 20, entity("x", 2, size=2)),
        record("c", 30, entity("x", 3, size=2)),
        record("d", 40, end("x", 4)),
    )
    assert list(found) == [10, 20, 40]
    kinds = [change.kind for (change,) in found.values()]
    assert kinds == [ChangeKind.APPEARED, ChangeKind.CHANGED, ChangeKind.ENDED]
    assert not any(change.corrects for (change,) in found.values())
    assert [change.made_by for (change,) in found.values()] == [identity(id).uid for id in "abd"]


def test_a_late_event_and_a_retraction_correct() -> None:
    """Both alter what was believed about an instant at or before one that something was known of."""
    found = changes_of(
        record("a", 10, entity("x", 1, size=1)),
        record("b", 20, entity("x", 6, size=3)),
        record("c", 30, entity("x", 3, size=2)),
        record("d", 40, retract("b")),
    )
    (late,), (taken_back,) = found[30], found[40]
    assert (late.kind, late.valid_from, late.valid_to, late.corrects) == (ChangeKind.CHANGED, 3, 6, True)
    assert (taken_back.kind, taken_back.valid_from, taken_back.corrects) == (ChangeKind.CHANGED, 6, True)
    assert taken_back.made_by == identity("c").uid


def test_what_is_planned_is_no_correction() -> None:
    """A span that ends in the future is not the past."""
    found = changes_of(
        record("a", 10, entity("x", 1, 100, size=1)),
        record("b", 20, entity("x", 5, size=2)),
    )
    assert not any(change.corrects for change in found[20])
