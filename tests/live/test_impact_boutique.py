"""Eight years of real events: impact of libraries through components, and drift, against what was read from the source tree."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from neo4j import AsyncDriver

from graph_service.core.model import EventId
from graph_service.core.time import FOREVER, parse_instant
from graph_service.mapping import Mapping
from graph_service.store.read.answers import DriftAt, Point
from graph_service.store.read.reader import Reader
from tests.live.conftest import emptied
from tests.live.writing import write_events

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "online-boutique"
ECOSYSTEMS = ("go", "maven", "npm", "nuget", "pypi")
RELEASES = ("v0.1.4", "v0.5.0")

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(not DATA.is_dir(), reason="shared data absent"),
]


@cache
def events() -> list[dict[str, Any]]:
    """In commit order."""
    with gzip.open(DATA / "events.jsonl.gz") as lines:
        return [json.loads(line) for line in lines]


def probes(kind: str) -> list[dict[str, Any]]:
    """Questions of one kind, with the answers of the tree."""
    listed = [json.loads(line) for line in (DATA / "probes.jsonl").read_text().splitlines()]
    return [probe for probe in listed if probe["kind"] == kind]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def reader(neo4j_driver: AsyncDriver) -> Reader:
    """All events in the graph."""
    await emptied(neo4j_driver)
    mapping = Mapping.load([ROOT / "deploy" / "mappings" / "online-boutique.yaml"])
    await write_events(neo4j_driver, mapping, events())
    return Reader(neo4j_driver)


class Tree:
    """What the events say of an instant, read with no code of the service: the last word on each service and file counts."""

    def __init__(self, at: int) -> None:
        self.calls: dict[str, set[str]] = {}
        uses: dict[tuple[str, str], set[str]] = {}
        self.components: set[str] = set()
        for one in events():
            data = one["data"]
            if parse_instant(one["time"]) > at:
                continue
            match one["type"]:
                case "shop.deployment.applied.v1":
                    self.calls[data["service"]] = set(data["calls"])
                case "shop.deployment.deleted.v1":
                    self.calls.pop(data["service"], None)
                case "shop.libraries.resolved.v1":
                    names = {f"library:{data['ecosystem']}/{one['name']}" for one in data["libraries"]}
                    uses[data["service"], data["file"]] = names
        self.users: dict[str, set[str]] = defaultdict(set)
        for (component, _), names in uses.items():
            for name in names:
                self.users[name].add(component)

    def impact(self, of: Iterable[str]) -> dict[str, int]:
        """Distances of all that depends on these libraries or services."""
        found = dict.fromkeys(of, 0)
        frontier = list(found)
        for distance in range(1, 21):
            frontier = [key for here in frontier for key in self._dependents(here)]
            for key in frontier:
                found.setdefault(key, distance)
            frontier = [key for key in dict.fromkeys(frontier) if found[key] == distance]
        return {key: distance for key, distance in found.items() if distance}

    def _dependents(self, key: str) -> Iterable[str]:
        kind, _, name = key.partition(":")
        if kind == "library":
            return {f"component:{one}" for one in self.users[key]}
        if kind == "component":
            return {f"service:{name}"} & {f"service:{one}" for one in self.calls}
        return {f"service:{caller}" for caller, called in self.calls.items() if name in called}


async def test_the_impact_of_a_library_shows_services_through_components(reader: Reader) -> None:
    """Who uses it, as the tree says, is one step away; the services that are built from those are two, their callers beyond."""
    services = 0
    for probe in probes("library_users"):
        at = parse_instant(probe["at"])
        of = [f"library:{ecosystem}/{probe['subject']}" for ecosystem in ECOSYSTEMS]
        found = await reader.impact(of, at=Point(valid=at, known=FOREVER - 1), max_depth=20)
        nearest = {hit.key for hit in found.hits if hit.distance == 1}
        assert nearest == {f"component:{service}" for service, _, _ in probe["answer"]}, probe
        distances = {hit.key: hit.distance for hit in found.hits}
        assert distances == Tree(at).impact(of), probe
        services += sum(1 for hit in found.hits if hit.key.startswith("service:"))
        assert all(hit.relationship.type == "BUILT_FROM" for hit in found.hits if hit.distance == 2)
    assert services > 100


async def test_drift_between_two_instants_is_that_of_the_tree(reader: Reader) -> None:
    """Who came to call a service directly, and who does not any more, as the tree says of two instants; with an event of that time."""
    differing = 0
    for probe in probes("diff"):
        points = [Point(valid=parse_instant(probe[name]), known=FOREVER - 1) for name in ("at", "until")]
        added, removed = probe["answer"]["calls_added"], probe["answer"]["calls_removed"]
        for called in sorted({called for _, called in (*added, *removed)}):
            drift = await reader.impact_drift(
                [f"service:{called}"], frm=points[0], to=points[1], types=["CALLS"], max_depth=1
            )
            before, after = ({one: 1 for one, its in calls if its == called} for calls in (removed, added))
            assert _told(drift) == _expected(before, after, prefix="service:"), (called, probe)
            differing += await _with_events(reader, drift, points)
    assert differing > 20


async def test_impacts_that_are_the_same_do_not_drift(reader: Reader) -> None:
    """Of every two questions about one service, years apart: what the tree says of both."""
    subjects: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for probe in probes("impact"):
        subjects[probe["subject"]].append(probe)
    for subject, asked in subjects.items():
        for one, two in pairwise(sorted(asked, key=lambda probe: str(probe["at"]))):
            frm, to = (Point(valid=parse_instant(probe["at"]), known=FOREVER - 1) for probe in (one, two))
            drift = await reader.impact_drift(
                [f"service:{subject}"], frm=frm, to=to, types=["CALLS"], max_depth=20
            )
            assert _told(drift) == _expected(one["answer"], two["answer"], prefix="service:"), (one, two)


async def test_drift_of_libraries_between_two_releases(reader: Reader) -> None:
    """Of every library that both or one of the releases use."""
    tagged = {
        one["data"]["release"]: parse_instant(one["time"])
        for one in events()
        if one["type"] == "shop.release.tagged.v1"
    }
    points = [Point(valid=tagged[name], known=FOREVER - 1) for name in RELEASES]
    trees = [Tree(point.valid) for point in points]
    libraries = sorted(trees[0].users.keys() | trees[1].users.keys())
    differing = 0
    for library in libraries[::2]:
        drift = await reader.impact_drift([library], frm=points[0], to=points[1], max_depth=20)
        before, after = (tree.impact([library]) for tree in trees)
        assert _told(drift) == _expected(before, after), library
        differing += await _with_events(reader, drift, points)
    assert differing > 20


def _told(drift: DriftAt) -> dict[str, dict[str, Any]]:
    return {
        "entered": {one.key: one.after for one in drift.entered},
        "left": {one.key: one.before for one in drift.left},
        "moved": {one.key: (one.before, one.after) for one in drift.moved},
    }


def _expected(before: dict[str, int], after: dict[str, int], prefix: str = "") -> dict[str, Any]:
    return {
        "entered": {prefix + key: after[key] for key in after.keys() - before.keys()},
        "left": {prefix + key: before[key] for key in before.keys() - after.keys()},
        "moved": {prefix + key: (before[key], after[key]) for key in before.keys() & after.keys() if before[key] != after[key]},
    }  # fmt: skip


async def _with_events(reader: Reader, drift: DriftAt, points: list[Point]) -> int:
    """Every difference names an event between the two instants, and a relationship that this event speaks about."""
    items = [*drift.entered, *drift.left, *drift.moved]
    found = await reader.events([one.event for one in items if one.event])
    for one in items:
        assert one.event in found and one.relationship is not None, one
        row = found[one.event]
        assert points[0].valid < row.time <= points[1].valid, (one, row)
        assert EventId(row.source, row.id).uid == one.event
        subject = one.relationship.source.partition(":")[2]
        assert json.loads(row.data)["service"] == subject, (one, row)
    return len(items)
