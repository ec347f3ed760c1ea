"""The API against those who mean harm: every control refuses what it is there for, and what it refuses goes through where it is switched off.

The controls are those of the OWASP cheat sheet for GraphQL, in its order, and some of our own.
"""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI

from graph_service.api import errors, http, query, requests
from graph_service.api.app import create_app
from graph_service.api.context import PAGE_ITEMS_MAX
from graph_service.api.documents import CACHED_TOKENS_MAX, Documents
from graph_service.api.exposure import Exposure
from graph_service.api.kept import Kept
from graph_service.api.limits.bounds import Limits
from graph_service.api.schema import make_schema
from graph_service.api.security.access import Access, Insecure, Secured
from graph_service.api.security.doors import Doors
from graph_service.api.security.keys import ApiKeys, new_key
from graph_service.api.security.roles import Audience, Role
from graph_service.core.errors import StoreUnavailable
from graph_service.store.read.reader import Reader
from tests.hostile import HARMS, Harm, Nothing

NOBODY, EVERYBODY = Audience(), Audience(everybody=True)
MEMORY_BYTES_MAX = 20_000_000
STATUS = Path("/proc/self/status")


def silent(_: object) -> None:
    """No audit."""


class Slow(Nothing):
    """Takes its time."""

    async def entity(self, key: str, at: Any) -> None:
        """Nothing, a little later."""
        await asyncio.sleep(0.3)


class Failing(Nothing):
    """Says what nobody else should hear."""

    async def entity(self, key: str, at: Any) -> None:
        """Fails within."""
        raise RuntimeError("the password is sesame")

    async def search(self, text: str, **_: Any) -> Any:
        """Fails at its neighbour."""
        raise StoreUnavailable("Neo4j at bolt://10.0.0.7 does not answer")


def made(
    exposure: Exposure | None = None, *, access: Access | None = None, reader: Nothing | None = None
) -> FastAPI:
    """An app over nothing."""
    exposed = replace(exposure or Exposure(), audit=silent)
    return create_app(cast("Reader", reader or Nothing()), access=access or Insecure(), exposure=exposed)


def limited(**limits: Any) -> Callable[[], FastAPI]:
    """An app with these limits."""
    return lambda: made(Exposure(limits=Limits(**limits)))


