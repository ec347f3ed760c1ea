"""The API over HTTP, with a reader of a few plain values: points, pages, ids, errors, media types, pages without other sites."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import httpx
import pytest

from graph_service.api.app import create_app
from graph_service.api.security.access import Insecure
from graph_service.core.errors import StoreUnavailable, UnknownType
from graph_service.core.time import FOREVER
from graph_service.core.vocabulary import Depends, RelationshipDeclaration, Vocabulary
from graph_service.store.read.answers import (
    EntityAt,
    GraphStatus,
    ImpactAt,
    ImpactHit,
    Page,
    Point,
    ReachAt,
    RelationshipAt,
    Standing,
)
from graph_service.store.read.asking import entity_cursor
from graph_service.store.read.first import First
from graph_service.store.read.reader import Reader

NOW = 1_000_000_000
GRAPHQL_TYPE = "application/graphql-response+json"


def entity(key: str) -> EntityAt:
    """A declared entity."""
    return EntityAt(
        key=key, kind="service", declared=True, ended=False, properties='{"n":1}',
        valid_from=0, valid_to=FOREVER, known_from=0, known_to=FOREVER, event=None,
    )  # fmt: skip


def calls(source: str, target: str) -> RelationshipAt:
    """A relationship that holds."""
    return RelationshipAt(
        type="CALLS", source=source, target=target, discriminator="", properties="{}",
        valid_from=0, valid_to=FOREVER, known_from=0, known_to=FOREVER, event="e", ended_by=None,
    )  # fmt: skip


class Few:
    """Three services in a row: c calls b, b calls a. Notes every call."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.failure: Exception | None = None

    async def vocabulary(self) -> Vocabulary:
        """One type."""
        return Vocabulary(
            relationships={
                "CALLS": RelationshipDeclaration(type="CALLS", label="calls", depends=Depends.SOURCE)
            }
        )

    async def standing(self) -> Standing:
        """All is known."""
        return Standing(
            recorded_at=NOW, watermark=NOW, dead_letters=0, replayed=0, past="this", unsettled=False
        )

    async def types(self, asked: Sequence[str], *, suggest: bool = False) -> tuple[str, ...]:
        """One type."""
        if unknown := set(asked) - {"CALLS"}:
            raise UnknownType(sorted(unknown), ["CALLS"] if suggest else ())
        return tuple(asked)

    async def kinds(self, asked: Sequence[str], *, suggest: bool = False) -> tuple[str, ...]:
        """Any kind."""
        return tuple(sorted(set(asked)))

    async def status(self) -> GraphStatus:
        """Empty, or the failure."""
        if self.failure is not None:
            raise self.failure
        return GraphStatus(
            events=0, duplicates=0, unmapped=0, entities=3, relationships=2, dead_letters=0, discarded=0, replayed=0,
            recorded_at=None, watermark=None, tick=0, partitions=(),
        )  # fmt: skip

    async def entity(self, key: str, at: Point) -> EntityAt | None:
        """a, b and c."""
        self.asked.append(("entity", at))
        if self.failure is not None:
            raise self.failure
        return entity(key) if key in "abc" else None

    async def entity_first(self, key: str, valid: int, moment: int) -> First:
        """The same, with the standing."""
        standing, point = await self.standing(), Point(valid=valid, known=NOW)
        return First(standing, point, await self.entity(key, point))

    async def entities_by_key(self, keys: Sequence[str], at: Point) -> dict[str, EntityAt]:
        """a, b and c."""
        self.asked.append(("entities_by_key", sorted(keys)))
        return {key: entity(key) for key in keys}

    async def entities(
        self, *, first: int, after: str | None, at: Point, order: Any, **_: Any
    ) -> Page[EntityAt]:
        """a, b and c in pages."""
        self.asked.append(("entities", at))
        rows = [row for row in map(entity, "abc") if after is None or entity_cursor(row, order) > after]
        return Page(items=tuple(rows[:first]), more=len(rows) > first)

    async def relationships(self, keys: Sequence[str], **_: Any) -> dict[str, Page[RelationshipAt]]:
        """Each calls two others."""
        self.asked.append(("relationships", sorted(keys)))
        return {key: Page(items=(calls(key, "a"), calls(key, "b")), more=False) for key in keys}

    async def impact(self, of: Sequence[str], **_: Any) -> ImpactAt:
        """b, then c."""
        hits = (
            ImpactHit(key="b", distance=1, parent="a", relationship=calls("b", "a")),
            ImpactHit(key="c", distance=2, parent="b", relationship=calls("c", "b")),
        )
        return ImpactAt(hits=hits, count=2, cut=None, cut_detail=None)

    async def reach(self, of: Sequence[str], **_: Any) -> ReachAt:
        """The same."""
        return await self.impact(of)

    async def last_seen(
        self, edges: Sequence[RelationshipAt], at: Point
    ) -> dict[tuple[str, str, str, str], int]:
        """All of them just now."""
        return {(edge.source, edge.type, edge.target, edge.discriminator): NOW for edge in edges}


