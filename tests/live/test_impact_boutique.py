"""Eight years of real events: impact of libraries through components, drift, and explanations, against what was read from the source tree."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import httpx
import pytest
import pytest_asyncio
from neo4j import AsyncDriver

from graph_service.api.app import create_app
from graph_service.api.security.access import Insecure
from graph_service.core.model import EventId
from graph_service.core.time import FOREVER, format_instant, parse_instant
from graph_service.mapping import Mapping
from graph_service.store.read.answers import DriftAt, Point
from graph_service.store.read.reader import Reader
from tests.live.conftest import emptied
from tests.live.writing import write_events

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "online-boutique"
ECOSYSTEMS = ("go", "maven", "npm", "nuget", "pypi")
RELEASES = ("v0.1.4", "v0.5.0")
RECORDED_FROM = 1_000_000
"""When the first event was recorded; each of the others one microsecond after the one before."""
ALL_KNOWN = RECORDED_FROM + 10_000_000

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
    await write_events(neo4j_driver, mapping, events(), recorded_from=RECORDED_FROM)
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


class Told(NamedTuple):
    """From when on the last word on an edge is another: the properties (None: not there), and which event says so, by its place in the data."""

    time: int
    properties: dict[str, Any] | None
    nth: int


#: Source, type, target, discriminator.
Named = tuple[str, str, str, str]


@cache
def edges_told() -> dict[Named, list[Told]]:
    """All calls and all uses of libraries that the data ever tells of, read with no code of the service."""
    found: dict[Named, list[Told]] = {}
    for nth, one in enumerate(events()):
        for stream, targets in _streams_of(one):
            spoken = {(stream[0], stream[1], target, stream[2]): its for target, its in targets.items()}
            spoken |= {
                edge: None
                for edge in found
                if (edge[0], edge[1], edge[3]) == stream and edge[2] not in targets
            }
            for edge, its in spoken.items():
                story = found.setdefault(edge, [])
                if (story[-1].properties if story else None) != its:
                    story.append(Told(parse_instant(one["time"]), its, nth))
    return found


def _streams_of(one: dict[str, Any]) -> Iterable[tuple[tuple[str, str, str], dict[str, Any]]]:
    """The sets of edges that an event speaks of, as (source, type, discriminator), each with all its targets."""
    data = one["data"]
    match one["type"]:
        case "shop.deployment.applied.v1":
            yield (
                (f"service:{data['service']}", "CALLS", ""),
                {f"service:{called}": {} for called in data["calls"]},
            )
        case "shop.deployment.deleted.v1":
            yield (f"service:{data['service']}", "CALLS", ""), {}
        case "shop.libraries.resolved.v1":
            listed = {
                f"library:{data['ecosystem']}/{its['name']}": {"version": its["version"]}
                for its in data["libraries"]
            }
            yield (f"component:{data['service']}", "USES", data["file"]), listed


EXPLAIN = """query ($key: String!, $type: String!, $target: String!, $discriminator: String, $at: At!) {
  explain(key: $key, type: $type, target: $target, discriminator: $discriminator, at: $at) {
    holds reason summary stable rules { file rule version } superseded { properties validTo event { offset } }
    events { eventId source topic partition offset } versions { properties validFrom validTo event { offset } } } }"""


async def explained(reader: Reader, edge: Named, valid: int, known: int) -> dict[str, Any]:
    """The explanation over GraphQL."""
    transport = httpx.ASGITransport(app=create_app(reader, access=Insecure()))
    at = {"valid": format_instant(valid), "known": format_instant(known)}
    asked = dict(zip(("key", "type", "target", "discriminator"), edge, strict=True)) | {"at": at}
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.post("/graphql", json={"query": EXPLAIN, "variables": asked})
    assert "errors" not in answer.json(), answer.text
    found: dict[str, Any] = answer.json()["data"]["explain"]
    for one in found["events"]:
        said = events()[one["offset"]]
        assert (one["eventId"], one["source"], one["topic"]) == (said["id"], said["source"], "tests")
    return found


async def test_ten_random_edges_are_explained_by_the_events_of_the_data(reader: Reader) -> None:
    """Which event made it so, where that was recorded, by which rule, and what it took the place of."""
    random, mapping = Random(10), Mapping.load([ROOT / "deploy" / "mappings" / "online-boutique.yaml"])
    kept = {
        edge: story
        for edge, story in edges_told().items()
        if len({told.time for told in story}) == len(story)
    }
    rules = {"CALLS": "deployment-applied", "USES": "libraries-resolved"}
    for edge in [
        *random.sample(sorted(one for one in kept if one[1] == "CALLS"), 4),
        *random.sample(sorted(kept), 6),
    ]:
        nth = random.choice([n for n, told in enumerate(kept[edge]) if told.properties is not None])
        told, after = kept[edge][nth], kept[edge][nth + 1 : nth + 2]
        valid = random.randrange(told.time, after[0].time if after else told.time + 10**12)
        found = await explained(reader, edge, valid, ALL_KNOWN)
        assert (found["holds"], found["reason"]) == (True, "HOLDS"), (edge, found)
        assert [one["offset"] for one in found["events"]] == [told.nth], (edge, found)
        assert found["versions"][0]["properties"] == told.properties, (edge, found)
        rule = {"file": "online-boutique.yaml", "rule": rules[edge[1]], "version": mapping.version}
        assert found["rules"] == [rule], (edge, found)
        before = kept[edge][nth - 1] if nth else None
        replaced = [before.nth] if before is not None and before.properties is not None else []
        assert [one["event"]["offset"] for one in found["superseded"]] == replaced, (edge, found)
        assert events()[told.nth]["id"] in found["summary"]


async def test_ten_random_absences_are_explained_by_the_events_of_the_data(reader: Reader) -> None:
    """Ended by which event, begun only later and by which, not yet known and by which event then; or nobody ever said so."""
    random = Random(20)
    kept = {
        edge: story
        for edge, story in edges_told().items()
        if len({told.time for told in story}) == len(story)
    }
    ended = sorted(edge for edge, story in kept.items() if any(told.properties is None for told in story))
    reasons = set()
    for number in range(10):
        edge = random.choice(ended if number < 4 else sorted(kept))
        story, known = kept[edge], ALL_KNOWN
        if number < 4:
            told = random.choice([one for one in story if one.properties is None])
            valid, reason = told.time, "ENDED"
        elif number < 6:
            told, valid, reason = story[0], story[0].time - 1, "NOT_YET_VALID"
        elif number < 8:
            # Just before the log said so for the first time.
            told, valid, reason = story[0], story[0].time, "NOT_YET_KNOWN"
            known = RECORDED_FROM + told.nth - 1
        else:
            edge, reason, valid = (edge[2], edge[1], edge[0], edge[3]), "NEVER_ASSERTED", story[0].time
            assert edge not in edges_told()
        found = await explained(reader, edge, valid, known)
        assert (found["holds"], found["reason"]) == (False, reason), (edge, found)
        if reason != "NEVER_ASSERTED":
            assert found["events"][0]["offset"] == told.nth, (edge, found)
            assert events()[told.nth]["id"] in found["summary"]
        reasons.add(reason)
    assert len(reasons) == 4


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