def client_of(app: FastAPI, **headers: str) -> httpx.AsyncClient:
    """A client of the app."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test", headers=headers)


Ask = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


def asks(text: str, **variables: Any) -> Ask:
    """POST of a question."""
    return lambda client: client.post("/graphql", json={"query": text, "variables": variables})


def gets(path: str, **headers: str) -> Ask:
    """GET of a page."""
    return lambda client: client.get(path, headers=headers)


def posts(content: Any, **headers: str) -> Ask:
    """POST of anything."""
    return lambda client: client.post(
        "/graphql", content=content, headers={"content-type": "application/json", **headers}
    )


async def _pieces() -> AsyncIterator[bytes]:
    yield b'{"query": "{ __typename }", "variables": {"a": "'
    for _ in range(30):
        yield b"x" * 1000
    yield b'"}}'


def with_pieces(client: httpx.AsyncClient) -> Awaitable[httpx.Response]:
    """A body in pieces, which does not say how long it is."""
    return posts(_pieces())(client)


async def at_once(client: httpx.AsyncClient) -> httpx.Response:
    """Several at the same time: the one that fared worst."""
    found = await asyncio.gather(*(asks('{ entity(key: "a") { key } }')(client) for _ in range(3)))
    return max(found, key=lambda one: one.status_code)


async def twice(client: httpx.AsyncClient) -> httpx.Response:
    """The same again: the answer to the second."""
    await asks(CHEAP)(client)
    return await asks(CHEAP)(client)


def code_of(response: httpx.Response) -> str | None:
    """The code of the first error."""
    found = response.json().get("errors")
    return None if not found else str(found[0]["extensions"]["code"])


def coded(code: str, status: int = 200, limit: str | None = None) -> Callable[[httpx.Response], bool]:
    """Whether it is refused just so."""

    def refused(response: httpx.Response) -> bool:
        if response.status_code != status or code_of(response) != code:
            return False
        (error, *_) = response.json()["errors"]
        assert "data" not in response.json() or "path" in error
        assert len(error["message"]) > 20
        return limit is None or (error["extensions"]["limit"], error["extensions"]["most"] >= 0) == (
            limit,
            True,
        )

    return refused


def status_is(status: int) -> Callable[[httpx.Response], bool]:
    """Whether it is refused with that status."""
    return lambda response: response.status_code == status


CHEAP = '{ entity(key: "a") { key } }'
NEST = 'entity(key: "a") { relationships(first: 1) { edges { node { target { relationships(first: 1) { edges { node { target { key } } } } } } } } }'
FRAGMENTS = (
    '{ entity(key: "a") { ...A ...A } } fragment A on Entity { ...B ...B } fragment B on Entity { key kind }'
)
LETTER = "{ deadLetters { edges { cursor } } }"


@dataclass(frozen=True, kw_only=True)
class Control:
    """Something that is refused with the control, and not without it."""

    name: str
    ask: Ask
    refused: Callable[[httpx.Response], bool]
    on: Callable[[], FastAPI]
    off: Callable[[], FastAPI]


def limit(name: str, most: Any, ask: Ask, *, status: int = 200) -> Control:
    """The control of a limit: with it at `most`, and with its default."""
    return Control(
        name=name,
        ask=ask,
        refused=coded("LIMIT_EXCEEDED", status, name),
        on=limited(**{name: most}),
        off=limited(),
    )


def pages_for(audience: Audience) -> Callable[[], FastAPI]:
    """An app whose pages are for those."""
    return lambda: made(Exposure(pages=audience))


def schema_for(audience: Audience) -> Callable[[], FastAPI]:
    """An app whose schema is for those."""
    return lambda: made(Exposure(introspection=audience))


def doors(**given: Any) -> Callable[[], FastAPI]:
    """An app with these doors."""
    return lambda: made(Exposure(doors=Doors(**given)))


def kept(*, only: bool) -> Callable[[], FastAPI]:
    """An app with one kept document."""
    return lambda: made(Exposure(kept=Kept(texts={sha256(CHEAP.encode()).hexdigest(): CHEAP}, only=only)))


CONTROLS = (
    # Input validation.
    limit("variables_depth_max", 3, asks("query Q($w: JSON) { __typename }", w=[[[[[]]]]])),
    limit("body_values_max", 20, asks("{ __typename }", w=list(range(50))), status=413),
    limit("body_bytes_max", 5_000, asks("{ __typename }", w="x" * 9_000), status=413),
    limit("body_bytes_max", 5_000, with_pieces, status=413),
    # Denial of service: depth, amount, cost, time, rate, bundles.
    limit("query_depth_max", 4, asks(f"{{ {NEST} }}")),
    limit("query_chars_max", 500, asks('{ entity(key: "' + "x" * 900 + '") { key } }')),
    limit("query_tokens_max", 50, asks("{ entities(kinds: [" + '"a" ' * 60 + "]) { edges { cursor } } }")),
    limit("query_fields_max", 8, asks(FRAGMENTS)),
    limit("query_duplicates_max", 3, asks(FRAGMENTS)),
    limit("query_directives_max", 5, asks("{ " + "... @include(if: true) { __typename } " * 9 + "}")),
    limit("query_cost_max", 100, asks("{ entities(first: 200) { edges { node { key } } } }")),
    limit(
        "query_cost_max",
        100,
        asks("query Q($n: Int) { entities(first: $n) { edges { node { key } } } }", n=200),
    ),
    limit("query_cost_max", 100, asks('{ impact(of: ["a", "b", "c"], maxDepth: 20, first: 1) { count } }')),
    Control(
        name="request_timeout_s",
        ask=asks(CHEAP),
        refused=coded("TIMEOUT", 503),
        on=lambda: made(Exposure(limits=Limits(request_timeout_s=0.05)), reader=Slow()),
        off=lambda: made(reader=Slow()),
    ),
    Control(
        name="requests_at_once_max",
        ask=at_once,
        refused=coded("OVERLOADED", 503),
        on=lambda: made(
            Exposure(limits=Limits(requests_at_once_max=1, requests_waiting_max=1)), reader=Slow()
        ),
        off=lambda: made(reader=Slow()),
    ),
    Control(
        name="request_wait_s",
        ask=at_once,
        refused=coded("OVERLOADED", 503),
        on=lambda: made(Exposure(limits=Limits(requests_at_once_max=1, request_wait_s=0.05)), reader=Slow()),
        off=lambda: made(reader=Slow()),
    ),
    # Batching attacks: aliases, and the same field again. Batches of requests are further down.
    limit("query_aliases_max", 3, asks("{ a: __typename b: __typename c: __typename d: __typename }")),
    # Access control: see also the tests of keys and tokens.
    Control(
        name="roles, for questions",
        ask=asks(LETTER),
        refused=lambda response: "the role operator" in response.text,
        on=lambda: made(access=Insecure(Role.READER)),
        off=lambda: made(access=Insecure(Role.OPERATOR)),
    ),
    Control(
        name="roles, for nodes by id",
        ask=asks('{ node(id: "WyJEZWFkTGV0dGVyIiwidC8wLzEiXQ") { id } }'),
        refused=lambda response: "the role operator" in response.text,
        on=lambda: made(access=Insecure(Role.READER)),
        off=lambda: made(access=Insecure(Role.OPERATOR)),
    ),
    Control(
        name="roles, for changes",
        ask=asks('mutation { discardDeadLetters(ids: ["t/0/1"], note: "x") { discarded { id } } }'),
        refused=lambda response: "the role operator" in response.text,
        on=lambda: made(access=Insecure(Role.READER)),
        off=lambda: made(access=Insecure(Role.OPERATOR)),
    ),
    # Secure configuration: introspection, suggestions, GraphiQL.
    Control(
        name="introspection",
        ask=asks("{ __schema { queryType { name } } }"),
        refused=coded("FORBIDDEN", 403),
        on=schema_for(NOBODY),
        off=schema_for(EVERYBODY),
    ),
    Control(
        name="introspection of one type",
        ask=asks('{ __type(name: "Entity") { name } }'),
        refused=coded("FORBIDDEN", 403),
        on=schema_for(Audience(role=Role.OPERATOR)),
        off=schema_for(Audience(role=Role.READER)),
    ),
    Control(
        name="suggestions",
        ask=asks("{ entitie { key } }"),
        refused=lambda response: "Did you mean" not in response.text,
        on=schema_for(NOBODY),
        off=schema_for(EVERYBODY),
    ),
    *(
        Control(
            name=path, ask=gets(path), refused=status_is(404), on=pages_for(NOBODY), off=pages_for(EVERYBODY)
        )
        for path in ("/graphiql", "/docs", "/schema.graphql", "/explorer", "/explorer/index.html")
        + ("/element/knowledge-graph.js", "/pages/pages.css")
    ),
    # Browsers: other origins, bent names, frames.
    Control(
        name="origin",
        ask=posts(b'{"query": "{ __typename }"}', origin="https://portal.example.org"),
        refused=coded("FORBIDDEN", 403),
        on=doors(),
        off=doors(cors_origins=("https://portal.example.org",)),
    ),
    Control(
        name="preflight",
        ask=lambda client: client.options("/graphql", headers={"origin": "https://portal.example.org"}),
        refused=lambda response: "access-control-allow-origin" not in response.headers,
        on=doors(cors_origins=("https://other.example.org",)),
        off=doors(cors_origins=("https://portal.example.org",)),
    ),
    Control(
        name="host",
        ask=asks(CHEAP),
        refused=coded("FORBIDDEN", 403),
        on=doors(hosts=("localhost",)),
        off=doors(hosts=("test",)),
    ),
    Control(
        name="frames",
        ask=gets("/docs"),
        refused=lambda response: response.headers["content-security-policy"].endswith(
            "frame-ancestors 'self'"
        ),
        on=doors(),
        off=doors(frame_ancestors=("https://portal.example.org",)),
    ),
    Control(
        name="embedding",
        ask=gets("/embed"),
        refused=lambda response: "frame-ancestors 'none';" in response.headers["content-security-policy"],
        on=doors(frame_ancestors=("https://portal.example.org",)),
        off=doors(embed_origins=("https://portal.example.org",)),
    ),
    # Kept documents only.
    Control(
        name="kept documents only",
        ask=asks("{ __typename }"),
        refused=coded("PERSISTED_QUERY_ONLY"),
        on=kept(only=True),
        off=kept(only=False),
    ),
)


@pytest.mark.parametrize("control", CONTROLS, ids=[f"{n}-{one.name}" for n, one in enumerate(CONTROLS)])
async def test_a_control_refuses_what_goes_through_without_it(control: Control) -> None:
    """Both halves: it is not refused by something else."""
    async with client_of(control.on()) as client:
        found = await control.ask(client)
        assert control.refused(found), (found.status_code, found.text)
    async with client_of(control.off()) as client:
        found = await control.ask(client)
        assert not control.refused(found), (found.status_code, found.text)
        assert found.status_code < 400, (found.status_code, found.text)


@dataclass(frozen=True, kw_only=True)
class Built:
    """A control that no setting switches off: `without` takes it out of the code."""

    name: str
    ask: Ask
    refused: Callable[[httpx.Response], bool]
    without: Callable[[pytest.MonkeyPatch], object]
    reader: Callable[[], Nothing] = Nothing


def _changes_by_get(patch: pytest.MonkeyPatch) -> None:
    original = http.Endpoint._executed

    async def always(self: Any, text: str, asked: Any, context: Any, *, changes: bool) -> Any:
        return await original(self, text, asked, context, changes=True)

    patch.setattr(http.Endpoint, "_executed", always)


BUILT = (
    Built(
        name="simple content types",
        ask=lambda client: client.post("/graphql", content=b'{"query": "{ __typename }"}', headers={"content-type": "text/plain"}),
        refused=coded("BAD_USER_INPUT", 415),
        without=lambda patch: patch.setattr(requests, "_is_json", lambda _: True),
    ),
    Built(
        name="forms",
        ask=lambda client: client.post("/graphql", data={"query": "{ __typename }"}),
        refused=coded("BAD_USER_INPUT", 415),
        without=lambda patch: (patch.setattr(requests, "_is_json", lambda _: True), patch.setattr(requests, "json_of", lambda *_: {"query": "{ __typename }"})),
    ),
    Built(
        name="no content type",
        ask=lambda client: client.post("/graphql", content=b'{"query": "{ __typename }"}'),
        refused=coded("BAD_USER_INPUT", 415),
        without=lambda patch: patch.setattr(requests, "_is_json", lambda _: True),
    ),
    Built(
        name="changes by GET",
        ask=lambda client: client.get("/graphql", params={"query": 'mutation { discardDeadLetters(ids: [], note: "x") { discarded { id } } }'}),
        refused=coded("BAD_USER_INPUT", 405),
        without=_changes_by_get,
    ),
    Built(
        name="batches",
        ask=posts(b'[{"query": "{ __typename }"}, {"query": "{ __typename }"}]'),
        refused=coded("BAD_USER_INPUT", 400),
        without=lambda patch: patch.setattr(requests, "_one", lambda plain: plain[0]),
    ),
    Built(
        name="page sizes",
        ask=asks("{ entities(first: 201) { edges { cursor } } }"),
        refused=coded("BAD_USER_INPUT"),
        without=lambda patch: patch.setattr(query, "page_size", lambda *_: PAGE_ITEMS_MAX + 1),
    ),
    Built(
        name="inner errors",
        ask=asks(CHEAP),
        refused=lambda response: "sesame" not in response.text and code_of(response) == "INTERNAL",
        without=lambda patch: patch.setattr(errors, "PUBLIC", (Exception,)),
        reader=Failing,
    ),
    Built(
        name="addresses in errors",
        ask=asks('{ search(text: "a") { edges { cursor } } }'),
        refused=lambda response: "10.0.0.7" not in response.text and code_of(response) == "STORE_UNAVAILABLE",
        without=lambda patch: patch.setattr(errors, "PUBLIC", (Exception,)),
        reader=Failing,
    ),
    Built(
        name="headers",
        ask=gets("/docs"),
        refused=lambda response: response.headers.get("x-content-type-options") == "nosniff"
        and response.headers.get("referrer-policy") == "no-referrer"
        and "default-src 'none'" in response.headers.get("content-security-policy", ""),
        without=lambda patch: patch.setattr(FastAPI, "add_middleware", lambda *_, **__: None),
    ),
    Built(
        name="other sites without saying so",
        ask=gets("/graphql?query={__typename}", **{"sec-fetch-site": "cross-site"}),
        refused=coded("FORBIDDEN", 403),
        without=lambda patch: patch.setattr(FastAPI, "add_middleware", lambda *_, **__: None),
    ),
)  # fmt: skip


@pytest.mark.parametrize("control", BUILT, ids=[one.name for one in BUILT])
async def test_a_built_in_control_refuses_what_goes_through_without_it(
    control: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Switched off by taking it out."""
    async with client_of(made(reader=control.reader())) as client:
        found = await control.ask(client)
        assert control.refused(found), (found.status_code, found.text)
    control.without(monkeypatch)
    async with client_of(made(reader=control.reader())) as client:
        found = await control.ask(client)
        assert not control.refused(found), (found.status_code, found.text)


