"""Explanations over GraphQL: what is told for each reason, to whom, and what is refused; causes, effects and flows; the words in use."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from neo4j import AsyncDriver

from graph_service.api.app import create_app
from graph_service.api.exposure import Exposure
from graph_service.api.security.access import Insecure
from graph_service.api.security.roles import Audience, Role
from graph_service.mapping import Mapping
from graph_service.store.keep.deadletters import DeadLetters
from graph_service.store.read.reader import Reader
from tests.live.conftest import emptied
from tests.live.writing import write_events

pytestmark = pytest.mark.asyncio(loop_scope="session")

MAPPING = """
kinds:
  s: {label: Service}
  robot: {label: Robot}
relationships:
  CALLS: {label: calls, depends: source}
  FEEDS: {label: feeds, depends: target}
events:
  - name: seen
    type: seen
    assert:
      - {entity: data.key, properties: data.properties}
  - name: link
    type: link
    assert:
      - {relationship: CALLS, source: data.key, target: data.to, discriminator: data.by}
  - name: unlink
    type: unlink
    assert:
      - {end_relationship: CALLS, source: data.key, target: data.to, discriminator: data.by}
  - name: gone
    type: gone
    assert: [{end: data.key}]
  - name: taken-back
    type: taken.back
    assert: [{retract: data.id}]
"""
KNOWN_FROM = 1_767_225_600_000_000
Event = dict[str, Any]


def event(name: str, type: str, at: int, source: str = "/t", **more: Any) -> Event:
    attributes: dict[str, Any] = {
        word: more.pop(word) for word in ("causationid", "correlationid", "subject") if word in more
    }
    time = f"2026-01-{at:02}T00:00:00Z"
    return {
        "specversion": "1.0",
        "id": name,
        "source": source,
        "type": type,
        "time": time,
        "data": more,
        **attributes,
    }


def seen(id: str, at: int, key: str, **properties: Any) -> Event:
    return event(id, "seen", at, key=key, properties=properties)


def link(id: str, at: int, key: str, to: str, by: str = "", type: str = "link") -> Event:
    return event(id, type, at, key=key, to=to, by=by)


EVENTS: list[Event | bytes] = [
    seen("a1", 1, "s:a", tier=1),
    seen("a2", 5, "s:a", tier=2),
    link("ab", 2, "s:a", "s:b", "one"),
    link("ab2", 3, "s:a", "s:b", "two"),
    link("ac", 2, "s:a", "s:c"),
    link("ac-gone", 6, "s:a", "s:c", type="unlink"),
    link("ad", 9, "s:a", "s:d"),
    link("ae", 2, "s:a", "s:e"),
    event("ae-back", "taken.back", 10, id="ae"),
    link("af", 4, "s:a", "s:f"),
    link("af-not", 4, "s:a", "s:f", type="unlink"),
    seen("x1", 1, "s:x", tier=1),
    seen("x2", 3, "s:x", tier=3),
    event("x2-back", "taken.back", 12, id="x2"),
    seen("gone1", 1, "s:gone"),
    event("gone2", "gone", 4, key="s:gone"),
    link("late", 2, "s:a", "s:late"),
    # Dead letters: the rule fails on the first; the second and third are no JSON.
    event("broken", "link", 3, subject="lost", key="s:lost", by=7),
    b'{"key": "s:torn", "secret word": "hush"',
    b"s:whole:part and s:part",
    event("order", "seen", 1, "/shop", key="o:1", properties={}, correlationid="flow"),
    event("paid", "seen", 2, "/bank", key="o:1", properties={}, correlationid="flow", causationid="order"),
    event("sent", "seen", 3, "/post", key="o:1", properties={}, correlationid="flow", causationid="paid"),
    event("mail", "seen", 3, "/mail", key="o:1", properties={}, correlationid="flow", causationid="paid"),
    event("ring1", "seen", 4, "/r", key="o:2", properties={}, causationid="ring2"),
    event("ring2", "seen", 4, "/r", key="o:2", properties={}, causationid="ring1"),
]  # fmt: skip
PLACES = {one["id"]: nth for nth, one in enumerate(EVENTS) if isinstance(one, dict)}
LAST_DAY = {"valid": "2026-01-08T00:00:00Z"}


class Asked:
    """GraphQL over HTTP."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def __call__(self, text: str, **variables: Any) -> Any:
        answer = await self._client.post("/graphql", json={"query": text, "variables": variables})
        assert "errors" not in answer.json(), answer.text
        return answer.json()["data"]

    async def error(self, text: str, **variables: Any) -> Any:
        """The one error."""
        answer = await self._client.post("/graphql", json={"query": text, "variables": variables})
        (error,) = answer.json()["errors"]
        return error


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def graph(neo4j_driver: AsyncDriver) -> AsyncDriver:
    """With all events in it."""
    await emptied(neo4j_driver)
    mapping = Mapping.parse([("m.yaml", MAPPING)])
    await write_events(neo4j_driver, mapping, EVENTS, recorded_from=KNOWN_FROM, letters=True)
    return neo4j_driver