@pytest.fixture(autouse=True)
def now_is_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Questions are asked when the few were last seen."""
    monkeypatch.setattr("graph_service.api.context.now", lambda: NOW)


async def post(few: Few, query: str, accept: str = "application/json", **variables: Any) -> httpx.Response:
    """The raw answer."""
    app = create_app(cast("Reader", few), access=Insecure())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.post(
            "/graphql", json={"query": query, "variables": variables}, headers={"accept": accept}
        )


async def get(few: Few, path: str) -> httpx.Response:
    """The raw page."""
    app = create_app(cast("Reader", few), access=Insecure())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.get(path)


async def ask(few: Few, query: str, **variables: Any) -> dict[str, Any]:
    """`data`, without errors."""
    body = (await post(few, query, **variables)).json()
    assert "errors" not in body, body["errors"]
    return cast("dict[str, Any]", body["data"])


async def code(few: Few, query: str, **variables: Any) -> str:
    """The code of the only error."""
    (error,) = (await post(few, query, **variables)).json()["errors"]
    return str(error["extensions"]["code"])


async def test_the_ends_of_relationships_are_read_together() -> None:
    """No query per item: three entities, two relationships each, take three reads."""
    few = Few()
    asked = "{ entities { edges { node { relationships { edges { node { target { %s } } } } } } } }"
    found = await ask(few, asked % "key name")
    assert len(found["entities"]["edges"]) == 3
    assert [name for name, _ in few.asked] == ["entities", "relationships", "entities_by_key"]
    few.asked.clear()
    await ask(few, asked % "id key kind")
    assert [name for name, _ in few.asked] == ["entities", "relationships"], "their keys say it all"


async def test_a_page_goes_on_at_the_point_of_the_first() -> None:
    """The cursor's point wins over `at`, and a cursor of another query is refused."""
    few, page = (
        Few(),
        "query P($at: At, $after: String) { entities(at: $at, first: 2, after: $after) { edges { node { key } } pageInfo { endCursor hasNextPage hasPreviousPage } } }",
    )
    first = (await ask(few, page, at={"valid": 5}))["entities"]
    assert first["pageInfo"]["hasNextPage"] and not first["pageInfo"]["hasPreviousPage"]
    cursor = first["pageInfo"]["endCursor"]
    second = (await ask(few, page, at={"valid": 77}, after=cursor))["entities"]
    assert [edge["node"]["key"] for edge in second["edges"]] == ["c"]
    assert few.asked[-1] == ("entities", Point(valid=5000, known=NOW))
    other = 'query Q($after: String) { entities(kinds: ["x"], after: $after) { edges { cursor } } }'
    assert await code(few, other, after=cursor) == "BAD_USER_INPUT"
    assert await code(few, other, after="nonsense") == "BAD_USER_INPUT"


