"""Explanations, held against a naive reading of generated histories: what holds, why not, and by which event."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import product
from random import Random

import pytest

from graph_service.core.explain import Reason
from graph_service.store.read.answers import Explained, Point, Subject
from tests.explaining import EARLIER, LATER, Naive, Why, prefix
from tests.histories import history, late_history
from tests.live.small_graph import DEEP, SmallGraph
from tests.logs import delivery
from tests.oracle import Edge, Graph, Oracle, Recorded

pytestmark = pytest.mark.asyncio(loop_scope="session")

HISTORIES = 60 if DEEP else 14
LOOKED_AT_MAX = 250
"""Questions about one history that are answered naively; which ones is a matter of a fixed seed."""
OF_EACH_REASON = 4
"""So many of each reason are asked of the graph."""
ASKED_AT_ONCE = 4


async def test_the_reason_and_the_event_are_what_the_oracle_says(small_graph: SmallGraph) -> None:
    """Of entities and relationships, declared, named or unknown, at any point. And with nothing learnt later, it is as if nothing had been."""
    random = Random(11)
    seen: Counter[Reason] = Counter()
    for nth in range(HISTORIES):
        records = (late_history if nth % 4 == 3 else history)(random.randrange)
        await small_graph.holding(delivery(random.randrange, records))
        questions = chosen(records, random)
        seen.update(why.reason for *_, why in questions)
        for start in range(0, len(questions), ASKED_AT_ONCE):
            some = questions[start : start + ASKED_AT_ONCE]
            answers = await asyncio.gather(
                *(small_graph.reader.explain(one, at, learned_to=to) for one, at, to, _ in some)
            )
            for (subject, at, to, why), found in zip(some, answers, strict=True):
                wrong = difference(Naive(oracle=Oracle(records)), why, subject, at, found)
                assert wrong is None, (wrong, subject, at, to, found, records)
    assert set(seen) == set(Reason) - {Reason.IN_DEAD_LETTERS}, seen


Question = tuple[Subject, Point, int | None, Why]


def chosen(records: list[Recorded], random: Random) -> list[Question]:
    """Some questions about a history, a few for each reason there is for the answer."""
    naive = Naive(oracle=Oracle(records))
    points = [Point(valid=v, known=k) for v, k in product(naive.valids, [*naive.knowns, LATER])]
    asked = list(product(naive.subjects(), points, (False, True)))
    by_reason: dict[Reason, list[Question]] = {}
    for subject, at, then in random.sample(asked, min(LOOKED_AT_MAX, len(asked))):
        knowing = as_known(records, at.known) if then else naive
        why = (
            Why(reason=Reason.NEVER_ASSERTED) if knowing is None else knowing.why(subject, at.valid, at.known)
        )
        by_reason.setdefault(why.reason, []).append((subject, at, at.known if then else None, why))
    return [one for some in by_reason.values() for one in some[:OF_EACH_REASON]]


def as_known(records: list[Recorded], known: int) -> Naive | None:
    """What anybody could say at that known time."""
    recorded = prefix(sorted(records, key=lambda record: record.order), known)
    return Naive(oracle=Oracle(recorded)) if recorded else None


def difference(naive: Naive, expected: Why, subject: Subject, at: Point, found: Explained) -> str | None:
    """What is wrong about the answer, in words; None for nothing."""
    uids = {event.uid: event for event in naive.oracle.records}
    told = [uids[uid] for uid in found.events]
    if found.reason is not expected.reason and found.reason not in expected.others:
        return f"expected {expected}"
    if bool(told) != bool(expected.first) or (told and told[0] not in expected.first):
        return f"expected {expected.first} first, not {told}"
    late = [one for one in told if naive.oracle.records[one].order.recorded_at > at.known]
    if late and found.reason is not Reason.NOT_YET_KNOWN:
        return f"learnt later: {late}"
    for one in found.corrections:
        was = naive.graph(at.valid, one.known - 1), naive.graph(at.valid, one.known)
        what = [_state(graph, subject, one.before.discriminator) for graph in was]
        if what[0] == what[1] or one.known > at.known:
            return f"no correction: {one}"
        if one.event is None or naive.oracle.records[uids[one.event]].order.recorded_at != one.known:
            return f"not recorded then: {one}"
    return None


def _state(graph: Graph, subject: Subject, discriminator: str) -> object:
    if not subject.type:
        return graph.entities.get(subject.key)
    return graph.edges.get(Edge(subject.key, subject.type, discriminator, subject.target))


async def test_counts_of_words_are_those_of_the_oracle(small_graph: SmallGraph) -> None:
    """How many entities and relationships there are at a point, by kind and by type, in the present and at any other point."""
    random = Random(3)
    for nth in range(HISTORIES // 2):
        records = (late_history if nth % 4 == 3 else history)(random.randrange)
        await small_graph.holding(delivery(random.randrange, records))
        naive = Naive(oracle=Oracle(records))
        keys = [one for one in naive.subjects() if not one.type]
        points = [Point(valid=v, known=k) for v, k in product(naive.valids, [*naive.knowns, LATER])]
        for at in [*random.sample(points, min(5, len(points))), Point(valid=LATER, known=LATER)]:
            found, graph = await small_graph.reader.counted(at), naive.graph(at.valid, at.known)
            there = sum(naive.there(one, at.valid, at.known) for one in keys)
            declared, every = len(graph.entities), found.kinds.get("thing")
            told = (0, 0) if every is None else (every.declared, every.undeclared)
            assert told == (declared, there - declared), (at, records)
            by_type = Counter(edge.type for edge in graph.edges)
            assert found.types == {type: by_type[type] for type in ("CALLS", "USES")}, (at, records)


async def test_before_anything_is_recorded(small_graph: SmallGraph) -> None:
    """Nobody ever asserted anything."""
    await small_graph.empty()
    found = await small_graph.reader.explain(Subject(key="a"), Point(valid=EARLIER, known=LATER))
    assert (found.reason, found.events, found.rules) == (Reason.NEVER_ASSERTED, (), ())
