"""Promises to clients: what other people's clients and conformance tools say of a real server on a real Neo4j.

The scripts are in tests/clients, and are the snippets of docs/clients.md.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from graphql import build_schema
from neo4j import AsyncDriver

from graph_service.api.schema import printed
from tests.clients.environments import HERE, ROOT, Environments, ready, run
from tests.clients.stage import EVENTS, HOST, Stage, free_port, mapping, served
from tests.live.conftest import EngineAddresses, emptied
from tests.live.writing import write_events

pytestmark = pytest.mark.asyncio(loop_scope="session")

AUDITS = 61
FUZZ_TIME_S = os.environ.get("GRAPH_SERVICE_TEST_FUZZ_S", "30")
FUZZ_SEED = os.environ.get("GRAPH_SERVICE_TEST_FUZZ_SEED", "20261123")
TYPED = HERE / "generated" / "typed"
SAVED = sorted((ROOT / "queries" / "saved").glob("*.graphql"))


@pytest.fixture(scope="module")
def environments() -> Environments:
    """Node with its packages, and the clients' Python."""
    return ready()


@pytest.fixture(scope="module")
def generated(environments: Environments) -> Path:
    """What graphql-codegen and relay-compiler make of the committed schema; returns the folder of kept documents."""
    tools = HERE / "node_modules" / ".bin"
    commands = [
        ([str(tools / "graphql-codegen"), "--config", "typed/codegen.ts"], HERE, "no types"),
        (
            [str(tools / "relay-compiler"), "relay.config.json", "--noWatchman"],
            HERE / "relay",
            "no Relay artifacts",
        ),
    ]
    (HERE / "relay" / "__generated__").mkdir(exist_ok=True)
    for command, folder, problem in commands:
        run([environments.node, *command], folder, environments.variables, problem)
    return TYPED


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(
    engines: EngineAddresses,
    neo4j_driver: AsyncDriver,
    environments: Environments,
    generated: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Stage]:
    """The server, on the graph of a small shop."""
    await emptied(neo4j_driver)
    await write_events(neo4j_driver, mapping(), EVENTS)
    folder, port = tmp_path_factory.mktemp("clients"), free_port()
    neo4j = (engines.neo4j_uri, engines.neo4j_user, engines.neo4j_password)
    server = served(folder, port, neo4j, generated)
    keys = await asyncio.to_thread(server.__enter__)
    try:
        yield Stage(
            driver=neo4j_driver,
            url=f"http://{HOST}:{port}/graphql",
            keys=keys,
            log=folder / "api.log",
            environments=environments,
        )
    finally:
        await asyncio.to_thread(server.__exit__, None, None, None)


async def test_graphql_over_http_is_kept_to_the_letter(stage: Stage) -> None:
    """Every audit of graphql-http, also of what the specification only recommends."""
    found, _ = await stage.node("audit.ts")
    assert found == {"audits": AUDITS, "ok": AUDITS, "others": []}


async def test_apollo_client(stage: Stage) -> None:
    """Queries, one cache for two points in time, hashes before texts, a coded error, a subscription."""
    found, told = await stage.node("apollo.ts")
    assert found.pop("entries") > 4
    assert found == {
        "now": {"tier": 2},
        "then": {"tier": 1},
        "cached": {"tier": 2},
        "wrong": {"code": "BAD_TIME"},
        "persisted": [{"query": False, "hash": True}, {"query": True, "hash": True}],
        "kept": [{"query": False, "hash": True}],
        "nearest": "service:checkout",
        "told": told[0],
    }


async def test_urql(stage: Stage) -> None:
    """Queries by POST and by GET, a coded error, a subscription over either transport."""
    found, told = await stage.node("urql.ts")
    assert found["by"][0][-2:] == ["query", "variables"] and "query" in found["by"][1]
    assert (found["posted"], found["got"]) == ("service:checkout", "service:cart")
    assert found["wrong"] == {"code": "BAD_TIME"}
    assert found["forbidden"] == {"code": "FORBIDDEN", "role": "eraser"}
    assert found["by_socket"] == found["by_events"] == told[0]


async def test_graphql_ws(stage: Stage) -> None:
    """What landed while nobody listened comes first; a wrong key closes with 4403."""
    found, told = await stage.node("websocket.ts")
    assert found == {"live": told[0], "missed": told[1], "refused": 4403}


async def test_graphql_sse(stage: Stage) -> None:
    """Over server-sent events."""
    found, told = await stage.node("events.ts")
    assert found == {"told": told[0]}


async def test_gql_for_python(stage: Stage) -> None:
    """With the schema fetched; a subscription that goes on after a break."""
    found, told = await stage.python("gql_client.py")
    assert found == {"entity": "service:cart", "wrong": "BAD_USER_INPUT", "live": told[0], "missed": told[1]}


async def test_a_typed_client_of_graphql_codegen(stage: Stage) -> None:
    """Its documents are kept by the server, so that only their hashes travel."""
    found, _ = await stage.node("typed/client.ts")
    assert found == {"count": 2, "truncated": None, "nearest": {"key": "service:checkout", "distance": 1}}


