"""Scores, simple paths and the overlay of a what-if, without a database."""

from __future__ import annotations

from itertools import pairwise, permutations
from random import Random
from typing import Any

import pytest

from graph_service.cli.impact_gate import NAMES, Condition
from graph_service.cli.impact_shown import shown
from graph_service.core.errors import BadEvent, BadRequest
from graph_service.core.impact import HALF_LIFE_US, factors, weight_of
from graph_service.core.paths import TooManySteps, Ways, simple_paths
from graph_service.core.vocabulary import KindDeclaration, Vocabulary
from graph_service.mapping import Mapping
from graph_service.store.read.answers import Hits, Reached
from graph_service.store.read.foresee import EVENTS_MAX, decoded


def test_a_score_is_the_product_of_factors_between_bounds() -> None:
    """The best there is: direct, most critical, just seen. What is unknown is in the middle, or as old as can be."""
    assert factors(1, 1.0, 0).score == 1.0
    assert factors(1, 0.0, 10**18).score == pytest.approx(0.25)
    assert (factors(2, None, None).distance, factors(2, None, None).criticality) == (0.5, 0.75)
    assert factors(2, None, None).freshness == 0.5
    assert factors(1, 1.0, HALF_LIFE_US).freshness == pytest.approx(0.75)
    assert factors(1, 1.0, -5).freshness == 1.0, "what lies ahead is not fresher than now"
    for distance in (1, 2, 20):
        for weight in (None, 0.0, 0.3, 1.0):
            for age in (None, 0, HALF_LIFE_US * 1000):
                found = factors(distance, weight, age)
                assert 0 < found.score <= 1
                assert found.score == found.distance * found.criticality * found.freshness


@pytest.mark.parametrize(
    ("value", "levels", "weight"),
    [
        (1, (), 1.0), (2, (), 0.5), (3, (), 1 / 3), (0, (), 1.0), (2.0, (), 0.5), (0.25, (), 0.25), (-1, (), None),
        (2.5, (), None), ("High", (), 0.75), (" low ", (), 0.25), ("whatever", (), None), (True, (), 1.0), (False, (), 0.0),
        (None, (), None), ([1], (), None), ("gold", ("gold", "iron"), 1.0), ("iron", ("gold", "iron"), 0.5),
        ("Gold", ("gold",), None), (1, (1, 2, 3, 4), 1.0), (4, (1, 2, 3, 4), 0.25), (True, (1,), None), ("1", (1,), None),
    ],
)  # fmt: skip
def test_what_a_criticality_weighs(value: Any, levels: tuple[str | int, ...], weight: float | None) -> None:
    """By the declared levels, else by rank, fraction or usual word; nothing is guessed."""
    assert weight_of(value, levels) == weight


def test_levels_are_kept_with_the_vocabulary() -> None:
    """And a vocabulary that was saved before there were any can be read."""
    kind = KindDeclaration(name="s", label="S", criticality="tier", criticality_levels=("gold", 2))
    words = Vocabulary(kinds={"s": kind})
    assert Vocabulary.from_json(words.to_json()) == words
    older = words.to_json().replace('"criticality_levels":["gold",2],', "")
    assert "levels" not in older and Vocabulary.from_json(older).kinds["s"].criticality_levels == ()


@pytest.mark.parametrize("seed", range(60))
def test_simple_paths_are_those_of_brute_force(seed: int) -> None:
    """All of one length, in order, each node once."""
    random = Random(seed)
    nodes = "abcdef"
    steps = {(random.choice(nodes), random.choice(nodes)) for _ in range(14)}
    ways: Ways[None] = Ways()
    for here, there in steps:
        ways.add(here, there, None)
    for length in range(1, len(nodes)):
        inner = permutations("bcde", length - 1)
        candidates = [("a", *between, "f") for between in inner]
        expected = sorted(path for path in candidates if all(step in steps for step in pairwise(path)))
        assert list(simple_paths(ways, "a", "f", length, [10_000])) == expected


def test_a_search_for_paths_has_an_end() -> None:
    """However many ways there are."""
    ways: Ways[None] = Ways()
    for here in range(12):
        for there in range(12):
            ways.add(str(here), str(there), None)
    with pytest.raises(TooManySteps):
        list(simple_paths(ways, "0", "1", 11, [1000]))