def client_of(
    driver: AsyncDriver, role: Role = Role.READER, *, suggestions: bool = True
) -> httpx.AsyncClient:
    """Who asks in a role."""
    told = Audience(role=Role.READER if suggestions else None)
    app = create_app(
        Reader(driver),
        access=Insecure(role),
        dead_letters=DeadLetters(driver),
        exposure=Exposure(introspection=told),
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def ask(graph: AsyncDriver) -> AsyncIterator[Asked]:
    """As a reader."""
    async with client_of(graph) as client:
        yield Asked(client)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def ask_untold(graph: AsyncDriver) -> AsyncIterator[Asked]:
    """As a reader, to whom nothing is suggested."""
    async with client_of(graph, suggestions=False) as client:
        yield Asked(client)


EXPLAIN = """query ($key: String!, $type: String, $target: String, $by: String, $at: At, $to: DateTime) {
  explain(key: $key, type: $type, target: $target, discriminator: $by, at: $at, learnedTo: $to) {
    holds reason summary undeclared stable learnedTo basis { known }
    events { eventId topic partition offset } rules { file rule version } versions { properties changed event { eventId } }
    superseded { properties event { eventId } } deadLetters { origin recordedAt deadLetter { reason } }
    corrections { before { properties } after { properties } event { eventId } recordedAt } } }"""


def ids(found: dict[str, Any]) -> list[str]:
    return [one["eventId"] for one in found["events"]]


def known(id: str, later: int = 0) -> dict[str, Any]:
    """The eighth of January as known when an event was recorded."""
    return {**LAST_DAY, "known": (f"2026-01-01T00:00:00.{PLACES[id] + later:06}Z")}


@pytest.mark.parametrize(
    ("key", "target", "reason", "events", "rules"),
    [
        ("s:a", None, "HOLDS", ["a2"], ["seen"]),
        ("s:a", "s:b", "HOLDS", ["ab", "ab2"], ["link"]),
        ("s:b", None, "HOLDS", ["ab", "ab2"], ["link"]),
        ("s:a", "s:c", "ENDED", ["ac-gone", "ac"], ["unlink", "link"]),
        ("s:gone", None, "ENDED", ["gone2", "gone1"], ["gone", "seen"]),
        ("s:c", None, "ENDED", ["ac-gone", "ac"], ["unlink", "link"]),
        ("s:a", "s:d", "NOT_YET_VALID", ["ad"], ["link"]),
        ("s:d", None, "NOT_YET_VALID", ["ad"], ["link"]),
        ("s:a", "s:e", "RETRACTED", ["ae-back", "ae"], ["taken-back", "link"]),
        ("s:e", None, "RETRACTED", ["ae-back", "ae"], ["taken-back", "link"]),
        ("s:a", "s:f", "SUPERSEDED", ["af-not", "af"], ["unlink", "link"]),
        ("s:lost", None, "IN_DEAD_LETTERS", [], []),
        ("s:torn", None, "IN_DEAD_LETTERS", [], []),
        ("s:hush", None, "IN_DEAD_LETTERS", [], []),
        ("s:part", None, "IN_DEAD_LETTERS", [], []),
        ("secret word", None, "NEVER_ASSERTED", [], []),
        ("s:whole", None, "NEVER_ASSERTED", [], []),
        ("s:a", "s:gone", "NEVER_ASSERTED", [], []),
        ("nobody", "s:lost", "NEVER_ASSERTED", [], []),
    ],
)  # fmt: skip
async def test_each_reason_has_its_events_and_rules(
    ask: Asked, key: str, target: str | None, reason: str, events: list[str], rules: list[str]
) -> None:
    """On the eighth of January: with the place in the log of each event, and the rule and version of the mapping."""
    type = None if target is None else "CALLS"
    found = (await ask(EXPLAIN, key=key, type=type, target=target, at=LAST_DAY))["explain"]
    assert (found["reason"], found["holds"]) == (reason, reason == "HOLDS"), found
    assert ids(found) == events, found
    places = [("tests", 0, PLACES[id]) for id in events]
    assert [(one["topic"], one["partition"], one["offset"]) for one in found["events"]] == places
    version = Mapping.parse([("m.yaml", MAPPING)]).version
    assert found["rules"] == [{"file": "m.yaml", "rule": rule, "version": version} for rule in rules]
    assert found["undeclared"] is (bool(events) and target is None and key not in ("s:a", "s:gone"))
    assert (
        all(repr(id) in found["summary"] for id in events[:1]) and "2026-01-08T00:00:00Z" in found["summary"]
    )


async def test_a_fact_tells_what_it_superseded_and_who_corrected_it(ask: Asked) -> None:
    """On the valid axis what came before; on the known axis what was believed of the same instant."""
    found = (await ask(EXPLAIN, key="s:a", at=LAST_DAY))["explain"]
    assert found["superseded"] == [{"properties": {"tier": 1}, "event": {"eventId": "a1"}}]
    assert found["versions"][0]["changed"] == ["tier"] and found["corrections"] == []
    found = (await ask(EXPLAIN, key="s:x", at=LAST_DAY))["explain"]
    assert (ids(found), found["superseded"]) == (["x1"], [])
    (correction,) = found["corrections"]
    assert correction["before"] == {"properties": {"tier": 3}} and correction["after"] == {
        "properties": {"tier": 1}
    }
    assert correction["event"] == {"eventId": "x2-back"} and "'x2-back'" in found["summary"]
    # As known before that, nobody had corrected anything.
    found = (await ask(EXPLAIN, key="s:x", at=known("x2-back", -1)))["explain"]
    assert (ids(found), found["corrections"]) == (["x2"], [])


async def test_what_is_learnt_later_is_told_and_no_more(ask: Asked) -> None:
    """NOT_YET_KNOWN names the event; when it is asked what could be said then, nobody had ever asserted it."""
    asked: dict[str, Any] = {"key": "s:a", "type": "CALLS", "target": "s:late", "at": known("late", -1)}
    found = (await ask(EXPLAIN, **asked))["explain"]
    assert (found["reason"], ids(found)) == ("NOT_YET_KNOWN", ["late"])
    assert found["versions"][0]["event"] == {"eventId": "late"}
    then = (await ask(EXPLAIN, **asked, to=asked["at"]["known"]))["explain"]
    assert (then["reason"], ids(then)) == ("NEVER_ASSERTED", [])
    assert then["learnedTo"] == then["basis"]["known"] < found["learnedTo"]


async def test_one_discriminator_of_several(ask: Asked) -> None:
    """Named, each is its own; the empty one is none of them."""
    for by, reason, events in (
        ("two", "HOLDS", ["ab2"]),
        ("", "NEVER_ASSERTED", []),
        ("three", "NEVER_ASSERTED", []),
    ):
        found = (await ask(EXPLAIN, key="s:a", type="CALLS", target="s:b", by=by, at=LAST_DAY))["explain"]
        assert (found["reason"], ids(found)) == (reason, events)


async def test_readers_learn_where_a_dead_letter_is_and_nothing_else_of_it(
    graph: AsyncDriver, ask: Asked
) -> None:
    """Operators see it as everywhere; nobody sees what is in it here."""
    found = (await ask(EXPLAIN, key="s:lost"))["explain"]
    assert [one["origin"] for one in found["deadLetters"]] == [f"tests/0/{PLACES['broken']}"]
    assert found["deadLetters"][0]["deadLetter"] is None and f"tests/0/{PLACES['broken']}" in found["summary"]
    torn = (await ask(EXPLAIN, key="s:torn"))["explain"]
    assert "hush" not in str(torn)
    async with client_of(graph, Role.OPERATOR) as client:
        found = (await Asked(client)(EXPLAIN, key="s:lost"))["explain"]
    assert found["deadLetters"][0]["deadLetter"] == {"reason": "mapping-failed"}


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"key": "s:a", "type": "CALLS"}, "BAD_USER_INPUT"),
        ({"key": "s:a", "target": "s:b"}, "BAD_USER_INPUT"),
        ({"key": "s:a", "by": "one"}, "BAD_USER_INPUT"),
        ({"key": "s:a", "type": "CALL", "target": "s:b"}, "UNKNOWN_TYPE"),
        ({"key": "s:a", "at": known("late"), "to": "2025-01-01T00:00:00Z"}, "BAD_USER_INPUT"),
    ],
)
async def test_half_a_question_is_refused(ask: Asked, asked: dict[str, Any], code: str) -> None:
    """With a code, and what to do."""
    assert (await ask.error(EXPLAIN, **asked))["extensions"]["code"] == code