async def test_the_scripts_are_typed(environments: Environments, generated: Path) -> None:
    """All of them, those of graphql-codegen included, to `tsc --strict`."""
    compiler = HERE / "node_modules" / ".bin" / "tsc"
    command = [environments.node, str(compiler), "--noEmit", "--strict"]
    await asyncio.to_thread(run, command, HERE, environments.variables, "types do not fit")


async def test_relay(stage: Stage) -> None:
    """Pages of two grow into the whole, a fragment is fetched again by its global id, and changes arrive."""
    found, told = await stage.node("relay/client.js")
    everything = await stage.ask("{ entities(first: 200) { edges { node { key } } } }")
    # Its subscription came after its pages.
    whole = [edge["node"]["key"] for edge in everything["data"]["entities"]["edges"]]
    assert found["entities"] == [key for key in whole if key not in told[0]]
    assert found["relationships"] == ["CALLS service:cart", "CALLS service:payment", "OWNED_BY team:shop"]
    assert [found["told"]] == told[0]


async def test_every_global_id_finds_its_thing_again(stage: Stage) -> None:
    """Relay's object identification, for all that implements Node and everybody may see: the same type, id and content, at the point it was asked at."""
    fields = {
        "Entity": "key properties validFrom",
        "Relationship": "type source { key } target { key } validFrom",
        "Event": "source eventId data",
        "Version": "properties validFrom validTo",
        "Change": "kind recordedAt entity { key } relationship { type }",
    }
    asked = {name: f"id __typename ... on {name} {{ {some} }}" for name, some in fields.items()}
    questions = [
        f"""{{ entity(key: "service:checkout"{at}) {{ {asked["Entity"]}
          relationships {{ edges {{ node {{ {asked["Relationship"]} }} }} }}
          history {{ edges {{ node {{ {asked["Version"]} }} }} }}
          events {{ edges {{ node {{ {asked["Event"]} }} }} }} }} }}"""
        for at in (
            "",
            ', at: {valid: "2026-01-10T00:00:00Z"}',
            ', at: {known: "1970-01-01T00:00:01.000003Z"}',
        )
    ]
    questions.append(f"{{ changes(first: 20) {{ edges {{ node {{ {asked['Change']} }} }} }} }}")
    things = [thing for question in questions for thing in nodes_in((await stage.ask(question))["data"])]
    assert {thing["__typename"] for thing in things} >= {"Entity", "Relationship", "Event", "Change"}
    for thing in things:
        plain = {
            name: value
            for name, value in thing.items()
            if not isinstance(value, dict) or "edges" not in value
        }
        node = await stage.ask(
            f"query ($id: ID!) {{ node(id: $id) {{ {asked[thing['__typename']]} }} }}", id=thing["id"]
        )
        assert node == {**node, "data": {"node": plain}}


def nodes_in(answer: Any) -> list[dict[str, Any]]:
    """All objects with a global id."""
    if isinstance(answer, list):
        return [one for some in answer for one in nodes_in(some)]
    if not isinstance(answer, dict):
        return []
    own = [answer] if "id" in answer and "__typename" in answer else []
    return own + [one for some in answer.values() for one in nodes_in(some)]


def lint(environments: Environments, *files: str) -> str:
    tool = HERE / "node_modules" / ".bin" / "eslint"
    config = HERE / "eslint.config.js"
    command = [environments.node, str(tool), "--config", str(config), "--max-warnings", "0", *files]
    return run(command, ROOT, environments.variables, "graphql-eslint complains")


async def test_graphql_eslint(environments: Environments) -> None:
    """The schema, with Relay's rules, and all operations that ship."""
    await asyncio.to_thread(lint, environments, "schema.graphql", "queries/saved", "tests/clients/typed")


async def test_graphql_inspector(environments: Environments) -> None:
    """Nothing that was promised breaks, and every operation that ships fits the schema."""
    operations = [*SAVED, *sorted((HERE / "typed").glob("*.graphql"))]
    paths = [HERE / "promised.graphql", ROOT / "schema.graphql", *operations]
    command = [environments.node, "breaking.ts", *map(str, paths)]
    said = await asyncio.to_thread(run, command, HERE, environments.variables, "graphql-inspector failed")
    found = json.loads(said)["found"]
    assert found == {"breaking": [], "invalid": [], "deprecated": [], "operations": len(operations)}


async def test_nothing_generated_breaks_the_server(stage: Stage) -> None:
    """Whatever schemathesis makes up: no status of 500 or above, no error without a code or that tells of the inside."""
    variables = {"GRAPH_KEY": stage.keys["eraser"], "FUZZ_TIME_S": FUZZ_TIME_S, "FUZZ_SEED": FUZZ_SEED}
    found, _ = await stage.python("fuzz.py", **variables)
    assert found["bad"] == [], stage.log.read_text()[-3000:]
    schema = build_schema(printed())
    roots = [
        f"{root.name}.{name}"
        for root in (schema.query_type, schema.mutation_type)
        if root
        for name in root.fields
    ]
    assert sorted(found["asked"]) == sorted(roots)
    assert min(found["asked"].values()) >= 5 and found["codes"]["data"] > 0