MAPPING = Mapping.parse(
    [
        (
            "m.yaml",
            "kinds: {s: {label: S}}\nevents: [{name: one, type: one, assert: [{entity: \"'s:' + data.s\"}]}]\n",
        )
    ]
)


def test_events_of_a_what_if_are_read_as_an_ingester_would() -> None:
    """With a place in known time, the mapping's claims, and errors that name place and reason."""
    good = {"specversion": "1.0", "id": "1", "source": "/t", "type": "one", "data": {"s": "x"}}
    (found,) = decoded([good], MAPPING, 77)
    assert (found.event.order.recorded_at, found.event.time, found.row.topic) == (77, 77, "what-if")
    assert found.assertions[0].rule == "m.yaml#one"
    with pytest.raises(BadEvent, match=r"events\[1\]: not-a-cloudevent") as caught:
        decoded([good, {**good, "specversion": "0.3"}], MAPPING, 77)
    assert caught.value.details() == {"index": 1, "reason": "not-a-cloudevent"}
    for events in ([], [good] * (EVENTS_MAX + 1)):
        with pytest.raises(BadRequest, match=f"give from 1 to {EVENTS_MAX}"):
            decoded(events, MAPPING, 77)


EDGE = {"type": "CALLS", "source": "s:b", "target": "s:a", "last_seen": None}
ITEM = {
    "key": "s:b", "kind": "s", "declared": True, "ended": False, "distance": 1, "score": 0.5, "owners": [], "path": ["s:a", "s:b"],
    "relationships": [EDGE],
}  # fmt: skip
ANSWER: dict[str, Any] = {
    **{key: [] for key in NAMES},
    "of": ["s:a"], "direction": "dependents", "valid": "2026-01-01T00:00:00Z", "known": None, "count": 1, "unchanged": 1,
    "items": [ITEM], "by_kind": {"s": 1}, "owners": {"team:x": 1},
    "truncated": {"reason": "size", "detail": "50%,\nmore", "distance": 1, "left_out": 3},
}  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("count > 0", True), ("count > 1", False), ("truncated != null && truncated.reason == 'size'", True),
        ("items.exists(i, i.kind == 's' && i.score > 0.4)", True), ("'team:x' in owners", True), ("entered.size() > 0", False),
    ],
)  # fmt: skip
def test_conditions(condition: str, holds: bool) -> None:
    """CEL over the answer."""
    assert Condition(condition).holds(ANSWER) is holds


def test_conditions_that_cannot_be() -> None:
    """Refused before anything is asked where that can be told; a gate never passes by mistake."""
    for wrong in ("count >", "count > limit", "nope(count)"):
        with pytest.raises(BadRequest, match="--fail-on"):
            Condition(wrong)
    for wrong in ("count", "items[7].kind == 's'", "items.exists(i, i.nope == 1)"):
        with pytest.raises(BadRequest, match="--fail-on"):
            Condition(wrong).holds(ANSWER)


def test_annotations_are_escaped() -> None:
    """What a workflow run reads is one line each; an error for the condition, a warning for what was left out."""
    lines = shown(ANSWER, "github", None, "count > 0").splitlines()
    assert lines == [
        "::error title=condition::the condition holds: count > 0",
        "::warning title=truncated::this is not all: 50%25,%0Amore",
        "::notice title=impact::s:b is within the impact of s:a, at distance 1: s:a <-CALLS- s:b",
    ]
    assert shown(ANSWER, "table", None, None).splitlines()[0] == ("impact of s:a at 2026-01-01T00:00:00Z: 1")


def test_hits_become_objects_once_and_when_they_are_looked_at() -> None:
    """How many there are is known before; otherwise they are as the tuple of them."""
    made: list[int] = []
    tuple_of_them = (Reached(key="b", distance=1), Reached(key="c", distance=2))

    def make() -> tuple[Reached, ...]:
        made.append(1)
        return tuple_of_them

    hits = Hits(2, make)
    assert (len(hits), bool(hits), made) == (2, True, [])
    assert hits == tuple_of_them and tuple_of_them == hits and hits == Hits(2, lambda: tuple_of_them)
    assert (list(hits), hits[1], hits[:1], hits[-1] in hits) == (
        [*tuple_of_them], tuple_of_them[1], tuple_of_them[:1], True,
    )  # fmt: skip
    assert hash(hits) == hash(tuple_of_them) and repr(hits) == repr(tuple_of_them) and made == [1]
