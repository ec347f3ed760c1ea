"""What differs between the facts of one stream, and how two ordered walks are laid side by side. No engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from operator import itemgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_service.core.errors import GraphServiceError
from graph_service.core.time import FOREVER
from graph_service.store.keep.compare import Fact, FactDiffers, What, differences, facts
from graph_service.store.keep.streams import joined
from graph_service.store.keep.target import Standing, comparable
from graph_service.store.read.answers import VersionAt
from graph_service.store.write.refold import BEGINNING

Pair = tuple[str, int]


def fact(valid_from: int, valid_to: int = FOREVER, state: int = 1, target: str = "") -> Fact:
    """A fact with one property."""
    return Fact(target=target, properties=f'{{"size":{state}}}', valid_from=valid_from, valid_to=valid_to)


def told(found: Iterable[FactDiffers]) -> list[tuple[What, Fact | None, Fact | None]]:
    """Differences in short."""
    return [(one.what, one.before, one.after) for one in found]


def test_the_same_facts_in_any_order_do_not_differ() -> None:
    """Nothing is said about what is on both sides."""
    some = [fact(1, 5), fact(5, state=2)]
    assert differences(some, reversed(some)) == ()


def test_a_fact_on_one_side_only_is_gained_or_lost() -> None:
    """Also another target of the same stream."""
    assert told(differences([], [fact(1)])) == [(What.GAINED, None, fact(1))]
    assert told(differences([fact(1, target="a")], [fact(1, target="b")])) == [
        (What.LOST, fact(1, target="a"), None),
        (What.GAINED, None, fact(1, target="b")),
    ]


def test_another_state_over_the_same_interval_is_changed() -> None:
    """Also where each side has the other's state at another time: the interval decides first."""
    before, after = [fact(1, 5), fact(5, 9, state=2)], [fact(1, 5, state=2), fact(5, 9)]
    assert told(differences(before, after)) == [
        (What.CHANGED, before[0], after[0]),
        (What.CHANGED, before[1], after[1]),
    ]


def test_the_same_state_over_another_interval_is_moved() -> None:
    """A boundary that moves between two states moves both facts."""
    before, after = [fact(1, 5), fact(5, state=2)], [fact(1, 7), fact(7, state=2)]
    assert told(differences(before, after)) == [
        (What.MOVED, before[0], after[0]),
        (What.MOVED, before[1], after[1]),
    ]


def test_a_fact_that_ends_sooner_is_moved_and_what_follows_is_gained() -> None:
    """One difference for each fact that is not on both sides."""
    assert told(differences([fact(1)], [fact(1, 5), fact(5, state=2)])) == [
        (What.MOVED, fact(1), fact(1, 5)),
        (What.GAINED, None, fact(5, state=2)),
    ]


def test_of_several_moves_the_same_beginning_decides_then_the_same_end() -> None:
    """Then the earliest goes with the earliest."""
    before = [fact(1, 2), fact(10, 20), fact(30, 40)]
    after = [fact(10, 15), fact(35, 40), fact(50, 60), fact(70, 80)]
    assert told(differences(before, after)) == [
        (What.MOVED, fact(1, 2), fact(50, 60)),
        (What.MOVED, fact(10, 20), fact(10, 15)),
        (What.MOVED, fact(30, 40), fact(35, 40)),
        (What.GAINED, None, fact(70, 80)),
    ]


@st.composite
def timelines(draw: st.DrawFn) -> list[Fact]:
    """Facts of two targets whose intervals do not overlap."""
    found = []
    for target in ("a", "b"):
        cuts = sorted(draw(st.sets(st.integers(0, 8), max_size=6)))
        for valid_from, valid_to in zip(cuts[::2], cuts[1::2], strict=False):
            found.append(fact(valid_from, valid_to, draw(st.integers(0, 2)), target))
    return found