async def test_causes_and_effects_are_followed_across_services(ask: Asked) -> None:
    """Step by step, nearest first; circles end; a flow of work is told in the order of the log."""
    text = """query ($source: String!, $id: String!, $depth: Int) { event(source: $source, id: $id) {
      causes(maxDepth: $depth) { eventId } effects(maxDepth: $depth) { eventId }
      correlated(first: 3) { edges { node { eventId } } pageInfo { hasNextPage endCursor } } } }"""

    async def found(source: str, id: str, depth: int | None = None) -> tuple[list[str], list[str]]:
        one = (await ask(text, source=source, id=id, depth=depth))["event"]
        return [e["eventId"] for e in one["causes"]], [e["eventId"] for e in one["effects"]]

    assert await found("/shop", "order") == ([], ["paid"])
    assert await found("/shop", "order", 2) == ([], ["paid", "sent", "mail"])
    assert await found("/post", "sent", 20) == (["paid", "order"], [])
    assert await found("/r", "ring1", 20) == (["ring2"], ["ring2"])
    flow = (await ask(text, source="/bank", id="paid"))["event"]["correlated"]
    assert [one["node"]["eventId"] for one in flow["edges"]] == ["order", "paid", "sent"]
    rest = await ask(
        'query ($after: String) { event(source: "/bank", id: "paid") { correlated(after: $after) { edges { node { eventId } } } } }',
        after=flow["pageInfo"]["endCursor"],
    )
    assert [one["node"]["eventId"] for one in rest["event"]["correlated"]["edges"]] == ["mail"]
    error = await ask.error(text, source="/shop", id="order", depth=10**6)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