@pytest.fixture
def keyed(tmp_path: Path) -> tuple[Secured, dict[Role, str]]:
    """An access with a key for each role."""
    found = {role: new_key(role.value, role) for role in Role}
    path = tmp_path / "keys"
    path.write_text("\n".join(line for _, line in found.values()))
    return Secured(ApiKeys(path), None), {role: key for role, (key, _) in found.items()}


async def test_without_credentials_nothing_is_answered(keyed: tuple[Secured, dict[Role, str]]) -> None:
    """401 with a challenge, for questions as for pages; only whether it is up, and ready, is told to strangers."""
    access, keys = keyed
    async with client_of(made(access=access)) as client:
        for given in (
            {},
            {"authorization": "Bearer gsk_wrong"},
            {"authorization": f"Basic {keys[Role.READER]}"},
            {"authorization": "Bearer"},
        ):
            for found in (
                await asks(CHEAP)(client),
                await client.get("/graphql", params={"query": CHEAP}),
                await client.get("/docs"),
            ):
                del found
            found = await client.post("/graphql", json={"query": CHEAP}, headers=given)
            assert (found.status_code, code_of(found)) == (401, "UNAUTHENTICATED")
            assert found.headers["www-authenticate"].startswith("Bearer") and "data" not in found.json()
            assert "gsk_wrong" not in found.text
            for path in ("/docs", "/graphiql/", "/schema.graphql", "/pages/pages.css"):
                page = await client.get(path, headers=given)
                assert (page.status_code, page.headers["www-authenticate"][:6]) == (401, "Bearer"), path
            # Programs without data: they ask for a key themselves.
            for path in ("/explorer", "/element/knowledge-graph.js"):
                assert (await client.get(path)).status_code in (200, 503), path
        assert (await client.get("/healthz")).json() == {"status": "up"}
        assert (await client.get("/readyz")).status_code in (200, 503)
    async with client_of(made(access=access), authorization=f"Bearer {keys[Role.READER]}") as client:
        assert (await asks(CHEAP)(client)).json()["data"] == {"entity": None}
        assert (await client.get("/docs")).status_code == 200


