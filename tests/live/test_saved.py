"""The operations that ship, each asked about the demo story: the answers are what Larkspur's people would say."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
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
from graph_service.story.questions import NOW, questions
from tests.live.conftest import emptied
from tests.live.story import write_story

pytestmark = pytest.mark.asyncio(loop_scope="session")

FOLDER = Path(__file__).parents[2] / "queries" / "saved"
END = {"valid": NOW}
OFF = "2026-06-01T18:00:00Z"
"""When the old orders database was switched off."""
REORGANISED = {"from": {"valid": "2026-02-02T00:00:00Z"}, "to": {"valid": "2026-02-03T00:00:00Z"}}
DEAD = 2
Data = Mapping[str, Any]


def nodes(connection: Data) -> list[Any]:
    """What is on a page."""
    return [edge["node"] for edge in connection["edges"]]


def keys(found: list[Any]) -> list[str]:
    """Of entities."""
    return [one["key"] for one in found]


def entity_page(data: Data) -> None:
    """Checkout: what it needs, who needs it, its newest events."""
    found = data["entity"]
    assert (found["name"], found["kind"], found["declared"], found["ended"]) == (
        "Checkout",
        "service",
        True,
        False,
    )
    out = {(one["type"], one["target"]["key"]) for one in nodes(found["out"])}
    assert {("OWNED_BY", "team:buying"), ("CALLS", "service:orders")} <= out
    assert "service:api-gateway" in [one["source"]["key"] for one in nodes(found["in"])]
    assert len(nodes(found["events"])) == 10


def neighbourhood(data: Data) -> None:
    """Its owner and nothing else."""
    (one,) = nodes(data["entity"]["relationships"])
    assert (one["type"], one["target"]["name"]) == ("OWNED_BY", "Buying")


def history(data: Data) -> None:
    """The night carrier's adapter: its end was put right three months later."""
    found = nodes(data["entity"]["history"])
    assert found[0]["changed"] and found[0]["event"]["eventId"] == "service-registered-nightpost-adapter"
    assert any(one["knownTo"] is not None for one in found)
    assert any(one["validTo"] == "2025-11-30T23:00:00Z" and one["knownTo"] is None for one in found)


def impact(data: Data) -> None:
    """Who uses the library with the hole, while one was forgotten."""
    found = data["impact"]
    assert found["count"] > 10 and found["unknown"] == [] and found["truncated"] is None
    assert "service:label-printer" in [item["entity"]["key"] for item in found["items"]]
    assert found["owners"][0]["count"] >= 2
    assert all(item["path"]["evidence"][0]["event"]["eventId"] for item in found["items"])


def impact_drift(data: Data) -> None:
    """The service that used the old database, as was found out later."""
    (one,) = data["impactDrift"]["entered"]
    assert one["entity"]["key"] == "service:label-printer"
    assert one["event"]["eventId"] == "found-label-printer-legacy-orders-db"


def diff(data: Data) -> None:
    """Two teams came, one went, in the week of the reorganisation."""
    found = {(one["kind"], one["entity"]["key"]) for one in nodes(data["diff"]) if one["entity"]}
    assert {
        ("APPEARED", "team:buying"),
        ("APPEARED", "team:payments"),
        ("ENDED", "team:core-commerce"),
    } <= found


def changes_feed(data: Data) -> None:
    """Only what put the past right: the wrong team from the list."""
    found = nodes(data["changes"])
    assert {(one["kind"], one["relationship"]["target"]["key"]) for one in found} == {
        ("ENDED", "team:platform"),
        ("APPEARED", "team:core-commerce"),
    }
    assert all(one["corrects"] for one in found)


def trends(data: Data) -> None:
    """More services at the end than at the beginning; what appears and ends adds up to what is there."""
    assert len(data["entities"]) == 18
    counts = [point["value"] for point in data["entities"]]
    assert counts[0] < counts[-1] and data["entities"][-1]["time"] == "2026-11-01T00:00:00Z"
    assert sum(point["value"] for point in data["corrections"]) == 2


def trend_events(data: Data) -> None:
    """As many happened as were recorded; two records could not be read."""
    happened, recorded, dead = (
        sum(point["value"] for point in data[name]) for name in ("happened", "recorded", "deadLetters")
    )
    assert happened == recorded > 2000 and dead == DEAD


def panel(field: str, asked: str | None, states: set[str]) -> Callable[[Data], None]:
    """Rows as the panel needs them: edges between nodes that are there, each with the states that are to be seen."""

    def check(data: Data) -> None:
        found = data[field]
        ids = [node["id"] for node in found["nodes"]]
        assert len(ids) == len(set(ids)) > 1
        assert len({edge["id"] for edge in found["edges"]}) == len(found["edges"]) > 0
        assert {end for edge in found["edges"] for end in (edge["source"], edge["target"])} <= set(ids)
        assert all(node["title"] and node["subtitle"] and node["color"] for node in found["nodes"])
        assert states <= {node["detail__state"] for node in found["nodes"]} | {
            edge["secondarystat"] for edge in found["edges"]
        }
        if asked is not None:
            assert ids[0] == asked and found["nodes"][0]["nodeRadius"] > found["nodes"][1]["nodeRadius"]

    return check


def status(data: Data) -> None:
    """All of the story is applied."""
    found = data["status"]
    assert (found["ready"], found["events"] > 2000, found["deadLetters"]) == (True, True, DEAD)


def dead_letters(data: Data) -> None:
    """With their reasons."""
    assert [(one["reason"], one["state"]) for one in nodes(data["deadLetters"])] == [
        ("not-json", "WAITING")
    ] * DEAD


def paths(data: Data) -> None:
    """By way of the orders service."""
    assert keys(data["paths"][0]["entities"]) == ["service:checkout", "service:orders", "datastore:orders-db"]