VOCABULARY = """query ($at: At) { vocabulary(at: $at) {
  kinds { name label declared count undeclared } relationshipTypes { type depends declared count } } }"""


async def test_the_vocabulary_counts_what_is_in_use(ask: Asked) -> None:
    """On both clocks; with kinds that nothing declares while there are any, and declared ones of which there is nothing."""
    found = (await ask(VOCABULARY, at=LAST_DAY))["vocabulary"]
    assert [(one["name"], one["count"], one["undeclared"], one["declared"]) for one in found["kinds"]] == [
        ("o", 2, 0, False), ("robot", 0, 0, True), ("s", 4, 2, True),
    ]  # fmt: skip
    assert [(one["type"], one["count"], one["depends"]) for one in found["relationshipTypes"]] == [
        ("CALLS", 3, "SOURCE"), ("FEEDS", 0, "TARGET"),
    ]  # fmt: skip
    early = (await ask(VOCABULARY, at={**LAST_DAY, "known": known("ab")["known"]}))["vocabulary"]
    assert [(one["name"], one["count"]) for one in early["kinds"]] == [("robot", 0), ("s", 2)]
    assert early["relationshipTypes"][0]["count"] == 1


WORDS = (
    ("query ($words: [String!]) { entities(kinds: $words) { edges { cursor } } }", "KIND"),
    ('query ($words: [String!]) { search(text: "a", kinds: $words) { edges { cursor } } }', "KIND"),
    ("query ($words: [String!]) { diff(from: {}, to: {}, kinds: $words) { edges { cursor } } }", "KIND"),
    ("query ($words: [String!]) { changes(filter: {kinds: $words}) { edges { cursor } } }", "KIND"),
    ("query ($words: [String!]) { changes(filter: {types: $words}) { edges { cursor } } }", "TYPE"),
    ("query ($words: [String!]) { diff(from: {}, to: {}, types: $words) { edges { cursor } } }", "TYPE"),
    ('query ($words: [String!]) { impact(of: ["s:a"], types: $words) { count } }', "TYPE"),
    ('query ($words: [String!]) { impactDrift(of: ["s:a"], from: {}, to: {}, types: $words) { unchanged } }', "TYPE"),
    ('query ($words: [String!]) { paths(from: "s:a", to: "s:b", types: $words) { entities { key } } }', "TYPE"),
    ('query ($words: [String!]) { entity(key: "s:a") { relationships(types: $words) { edges { cursor } } } }', "TYPE"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "what"), WORDS)