async def test_only_operators_are_told_why_it_is_not_ready(keyed: tuple[Secured, dict[Role, str]]) -> None:
    """The reason may name addresses."""
    access, keys = keyed
    async with client_of(made(access=access)) as client:
        for role, told in ((None, False), (Role.READER, False), (Role.OPERATOR, True), (Role.ERASER, True)):
            headers = {} if role is None else {"authorization": f"Bearer {keys[role]}"}
            found = await client.get("/readyz", headers=headers)
            assert ("reason" in found.json()) is told or found.status_code == 200


async def test_what_one_may_ask_over_time_is_limited_by_its_cost(
    keyed: tuple[Secured, dict[Role, str]],
) -> None:
    """For each principal on its own; 429 says when to come again. What is refused costs, too."""
    access, keys = keyed
    limits = Limits(query_cost_max=60, cost_burst=60, cost_per_s=1)
    app = made(Exposure(limits=limits), access=access)
    reader, operator = ({"authorization": f"Bearer {keys[role]}"} for role in (Role.READER, Role.OPERATOR))
    async with client_of(app) as client:
        asked = {"query": "{ entities(first: 20) { edges { node { key } } } }"}
        first = await client.post("/graphql", json=asked, headers=reader)
        assert first.json()["extensions"]["cost"]["requested"] > 30
        again = await client.post("/graphql", json=asked, headers=reader)
        assert (again.status_code, code_of(again)) == (429, "RATE_LIMITED")
        assert int(again.headers["retry-after"]) >= 1
        assert (await client.post("/graphql", json=asked, headers=operator)).status_code == 200
        assert (
            await client.post("/graphql", json={"query": "{ nothing"}, headers=operator)
        ).status_code == 429
    async with client_of(made(access=access)) as client:
        for _ in range(3):
            assert (await client.post("/graphql", json=asked, headers=reader)).status_code == 200