def search(data: Data) -> None:
    """By its title, which it has no more."""
    assert keys(nodes(data["search"])) == ["datastore:legacy-orders-db"]


def entities(data: Data) -> None:
    """The last by title, of those with a mission."""
    assert keys(nodes(data["entities"])) == ["team:warehouse", "team:storefront"]


def events(data: Data) -> None:
    """Of one type, newest first."""
    found = nodes(data["events"])
    assert {one["type"] for one in found} == {"example.larkspur.team.formed.v1"}
    assert [one["recordedAt"] for one in found] == sorted((one["recordedAt"] for one in found), reverse=True)


def vocabulary(data: Data) -> None:
    """As the mapping calls them; owners are told by a relationship of their own."""
    words = data["vocabulary"]
    assert {"name": "service", "label": "Service"} in words["kinds"]
    assert [one["type"] for one in words["relationshipTypes"] if one["owner"]] == ["OWNED_BY"]


LEGACY = {"of": ["datastore:legacy-orders-db"]}
ASKED: dict[str, tuple[Mapping[str, Any], Callable[[Data], None]]] = {
    "entity_page": ({"key": "service:checkout", "at": END}, entity_page),
    "neighbourhood": ({"key": "service:checkout", "types": ["OWNED_BY"], "at": END}, neighbourhood),
    "history": (
        {"key": "service:nightpost-adapter", "at": {"valid": "2025-11-01T00:00:00Z"}, "corrections": True},
        history,
    ),
    "impact": ({"of": ["library:maven/forge-json"], "at": {"valid": "2025-12-20T00:00:00Z"}}, impact),
    "impact_drift": (
        {**LEGACY, "from": {"valid": OFF, "known": OFF}, "to": {"valid": OFF, "known": NOW}},
        impact_drift,
    ),
    "diff": ({**REORGANISED, "kinds": ["team"]}, diff),
    "changes_feed": ({"filter": {"corrects": True}, "first": 5}, changes_feed),
    "trends": (
        {"from": "2025-05-01T00:00:00Z", "to": "2026-11-01T00:00:00Z", "kinds": ["service"], "buckets": 18},
        trends,
    ),
    # As Grafana sends its time range: digits as text, and numbers.
    "trend_events": ({"from": "1745000000000", "to": 1795000000000, "buckets": 7}, trend_events),
    "panel_neighbourhood": (
        {"of": ["service:checkout"], "at": END, "depth": 2},
        panel("neighbourhoodGraph", "service:checkout", {"asked about", "there"}),
    ),
    "panel_impact": (
        {"of": ["service:payment-gateway"], "at": END},
        panel("impactGraph", "service:payment-gateway", {"asked about", "there"}),
    ),
    "panel_drift": (
        {**LEGACY, "from": {"valid": "2026-05-30T12:00:00Z"}, "to": {"valid": "2026-07-01T12:00:00Z"}},
        panel("driftGraph", "datastore:legacy-orders-db", {"left", "ended, still named"}),
    ),
    "panel_diff": (
        {**REORGANISED, "kinds": ["team"]},
        panel("diffGraph", None, {"appeared", "ended", "there"}),
    ),
    "status": ({}, status),
    "dead_letters": ({}, dead_letters),
    "paths": ({"from": "service:checkout", "to": "datastore:orders-db", "at": END}, paths),
    "search": ({"text": "SHOP old orders", "at": {"valid": "2026-05-01T00:00:00Z"}}, search),
    "entities": (
        {
            "kinds": ["team"], "at": END, "first": 2, "where": [{"property": "mission", "op": "EXISTS", "value": True}],
            "orderBy": {"by": "PROPERTY", "property": "title", "descending": True},
        },
        entities,
    ),
    "events": ({"filter": {"types": ["example.larkspur.team.formed.v1"]}}, events),
    "vocabulary": ({}, vocabulary),
}  # fmt: skip
ELSEWHERE = {"explain"}
"""Operations that other tests ask."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(neo4j_driver: AsyncDriver) -> AsyncIterator[httpx.AsyncClient]:
    """The service over the whole story, for an operator."""
    await emptied(neo4j_driver)
    await write_story(neo4j_driver, unreadable=DEAD)
    app = create_app(
        Reader(neo4j_driver), access=Insecure(Role.OPERATOR), dead_letters=DeadLetters(neo4j_driver)
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as found:
        yield found


async def asked(client: httpx.AsyncClient, name: str, variables: Mapping[str, Any]) -> Any:
    """`data`."""
    query = (FOLDER / f"{name}.graphql").read_text("utf-8")
    response = await client.post("/graphql", json={"query": query, "variables": dict(variables)})
    body = response.json()
    assert "errors" not in body, body["errors"]
    basis = body["extensions"]["basis"]
    assert basis.keys() >= {"valid", "known", "watermark", "stable", "deadLetters", "replayed"}
    return body["data"]


@pytest.mark.parametrize("name", ASKED)
async def test_it_tells_what_happened_at_larkspur(client: httpx.AsyncClient, name: str) -> None:
    """The operation, with the variables that a dashboard would send."""
    variables, check = ASKED[name]
    check(await asked(client, name, variables))


async def test_the_demo_operations_answer_its_questions(client: httpx.AsyncClient) -> None:
    """As the demo itself asks them."""
    for question in questions():
        assert question.wrong(await asked(client, question.operation, question.variables)) is None


def test_every_operation_is_asked() -> None:
    """A file that is added is added here, too."""
    demo = {question.operation for question in questions()}
    there = {path.stem for path in FOLDER.glob("*.graphql")}
    assert there - ELSEWHERE == ASKED.keys() | demo