async def test_ids_lead_back_and_tell_times_apart() -> None:
    """An id of a past answer is another id; unknown ids give null."""
    few, query = Few(), 'query I($at: At) { entity(key: "a", at: $at) { id } }'
    now, then = (
        (await ask(few, query))["entity"]["id"],
        (await ask(few, query, at={"valid": 5}))["entity"]["id"],
    )
    assert now != then
    node = "query N($id: ID!) { node(id: $id) { id ... on Entity { key } } }"
    assert (await ask(few, node, id=then))["node"] == {"id": then, "key": "a"}
    assert (await ask(few, node, id="nonsense"))["node"] is None


async def test_an_impact_comes_with_its_path() -> None:
    """From what was asked to what was found."""
    found = (
        await ask(
            Few(),
            '{ impact(of: ["a"]) { count byKind { kind count } items { score path { entities { key } } } } }',
        )
    )["impact"]
    assert [[each["key"] for each in item["path"]["entities"]] for item in found["items"]] == [
        ["a", "b"],
        ["a", "b", "c"],
    ]
    assert found["byKind"] == [{"kind": "thing", "count": 2}] and found["items"][1]["score"] == 0.375


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ('{ entity(key: "a", at: {valid: "2026-01-01T00:00:00"}) { key } }', "BAD_TIME"),
        ('{ impact(of: ["a"], maxDepth: 21) { count } }', "BAD_USER_INPUT"),
        ('{ impact(of: ["a"], types: ["NOPE"]) { count } }', "UNKNOWN_TYPE"),
        ("{ entities(first: 201) { edges { cursor } } }", "BAD_USER_INPUT"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ a: " * 2 + "}", "GRAPHQL_PARSE_FAILED"),
    ],
)
async def test_bad_questions_have_codes(query: str, wanted: str) -> None:
    """Machines read the code, people the message."""
    assert await code(Few(), query) == wanted


async def test_a_naive_time_in_a_variable_has_its_code_too() -> None:
    """Literals and variables are read by the same rules."""
    query = 'query T($at: At) { entity(key: "a", at: $at) { key } }'
    assert await code(Few(), query, at={"valid": "2026-01-01T00:00:00"}) == "BAD_TIME"


async def test_failures_of_ours_are_masked_and_those_of_the_store_named() -> None:
    """No inner text reaches a client."""
    few = Few()
    few.failure = RuntimeError("password is 123")
    masked = await post(few, '{ entity(key: "a") { key } }')
    assert "123" not in masked.text and masked.json()["errors"][0]["extensions"]["code"] == "INTERNAL"
    few.failure = StoreUnavailable("Neo4j does not answer")
    assert await code(few, '{ entity(key: "a") { key } }') == "STORE_UNAVAILABLE"
    assert (await get(few, "/readyz")).status_code == 503 and (await get(few, "/healthz")).status_code == 200


async def test_media_types_and_status_codes() -> None:
    """As GraphQL over HTTP says; `application/json` clients keep 200."""
    refused = await post(Few(), "{ nothing }", GRAPHQL_TYPE)
    assert (refused.status_code, "data" in refused.json()) == (400, False)
    assert refused.headers["content-type"].startswith(GRAPHQL_TYPE)
    plain = await post(Few(), "{ nothing }")
    assert (plain.status_code, plain.headers["content-type"]) == (200, "application/json")
    app = create_app(cast("Reader", Few()), access=Insecure())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        sent = await client.post("/graphql", content="{}", headers={"content-type": "text/plain"})
        assert sent.status_code == 415
        assert (await client.post("/graphql", json=[])).status_code == 400
        assert (await client.get("/graphql?query={__typename}")).json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize("path", ["/docs", "/pages/pages.css", "/schema.graphql"])
async def test_pages_ask_no_other_site(path: str) -> None:
    """No address of another host in our pages, and a policy that would refuse it."""
    page = await get(Few(), path)
    assert page.status_code == 200 and "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert path in ("/docs", "/schema.graphql") or "//" not in page.text.replace("// ", "")


async def test_files_outside_the_pages_are_not_served() -> None:
    """A name is not a path."""
    assert (await get(Few(), "/pages/..%2fapp.py")).status_code == 404
    assert (await get(Few(), "/graphiql/..%2f..%2fapi%2fapp.py")).status_code in (404, 503)
