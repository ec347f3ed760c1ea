"""What the benchmarks stand on: ratios of turns, and data that is what it says."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from bench.backlog import PARTITIONS, Topic
from bench.events import IN_ORDER, Mix, events, floor_batches
from bench.growth import plots
from bench.harness import Bench, Line, Measured, Target, table
from bench.shape import END, SAMPLE, Data, Shape
from graph_service.core.time import FOREVER

AROUND = dict.fromkeys(
    ("date", "commit", "cores", "memory_gib", "system", "neo4j", "kafka", "jdk", "python", "driver", "load"),
    "",
)
CHANGING = Shape(services=40, teams=3, edges=60, hubs=1, hub_degree=20, old=9, days=450, gaps=False)


def measured(
    name: str, floors: tuple[float, ...], values: tuple[float, ...], target: Target | None
) -> Measured:
    """A line that was measured."""
    line = Line(
        name=name, what="a question", floor="the same, bare" if floors else None, unit="ms", target=target
    )
    return Measured(line=line, floors=floors, values=values)


def test_what_counts_is_the_middle_of_the_ratios_of_each_turn() -> None:
    one = measured("a.b", (1.0, 10.0, 100.0), (2.0, 30.0, 100.0), Target(sense="at most", value=2.0))
    assert (one.ratios, one.ratio, one.met) == ((2.0, 3.0, 1.0), 2.0, True)


def test_without_a_floor_the_value_itself_counts() -> None:
    one = measured("a.b", (), (3.0, 1.0, 2.0), Target(sense="at least", value=2.5))
    assert (one.ratio, one.met) == (2.0, False)


def test_the_table_says_what_was_missed_and_what_was_left_out() -> None:
    target = Target(sense="at most", value=2.0)
    found = [
        measured("a.good", (1.0,), (1.5,), target),
        measured("a.bad", (1.0,), (2.5,), target),
        measured("a.free", (1.0,), (9.0,), None),
    ]
    rows = table(found, AROUND, ["the peers"], 60.0).splitlines()
    verdicts = {
        row.split("|")[1].strip(): row.split("|")[6].strip() for row in rows if row.startswith("| a.")
    }
    assert verdicts == {"a.good": "met", "a.bad": "**missed**", "a.free": ""}
    assert rows[-1] == "- the peers"


@pytest.mark.parametrize(
    ("only", "wanted"),
    [
        ((), True),
        (("points",), True),
        (("points.key",), True),
        (("points.page",), False),
        (("impact",), False),
    ],
)
def test_lines_are_picked_by_the_beginnings_of_their_names(only: tuple[str, ...], wanted: bool) -> None:
    assert Bench(only=only).wants("points.key") is wanted


@pytest.mark.parametrize("shape", [SAMPLE, CHANGING], ids=["gaps", "changes"])
def test_spells_follow_one_another_and_the_last_is_open(shape: Shape) -> None:
    edges = Data(shape).edges
    assert len({(edge.source, edge.type, edge.target) for edge in edges}) == len(edges)
    for edge in edges:
        assert all(begin < end <= after for (begin, end), (after, _) in pairwise(edge.spells))
        assert edge.spells[-1][1] == FOREVER
        assert len(edge.properties) == len(edge.spells)


def test_a_shape_without_gaps_changes_only_and_stays_within_its_days() -> None:
    edges = [edge for edge in Data(CHANGING).edges if edge.type == "DEPENDS_ON"]
    assert all(end == after for edge in edges for (_, end), (after, _) in pairwise(edge.spells))
    assert all(CHANGING.start <= begin < END for edge in edges for begin, _ in edge.spells)
    assert sum(len(edge.spells) for edge in edges) == pytest.approx(60 * 10, rel=0.1)


@pytest.mark.parametrize("shape", [SAMPLE, CHANGING], ids=["gaps", "changes"])
def test_the_log_is_in_order_and_the_same_each_time(shape: Shape) -> None:
    log, again = Data(shape).log(), Data(shape).log()
    assert [(one.at, one.key, one.spell, one.begins) for one in log] == [
        (one.at, one.key, one.spell, one.begins) for one in again
    ]
    assert all(one.at <= two.at for one, two in pairwise(log))
    begun = {edge.source for edge in Data(shape).edges}
    assert begun <= {one.key for one in log if one.edge is None}


def test_mixes_are_late_and_corrected_as_often_as_they_say() -> None:
    plain = [one.at for one in events(4000, IN_ORDER, "a")]
    assert plain == sorted(set(plain))
    late = [one.at for one in events(4000, Mix(name="late", late=20), "a")]
    assert sum(one != two for one, two in zip(plain, late, strict=True)) == pytest.approx(800, rel=0.15)
    said = events(4000, Mix(name="corrections", corrections=5), "a")
    assert len(said) - len({one.at for one in said}) == pytest.approx(200, rel=0.3)


def test_events_are_about_the_names_that_are_given() -> None:
    assert {one.data["name"] for one in events(200, IN_ORDER, "a", names=["x", "y"])} == {"x", "y"}


def test_events_begin_where_they_are_told_to() -> None:
    one, two = events(50, IN_ORDER, "a"), events(50, IN_ORDER, "a", begin=END)
    assert [n.at - one[0].at for n in one] == [n.at - END for n in two]
    assert [n.data for n in one] == [n.data for n in two]


def test_the_backlog_knows_what_must_come_of_it() -> None:
    topic = Topic.empty()
    log = list(topic.events(20_000))
    states, edges = dict[str, list[object]](), dict[tuple[str, str], list[object]]()
    for partition, one in log:
        name = one.data["name"]
        assert partition == int(name[1:]) % PARTITIONS
        if one.type == "called.v1":
            edges.setdefault((name, one.data["other"]), []).append(one.data["weight"])
        else:
            states.setdefault(name, []).append(one.data["version"])
    said = [*states.values(), *edges.values()]
    # Each says something else than the one before, so each is a version.
    assert all(one != two for values in said for one, two in pairwise(values))
    named = {*states, *(key for pair in edges for key in pair)}
    ends = Counter(partition for partition, _ in log)
    assert topic.expected() == {
        "offsets": [ends[n] - 1 for n in range(PARTITIONS)],
        "events": 20_000,
        "entities": len(named),
        "past states": sum(len(values) - 1 for values in states.values()),
        "relationships": len(edges),
        "past relationships": sum(len(values) - 1 for values in edges.values()),
        "dead letters": 0,
    }
    assert [one.at for _, one in log] == sorted({one.at for _, one in log})


def test_the_bare_cypher_closes_what_it_replaces() -> None:
    batches = floor_batches(events(3000, IN_ORDER, "a", names=["x", "y", "z"]))
    calls = sum(len(batch["past"]) for batch in batches)
    seen = sum(len(batch["had"]) for batch in batches)
    assert sum(batch["count"] for batch in batches) == 3000
    # What is said of nine pairs and three services is closed but for the last of each.
    assert calls + seen == 3000 - 9 - 3
    assert all(
        row[2]["valid_to"] == row[2]["end_known"] < FOREVER for batch in batches for row in batch["past"]
    )


def test_growth_is_drawn_from_the_smallest_on() -> None:
    found = [
        measured("growth.key-1,000,000", (1.0,), (1.2,), None),
        measured("growth.key-10,000,000", (1.0,), (1.5,), None),
    ]
    text = plots(found, ["100,000", "1,000,000", "10,000,000"])
    assert "line [1.00, 1.20, 1.80]" in text
