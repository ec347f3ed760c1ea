"""Impact, drift, paths and what-if over GraphQL: what is promised of hubs, circles, the ended and the undeclared, scores and limits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from neo4j import AsyncDriver

from graph_service.api.app import create_app
from graph_service.api.security.access import Insecure
from graph_service.mapping import Mapping
from graph_service.store.keep.digest import digest
from graph_service.store.read.reader import Reader
from tests.live.conftest import emptied
from tests.live.writing import write_events

pytestmark = pytest.mark.asyncio(loop_scope="session")

MAPPING = """
kinds:
  s: {label: Service, criticality: tier, criticality_levels: [1, 2]}
relationships:
  CALLS: {label: calls, depends: source}
  FEEDS: {label: feeds, depends: target}
  OWNED_BY: {label: is owned by, depends: nobody, owner: true}
events:
  - name: seen
    type: seen
    assert:
      - {entity: data.key, properties: data.properties}
      - relationships: CALLS
        source: data.key
        targets: {for_each: {one: data.calls}, target: one}
  - name: link
    type: link
    assert:
      - {relationship: FEEDS, source: data.key, target: data.to, when: data.link == 'FEEDS'}
      - {relationship: CALLS, source: data.key, target: data.to, discriminator: data.by, when: data.link == 'CALLS'}
      - {relationship: OWNED_BY, source: data.key, target: data.to, when: data.link == 'OWNED_BY'}
  - name: gone
    type: gone
    assert: [{end: data.key}]
  - name: taken-back
    type: taken.back
    assert: [{retract: data.id}]