@given(timelines(), timelines())
def test_every_fact_that_differs_is_in_exactly_one_difference(before: list[Fact], after: list[Fact]) -> None:
    """And each difference is what its word says."""
    found = differences(before, after)
    gone = [one.before for one in found if one.before]
    came = [one.after for one in found if one.after]
    assert sorted(map(repr, gone)) == sorted(repr(one) for one in set(before) - set(after))
    assert sorted(map(repr, came)) == sorted(repr(one) for one in set(after) - set(before))
    for one in found:
        match one.what:
            case What.GAINED:
                assert one.before is None
            case What.LOST:
                assert one.after is None
            case What.MOVED | What.CHANGED:
                assert one.before and one.after and one.before.target == one.after.target
                same_state = one.before.properties == one.after.properties
                assert same_state is (one.what is What.MOVED)


def test_facts_are_what_is_believed_now() -> None:
    """Versions that were given up are history, not facts."""
    common = {"owner": "a", "type": "", "target": "", "discriminator": "", "event": "e", "ended_by": None}
    now = VersionAt(**common, properties="{}", valid_from=1, valid_to=5, known_from=3, known_to=FOREVER)
    once = VersionAt(**common, properties="{}", valid_from=1, valid_to=FOREVER, known_from=2, known_to=3)
    assert facts([once, now]) == [Fact(target="", properties="{}", valid_from=1, valid_to=5)]


async def each(items: Iterable[Pair]) -> AsyncIterator[Pair]:
    """As a walk gives them."""
    for item in items:
        yield item


async def side_by_side(left: Iterable[Pair], right: Iterable[Pair]) -> list[tuple[Pair | None, Pair | None]]:
    """All pairs."""
    return [pair async for pair in joined(each(left), each(right), itemgetter(0))]


async def test_two_walks_meet_where_keys_are_equal() -> None:
    """With gaps on either side, at both ends, and in the middle."""
    assert await side_by_side([("b", 1), ("c", 1), ("e", 1)], [("a", 2), ("c", 2), ("d", 2), ("f", 2)]) == [
        (None, ("a", 2)),
        (("b", 1), None),
        (("c", 1), ("c", 2)),
        (None, ("d", 2)),
        (("e", 1), None),
        (None, ("f", 2)),
    ]
    assert await side_by_side([], []) == []
    assert await side_by_side([("a", 1)], []) == [(("a", 1), None)]


@given(st.sets(st.text(max_size=2)), st.sets(st.text(max_size=2)))
async def test_two_walks_leave_nothing_out(left: set[str], right: set[str]) -> None:
    """Each key of either side once, in order."""
    pairs = await side_by_side(sorted((key, 1) for key in left), sorted((key, 2) for key in right))
    assert [(one or two)[0] for one, two in pairs] == sorted(left | right)  # type: ignore[index]
    assert {one[0] for one, _ in pairs if one} == left
    assert {two[0] for _, two in pairs if two} == right


@pytest.mark.parametrize("wrong", [[("b", 1), ("a", 1)], [("a", 1), ("a", 1)]])
async def test_a_walk_out_of_order_is_an_error(wrong: list[Pair]) -> None:
    """Otherwise a stream could be called missing that is there."""
    with pytest.raises(GraphServiceError, match="not read in order"):
        await side_by_side(wrong, [("z", 2)])


def standing(offset: int, recorded_at: int, partition: int = 0) -> Standing:
    """How far one partition is."""
    return Standing(topic="t", partition=partition, topic_id="id", offset=offset, recorded_at=recorded_at)


def test_a_live_graph_that_goes_on_is_compared_as_of_before_what_it_has_more() -> None:
    """Up to just before the last record that both hold of a partition that moved."""
    rebuilt = [standing(5, 100), standing(9, 200, 1)]
    assert comparable(rebuilt, rebuilt) == FOREVER
    assert comparable(rebuilt, [standing(5, 100), standing(10, 300, 1)]) == 199
    assert comparable(rebuilt, [standing(6, 300), standing(10, 300, 1)]) == 99
    assert comparable(rebuilt, [*rebuilt, standing(0, 300, 2)]) == BEGINNING
