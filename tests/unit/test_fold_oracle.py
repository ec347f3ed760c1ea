"""The oracle's own questions, answered by hand on one small story: a doubtful oracle proves nothing."""

from __future__ import annotations

from tests.builders import end, entity, link, log, record
from tests.oracle import Edge, Oracle

DEPENDS = {"CALLS": "source", "OWNS": "target"}

STORY = Oracle(
    log(
        record("built", 100, entity("web", 10, tier=1), entity("shop", 10), link("web", "CALLS", "shop", 10)),
        record("paid", 110, link("shop", "CALLS", "bank", 20, p=1), link("shop", "LIKES", "mail", 20)),
        record("owned", 120, link("red", "OWNS", "web", 20)),
        record("gone", 130, end("shop", 30)),
        record("late", 140, entity("web", 15, tier=2)),
    )
)


def test_as_of_knows_what_was_known() -> None:
    """Late knowledge is not in an answer about an earlier known time."""
    assert STORY.as_of(20, 130).entities == {"web": (("tier", "1"),), "shop": ()}
    assert STORY.as_of(20, 140).entities == {"web": (("tier", "2"),), "shop": ()}
    assert STORY.as_of(30, 130).edges == {
        Edge("web", "CALLS", "", "shop"): (),
        Edge("red", "OWNS", "", "web"): (),
    }


def test_impact_follows_each_type_the_way_it_depends() -> None:
    """Dependents of the bank: who calls it, and who calls that; what is owned passes nothing to its owner."""
    assert STORY.as_of(20, 140).impact(["bank"], 5, DEPENDS) == {"shop": 1, "web": 2}
    assert STORY.as_of(20, 140).impact(["bank"], 1, DEPENDS) == {"shop": 1}
    assert STORY.as_of(20, 140).impact(["red"], 5, DEPENDS) == {"web": 1}
    assert STORY.as_of(20, 140).impact(["web"], 5, DEPENDS, dependents=False) == {
        "shop": 1,
        "bank": 2,
        "red": 1,
    }
    assert STORY.as_of(30, 140).impact(["bank"], 5, DEPENDS) == {}


def test_diff_on_either_clock() -> None:
    """One valid time at two known times is what was learned; two at one known time is what happened."""
    assert STORY.diff((20, 130), (20, 140)) == {"web": ((("tier", "1"),), (("tier", "2"),))}
    assert STORY.diff((25, 140), (30, 140)) == {
        "shop": ((), None),
        Edge("shop", "CALLS", "", "bank"): ((("p", "1"),), None),
        Edge("shop", "LIKES", "", "mail"): ((), None),
    }