@pytest.fixture(scope="module")
def open_app() -> FastAPI:
    """One app for many requests."""
    return made()


@pytest.mark.parametrize("harm", HARMS, ids=[harm.name for harm in HARMS])
async def test_harm_is_refused_with_a_code(open_app: FastAPI, harm: Harm) -> None:
    """In words that say what to do, cut where they would be long, and without a stack trace. How long it takes: `bench/hostile.py`."""
    async with client_of(open_app) as client:
        found = await posts(harm.content)(client)
        assert found.status_code < 500 and code_of(found) in harm.codes, found.text[:400]
        for error in found.json()["errors"]:
            assert 10 < len(error["message"]) <= errors.MESSAGE_CHARS_MAX
            assert "Traceback" not in error["message"] and "sys.set_int" not in error["message"]
        found = await client.post(
            "/graphql",
            content=harm.content,
            headers={"content-type": "application/json", "accept": http.GRAPHQL_TYPE},
        )
        executed = "data" in found.json()
        assert found.status_code == 200 if executed else 400 <= found.status_code < 500
        assert (await asks("{ __typename }")(client)).json()["data"] == {"__typename": "Query"}


@pytest.mark.skipif(not STATUS.exists(), reason="this system does not tell how much memory a process has")
async def test_harm_leaves_nothing_behind() -> None:
    """More than 200 hostile requests, and the process has grown by less than 20 MB."""
    async with client_of(made()) as client:
        for harm in HARMS:
            await posts(harm.content)(client)
        gc.collect()
        before = resident_bytes()
        for _ in range(4):
            for harm in HARMS:
                await posts(harm.content)(client)
            # The client of this test holds on to what it sent, in circles.
            gc.collect()
        assert len(HARMS) * 4 > 200
        assert resident_bytes() - before <= MEMORY_BYTES_MAX


