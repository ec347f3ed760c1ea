"""Dated answers on a real Neo4j: kept answers stay good while events arrive, an erasure ends them, and pages stay as they began."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from graph_service.api.app import create_app
from graph_service.api.exposure import Exposure
from graph_service.api.kept import Kept, hash_of
from graph_service.api.security.access import Insecure, Secured
from graph_service.api.security.keys import ApiKeys, new_key
from graph_service.api.security.roles import Role
from graph_service.store.keep.erasure import Eraser
from tests.builders import entity, link, record, retract
from tests.live.small_graph import SmallGraph
from tests.logs import assigned, batch_of
from tests.oracle import Recorded

pytestmark = pytest.mark.asyncio(loop_scope="session")

QUESTION = """query Past($at: At!) { entity(key: "user:1", at: $at) { properties relationships { edges { node { target { key } } } } } }"""
BASIS = "basis { known stable }"
PAST = {"valid": "1970-01-01T00:00:00.000500Z", "known": "1970-01-01T00:00:00.001002Z"}
PEOPLE = 30


def person(number: int, known: int, valid: int = 100, **more: Any) -> Recorded:
    """Somebody, who calls the one before."""
    values = {"n": number, "name": f"Person {number}", **more}
    return record(
        f"p{number}-{known}", known, entity(f"user:{number}", valid, **values),
        link(f"user:{number}", "CALLS", f"user:{number - 1}", valid), offset=known,
    )  # fmt: skip


class Filling:
    """A graph that is written to."""

    def __init__(self, graph: SmallGraph, epochs: Any) -> None:
        self.graph, self._epochs = graph, epochs

    async def write(self, *records: Recorded) -> None:
        """One batch."""
        await self.graph.writer.write(batch_of(records, self._epochs))


@pytest_asyncio.fixture(loop_scope="session")
async def filling(small_graph: SmallGraph) -> Filling:
    """With a few people, known from 1001 on."""
    await small_graph.empty()
    first = [person(number, 1000 + number) for number in range(1, PEOPLE + 1)]
    found = Filling(small_graph, await assigned(small_graph.writer, first))
    await found.write(*first)
    return found


@pytest_asyncio.fixture(loop_scope="session")
async def client(small_graph: SmallGraph) -> AsyncIterator[httpx.AsyncClient]:
    """The service, open to all, which keeps one document."""
    exposure = Exposure(kept=Kept(texts={hash_of(QUESTION): QUESTION}))
    app = create_app(small_graph.reader, access=Insecure(), exposure=exposure)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as found:
        yield found


async def get(
    client: httpx.AsyncClient, at: Any = PAST, has: str | None = None, **headers: str
) -> httpx.Response:
    """The kept document, by its hash."""
    parameters = {"documentId": hash_of(QUESTION), "variables": json.dumps({"at": at})}
    headers |= {} if has is None else {"if-none-match": has}
    return await client.get("/graphql", params=parameters, headers=headers)


async def test_a_kept_answer_is_good_until_something_is_erased(
    filling: Filling, client: httpx.AsyncClient
) -> None:
    """Late events and retractions come: the same tag, and nothing is sent. An erasure: another tag, another answer."""
    first = await get(client)
    tag = first.headers["etag"]
    assert first.json()["data"]["entity"]["properties"]["name"] == "Person 1"
    assert (first.headers["cache-control"], "authorization" in first.headers["vary"]) == (
        "public, no-cache",
        True,
    )
    basis = first.json()["extensions"]["basis"]
    assert (basis["stable"], basis["known"], "watermark" in basis) == (
        True,
        PAST["known"],
        False,
    )
    late = record("late", 2000, entity("user:1", 50, 400, name="Another"), offset=2000)
    await filling.write(late, record("gone", 2001, retract("p1-1001"), offset=2001))
    again = await get(client, has=tag)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    whole = await get(client)
    assert (whole.content, whole.headers["etag"]) == (first.content, tag)
    now = await client.post(
        "/graphql", json={"query": QUESTION, "variables": {"at": {"valid": PAST["valid"]}}}
    )
    assert now.json()["data"]["entity"] != whole.json()["data"]["entity"], "by now something else is known"
    await Eraser(driver=filling.graph.driver).erase("user:1", requested_at=1)
    erased = await get(client, has=tag)
    assert erased.status_code == 200 and erased.headers["etag"] != tag
    assert erased.json()["data"]["entity"]["properties"] == {}
    assert (await get(client, has=erased.headers["etag"])).status_code == 304


async def test_while_an_erasure_is_not_complete_nothing_is_kept(
    filling: Filling, client: httpx.AsyncClient
) -> None:
    """Nor while declared words change is an old answer good: another direction of dependence is another past."""
    tag = (await get(client)).headers["etag"]
    driver = filling.graph.driver
    await driver.execute_query("CREATE (:Erasure {key: 'user:9', known_to: 1, done: false})")
    during = await get(client, has=tag)
    assert (during.status_code, "etag" in during.headers, during.headers["cache-control"]) == (
        200,
        False,
        "no-store",
    )
    await driver.execute_query("MATCH (x:Erasure) SET x.done = true")
    assert (await get(client, has=tag)).status_code == 200
    tag = (await get(client)).headers["etag"]
    await driver.execute_query("MATCH (g:Graph) SET g.vocabulary = replace(g.vocabulary, 'calls', 'rings')")
    assert (await get(client, has=tag)).status_code == 200


@pytest.mark.parametrize(
    ("at", "query"),
    [
        pytest.param({"valid": PAST["valid"]}, QUESTION, id="all that is recorded"),
        pytest.param({"known": PAST["known"]}, QUESTION, id="the moment of the request"),
        pytest.param({**PAST, "valid": None}, QUESTION, id="null says nothing"),
        pytest.param({**PAST, "known": "1970-01-01T00:00:00.001030Z"}, QUESTION, id="after the watermark"),
        pytest.param(PAST, QUESTION.replace("{ entity", "{ status { events } entity"), id="beside what is about now"),
        pytest.param(PAST, QUESTION.replace("{ entity", "{ basis(at: $at) { watermark } entity"), id="the watermark itself"),
        pytest.param(PAST, "query Past($at: At!) { entity(key: \"x\", at: $at) { ...F } events { edges { cursor } } } fragment F on Entity { key }", id="events"),
    ],
)  # fmt: skip
async def test_what_is_about_now_has_no_tag(
    filling: Filling, client: httpx.AsyncClient, at: Any, query: str
) -> None:
    """Whatever part of the operation it is."""
    response = await client.get("/graphql", params={"query": query, "variables": json.dumps({"at": at})})
    assert "errors" not in response.json()
    assert ("etag" in response.headers, response.headers["cache-control"]) == (False, "no-store")
    basis = response.json()["extensions"]["basis"]
    assert basis["watermark"] == "1970-01-01T00:00:00.001029Z"


async def test_only_gets_without_errors_are_kept(filling: Filling, client: httpx.AsyncClient) -> None:
    """A POST is none; and an answer with an error may be another one next time."""
    body = {"query": QUESTION, "variables": {"at": PAST}}
    posted = await client.post("/graphql", json=body)
    assert "etag" not in posted.headers and posted.json()["extensions"]["basis"]["stable"] is True
    wrong = 'query Past($at: At!) { entity(key: "user:1", at: $at) { relationships(types: ["NONE"]) { edges { cursor } } } }'
    response = await client.get("/graphql", params={"query": wrong, "variables": json.dumps({"at": PAST})})
    assert response.json()["errors"] and "etag" not in response.headers


async def test_tags_tell_apart_who_asks_and_how(
    filling: Filling, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    """Other roles, other media types, other variables, other documents: other tags. What credentials are needed for is private."""
    lines, secrets = [], {}
    for name, role in (("r", Role.READER), ("o", Role.OPERATOR)):
        secrets[name], line = new_key(name, role)
        lines.append(line)
    path = tmp_path / "keys"
    path.write_text("\n".join(lines) + "\n")
    exposure = Exposure(kept=Kept(texts={hash_of(QUESTION): QUESTION}))
    app = create_app(filling.graph.reader, access=Secured(ApiKeys(path), None), exposure=exposure)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as other:
        found = {name: await get(other, authorization=f"Bearer {secrets[name]}") for name in secrets}
        assert {one.headers["cache-control"] for one in found.values()} == {"private, no-cache"}
        assert (await get(other)).status_code == 401
        tag = found["r"].headers["etag"]
        left = [
            (await get(other, authorization=f"Bearer {secrets['r']}", has=tag)).status_code for _ in range(3)
        ]
        assert left == [304] * 3
    tags = [one.headers["etag"] for one in found.values()]
    tags.append((await get(client, accept="application/graphql-response+json")).headers["etag"])
    tags.append((await get(client, at={**PAST, "known": "1970-01-01T00:00:00.001003Z"})).headers["etag"])
    assert len(set(tags)) == 4


PAGED = {
    "entities": ("", "node { key }"),
    "by a property": ('orderBy: {by: PROPERTY, property: "n", descending: true}', "node { key }"),
    "search": ('text: "person"', "node { key }"),
    "events": ("", "node { eventId }"),
    "diff": (
        'from: {valid: "1970-01-01T00:00:00.000050Z"}, to: {valid: "1970-01-01T00:00:00.000400Z"}',
        "node { kind entity { key } relationship { source { key } target { key } } }",
    ),
    "changes": ("", "node { id kind entity { key } }"),
}


@pytest.mark.parametrize("name", PAGED)
async def test_pages_stay_as_they_began_while_events_arrive(
    filling: Filling, client: httpx.AsyncClient, name: str
) -> None:
    """While a writer adds, alters and retracts between every two pages: no double, no gap, and exactly the one-page answer at the basis of the first."""
    arguments, node = PAGED[name]
    field = "entities" if name == "by a property" else name
    basis = "" if name == "changes" else "basis { valid known }"
    text = (
        f"query P($first: Int, $after: String) {{ {field}({arguments} first: $first, after: $after) "
        f"{{ edges {{ {node} }} pageInfo {{ hasNextPage endCursor }} {basis} }} }}"
    )
    whole = (await asked(client, text, first=200))[field]
    found: list[Any] = []
    after, more, known = None, True, 3000
    while more:
        page = (await asked(client, text, first=7, after=after))[field]
        found += page["edges"]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        assert page.get("basis", {}).get("known") == whole.get("basis", {}).get("known")
        known += 10
        await filling.write(
            person(0, known), person(known, known + 1), person(known % 30, known + 2, 10, n=-known),
            record(f"r{known}", known + 3, retract(f"p{known % 7}-{1000 + known % 7}"), offset=known + 3),
        )  # fmt: skip
    assert found == whole["edges"]
    assert len({json.dumps(one, sort_keys=True) for one in found}) == len(found)
    if name == "changes":
        return
    # Asked anew at that very point, it is the same once more.
    point = f'{{valid: "{whole["basis"]["valid"]}", known: "{whole["basis"]["known"]}"}}'
    if field in ("entities", "search"):
        text = text.replace(f"{field}(", f"{field}(at: {point}, ")
        assert (await asked(client, text, first=200))[field]["edges"] == found
    wrong = await client.post("/graphql", json={"query": "query ($c: String) { entities(after: $c, kinds: [\"user\"]) { edges { cursor } } }", "variables": {"c": after}})  # fmt: skip
    assert wrong.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def asked(client: httpx.AsyncClient, text: str, **variables: Any) -> Any:
    """`data`."""
    body = (await client.post("/graphql", json={"query": text, "variables": variables})).json()
    assert "errors" not in body, body["errors"]
    return body["data"]
