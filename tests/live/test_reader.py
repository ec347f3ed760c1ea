"""The reader's promises on a real Neo4j: rows come from the core's fold and are written by hand as the architecture says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from neo4j import AsyncDriver, AsyncGraphDatabase

from graph_service.core.assertions import (
    EntityAsserted,
    EntityEnded,
    RelationshipAsserted,
    RelationshipEnded,
    Spanned,
)
from graph_service.core.errors import BadRequest, StoreTimeout, StoreUnavailable
from graph_service.core.fold import claim, fold
from graph_service.core.model import Properties, RecordOrder, Row, event_uid, kind_of
from graph_service.core.time import FOREVER
from graph_service.core.vocabulary import Depends, RelationshipDeclaration, Vocabulary
from graph_service.store.neo4j_errors import translated
from graph_service.store.queries import query_with
from graph_service.store.read.answers import EntityAt, Point, RelationshipAt
from graph_service.store.read.asking import (
    EventFilter,
    Filter,
    Op,
    Order,
    OrderBy,
    difference_cursor,
    entity_cursor,
    event_cursor,
    relationship_cursor,
)
from graph_service.store.read.first import first_words
from graph_service.store.read.reader import Reader

pytestmark = pytest.mark.asyncio(loop_scope="session")

BEGINNING = -(2**63)
ALL = FOREVER - 1
VOCABULARY = Vocabulary(
    relationships={
        name: RelationshipDeclaration(type=name, label=name.lower(), depends=depends)
        for name, depends in (
            ("CALLS", Depends.SOURCE),
            ("FEEDS", Depends.TARGET),
            ("LIKES", Depends.NOBODY),
            ("OWNED_BY", Depends.SOURCE),
        )
    }
)


def at(valid: int, known: int = ALL) -> Point:
    return Point(valid=valid, known=known)


def entity(key: str, valid_from: int, **properties: object) -> EntityAsserted:
    return EntityAsserted(key=key, set=Properties.of(properties), valid_from=valid_from)


def ended(key: str, valid_from: int) -> EntityEnded:
    return EntityEnded(key=key, valid_from=valid_from)


def edge(source: str, type: str, target: str, valid_from: int, **properties: object) -> RelationshipAsserted:
    return RelationshipAsserted(
        source=source, type=type, target=target, properties=Properties.of(properties), valid_from=valid_from
    )


def cut(source: str, type: str, target: str, valid_from: int) -> RelationshipEnded:
    return RelationshipEnded(source=source, type=type, target=target, valid_from=valid_from)


def plain(row: Row) -> dict[str, Any]:
    """A row as it is stored."""
    found: dict[str, Any] = {
        name: getattr(row, name)
        for name in ("event", "valid_from", "valid_to", "known_from", "known_to", "ended_by")
    }
    if row.properties.texts:
        found["properties"] = row.properties.text
    if row.known_from < row.end_known < FOREVER:
        found["end_known"] = row.end_known
    return found


Log = Sequence[tuple[int, Spanned]]
Streams = dict[tuple[str, str], tuple[Row, ...]]


async def write(driver: AsyncDriver, log: Log) -> Streams:
    """Apply (recorded at, assertion) pairs; the events are named e0, e1, ... Returns the rows by (owner, type)."""
    streams: dict[tuple[str, str], list[Any]] = {}
    for index, (known, assertion) in enumerate(log):
        owner = assertion.key if isinstance(assertion, EntityAsserted | EntityEnded) else assertion.source
        type = "" if isinstance(assertion, EntityAsserted | EntityEnded) else assertion.type
        one = claim(assertion, f"e{index}", RecordOrder(known, "t", 0, index), 0, None)
        streams.setdefault((owner, type), []).append(one)
    rows = {stream: fold(claims) for stream, claims in streams.items()}
    keys = {owner for owner, _ in rows} | {row.item for its in rows.values() for row in its if row.item}
    recorded_at = max((known for known, _ in log), default=0)
    await driver.execute_query(
        "CREATE (:Graph {id: 'graph', recorded_at: $at, vocabulary: $words, tick: 1, events: $n, duplicates: 0, unmapped: 0})",
        at=recorded_at, words=VOCABULARY.to_json(), n=len(log),
    )  # fmt: skip
    for key in sorted(keys):
        await _write_entity(driver, key, rows.get((key, ""), ()))
    for (owner, _), claims in streams.items():
        await driver.execute_query(
            "UNWIND $events AS event MATCH (e:Entity {key: $owner}) "
            "CREATE (:Event {uid: event[0], recorded_at: event[1]})-[:ABOUT]->(e)",
            owner=owner, events=[[one.event, one.place.order.recorded_at] for one in claims],
        )  # fmt: skip
    for (owner, type), its in rows.items():
        for row in its:
            if type:
                # Not over: an end that lies after all that is recorded has not come yet.
                present = row.known_to == FOREVER and row.valid_to > recorded_at
                await driver.execute_query(
                    f"MATCH (s:Entity {{key: $s}}), (t:Entity {{key: $t}}) CREATE (s)-[r:{type}{'' if present else '_PAST'}]->(t) SET r = $row",
                    s=owner, t=row.item, row=plain(row),
                )  # fmt: skip
    return rows


async def _write_entity(driver: AsyncDriver, key: str, rows: Sequence[Row]) -> None:
    last = next((row for row in rows if row.known_to == FOREVER and row.valid_to == FOREVER), None)
    node: dict[str, Any] = {
        "key": key,
        "kind": kind_of(key),
        "declared": bool(rows),
        "present": last is not None,
    }
    if last is not None:
        node |= {
            name: value
            for name, value in plain(last).items()
            if name in ("event", "valid_from", "known_from")
        }
        node["properties"] = last.properties.text
    else:
        over = [row for row in rows if row.known_to == FOREVER]
        end = max(over, key=lambda row: row.valid_to, default=None)
        node["valid_from"] = BEGINNING if end is None else end.valid_to
        node["known_from"] = BEGINNING if end is None else end.end_known
    await driver.execute_query("CREATE (e:Entity) SET e = $node", node=node)
    for row in rows:
        if row is not last:
            await driver.execute_query(
                "MATCH (e:Entity {key: $key}) CREATE (e)-[h:HAD]->(e) SET h = $row", key=key, row=plain(row)
            )


HISTORY: Log = (
    (100, entity("s:a", 10, name="A", tier=1)),
    (110, entity("s:b", 10, name="Bee")),
    (120, edge("s:a", "CALLS", "s:b", 20)),
    (130, entity("s:a", 30, tier=2)),
    (140, ended("s:b", 40)),
    (150, edge("s:a", "CALLS", "s:ghost", 45, how="http")),
    (160, entity("s:a", 25, late=True)),
    (170, cut("s:a", "CALLS", "s:b", 50)),
    (180, entity("s:b", 60, name="Bee again")),
)
POINTS = [at(v, k) for v in (5, 10, 20, 27, 35, 42, 47, 55, 65, 200) for k in (99, 105, 125, 135, 145, 155, 165, 175, 180, ALL)]  # fmt: skip


async def test_what_is_asked_first_is_what_is_asked_after_the_standing(clean_graph: AsyncDriver) -> None:
    """Together: the same standing, the point that it gives, and the entity as it was at that point."""
    reader = Reader(clean_graph)
    empty = await reader.entity_first("a", 5, 7)
    assert (empty.standing, empty.point, empty.entity) == (
        await reader.standing(),
        Point(valid=5, known=7),
        None,
    )
    log: Log = [
        (10, entity("a", 1, name="first")),
        (20, entity("a", 15, name="second")),
        (30, edge("a", "CALLS", "named", 5)),
        (40, ended("gone", 6)),
        (50, entity("gone", 2)),
        (60, entity("later", 100)),
    ]
    await write(clean_graph, log)
    standing = await reader.standing()
    asked = [(key, valid) for key in ("a", "named", "gone", "later", "missing") for valid in (0, 3, 8, 200)]
    found = await asyncio.gather(*(reader.entity_first(key, valid, 1) for key, valid in asked))
    for (key, valid), first in zip(asked, found, strict=True):
        assert (first.standing, first.point) == (standing, at(valid, 60))
        assert first.entity == await reader.entity(key, first.point), (key, valid)
    assert {key for (key, _), first in zip(asked, found, strict=True) if first.entity} == {
        "a",
        "named",
        "gone",
        "later",
    }


async def test_every_point_answers_what_the_fold_believes(clean_graph: AsyncDriver) -> None:
    """Entities, relationships and their spans at all points are those of the fold; nothing learnt later shows."""
    rows, reader = await write(clean_graph, HISTORY), Reader(clean_graph)
    for point in POINTS:
        for key in ("s:a", "s:b"):
            held = [row for row in rows[(key, "")] if row.holds(point.valid, point.known)]
            found = await reader.entity(key, point)
            assert (found is not None and found.declared) == bool(held)
            if found is not None and held:
                believed = [v for v in held[0].versions() if v.known_from <= point.known < v.known_to]
                assert found.properties == held[0].properties.text
                assert (found.valid_from, found.valid_to) == (believed[0].valid_from, believed[0].valid_to)
                assert found.known_from == believed[0].known_from
                assert found.known_to == FOREVER
        expected = [row.item for row in rows[("s:a", "CALLS")] if row.holds(point.valid, point.known)]
        page = (await reader.relationships(["s:a"], at=point))["s:a"]
        assert [one.target for one in page.items] == sorted(expected)
        incoming = await reader.relationships(["s:b", "s:ghost"], at=point, direction="in")
        assert sorted(one.target for its in incoming.values() for one in its.items) == sorted(expected)
        listed = await reader.entities(at=point)
        there = [key for key in ("s:a", "s:b", "s:ghost") if await reader.entity(key, point)]
        assert [one.key for one in listed.items] == there


async def test_declared_ended_and_undeclared(clean_graph: AsyncDriver) -> None:
    """An ended one is not there but marked as an end; an undeclared one is there while a relationship names it."""
    await write(clean_graph, HISTORY)
    reader = Reader(clean_graph)
    assert await reader.entity("s:b", at(45)) is None
    assert await reader.entity("s:nobody", at(45)) is None
    assert await reader.entity("s:ghost", at(44)) is None
    ghost = await reader.entity("s:ghost", at(45))
    assert ghost is not None and not ghost.declared and not ghost.ended and ghost.valid_from is None
    ends = await reader.entities_by_key(["s:a", "s:b", "s:ghost", "s:nobody"], at(45))
    assert {key: (one.declared, one.ended) for key, one in ends.items()} == {
        "s:a": (True, False), "s:b": (False, True), "s:ghost": (False, False),
    }  # fmt: skip


async def test_versions_show_only_what_was_known(clean_graph: AsyncDriver) -> None:
    """Belief at a known time is a clean timeline; corrections add what was believed before, as the fold has it."""
    rows, reader = await write(clean_graph, HISTORY), Reader(clean_graph)
    a, calls = ("s:a", "", "", ""), ("s:a", "CALLS", "s:b", "")
    for known in (99, 100, 130, 145, 160, 170, ALL):
        found = await reader.versions([a, calls], known)
        every = await reader.versions([a, calls], known, corrections=True)
        for owner, its in (
            (a, rows[("s:a", "")]),
            (calls, [r for r in rows[("s:a", "CALLS")] if r.item == "s:b"]),
        ):
            versions = [v for row in its for v in row.versions() if v.known_from <= known]
            spans = sorted((v.valid_from, v.valid_to) for v in versions if known < v.known_to)
            assert [(v.valid_from, v.valid_to) for v in found[owner]] == spans
            assert all(v.known_to == FOREVER for v in found[owner])
            assert sorted((v.valid_from, v.valid_to, v.known_from, v.known_to, v.ended_by or "") for v in every[owner]) == sorted(
                (v.valid_from, v.valid_to, v.known_from, v.known_to if v.known_to <= known else FOREVER, v.ended_by or "")
                for v in versions
            )  # fmt: skip


async def test_relationships_page_in_a_stable_order(clean_graph: AsyncDriver) -> None:
    """Pages follow each other without gaps or doubles, in both directions and with an edge to itself."""
    log = [(1, edge("s:m", type, f"s:{n}", 1)) for type in ("CALLS", "LIKES") for n in range(4)]
    log += [(1, edge("s:1", "CALLS", "s:m", 1)), (1, edge("s:m", "CALLS", "s:m", 1))]
    await write(clean_graph, log)
    reader = Reader(clean_graph)
    whole = (await reader.relationships(["s:m"], at=at(5), direction="both"))["s:m"]
    assert len(whole.items) == 10 and not whole.more
    pages: list[RelationshipAt] = []
    after: str | None = None
    while True:
        page = (await reader.relationships(["s:m"], at=at(5), direction="both", first=3, after=after))["s:m"]
        pages += page.items
        after = relationship_cursor(page.items[-1], "s:m")
        if not page.more:
            break
    assert pages == list(whole.items)
    only = (await reader.relationships(["s:m"], at=at(5), types=["LIKES"]))["s:m"]
    assert {one.type for one in only.items} == {"LIKES"}
    with pytest.raises(BadRequest, match="no relationship type 'NOPE'"):
        await reader.relationships(["s:m"], at=at(5), types=["NOPE"])
    with pytest.raises(BadRequest, match="not a cursor"):
        await reader.relationships(["s:m"], at=at(5), after='["x"]')


async def test_entities_filter_sort_and_page(clean_graph: AsyncDriver) -> None:
    """Filters see the version that holds; every order pages through everything once."""
    log: list[tuple[int, Spanned]] = [
        (1, entity(f"s:{n:02}", 1, n=n, name=f"Name {n % 3}")) for n in range(20)
    ]
    log += [(2, entity("t:x", 3)), (3, entity("s:05", 10, n=500))]
    await write(clean_graph, log)
    reader = Reader(clean_graph)

    async def keys(point: Point, *where: Filter) -> list[str]:
        return [one.key for one in (await reader.entities(at=point, where=where)).items]

    assert await keys(at(5), Filter(property="n", op=Op.EQUAL, value=5)) == ["s:05"]
    assert await keys(at(15), Filter(property="n", op=Op.EQUAL, value=5)) == []
    assert await keys(at(15), Filter(property="n", op=Op.GT, value=18)) == ["s:05", "s:19"]
    assert await keys(at(5), Filter(property="n", op=Op.IN, value=[1, 2.0, True])) == ["s:01", "s:02"]
    assert await keys(at(5), Filter(property="n", op=Op.EXISTS, value=False)) == ["t:x"]
    assert len(await keys(at(5), Filter(property="name", op=Op.PREFIX, value="Name 1"))) == 7
    assert [one.key for one in (await reader.entities(at=at(5), kinds=["t"])).items] == ["t:x"]
    assert [one.key for one in (await reader.search("nAme 2 s:1", at=at(5))).items] == [
        "s:11", "s:12", "s:14", "s:17",
    ]  # fmt: skip
    for by in OrderBy:
        for descending in (False, True):
            order = Order(by=by, property="n", descending=descending)
            whole = (await reader.entities(at=at(15), order=order, first=100)).items
            assert len({one.key for one in whole}) == 21
            found: list[EntityAt] = []
            after: str | None = None
            more = True
            while more:
                page = await reader.entities(at=at(15), order=order, first=4, after=after)
                found += page.items
                after, more = entity_cursor(page.items[-1], order), page.more
            assert found == list(whole)


async def test_impact_is_exact_and_says_what_it_left_out(clean_graph: AsyncDriver) -> None:
    """Direction by declaration, shortest distances, cycles, one stable proof, and the three ways of being cut."""
    log: list[tuple[int, Spanned]] = [
        (1, edge("s:b", "CALLS", "s:a", 1)), (1, edge("s:c", "CALLS", "s:b", 1)), (1, edge("s:c", "CALLS", "s:a2", 1)),
        (1, edge("s:a", "CALLS", "s:c", 1)), (1, edge("s:b", "FEEDS", "s:d", 1)), (1, edge("s:x", "LIKES", "s:a", 1)),
        (1, edge("s:z", "CALLS", "s:d", 1)), (2, cut("s:z", "CALLS", "s:d", 10)),
    ]  # fmt: skip
    await write(clean_graph, log)
    reader = Reader(clean_graph)
    found = await reader.impact(["s:a"], at=at(5))
    assert [(hit.key, hit.distance, hit.parent) for hit in found.hits] == [
        ("s:b", 1, "s:a"), ("s:c", 2, "s:b"), ("s:d", 2, "s:b"), ("s:z", 3, "s:d"),
    ]  # fmt: skip
    assert (found.count, found.cut) == (4, None)
    assert found.hits[2].relationship.source == "s:b" and found.hits[2].relationship.type == "FEEDS"
    assert [hit.key for hit in (await reader.impact(["s:a"], at=at(15))).hits] == ["s:b", "s:c", "s:d"]
    up = await reader.impact(["s:d"], dependents=False, at=at(5))
    assert [(hit.key, hit.distance) for hit in up.hits] == [("s:b", 1), ("s:a", 2), ("s:c", 3), ("s:a2", 4)]
    shallow = await reader.impact(["s:a"], at=at(5), max_depth=2)
    assert (shallow.count, shallow.cut) == (3, "depth")
    assert (await reader.impact(["s:a"], at=at(5), max_depth=3)).cut is None
    small = await reader.impact(["s:a"], at=at(5), limit=2)
    assert ([hit.key for hit in small.hits], small.cut) == (["s:b", "s:c"], "size")
    assert (await reader.impact(["s:a"], at=at(5), limit=4)).cut is None
    assert (await reader.impact(["s:a"], at=at(5), timeout_s=0)).cut == "time"
    assert (await reader.impact(["s:a"], at=at(5), types=["FEEDS"])).hits == ()


async def test_diff_compares_both_sides_exactly(clean_graph: AsyncDriver) -> None:
    """Every pair of points: what differs is what the fold says, on both axes, with the event that did it."""
    rows, reader = await write(clean_graph, HISTORY), Reader(clean_graph)
    for frm in POINTS[::7]:
        for to in POINTS[::9]:
            expected = set()
            for (owner, type), its in rows.items():
                for item in {row.item for row in its}:
                    sides = [
                        next(
                            (r.properties.text for r in its if r.item == item and r.holds(p.valid, p.known)),
                            None,
                        )
                        for p in (frm, to)
                    ]
                    if sides[0] != sides[1]:
                        kind = "APPEARED" if sides[0] is None else "ENDED" if sides[1] is None else "CHANGED"
                        expected.add((kind, owner, type, item))
            page = await reader.diff(frm, to)
            versions = [(one.kind, one.after or one.before) for one in page.items]
            assert {(kind, v.owner, v.type, v.target) for kind, v in versions if v is not None} == expected
    page = await reader.diff(at(15), at(47))
    assert [(one.kind, one.subject, one.event) for one in page.items] == [
        ("APPEARED", "relationship", "e2"), ("CHANGED", "entity", "e3"), ("ENDED", "entity", "e4"),
        ("APPEARED", "relationship", "e5"),
    ]  # fmt: skip
    rest = await reader.diff(at(15), at(47), first=2, after=difference_cursor(page.items[0]))
    assert (rest.items, rest.more) == (page.items[1:3], True)
    assert {one.subject for one in (await reader.diff(at(15), at(47), types=["CALLS"])).items} == {
        "relationship"
    }
    both = await reader.diff(at(15), at(47), kinds=["s"], types=["OWNED_BY"])
    assert {one.subject for one in both.items} == {"entity"}
    around = await reader.diff(at(15), at(47), around="s:b")
    assert [(one.kind, one.subject) for one in around.items] == [
        ("APPEARED", "relationship"),
        ("ENDED", "entity"),
    ]


async def write_event(driver: AsyncDriver, source: str, id: str, offset: int, **more: Any) -> str:
    uid = event_uid(source, id)
    event: Mapping[str, Any] = {
        "uid": uid, "source": source, "id": id, "type": "made", "time": offset, "recorded_at": 100 + offset // 2,
        "topic": "t", "partition": 0, "offset": offset, "data": "{}", "mapping": "m1", **more,
    }  # fmt: skip
    await driver.execute_query("CREATE (v:Event) SET v = $event", event=event)
    return uid


async def test_events_and_what_caused_them(clean_graph: AsyncDriver) -> None:
    """Look-ups, lists newest first with cursors, causes that prefer their own source, and the entities named."""
    reader = Reader(clean_graph)
    first = await write_event(clean_graph, "/a", "1", 0)
    other = await write_event(clean_graph, "/b", "1", 1)
    effect = await write_event(clean_graph, "/a", "2", 2, causation_id="1", subject="x")
    foreign = await write_event(clean_graph, "/c", "2", 3, causation_id="1")
    assert (await reader.event("/a", "1")) == (await reader.events([first, "no"]))[first]
    assert await reader.event("/a", "none") is None
    causes = await reader.causes([effect, foreign, first])
    assert {uid: [one.uid for one in its] for uid, its in causes.items()} == {
        effect: [first], foreign: [first, other], first: [],
    }  # fmt: skip
    assert [one.uid for one in (await reader.effects(first)).items] == [effect, foreign]
    assert [one.uid for one in (await reader.effects(other)).items] == [foreign]
    page = await reader.events_list(EventFilter(), first=3)
    assert ([one.offset for one in page.items], page.more) == ([3, 2, 1], True)
    rest = await reader.events_list(EventFilter(), after=event_cursor(page.items[-1]))
    assert [one.offset for one in rest.items] == [0]
    assert [one.offset for one in (await reader.events_list(EventFilter(subject="x"))).items] == [2]
    assert [
        one.offset
        for one in (await reader.events_list(EventFilter(time_from=1, time_to=3, sources=["/b"]))).items
    ] == [1]
    await clean_graph.execute_query(
        "CREATE (e:Entity {key: 's:a'}) WITH e MATCH (v:Event) CREATE (v)-[:ABOUT {assertions: $claims}]->(e)",
        claims=json.dumps(
            [{"op": "x", "source": "s:a", "target": "s:b"}, {"op": "y", "targets": {"s:c": {}}}]
        ),
    )
    assert await reader.entities_of_event(first) == ("s:a", "s:b", "s:c")
    assert [one.offset for one in (await reader.events_about("s:a", at(0, 100))).items] == [1, 0]
    assert len((await reader.events_about("s:a", at(0), first=2)).items) == 2


async def test_an_empty_graph_answers(clean_graph: AsyncDriver) -> None:
    """Before anything is written every question has an answer, and it is nothing."""
    reader = Reader(clean_graph)
    point = await reader.point(None, None)
    assert await reader.entity("s:a", point) is None
    assert (await reader.relationships(["s:a"], at=point, types=["CALLS"]))["s:a"].items == ()
    assert (await reader.impact(["s:a"], at=point)).hits == ()
    assert (await reader.diff(at(0, 0), point)).items == ()
    basis = await reader.basis(point)
    assert (basis.known, basis.watermark, basis.dead_letters) == (point.known, None, 0)
    status = await reader.status()
    assert (status.events, status.entities, status.relationships, status.recorded_at) == (0, 0, 0, None)


async def test_basis_and_status(clean_graph: AsyncDriver) -> None:
    """The watermark is just before the least busy partition's last record; a known time beyond the log is answered as what is
    recorded.
    """
    await write(clean_graph, HISTORY)
    await clean_graph.execute_query(
        "UNWIND [[0, 7, 170, null], [1, 9, 180, null], [2, -1, null, 180]] AS p "
        "CREATE (:Position {topic: 't', partition: p[0], offset: p[1], recorded_at: p[2], read_to: p[3], epoch: 1}) "
        "CREATE (:DeadLetter {id: 't/0/' + p[0]})"
    )
    reader = Reader(clean_graph)
    assert (await reader.point(5, None)).known == 180
    basis = await reader.basis(at(5, 999))
    assert (basis.known, basis.watermark, basis.dead_letters) == (180, 169, 3)
    status = await reader.status()
    assert (status.entities, status.relationships, status.watermark) == (3, 1, 169)
    assert [one.position for one in status.partitions] == [7, 9, None]
    await clean_graph.execute_query("MATCH (p:Position {partition: 2}) SET p.read_to = null")
    assert (await reader.basis(at(5, 999))).watermark is None, (
        "a partition of which nothing was read holds all back"
    )
    await clean_graph.execute_query("MATCH (p:Position) SET p.recorded_at = 400, p.read_to = null")
    await clean_graph.execute_query(
        "MATCH (p:Position {partition: 2}) SET p.recorded_at = 10, p.read_to = 180"
    )
    assert (await reader.basis(at(5, 999))).watermark == 180, (
        "an idle partition lets it pass as far as it was found read, however far the others are"
    )
    await clean_graph.execute_query("MATCH (p:Position {partition: 0}) SET p.recorded_at = 170")
    await clean_graph.execute_query("MATCH (p:Position {partition: 2}) SET p.gone = true")
    assert (await reader.basis(at(5, 999))).watermark == 169, "what is no more brings nothing"
    await clean_graph.execute_query("MATCH (p:Position) SET p.gone = null, p.read_to = 180")
    assert (await reader.basis(at(5, 999))).watermark == 180


async def test_the_present_is_read_without_history(clean_graph: AsyncDriver) -> None:
    """At or after all that is recorded, relationships of the past are not touched, however many there are."""
    await write(clean_graph, [(1, edge("s:a", "CALLS", "s:b", 1))])
    row = {"event": "e", "valid_from": 1, "valid_to": FOREVER, "known_from": 1, "known_to": FOREVER}
    await clean_graph.execute_query(
        "MATCH (a:Entity {key: 's:a'}) CREATE (a)-[r:CALLS_PAST]->(:Entity {key: 's:planted'}) SET r = $row",
        row=row,
    )
    reader = Reader(clean_graph)
    now = (await reader.relationships(["s:a"], at=at(1, 1)))["s:a"]
    assert [one.target for one in now.items] == ["s:b"], "the planted row of the past must not have been read"


async def test_errors_are_in_our_words(clean_graph: AsyncDriver) -> None:
    """Nobody there is StoreUnavailable, too slow is StoreTimeout."""
    async with AsyncGraphDatabase.driver(
        "bolt://127.0.0.1:1", auth=("neo4j", "x"), max_transaction_retry_time=0
    ) as nobody:
        with pytest.raises(StoreUnavailable, match="does not answer"):
            await Reader(nobody).entity("s:a", at(1))
    from graph_service.store.read.reads import Reads

    slow = Reads(clean_graph, database="neo4j", timeout_s=0.2)
    with pytest.raises(StoreTimeout):
        await slow.run("UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b RETURN sum(sin(a * b))")
    with translated():
        pass


async def test_one_entity_is_read_by_its_own_relationships(clean_graph: AsyncDriver) -> None:
    """The indexes on valid time serve differences; a question about one entity must not go through them."""
    stored = ("HAD", "CALLS", "CALLS_PAST")
    for name in stored:
        await clean_graph.execute_query(
            f"CREATE INDEX reader_test_{name} IF NOT EXISTS FOR ()-[r:{name}]-() ON (r.valid_from)"
        )
    try:
        await clean_graph.execute_query("CALL db.awaitIndexes(30)")
        values = {
            "valid": 1, "known": 1, "of": ["a"], "asked": [{"keys": ["a"], "valid": 1, "known": 1, "after": None}],
            "frontier": ["a"], "base": {}, "size": 3, "kinds": None,
        }  # fmt: skip
        present, past = ("`CALLS`", "`CALLS_PAST`")
        words = [(word, present) for word in ("types", "to_sources", "to_targets")]
        words += [(f"past_{word}", past) for word, _ in words]
        words += [
            ("found", "key"),
            ("begin", "<-"),
            ("end", "-"),
            ("steps", "5"),
            ("nearer", "4"),
            # These looks into indexes are meant.
            ("settled", "$looks"),
            ("known", "$asked[n].known"),
            *first_words(),
        ]
        for name in (
            "entities_at",
            "entities_first",
            "entities_scan",
            "relationships_out",
            "relationships_in",
            "relationships_both",
            "impact_reach",
            "impact_proved",
            "impact_step",
            "path_step",
        ):
            text = query_with(f"read/{name}", *words)
            plan = (await clean_graph.execute_query(f"EXPLAIN {text}", values)).summary.plan
            assert "RelationshipIndex" not in json.dumps(plan), name
    finally:
        for name in stored:
            await clean_graph.execute_query(f"DROP INDEX reader_test_{name} IF EXISTS")