def resident_bytes() -> int:
    """Memory of this process."""
    (line,) = (line for line in STATUS.read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


def test_many_different_documents_are_not_all_kept() -> None:
    """What is at hand is bounded by its tokens, whatever is asked."""
    documents = Documents(make_schema()._schema, Limits())
    wide = " ".join(f"p{n}: property(name: $n)" for n in range(25))
    for n in range(150):
        text = f'query Q{n}($n: String!) {{ entity(key: "{n}") {{ {wide} }} }}'
        found = documents.ready(text, suggestions=True)
        assert documents.ready(text, suggestions=True) is found
    assert sum(one.tokens for one in documents._cached.values()) == documents._tokens <= CACHED_TOKENS_MAX
    assert len(documents._cached) < 150


async def test_a_client_gets_its_cost() -> None:
    """With the most that it may be."""
    text = "query Q($n: Int) { entities(first: $n) { edges { node { key } } } }"
    async with client_of(made()) as client:
        small, large = [(await asks(text, n=n)(client)).json()["extensions"]["cost"] for n in (1, 200)]
    assert small["requested"] < 10 < 400 < large["requested"] < 600
    assert small["most"] == Limits().query_cost_max


async def test_documents_are_asked_by_hash() -> None:
    """By `documentId`, and as automatic persisted queries do; what is not kept is said in the words that those clients know."""
    hash = sha256(CHEAP.encode()).hexdigest()
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": hash}}
    async with client_of(kept(only=True)()) as client:
        for body in (
            {"documentId": hash},
            {"documentId": f"sha256:{hash}"},
            {"extensions": persisted},
            {"extensions": persisted, "query": CHEAP},
            {"query": CHEAP},
        ):
            assert (await client.post("/graphql", json=body)).json()["data"] == {"entity": None}, body
        by_get = await client.get("/graphql", params={"extensions": json.dumps(persisted)})
        assert by_get.json()["data"] == {"entity": None}
        other = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}
        missing = await client.post("/graphql", json={"extensions": other})
        assert code_of(missing) == "PERSISTED_QUERY_NOT_FOUND"
        assert missing.json()["errors"][0]["message"].startswith("PersistedQueryNotFound")
        wrong = await client.post("/graphql", json={"extensions": other, "query": CHEAP})
        assert code_of(wrong) == "PERSISTED_QUERY_MISMATCH"
        assert (
            code_of(await client.post("/graphql", json={"extensions": {"persistedQuery": {"version": 2}}}))
            == "BAD_USER_INPUT"
        )


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    """Neither one that is slow, nor one whose sender has gone."""

    async def slow() -> AsyncIterator[bytes]:
        yield b'{"query": '
        await asyncio.sleep(0.2)
        yield b'"{ __typename }"}'

    async with client_of(limited(body_timeout_s=0.05)()) as client:
        assert (await posts(slow())(client)).status_code == 408
    async with client_of(limited()()) as client:
        assert (await posts(slow())(client)).status_code == 200
    messages: list[Any] = []
    scope = {
        "type": "http", "method": "POST", "path": "/graphql", "raw_path": b"/graphql", "query_string": b"", "http_version": "1.1",
        "headers": [(b"host", b"test"), (b"content-type", b"application/json")], "server": ("test", 80), "client": None, "scheme": "http",
    }  # fmt: skip

    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def noted(message: Any) -> None:
        messages.append(message)

    await made()(scope, gone, noted)
    assert messages[0]["status"] == 400