"""
HUB = 3000
Event = dict[str, Any]


def day(number: int) -> str:
    return f"2026-01-{number:02}T00:00:00Z"


def event(name: str, type: str, at: int, **data: Any) -> Event:
    return {"specversion": "1.0", "id": name, "source": "/t", "type": type, "time": day(at), "data": data}


def seen(id: str, at: int, key: str, *calls: str, **properties: Any) -> Event:
    return event(id, "seen", at, key=key, calls=list(calls), properties=properties)


def link(id: str, at: int, key: str, type: str, to: str, by: str = "") -> Event:
    return event(id, "link", at, key=key, link=type, to=to, by=by)


EVENTS = [
    seen("a", 1, "s:a", tier=1),
    seen("b", 1, "s:b", "s:a", "s:b", tier=2),
    seen("c", 2, "s:c", "s:b", tier=1),
    link("d", 2, "s:a", "CALLS", "s:c", "circle"),
    link("e", 3, "s:c", "FEEDS", "t:out"),
    link("f", 3, "s:ghost", "CALLS", "t:out", "x"),
    link("g", 3, "s:b", "OWNED_BY", "team:one"),
    link("h", 3, "s:c", "OWNED_BY", "team:one"),
    seen("b2", 20, "s:b", "s:a", "s:b", tier=2),
    seen("i", 21, "s:old"),
    seen("j", 21, "s:user", "s:old"),
    event("k", "gone", 22, key="s:old"),
    *(link(f"hub{n}", 4, f"leaf:{n:04}", "CALLS", "s:hub") for n in range(HUB)),
    link("top", 5, "s:hub", "CALLS", "s:base"),
    *(link(f"par{n}", 5, "leaf:0000", "CALLS", "s:hub", f"p{n}") for n in range(300)),
]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def graph(neo4j_driver: AsyncDriver) -> AsyncDriver:
    """A few services in a circle, a hub, something that is gone."""
    await emptied(neo4j_driver)
    await write_events(neo4j_driver, Mapping.parse([("m.yaml", MAPPING)]), EVENTS)
    return neo4j_driver


@pytest_asyncio.fixture(loop_scope="session")
async def client(graph: AsyncDriver) -> AsyncIterator[httpx.AsyncClient]:
    """The service over it."""
    transport = httpx.ASGITransport(app=create_app(Reader(graph), access=Insecure()))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as found:
        yield found


async def post(client: httpx.AsyncClient, query: str, **variables: Any) -> dict[str, Any]:
    response = await client.post("/graphql", json={"query": query, "variables": variables})
    found: dict[str, Any] = response.json()
    return found


async def ask(client: httpx.AsyncClient, query: str, **variables: Any) -> Any:
    body = await post(client, query, **variables)
    assert "errors" not in body, body
    return body["data"]


NOW = {"valid": "2026-02-01T00:00:00Z"}
IMPACT = """query ($of: [String!]!, $at: At, $first: Int, $depth: Int, $types: [String!]) {
  impact(of: $of, at: $at, first: $first, maxDepth: $depth, types: $types) {
    count unknown truncated { reason detail distance leftOut } byKind { kind count } owners { owner { key } count }
    items { distance score factors { distance criticality freshness } entity { key declared ended }
            path { entities { key } evidence { relationship { type } event { eventId } lastSeen } } } } }"""


async def test_circles_mixed_directions_and_what_is_not_declared(client: httpx.AsyncClient) -> None:
    """Nearest first, what is asked about never, an edge to itself never; each step with its event and when it was last said."""
    found = (await ask(client, IMPACT, of=["s:a"], at=NOW))["impact"]
    items = [(item["entity"]["key"], item["distance"]) for item in found["items"]]
    assert items == [("s:b", 1), ("s:c", 2), ("t:out", 3), ("s:ghost", 4)]
    assert [item["entity"]["declared"] for item in found["items"]] == [True, True, False, False]
    assert (found["count"], found["truncated"], found["unknown"]) == (4, None, [])
    evidence = found["items"][3]["path"]["evidence"]
    assert [(one["relationship"]["type"], one["event"]["eventId"]) for one in evidence] == [
        ("CALLS", "b"), ("CALLS", "c"), ("FEEDS", "e"), ("CALLS", "f"),
    ]  # fmt: skip
    assert evidence[0]["lastSeen"] == day(20), "said again by a later event, which made no new version"
    assert evidence[1]["lastSeen"] == day(2)
    assert [(one["owner"]["key"], one["count"]) for one in found["owners"]] == [("team:one", 2)]
    assert found["byKind"] == [{"kind": "s", "count": 3}, {"kind": "t", "count": 1}]
    then = (await ask(client, IMPACT, of=["s:a"], at={"valid": day(10)}))["impact"]
    assert then["items"][0]["path"]["evidence"][0]["lastSeen"] == day(1), (
        "the later event had not happened then"
    )


async def test_scores_are_the_product_of_their_factors(client: httpx.AsyncClient) -> None:
    """Distance, declared levels, the stalest step."""
    found = (await ask(client, IMPACT, of=["s:a"], at=NOW))["impact"]
    factors = [item["factors"] for item in found["items"]]
    assert [one["distance"] for one in factors] == [1, 1 / 2, 1 / 3, 1 / 4]
    assert [one["criticality"] for one in factors] == [0.75, 1.0, 0.75, 0.75]
    assert [one["freshness"] for one in factors] == [
        pytest.approx(0.5 + 0.5 ** (days / 90) / 2) for days in (12, 30, 30, 30)
    ]
    for item in found["items"]:
        product = item["factors"]["distance"] * item["factors"]["criticality"] * item["factors"]["freshness"]
        assert item["score"] == pytest.approx(product)


async def test_what_is_gone_is_a_finding(client: httpx.AsyncClient) -> None:
    """Incoming relationships of an ended entity stay; in the other direction it is shown as ended."""
    up = (await ask(client, IMPACT, of=["s:old"], at=NOW))["impact"]
    assert [item["entity"]["key"] for item in up["items"]] == ["s:user"] and up["unknown"] == []
    query = 'query ($at: At) { impact(of: ["s:user"], direction: DEPENDENCIES, at: $at) { items { entity { key ended } } } }'
    down = (await ask(client, query, at=NOW))["impact"]
    assert down["items"] == [{"entity": {"key": "s:old", "ended": True}}]
    nothing = (await ask(client, IMPACT, of=["s:a", "s:nobody"], at=NOW))["impact"]
    assert nothing["unknown"] == ["s:nobody"]


async def test_nothing_is_left_out_in_silence(client: httpx.AsyncClient) -> None:
    """A hub takes no more room than was asked for, in the order of keys, whatever parallel relationships there are; depth and size say
    what they left out.
    """
    size = (await ask(client, IMPACT, of=["s:hub"], at=NOW, first=10))["impact"]
    assert [item["entity"]["key"] for item in size["items"]] == [f"leaf:{n:04}" for n in range(10)]
    assert (size["count"], size["truncated"]["reason"], size["truncated"]["distance"]) == (10, "SIZE", 1)
    assert size["truncated"]["leftOut"] >= 1 and "ask for more" in size["truncated"]["detail"]
    depth = (await ask(client, IMPACT, of=["s:base"], at=NOW, depth=1))["impact"]
    assert [item["entity"]["key"] for item in depth["items"]] == ["s:hub"]
    assert depth["truncated"] == {
        "reason": "DEPTH", "distance": 2, "leftOut": depth["truncated"]["leftOut"],
        "detail": depth["truncated"]["detail"],
    }  # fmt: skip
    assert depth["truncated"]["leftOut"] >= 1000 and "allow more than 1 step" in depth["truncated"]["detail"]
    exact = (await ask(client, IMPACT, of=["s:a"], at=NOW, depth=3, first=3))["impact"]
    assert (exact["count"], exact["truncated"]["leftOut"]) == (3, 1)
    whole = (await ask(client, IMPACT, of=["s:a"], at=NOW, depth=4, first=4))["impact"]
    assert whole["truncated"] is None


DRIFT = """query ($of: [String!]!, $from: At!, $to: At!) { impactDrift(of: $of, from: $from, to: $to) {
  entered { ...D } left { ...D } moved { ...D } unchanged before { count truncated { reason } } after { count basis { known } } } }
  fragment D on DriftItem { entity { key } distanceBefore distanceAfter event { eventId } relationship { type } path { entities { key } } }"""


async def test_drift_names_who_came_and_why(client: httpx.AsyncClient) -> None:
    """On the valid axis; and turned round, where the same event is named."""
    asked = {"of": ["s:a"], "from": {"valid": day(1)}, "to": {"valid": day(3)}}
    found = (await ask(client, DRIFT, **asked))["impactDrift"]
    assert [(i["entity"]["key"], i["distanceAfter"], i["event"]["eventId"]) for i in found["entered"]] == [
        ("s:c", 2, "c"), ("t:out", 3, "e"), ("s:ghost", 4, "f"),
    ]  # fmt: skip
    assert (found["left"], found["moved"], found["unchanged"]) == ([], [], 1)
    assert (found["before"]["count"], found["after"]["count"]) == (1, 4)
    back = (await ask(client, DRIFT, **{**asked, "from": asked["to"], "to": asked["from"]}))["impactDrift"]
    assert [(i["entity"]["key"], i["distanceBefore"]) for i in back["left"]] == [
        ("s:c", 2),
        ("t:out", 3),
        ("s:ghost", 4),
    ]


async def test_paths(client: httpx.AsyncClient) -> None:
    """By dependence, the other way, either way; bounded by length and number; nothing for what is not there."""
    query = """query ($from: String!, $to: String!, $at: At, $way: PathDirection, $depth: Int, $first: Int) {
      paths(from: $from, to: $to, at: $at, direction: $way, maxDepth: $depth, first: $first) {
        entities { key } relationships { type } evidence { lastSeen } } }"""

    async def keys(frm: str, to: str, **more: Any) -> list[list[str]]:
        found = (await ask(client, query, **{"from": frm, "to": to, "at": NOW, **more}))["paths"]
        return [[one["key"] for one in path["entities"]] for path in found]

    assert await keys("s:c", "s:a") == [["s:c", "s:b", "s:a"]]
    assert await keys("s:a", "t:out") == []
    assert await keys("s:a", "t:out", way="DEPENDENTS") == [["s:a", "s:b", "s:c", "t:out"]]
    assert await keys("s:a", "t:out", way="ANY") == [
        ["s:a", "s:c", "t:out"], ["s:a", "s:b", "s:c", "t:out"], ["s:a", "s:b", "team:one", "s:c", "t:out"],
    ]  # fmt: skip
    assert await keys("s:a", "t:out", way="ANY", first=1) == [["s:a", "s:c", "t:out"]]
    assert await keys("s:a", "t:out", way="ANY", depth=1) == []
    assert await keys("leaf:0000", "s:base") == [["leaf:0000", "s:hub", "s:base"]]
    assert await keys("s:a", "s:a") == [["s:a"]] and await keys("s:nobody", "s:nobody") == []
    assert await keys("s:b", "team:one") == [["s:b", "team:one"], ["s:b", "s:a", "s:c", "team:one"]]
    body = await post(client, query, **{"from": "leaf:0000", "to": "s:a", "way": "ANY", "depth": 99})
    assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


WHAT_IF = """query ($events: [JSON!]!, $of: [String!], $valid: DateTime) { whatIf(events: $events, impactOf: $of, valid: $valid) {
  valid events { index fate assertions event { eventId topic } }
  changes { kind entity { key declared properties } relationship { type source { key } target { key declared } }
            before { properties } after { properties event { eventId } changed } validFrom validTo corrects event { eventId } }
  impact { entered { entity { key properties } distanceAfter event { eventId } path { evidence { lastSeen event { eventId } } } }
           left { entity { key } event { eventId } } moved { entity { key } } unchanged } } }"""


async def test_what_if_answers_and_writes_nothing(client: httpx.AsyncClient, graph: AsyncDriver) -> None:
    """Facts and impact as they would be, with the events that nobody recorded; afterwards everything is as it was."""
    before = await digest(graph)
    events = [
        seen("n", 25, "s:new", "s:a", tier=2),
        event("m", "gone", 26, key="s:c"),
        seen("b2", 20, "s:b", "s:a", "s:b", tier=2),
        event("u", "unheard.of", 26),
    ]
    found = (await ask(client, WHAT_IF, events=events, of=["s:a"], valid=NOW["valid"]))["whatIf"]
    assert [one["fate"] for one in found["events"]] == ["APPLIED", "APPLIED", "DUPLICATE", "UNMAPPED"]
    assert found["events"][1]["assertions"] == ["s:c ends from 2026-01-26T00:00:00Z"]
    told = [
        (one["kind"], (one["entity"] or {}).get("key") or one["relationship"]["type"], one["validFrom"], one["event"]["eventId"])
        for one in found["changes"]
    ]  # fmt: skip
    assert told == [
        ("APPEARED", "s:new", day(25), "n"), ("APPEARED", "CALLS", day(25), "n"), ("ENDED", "s:c", day(26), "m"),
        ("ENDED", "CALLS", day(26), "m"), ("ENDED", "FEEDS", day(26), "m"), ("ENDED", "OWNED_BY", day(26), "m"),
    ]  # fmt: skip
    assert found["changes"][0]["entity"] == {"key": "s:new", "declared": True, "properties": {"tier": 2}}
    assert found["changes"][0]["after"]["event"] == {"eventId": "n"}
    impact = found["impact"]
    assert [(one["entity"]["key"], one["event"]["eventId"]) for one in impact["entered"]] == [("s:new", "n")]
    assert impact["entered"][0]["path"]["evidence"] == [{"lastSeen": day(25), "event": {"eventId": "n"}}]
    assert [(one["entity"]["key"], one["event"]["eventId"]) for one in impact["left"]] == [
        ("s:c", "m"), ("t:out", "m"), ("s:ghost", "m"),
    ]  # fmt: skip
    assert (impact["moved"], impact["unchanged"]) == ([], 1)
    assert await digest(graph) == before


async def test_what_if_takes_back_and_corrects(client: httpx.AsyncClient) -> None:
    """A retraction undoes what its event said, a late event corrects the past; two plans in one request do not see each other."""
    late = seen("late", 21, "s:old", tier=1)
    query = """query ($one: [JSON!]!, $two: [JSON!]!) {
      one: whatIf(events: $one, impactOf: ["s:a"]) { changes { corrects event { eventId } } impact { left { entity { key } event { eventId } } } }
      two: whatIf(events: $two, impactOf: ["s:a"]) { changes { corrects validFrom validTo } impact { left { entity { key } } } } }"""
    found = await ask(client, query, one=[event("r", "taken.back", 25, id="c")], two=[late])
    assert {one["event"]["eventId"] for one in found["one"]["changes"]} == {"r"}
    assert [(one["entity"]["key"], one["event"]["eventId"]) for one in found["one"]["impact"]["left"]] == [
        ("s:c", "r"), ("t:out", "r"), ("s:ghost", "r"),
    ]  # fmt: skip
    assert found["two"]["impact"]["left"] == []
    assert {(one["corrects"], one["validFrom"], one["validTo"]) for one in found["two"]["changes"]} == {
        (True, day(21), day(22))
    }


async def test_what_ended_long_ago_stays_ended_in_a_what_if(client: httpx.AsyncClient) -> None:
    """Also where its past was not read, because the new events only bear on what comes after."""
    query = """query ($events: [JSON!]!) { whatIf(events: $events, impactOf: ["s:a"]) {
      impact { entered { entity { key declared ended } } } } }"""
    found = await ask(client, query, events=[link("again", 25, "s:old", "CALLS", "s:a")])
    assert found["whatIf"]["impact"]["entered"] == [
        {"entity": {"key": "s:old", "declared": False, "ended": True}},
        {"entity": {"key": "s:user", "declared": True, "ended": False}},
    ]


@pytest.mark.parametrize(
    ("events", "index", "reason"),
    [
        ([seen("ok", 1, "s:x"), {"id": "x"}], 1, "not-a-cloudevent"),
        (["no object"], 0, "not-a-cloudevent"),
        ([event("z", "seen", 1, key="s:x")], 0, "mapping-failed"),
        ([{**seen("z", 1, "s:x"), "time": "2026-01-01T00:00:00"}], 0, "bad-time"),
        ([seen("a", 9, "s:other")], 0, "conflict"),
        ([seen("same", 1, "s:x"), seen("same", 2, "s:x")], 1, "conflict"),
        ([seen("n", 1, "s:x", n=2**70)], 0, "not-json"),
    ],
)
async def test_an_event_that_could_not_be_recorded_is_named(
    client: httpx.AsyncClient, events: list[Any], index: int, reason: str
) -> None:
    """With its place among those given and the reason that its dead letter would have."""
    body = await post(client, WHAT_IF, events=events)
    (error,) = body["errors"]
    assert error["extensions"] == {"code": "BAD_EVENT", "index": index, "reason": reason}
    assert error["message"].startswith(f"events[{index}]: {reason}: ")


async def test_too_many_events_are_refused(client: httpx.AsyncClient) -> None:
    """Before anything is read."""
    body = await post(client, WHAT_IF, events=[seen(f"n{n}", 1, "s:x") for n in range(101)])
    assert body["errors"][0]["extensions"]["code"] in ("BAD_USER_INPUT", "QUERY_TOO_COSTLY", "LIMIT_EXCEEDED")