async def test_words_that_there_are_not_have_a_code(
    ask: Asked, ask_untold: Asked, text: str, what: str
) -> None:
    """Wherever kinds and types are asked for; what is declared, or held, is never refused. What is like them only those hear who may."""
    there, missing = (["s", "robot", "o"], "robott") if what == "KIND" else (["CALLS", "FEEDS"], "calls")
    await ask(text, words=there)
    error = await ask.error(text, words=[*there, missing])
    assert error["extensions"]["code"] == f"UNKNOWN_{what}" and missing in error["message"]
    like = "robot" if what == "KIND" else "CALLS"
    assert error["extensions"]["near"] == [like] and like in error["message"].partition("did you mean")[2]
    error = await ask_untold.error(text, words=[missing])
    assert error["extensions"] == {"code": f"UNKNOWN_{what}"} and "did you mean" not in error["message"]


async def test_in_an_empty_graph_no_word_is_refused(neo4j_driver: AsyncDriver, graph: AsyncDriver) -> None:
    """Dashboards come before the first event. What was held by a mapping that is not in use any more stays askable."""
    await neo4j_driver.execute_query(
        """MATCH (g:Graph) SET g.vocabulary = '{"kinds":[],"relationships":[]}'"""
    )
    async with client_of(neo4j_driver) as client:
        found = await Asked(client)(
            '{ entity(key: "s:a") { relationships(types: ["CALLS"]) { edges { cursor } } } }'
        )
        assert found["entity"]["relationships"]["edges"]
        words = (await Asked(client)(VOCABULARY, at=LAST_DAY))["vocabulary"]
        assert words["relationshipTypes"] == [
            {"type": "CALLS", "depends": "NOBODY", "declared": False, "count": 3}
        ]
    await emptied(neo4j_driver)
    async with client_of(neo4j_driver) as client:
        for text, _ in WORDS[:3] + WORDS[5:]:
            await Asked(client)(text, words=["whatever"])
