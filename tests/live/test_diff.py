"""Differences between two points, to the last word of each: held against what the versions of everything say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_service.core.time import FOREVER
from graph_service.store.read.answers import DifferenceAt, Point, VersionAt
from graph_service.store.read.asking import difference_cursor, difference_place
from graph_service.store.read.reader import OwnerKey, Reader
from tests import builders
from tests.histories import histories, late_histories, picking
from tests.live.comparing import LATER, points_of
from tests.live.small_graph import DELIVERED, SmallGraph
from tests.logs import Delivery, delivery
from tests.oracle import Oracle, Recorded

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAIRS = 30


@st.composite
def delivered(draw: st.DrawFn) -> Delivery:
    """A history, and a way in which its log comes."""
    return delivery(picking(draw), draw(histories() | late_histories()))


async def expected(
    reader: Reader, owners: Sequence[OwnerKey], frm: Point, to: Point
) -> tuple[DifferenceAt, ...]:
    """All differences, from the versions that are believed at each point: every owner is looked at."""
    old, new = await reader.versions(owners, frm.known), await reader.versions(owners, to.known)
    found = [_difference(old[owner], new[owner], frm, to) for owner in owners]
    return tuple(sorted((one for one in found if one is not None), key=difference_place))


def _difference(
    old: Iterable[VersionAt], new: Sequence[VersionAt], frm: Point, to: Point
) -> DifferenceAt | None:
    before = next((one for one in old if one.valid_from <= frm.valid < one.valid_to), None)
    after = next((one for one in new if one.valid_from <= to.valid < one.valid_to), None)
    if before is None and after is None:
        return None
    if before is not None and after is not None and before.properties == after.properties:
        return None
    event: str | None
    if after is None:
        kind = "ENDED"
        over = [one for one in new if one.valid_to <= to.valid and one.valid_to != FOREVER]
        event = max(over, key=lambda one: one.valid_to).ended_by if over else None
    else:
        kind = "APPEARED" if before is None else "CHANGED"
        spans = (
            ((frm.valid, to.valid), after.valid_from),
            ((frm.known, to.known), after.known_from),
        )
        event = after.event if any(min(ends) < at <= max(ends) for ends, at in spans) else None
    version = after or before
    assert version is not None
    subject = "relationship" if version.type else "entity"
    return DifferenceAt(kind=kind, subject=subject, before=before, after=after, event=event)


def _owners(oracle: Oracle) -> list[OwnerKey]:
    return sorted(
        {
            (stream.owner, stream.type, one.segment.item, stream.discriminator)
            for stream in oracle.streams()
            for one in oracle.versions(stream)
        }
    )


def _subject(one: DifferenceAt) -> VersionAt:
    version = one.after or one.before
    assert version is not None
    return version


#: What is asked for, and which of all differences it is.
PARTS: tuple[tuple[dict[str, object], Callable[[VersionAt], bool]], ...] = (
    ({"types": ["CALLS"]}, lambda one: one.type == "CALLS"),
    ({"types": []}, lambda one: False),
    ({"kinds": ["thing"]}, lambda one: True),
    ({"kinds": ["nothing"]}, lambda one: False),
    ({"kinds": ["thing"], "types": ["USES"]}, lambda one: one.type in ("", "USES")),
    ({"kinds": ["nothing"], "types": ["USES"]}, lambda one: one.type == "USES"),
    ({"around": "a"}, lambda one: "a" in (one.owner, one.target)),
    ({"around": "b"}, lambda one: "b" in (one.owner, one.target)),
    ({"around": "b", "kinds": ["nothing"], "types": ["CALLS"]}, lambda one: one.type == "CALLS" and "b" in (one.owner, one.target)),
)  # fmt: skip


@DELIVERED
@given(batches=delivered(), chance=st.integers(0, 2**32))
async def test_every_word_of_a_difference(small_graph: SmallGraph, batches: Delivery, chance: int) -> None:
    """Both sides, what became of it and by which event; forwards and backwards on either clock; each part is what the whole has of it, and pages are
    the whole in its order.
    """
    reader = (await small_graph.holding(batches)).reader
    oracle, random = Oracle(record for batch in batches for record in batch), Random(chance)
    owners, points = _owners(oracle), points_of(oracle)
    for _ in range(PAIRS):
        frm, to = random.choice(points), random.choice(points)
        # Half of them differ in one clock only.
        if random.random() < 0.25:
            to = Point(valid=to.valid, known=frm.known)
        elif random.random() < 0.33:
            to = Point(valid=frm.valid, known=to.known)
        whole = await expected(reader, owners, frm, to)
        page = await reader.diff(frm, to, first=100)
        assert (page.items, page.more) == (whole, False), f"from {frm} to {to}"
        asked, belongs = random.choice(PARTS)
        part = await reader.diff(frm, to, first=100, **asked)  # type: ignore[arg-type]
        assert part.items == tuple(one for one in whole if belongs(_subject(one))), f"{asked} {frm} {to}"
        size, after, pages = random.randint(1, 3), None, list[DifferenceAt]()
        while True:
            page = await reader.diff(frm, to, first=size, after=after)
            pages += page.items
            if not page.more:
                break
            after = difference_cursor(page.items[-1])
        assert tuple(pages) == whole


async def test_what_is_retracted_and_what_is_no_more(small_graph: SmallGraph) -> None:
    """A retraction, and one of that, each differ from before at the known time at which they are recorded, though neither says a word of the entity."""
    history: list[Recorded] = [
        builders.record("said", 100, builders.entity("a", 0), builders.link("a", "CALLS", "b", 0), offset=0),
        builders.record("never", 110, builders.retract("said"), offset=1),
        builders.record("after all", 120, builders.retract("never"), offset=2),
        builders.record("never ever", 130, builders.retract("after all"), offset=3),
    ]
    reader = (await small_graph.holding([history])).reader

    async def kinds(frm: int, to: int) -> list[tuple[str, str]]:
        page = await reader.diff(Point(valid=5, known=frm), Point(valid=5, known=to))
        return [(one.kind, one.subject) for one in page.items]

    gone = [("ENDED", "entity"), ("ENDED", "relationship")]
    back = [("APPEARED", "entity"), ("APPEARED", "relationship")]
    assert await kinds(100, 109) == await kinds(110, 119) == await kinds(100, 120) == []
    assert await kinds(109, 110) == await kinds(129, 130) == await kinds(100, LATER) == gone
    assert await kinds(119, 120) == await kinds(99, 100) == await kinds(110, 100) == back
