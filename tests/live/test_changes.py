"""Promises of the change log on a real Neo4j: it tells all that changed and nothing else, page by page, as long as it is kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_service.api.app import create_app
from graph_service.api.security.access import Insecure
from graph_service.core.errors import Gone
from graph_service.core.model import Properties
from graph_service.core.time import FOREVER
from graph_service.store.keep.erasure import Eraser
from graph_service.store.read.answers import Point, VersionAt
from graph_service.store.read.feed import ChangeAt, ChangeFilter, Feed, Place, cursor_of
from graph_service.store.read.reader import Reader
from tests.builders import end, entity, link, log, record, retract
from tests.histories import histories, picking
from tests.live.comparing import LATER
from tests.live.small_graph import DELIVERED, SmallGraph
from tests.logs import Delivery, deliver, delivery
from tests.oracle import Edge, Oracle

pytestmark = pytest.mark.asyncio(loop_scope="session")

START = Place.after_all_of(-1)


@st.composite
def delivered(draw: st.DrawFn) -> Delivery:
    """A history, and a way in which its log comes."""
    return delivery(picking(draw), draw(histories()))


@st.composite
def in_order(draw: st.DrawFn) -> Delivery:
    """A history in which no two records are known at the same time, in record order, in batches."""
    records = [
        replace(one, order=one.order._replace(recorded_at=100 + number))
        for number, one in enumerate(draw(histories()))
    ]
    cuts = sorted({cut for cut in draw(st.lists(st.integers(1, 8))) if cut < len(records)})
    return [records[a:b] for a, b in zip([0, *cuts], [*cuts, len(records)], strict=True)]


async def all_of(feed: Feed, after: Place = START) -> list[ChangeAt]:
    """All changes behind a place, in the order of landing."""
    name, _ = await feed.end()
    found: list[ChangeAt] = []
    while True:
        stretch = await feed.after(name, after)
        found += await feed.changes(stretch.entries)
        after = stretch.end
        if not stretch.more:
            return found


def item_of(change: ChangeAt) -> str | Edge:
    """What changed, as the oracle names it."""
    owner = change.entry.owner
    return Edge(owner.key, owner.type, owner.discriminator, owner.target) if owner.type else owner.key


def texts(version: VersionAt | None) -> Any:
    """Properties as the oracle has them."""
    return None if version is None else tuple(sorted(Properties.parse(version.properties).texts.items()))


@DELIVERED
@given(batches=delivered())
async def test_the_feed_tells_what_changed_and_nothing_else(
    small_graph: SmallGraph, batches: Delivery
) -> None:
    """However the log came: each change is a true difference between two neighbouring beliefs, and none is missing."""
    graph = await small_graph.holding(batches)
    oracle = Oracle(one for batch in batches for one in batch)
    found: dict[tuple[int, str | Edge], list[ChangeAt]] = defaultdict(list)
    for change in await all_of(graph.reader.feed):
        point = change.entry.point
        before, after = oracle.as_of(point.valid, point.known - 1), oracle.as_of(point.valid, point.known)
        item = item_of(change)
        of = "edges" if isinstance(item, Edge) else "entities"
        assert texts(change.before) == getattr(before, of).get(item), change
        assert texts(change.after) == getattr(after, of).get(item), change
        assert change.entry.event in {one.event.uid for one in oracle.records.values()}
        found[point.known, item].append(change)
    instants = {
        instant
        for one in oracle.records.values()
        for a in one.assertions
        for instant in (getattr(a, "valid_from", 0), getattr(a, "valid_to", 0))
        if instant != FOREVER
    }
    for known in oracle.known:
        for valid in (*instants, LATER):
            for item in oracle.diff((valid, known - 1), (valid, known)):
                assert any(
                    one.entry.point.valid <= valid < one.entry.valid_to for one in found[known, item]
                ), f"{item} at {valid}, known {known}"


@DELIVERED
@given(batches=in_order())
async def test_folding_the_feed_gives_every_belief(small_graph: SmallGraph, batches: Delivery) -> None:
    """Applied one after the other the changes lead from nothing to what the graph says at any point, and between two known times to what `diff` says."""
    graph = await small_graph.holding(batches)
    changes = await all_of(graph.reader.feed)
    assert [one.entry.point.known for one in changes] == sorted(one.entry.point.known for one in changes)
    instants = sorted(
        {edge for one in changes for edge in (one.entry.point.valid, one.entry.valid_to)} - {FOREVER}
    )
    knowns = sorted({one.entry.point.known for one in changes})
    for valid in instants[-3:]:
        state: dict[str | Edge, Any] = {}
        states: dict[int, dict[str | Edge, Any]] = {99: {}}
        for change in changes:
            if change.entry.point.valid <= valid < change.entry.valid_to:
                state[item_of(change)] = texts(change.after)
            states[change.entry.point.known] = {item: one for item, one in state.items() if one is not None}
        for frm, to in zip([99, *knowns], knowns, strict=False):
            page = await graph.reader.diff(Point(valid=valid, known=frm), Point(valid=valid, known=to))
            differing = {
                key
                for key in states[frm].keys() | states[to].keys()
                if states[frm].get(key) != states[to].get(key)
            }
            assert {_item(one.after or one.before) for one in page.items} == differing


def _item(version: VersionAt | None) -> str | Edge:
    assert version is not None
    if not version.type:
        return version.owner
    return Edge(version.owner, version.type, version.discriminator, version.target)


_ALL = ChangeFilter()
STORY = log(
    record("born", 100, entity("service:a", 10, size=1), link("service:a", "CALLS", "service:b", 10)),
    record("grown", 200, entity("service:a", 20, size=2)),
    record("late", 300, entity("service:a", 15, size=3)),
    record("owned", 400, link("team:t", "USES", "service:a", 30, since=1)),
    record("gone", 500, end("service:a", 40)),
    record("never", 600, retract("grown")),
)


async def asked(reader: Reader, query: str, **variables: Any) -> Any:
    """The data of an answer."""
    transport = httpx.ASGITransport(app=create_app(reader, access=Insecure()))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        found = (await client.post("/graphql", json={"query": query, "variables": variables})).json()
    assert "errors" not in found, found
    return found["data"]


PAGE = """query ($filter: ChangeFilter, $first: Int, $after: String) {
  changes(filter: $filter, first: $first, after: $after) {
    edges { cursor node {
      id kind corrects recordedAt validFrom validTo cursor
      entity { key properties } relationship { type source { key } target { key } }
      before { properties } after { properties validTo } event { eventId }
    } }
    pageInfo { hasNextPage endCursor }
  }
}"""


async def page(reader: Reader, **variables: Any) -> tuple[list[Any], dict[str, Any]]:
    """The nodes of a page, and its info."""
    found = (await asked(reader, PAGE, **variables))["changes"]
    assert [edge["cursor"] for edge in found["edges"]] == [edge["node"]["cursor"] for edge in found["edges"]]
    return [edge["node"] for edge in found["edges"]], found["pageInfo"]


def told(nodes: Iterable[Any]) -> list[str]:
    """Event, kind and item of changes."""
    return [
        f"{node['event']['eventId']} {node['kind']} "
        + (node["entity"]["key"] if node["entity"] else node["relationship"]["type"])
        for node in nodes
    ]


async def test_the_activity_feed(small_graph: SmallGraph) -> None:
    """Newest first, each change with what was believed before and after, and whether it altered the past."""
    graph = await small_graph.holding([STORY[:2], *([one] for one in STORY[2:])])
    nodes, info = await page(graph.reader)
    assert told(nodes) == [
        "never CHANGED service:a",
        "gone ENDED CALLS", "gone ENDED service:a",
        "owned APPEARED USES",
        "late CHANGED service:a",
        "grown CHANGED service:a",
        "born APPEARED CALLS", "born APPEARED service:a",
    ]  # fmt: skip
    assert not info["hasNextPage"]
    late = nodes[4]
    assert (late["before"]["properties"], late["after"]["properties"]) == ({"size": 1}, {"size": 3})
    assert late["after"]["validTo"] == late["validTo"] == "1970-01-01T00:00:00.000020Z"
    assert [node["corrects"] for node in nodes] == [True, False, False, False, True, False, False, False]
    again = await asked(
        graph.reader, "query ($id: ID!) { node(id: $id) { ... on Change { kind cursor } } }", id=late["id"]
    )
    assert again["node"] == {"kind": "CHANGED", "cursor": late["cursor"]}


@pytest.mark.parametrize(
    ("wanted", "events"),
    [
        ({"kinds": ["team"]}, ["owned"]),
        ({"types": ["USES"]}, ["owned"]),
        ({"kinds": ["service"], "types": ["USES"]}, ["never", "gone", "owned", "late", "grown", "born"]),
        ({"around": ["service:b"]}, ["gone", "born"]),
        ({"corrects": True}, ["never", "late"]),
        ({"changes": ["ENDED"], "kinds": ["service"]}, ["gone", "gone"]),
        ({"changes": ["APPEARED"], "around": ["team:t", "service:b"]}, ["owned", "born"]),
    ],
)  # fmt: skip
async def test_filters(small_graph: SmallGraph, wanted: dict[str, Any], events: list[str]) -> None:
    """All that is given must hold."""
    graph = await small_graph.holding([STORY])
    nodes, _ = await page(graph.reader, filter=wanted)
    assert [node["event"]["eventId"] for node in nodes] == events


async def test_pages_do_not_move_while_events_arrive(small_graph: SmallGraph) -> None:
    """No change twice and none left out, whatever lands between two pages; and forwards from any of them comes what landed after it."""
    graph = await small_graph.holding([[one] for one in STORY[:4]])
    whole, _ = await page(graph.reader)
    seen, info = await page(graph.reader, first=2)
    await deliver(graph.writer, [[one] for one in STORY[4:]])
    while info["hasNextPage"]:
        more, info = await page(graph.reader, first=2, after=info["endCursor"])
        seen += more
    assert [node["id"] for node in seen] == [node["id"] for node in whole]


async def test_what_is_not_kept_is_refused(small_graph: SmallGraph) -> None:
    """The oldest go, by age and by number; the last stays. Whoever would miss something is told, and nobody else is."""
    graph = await small_graph.holding([[one] for one in STORY])
    feed, writer = graph.reader.feed, graph.writer
    name, _ = await feed.end()
    changes = await all_of(feed)
    assert await writer.prune_changes(kept_s=1.0, nodes_max=100) == 0
    assert await writer.prune_changes(kept_s=250e-6, nodes_max=100) == 3
    assert await writer.prune_changes(kept_s=250e-6, nodes_max=2) == 1
    left = [one for one in changes if one.entry.point.known >= 500]
    with pytest.raises(Gone, match="not kept any more"):
        await feed.after(name, changes[3].entry.place)
    last_gone = next(one for one in reversed(changes) if one.entry.point.known == 400)
    assert await all_of(feed, last_gone.entry.place) == left
    assert [one.entry for one in (await feed.before(_ALL, None, 100)).changes] == [
        one.entry for one in reversed(left)
    ]
    with pytest.raises(Gone, match="not kept any more"):
        await feed.before(_ALL, cursor_of(name, changes[0].entry.place), 10)
    with pytest.raises(Gone, match="another graph"):
        await feed.before(_ALL, cursor_of("another", last_gone.entry.place), 10)
    assert await writer.prune_changes(kept_s=0.0, nodes_max=0) == 1
    assert await all_of(feed, left[-1].entry.place) == []


async def test_an_erasure_is_announced_and_leaves_nothing(small_graph: SmallGraph) -> None:
    """The log holds references alone; whoever follows it is told that what it was told has changed."""
    graph = await small_graph.holding([[one] for one in STORY[:3]])
    before = await all_of(graph.reader.feed)
    await Eraser(driver=graph.driver).erase("service:a", requested_at=0)
    found = await graph.driver.execute_query("MATCH (c:Changes) RETURN c.entries AS entries")
    assert not [one for one in found.records if "size" in one["entries"]]
    after = await all_of(graph.reader.feed, before[-1].entry.place)
    assert after and {one.entry.owner.key for one in after} == {"service:a"}
    for one in await all_of(graph.reader.feed):
        assert texts(one.before) in (None, ()) and texts(one.after) in (None, ())
