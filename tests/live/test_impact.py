"""Drift, paths and what-if on a real Neo4j: generated histories against the oracle, and against what is really written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import settings

from graph_service.core.model import RecordOrder
from graph_service.store.read.answers import DriftAt, ImpactAt, Point, Reached
from graph_service.store.read.foresee import Fate, Foreseen, ForeseenEvent, foresee
from graph_service.store.read.impact import Followed
from graph_service.store.read.impact import proved as walk_proved
from graph_service.store.read.paths import Way
from graph_service.store.read.reader import Reader
from graph_service.store.read.reads import Reads
from tests.builders import link, record
from tests.histories import history
from tests.impacts import all_paths, graph_at, wrong_drift
from tests.live.comparing import DEPENDS, points_of
from tests.live.small_graph import SmallGraph
from tests.logs import MAPPING, event_of
from tests.meshes import KEYS, mesh
from tests.oracle import Oracle, Recorded

pytestmark = pytest.mark.asyncio(loop_scope="session")


DEEP = settings().max_examples > 1000
#: Half of them meshes, half of them histories as elsewhere.
SEEDS = range(120 if DEEP else 10)
WAYS: tuple[Way, ...] = ("dependencies", "dependents", "any")


def history_of(seed: int) -> list[Recorded]:
    """In record order, the same at every call."""
    return mesh(seed) if seed % 2 else history(Random(seed).randrange)


async def _walked(reader: Reader, of: list[str], asked: dict[str, Any]) -> ImpactAt:
    reads, types = reader._reads, asked["types"]
    followed = Followed.of(await reads.vocabulary(), await reads.types(types), dependents=asked["dependents"])
    return await walk_proved(
        reads, of, followed, at=asked["at"], max_depth=asked["max_depth"], limit=asked["limit"], timeout_s=30, overlay=None
    )  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
async def test_impact_is_the_same_without_its_proofs(small_graph: SmallGraph, seed: int) -> None:
    """Who is how far away and what was left out, of one way to follow and of both, at points on both clocks, under every limit."""
    records = history_of(seed)
    graph, pick = await small_graph.holding([records]), Random(seed)
    points, declared = points_of(Oracle(records)), sorted(DEPENDS)
    for _ in range(40):
        types = pick.choice((None, *([name] for name in declared), declared[:2]))
        asked = {
            "at": pick.choice(points), "dependents": pick.random() < 0.5, "types": types,
            "max_depth": pick.randint(1, 4), "limit": pick.choice((1, 2, 3, 10)),
        }  # fmt: skip
        of = pick.sample(KEYS, pick.randint(1, 2))
        proved, reached = await graph.reader.impact(of, **asked), await graph.reader.reach(of, **asked)  # type: ignore[arg-type]
        walked = await _walked(graph.reader, of, asked)
        # What Neo4j finds at once is what is found step by step, proofs and all.
        assert proved == walked, (of, asked)
        places = tuple(Reached(key=hit.key, distance=hit.distance) for hit in walked.hits)
        assert [(hit.key, hit.distance) for hit in reached.hits] == [
            (hit.key, hit.distance) for hit in places
        ]
        assert replace(reached, hits=places) == replace(walked, hits=places), (of, asked)


async def test_what_is_to_end_ends_and_what_is_to_begin_begins(small_graph: SmallGraph) -> None:
    """Relationships that were told to end, or to begin, after all that is recorded: impact at each instant of that future."""
    told = [
        record("e0", 101, link("b", "CALLS", "a", 0, 1_000), link("c", "CALLS", "b", 0)),
        record("e1", 102, link("d", "CALLS", "a", 500, 2_000)),
    ]
    reader = (await small_graph.holding([told])).reader
    for valid, expected in (
        (150, {"b": 1, "c": 2}),
        (500, {"b": 1, "c": 2, "d": 1}),
        (999, {"b": 1, "c": 2, "d": 1}),
        (1_000, {"d": 1}),
        (2_000, {}),
    ):
        for depth, types in ((3, ["CALLS"]), (3, None), (1, ["CALLS"])):
            at = Point(valid=valid, known=200)
            asked = {"at": at, "dependents": True, "types": types, "max_depth": depth, "limit": 10}
            nearer = {key: distance for key, distance in expected.items() if distance <= depth}
            for found in (
                await reader.impact(["a"], **asked),  # type: ignore[arg-type]
                await reader.reach(["a"], **asked),  # type: ignore[arg-type]
                await _walked(reader, ["a"], asked),
            ):
                assert {hit.key: hit.distance for hit in found.hits} == nearer, (at, types, depth)
                assert found.left_out == (len(expected) - len(nearer) or None), (at, types, depth)


@pytest.mark.parametrize("seed", SEEDS)
async def test_drift_and_paths_are_those_of_the_oracle(small_graph: SmallGraph, seed: int) -> None:
    """Who entered, left and moved, by which relationship and event; and every simple path in order: at points on both clocks."""
    records = history_of(seed)
    graph, oracle, pick = await small_graph.holding([records]), Oracle(records), Random(seed)
    points = points_of(oracle)
    for _ in range(12):
        frm, to = pick.choice(points), pick.choice(points)
        of, dependents, depth = pick.choice(KEYS), pick.random() < 0.5, pick.randint(1, 4)
        found = await graph.reader.impact_drift([of], frm=frm, to=to, dependents=dependents, max_depth=depth)
        wrong = wrong_drift(found, oracle, [of], (frm, to), depth, DEPENDS, dependents)
        assert wrong is None, (frm, to, of, dependents, depth, wrong)
    for _ in range(8):
        point, way, depth = pick.choice(points), pick.choice(WAYS), pick.randint(1, 4)
        start, end = pick.sample(KEYS, 2)
        first = pick.choice((1, 2, 50))
        expected = all_paths(graph_at(oracle, point), start, end, depth, DEPENDS, way)
        paths = await graph.reader.paths(start, end, at=point, way=way, max_depth=depth, first=first)
        assert [path.keys for path in paths] == expected[:first], (point, way, start, end, depth)


@pytest.mark.parametrize("seed", SEEDS)
async def test_what_if_is_what_comes_of_really_writing(small_graph: SmallGraph, seed: int) -> None:
    """The last events of a history as a what-if: the same facts and the same drift, to the last field, as when they are written."""
    records, pick = history_of(seed), Random(seed)
    cut = pick.randint(1, min(6, len(records)))
    past, known = records[:-cut], records[-1].order.recorded_at + 5
    tail = _appended(records[-cut:], {record.event for record in past}, known)
    graph = await small_graph.holding([past] if past else [])
    reads = Reads(graph.driver, database="neo4j", timeout_s=10)
    valids = sorted({point.valid for point in points_of(Oracle(records))})
    questions = [([key], way, pick.randint(1, 4)) for key in KEYS for way in (True, False)]
    foreseen: list[tuple[Foreseen, list[DriftAt]]] = []
    for valid in {valids[-1], pick.choice(valids)}:
        found = await foresee(reads, [_event(record) for record in tail], known, valid)
        foreseen.append((found, await _drifts(graph, found, questions, found)))
        _compare_changes(found.changes, Oracle([*past, *tail]), known)
    await graph.holding([*([past] if past else []), tail])
    for found, drifts in foreseen:
        assert drifts == await _drifts(graph, found, questions, None)
        owners = found.overlay.owners
        entities = await graph.reader.entities_by_key(owners, found.after)
        assert {key: found.overlay.entity(key, found.after) for key in owners} == entities


async def _drifts(
    graph: SmallGraph,
    found: Foreseen,
    questions: Sequence[tuple[list[str], bool, int]],
    overlay: Foreseen | None,
) -> list[DriftAt]:
    return [
        await graph.reader.impact_drift(of, frm=found.before, to=found.after, dependents=way, max_depth=depth, foreseen=overlay)
        for of, way, depth in questions
    ]  # fmt: skip


def _appended(records: Sequence[Recorded], taken: set, known: int) -> list[Recorded]:  # type: ignore[type-arg]
    """These as the newest records of a partition of their own; doubles left out."""
    appended: list[Recorded] = []
    for one in records:
        if one.event not in taken:
            taken.add(one.event)
            appended.append(replace(one, order=RecordOrder(known, "what-if", 0, len(appended))))
    return appended


def _event(record: Recorded) -> ForeseenEvent:
    return ForeseenEvent(
        event=event_of(record), fate=Fate.APPLIED, assertions=record.assertions, mapping=MAPPING
    )


def _compare_changes(changes: Sequence, oracle: Oracle, known: int) -> None:  # type: ignore[type-arg]
    """At every instant what differs is what the changes that cover it say."""
    for valid in sorted({point.valid for point in points_of(oracle)}):
        expected = oracle.diff((valid, known - 1), (valid, known))
        found = {}
        for change in changes:
            if change.valid_from <= valid < change.valid_to:
                version = change.after or change.before
                subject = (version.owner, version.type, version.discriminator, version.target)
                found[subject if version.type else version.owner] = tuple(
                    None if side is None else side.properties for side in (change.before, change.after)
                )
        plain = {
            (tuple(what) if not isinstance(what, str) else what): tuple(
                None if side is None else "{" + ",".join(f'"{name}":{text}' for name, text in side) + "}" for side in sides
            )
            for what, sides in expected.items()
        }  # fmt: skip
        assert found == plain, valid