async def test_questions_by_get_have_variables() -> None:
    """In the address, as JSON; the same parameter twice, or no JSON, is refused."""
    text = "query Q($k: String!) { entity(key: $k) { key } }"
    async with client_of(made()) as client:
        found = await client.get(
            "/graphql",
            params={"query": text, "variables": '{"k": "a"}', "operationName": "Q"},
            headers={"accept": http.GRAPHQL_TYPE},
        )
        assert (found.status_code, found.json()["data"]) == (200, {"entity": None})
        assert (
            found.headers["content-type"].startswith(http.GRAPHQL_TYPE)
            and found.headers["cache-control"] == "no-store"
        )
        assert (await client.get("/graphql", params={"query": text, "variables": "{k"})).status_code == 400
        assert (await client.get("/graphql?query={__typename}&query={__typename}")).status_code == 400
        assert (await client.get("/graphql")).status_code in (200, 400)


async def test_one_operation_of_a_document_is_executed() -> None:
    """The one that is named; without a name there must be one only."""
    text = "query A { __typename } query B { status { ready } }"
    async with client_of(made()) as client:
        found = await client.post("/graphql", json={"query": text, "operationName": "B"})
        assert found.json()["data"] == {"status": {"ready": False}}
        for name in (None, "C", ""):
            assert (
                code_of(await client.post("/graphql", json={"query": text, "operationName": name}))
                == "BAD_USER_INPUT"
            )


async def test_an_allowed_origin_may_read_the_answer() -> None:
    """And only it is told so; without cookies, since tokens travel in a header."""
    portal = "https://portal.example.org"
    async with client_of(doors(cors_origins=(portal,))()) as client:
        asked = await client.options(
            "/graphql", headers={"origin": portal, "access-control-request-method": "POST"}
        )
        assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (204, portal)
        assert "authorization" in asked.headers["access-control-allow-headers"]
        assert "access-control-allow-credentials" not in asked.headers
        found = await posts(b'{"query": "{ __typename }"}', origin=portal)(client)
        assert found.headers["access-control-allow-origin"] == portal and "origin" in found.headers["vary"]
        assert (await posts(b"{}", origin="null")(client)).status_code == 403
        same = await posts(b'{"query": "{ __typename }"}', origin="https://test")(client)
        assert same.status_code == 200 and "access-control-allow-origin" not in same.headers


async def test_every_operation_leaves_a_line_without_values() -> None:
    """Who, which operation, hashes, points, rows, cost, and how it ended: also when it was refused."""
    lines: list[Any] = []
    app = create_app(cast("Reader", Nothing()), access=Insecure(), exposure=Exposure(audit=lines.append))
    async with client_of(app) as client:
        text = (
            "query Mine($k: String!) { entity(key: $k, at: {valid: 0, known: 0}) { key } status { ready } }"
        )
        await asks(text, k="secret-key")(client)
        await asks("{ nothing }")(client)
        await posts(b"{", origin="http://test")(client)
    done, invalid, unread = lines
    assert (done.who, done.role, done.kind, done.operation, done.outcome) == (
        "anybody",
        "reader",
        "query",
        "Mine",
        "OK",
    )
    assert done.document == sha256(text.encode()).hexdigest() and len(done.variables) == 64
    assert done.at == ("1970-01-01T00:00:00Z/1970-01-01T00:00:00Z",) and done.rows == 1
    assert done.cost > 0 and done.duration_ms > 0 and done.status == 200
    assert (invalid.outcome, invalid.rows) == ("GRAPHQL_VALIDATION_FAILED", 0)
    assert (unread.outcome, unread.status, unread.document) == ("BAD_USER_INPUT", 400, None)
    assert "secret-key" not in repr(lines)
