"""Promises of the dashboards: every query in their JSON is answered by the real API on the demo story, with the rows and columns that its panel reads."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from neo4j import AsyncDriver

from graph_service.api.app import create_app
from graph_service.api.security.access import Insecure
from graph_service.api.security.roles import Role
from graph_service.store.keep.deadletters import DeadLetters
from graph_service.store.read.reader import Reader
from tests.grafana import request_of, rows_of, targets
from tests.live.conftest import emptied
from tests.live.story import TOPIC, write_story

pytestmark = pytest.mark.asyncio(loop_scope="session")

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards"
DASHBOARDS = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}
QUERIES = {f"{name}: {title}": target for name, one in DASHBOARDS.items() for title, target in targets(one)}
#: May 30 to July 2, 2026, when a data store lost those that depended on it; and all of the story. As Grafana says it.
SPANS = {
    "summer": {"__from": "1780142400000", "__to": "1782993600000"},
    "all": {"__from": "1746057600000", "__to": "1793404800000"},
}
ENTITIES = {"summer": "datastore:legacy-orders-db", "all": "service:payment-gateway"}
VALUES: dict[str, dict[str, Any]] = {
    name: {**span, "kind": ["service", "datastore", "team"], "entity": ENTITIES[name]}
    for name, span in SPANS.items()
}
#: Columns that are for others than what the story has: its corrections are all of relationships, its dead letters are no events, and only
#: what is compared has colors for its edges.
SAME = {"color", "secondarystat", "strokeDasharray"}
EMPTY = {
    "business: Put right A": {"Key"},
    "operations: Newest dead letters A": {"Event"},
    "operations: By reason A": {"Event"},
    "business: Impact B": SAME,
    "business: Around it A": {"secondarystat"},
    "business: Around it B": SAME,
}
DEAD = 2


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(neo4j_driver: AsyncDriver) -> AsyncIterator[httpx.AsyncClient]:
    """The service over the whole story, for an operator."""
    await emptied(neo4j_driver)
    await write_story(neo4j_driver, unreadable=DEAD)

    async def ends() -> Mapping[tuple[str, int], int]:
        return {(TOPIC, 0): 1_000_000}

    app = create_app(
        Reader(neo4j_driver), access=Insecure(Role.OPERATOR), dead_letters=DeadLetters(neo4j_driver), log_ends=ends
    )  # fmt: skip
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as found:
        yield found


async def rows(client: httpx.AsyncClient, target: Mapping[str, Any], span: str) -> list[dict[str, Any]]:
    """The rows of a query."""
    response = await client.post(target["url"], json=request_of(target, VALUES[span]))
    body = response.json()
    assert response.status_code == 200 and "errors" not in body, body
    return rows_of(target, body)


@pytest.mark.parametrize("name", QUERIES)
async def test_a_query_is_answered_with_the_columns_of_its_panel(
    client: httpx.AsyncClient, name: str
) -> None:
    """In one span of time or the other there are rows, and each column is filled in one of them."""
    found = [row for span in SPANS for row in await rows(client, QUERIES[name], span)]
    assert found, name
    columns = {column["text"] for column in QUERIES[name]["columns"]}
    empty = {column for column in columns if all(row[column] is None for row in found)}
    assert empty == EMPTY.get(name, set()), name


async def test_the_numbers_are_those_of_the_story(client: httpx.AsyncClient) -> None:
    """What was expected by hand elsewhere: two corrections, two records that cannot be read, who left the impact."""

    async def shown(name: str, span: str) -> list[dict[str, Any]]:
        return await rows(client, QUERIES[name], span)

    assert sum(row["Value"] for row in await shown("business: Corrections A", "all")) >= 2
    dead = await shown("operations: Could not be applied A", "all")
    assert sum(row["Dead letters"] for row in dead) == DEAD
    assert [row["Reason"] for row in await shown("operations: Newest dead letters A", "all")][:DEAD] == [
        "not-json"
    ] * DEAD
    left = {row["Key"] for row in await shown("business: Left A", "summer")}
    assert left == {"service:label-printer"}
    (partition,) = await shown("operations: Partitions A", "all")
    assert partition["Lag"] == partition["End"] - partition["Applied"] - 1


async def test_a_key_with_quotes_stays_one_value(client: httpx.AsyncClient) -> None:
    """What somebody chose is a value in the variables, and never a part of the question."""
    values = {**VALUES["summer"], "entity": 'x"], "first": 200, "of": ["service:checkout'}
    for name, target in QUERIES.items():
        request = request_of(target, values)
        if "of" in request["variables"]:
            assert request["variables"]["of"] == [values["entity"]], name
