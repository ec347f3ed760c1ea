"""The fold against the oracle on generated histories, and promises that relate one log to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from graph_service.core.fold import fold
from graph_service.core.model import RecordOrder
from graph_service.core.time import FOREVER
from tests.builders import Fact, claims_by_stream, facts, folded, oracle_facts
from tests.histories import distinct, histories
from tests.oracle import Oracle, Recorded


@given(histories())
def test_fold_equals_oracle(history: list[Recorded]) -> None:
    """Every version of every stream is what the naive reading of the design says."""
    assert facts(folded(history)) == oracle_facts(Oracle(history))


@given(histories())
def test_who_ended_a_version(history: list[Recorded]) -> None:
    """A version that is over names what ended it: a claim that began there, else one that ran out there."""
    oracle = Oracle(history)
    for stream, rows in folded(history).items():
        expected = {
            (v.segment.item, v.segment.valid_from, v.segment.valid_to, v.known_from): v.segment.ended_by
            for v in oracle.versions(stream)
        }
        for version in (version for row in rows for version in row.versions()):
            ended_by = expected[version.item, version.valid_from, version.valid_to, version.known_from]
            assert version.ended_by == (ended_by and ended_by.uid)


@given(histories())
def test_rows_answer_as_of(history: list[Recorded]) -> None:
    """`Row.holds` picks, at every interesting point on both clocks, exactly the state of the oracle."""
    oracle = Oracle(history)
    for stream, rows in folded(history).items():
        instants = {-1} | {row.valid_from for row in rows} | {row.valid_to - 1 for row in rows}
        for valid in instants:
            for known in (99, *oracle.known):
                held = [(row.item, dict(row.properties.texts)) for row in rows if row.holds(valid, known)]
                assert sorted(held, key=str) == sorted(oracle.state(stream, valid, known)[0].items(), key=str)


@given(histories(), st.randoms(use_true_random=False))
def test_the_fold_takes_claims_in_any_order(history: list[Recorded], random: Random) -> None:
    """What a claim does depends on its place and not on when the fold is told."""
    for claims in claims_by_stream(history).values():
        shuffled = list(claims)
        random.shuffle(shuffled)
        assert set(fold(shuffled)) == set(fold(claims))


@given(histories(), st.integers(0, 8))
def test_the_past_is_stable(history: list[Recorded], more: int) -> None:
    """What was believed up to a known time stays so, whatever is recorded after it, retractions included."""
    known = history[min(more, len(history) - 1)].order.recorded_at
    then = [record for record in history if record.order.recorded_at <= known]
    assert _as_known_at(facts(folded(history)), known) == _as_known_at(facts(folded(then)), known)


def _as_known_at(found: Sequence[Fact], known: int) -> list[Fact]:
    """The versions that are believed at some time up to `known`, as far as it can be told then."""
    return [
        fact._replace(known=(fact.known[0], fact.known[1] if fact.known[1] <= known else FOREVER))
        for fact in found
        if fact.known[0] <= known
    ]


@given(histories())
def test_partitions_are_nothing_but_order(history: list[Recorded]) -> None:
    """The same records in the same order, over one partition, one each, or many topics: equal rows."""
    one = [replace(r, order=r.order._replace(partition=0, offset=n)) for n, r in enumerate(history)]
    each = [replace(r, order=r.order._replace(partition=n, offset=9 - n)) for n, r in enumerate(history)]
    topics = [
        replace(r, order=r.order._replace(topic=f"t{n}", partition=9 - n)) for n, r in enumerate(history)
    ]
    expected = {stream: set(rows) for stream, rows in folded(history).items()}
    for other in (one, each, topics):
        assert {stream: set(rows) for stream, rows in folded(other).items()} == expected


@given(histories(), st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=4))
def test_doubles_are_nothing(history: list[Recorded], doubles: list[tuple[int, int]]) -> None:
    """Events that are recorded again, anywhere later in the log, change no version on either clock."""
    doubled = list(history)
    for number, (what, later) in enumerate(doubles):
        event, place = history[what % len(history)], history[max(what, later) % len(history)]
        if place.order >= event.order:
            order = place.order._replace(
                recorded_at=place.order.recorded_at + later, partition=7, offset=number
            )
            doubled.append(replace(event, order=order))
    assert facts(folded(doubled)) == facts(folded(history))


@given(histories(), st.data())
def test_delivery_order_is_nothing_on_the_valid_axis(history: list[Recorded], data: st.DataObject) -> None:
    """With distinct valid instants: the same events, in any order, doubled, spread, are equally believed."""
    events = distinct(history)
    delivered = data.draw(st.permutations(events + events[: len(events) // 2]))
    spread = [
        replace(event, order=RecordOrder(100 + n, "events", data.draw(st.integers(0, 2)), n))
        for n, event in enumerate(delivered)
    ]
    assert _believed_now(spread) == _believed_now(events)


def _believed_now(records: Sequence[Recorded]) -> list[Fact]:
    return sorted(
        fact._replace(known=(0, FOREVER)) for fact in facts(folded(records)) if fact.known[1] == FOREVER
    )
