"""Eight years of real events, and 400 questions whose answers were read from the source tree: asked over GraphQL."""

from __future__ import annotations

import gzip
import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from neo4j import AsyncDriver

from graph_service.api.app import create_app
from graph_service.api.security.access import Insecure
from graph_service.mapping import Mapping
from graph_service.store.keep.digest import digest
from graph_service.store.read.reader import Reader
from ingest.kafka import Kafka
from ingest.publish import publish
from tests.live.conftest import EngineAddresses, MakeTopic, emptied
from tests.live.test_ingest import ingesting, options_for

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "online-boutique"
APPLIED_WITHIN_S = 600.0
BATCH_SIZES = (1, 7, 500)
#: Every delivery in every size; otherwise the late ones in large batches only.
DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(not DATA.is_dir(), reason="shared data absent"),
]

Events = list[dict[str, Any]]


def shuffled(events: Events) -> Events:
    """The same events in another order, always the same one."""
    events = list(events)
    random.Random(7).shuffle(events)
    return events


def doubled(events: Events) -> Events:
    """Every event twice, the second time around in another order."""
    return [*events, *shuffled(events)]


def as_they_are(events: Events) -> Events:
    """In commit order."""
    return events


#: What runs leave for the comparison of digests: by delivery, the digest of the valid axis.
VALID_DIGESTS: dict[str, str] = {}


@pytest.mark.parametrize("delivery", [as_they_are, shuffled, doubled])
async def test_every_question_is_answered_as_the_source_tree_says(
    engines: EngineAddresses,
    clean_graph: AsyncDriver,
    topic: MakeTopic,
    delivery: Callable[[Events], Events],
) -> None:
    """All 400, whatever the delivery and the size of batches. One log has one digest; and what is believed on the valid axis is
    the same for all deliveries.
    """
    log = await topic(partitions=1)
    await publish(delivery(read_events()), Kafka(bootstrap=engines.kafka_bootstrap), log)
    mapping = Mapping.load([ROOT / "deploy" / "mappings" / "online-boutique.yaml"])
    digests = {}
    for batch_events_max in BATCH_SIZES if DEEP or delivery is as_they_are else BATCH_SIZES[-1:]:
        await emptied(clean_graph)
        options = options_for(engines, log, batch_events_max=batch_events_max)
        async with ingesting(options, clean_graph, mapping) as ingester:
            await ingester.drained(APPLIED_WITHIN_S)
        assert await wrong_answers(clean_graph) == []
        digests[batch_events_max] = await digest(clean_graph)
    assert len(set(digests.values())) == 1, digests
    VALID_DIGESTS[delivery.__name__] = await digest(clean_graph, valid=True)
    assert len(set(VALID_DIGESTS.values())) == 1, VALID_DIGESTS


def read_events() -> Events:
    """The events in commit order."""
    with gzip.open(DATA / "events.jsonl.gz") as lines:
        return [json.loads(line) for line in lines]


async def wrong_answers(driver: AsyncDriver) -> list[str]:
    """Every question whose answer over GraphQL differs from the tree's."""
    reader = Reader(driver)
    transport = httpx.ASGITransport(app=create_app(reader, access=Insecure()))
    wrong = []
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for line in (DATA / "probes.jsonl").read_text().splitlines():
            probe = json.loads(line)
            answer = await ANSWERS[probe["kind"]](Asked(client), probe)
            if answer != probe["answer"]:
                wrong.append(f"{probe} but {answer}")
    return wrong


class Asked:
    """GraphQL over HTTP, errors raised."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def __call__(self, operation: str, **variables: Any) -> Any:
        response = await self._client.post("/graphql", json={"query": operation, "variables": variables})
        body = response.json()
        assert "errors" not in body, body
        return body["data"]


async def services(ask: Asked, probe: dict[str, Any]) -> list[str]:
    """Names of all declared services that run."""
    data = await ask(
        """query ($at: At) { entities(kinds: ["service"], at: $at, first: 200) {
             edges { node { key declared } } pageInfo { hasNextPage } } }""",
        at={"valid": probe["at"]},
    )
    assert not data["entities"]["pageInfo"]["hasNextPage"]
    nodes = [edge["node"] for edge in data["entities"]["edges"]]
    return sorted(name_of(node["key"]) for node in nodes if node["declared"])


async def calls(ask: Asked, probe: dict[str, Any]) -> list[str]:
    """Names that the service calls."""
    data = await ask(
        """query ($key: String!, $at: At) { entity(key: $key, at: $at) {
             relationships(types: ["CALLS"], first: 200) { edges { node { target { key } } } } } }""",
        key=f"service:{probe['subject']}",
        at={"valid": probe["at"]},
    )
    if data["entity"] is None:
        return []
    edges = data["entity"]["relationships"]["edges"]
    return sorted(name_of(edge["node"]["target"]["key"]) for edge in edges)


async def image(ask: Asked, probe: dict[str, Any]) -> str | None:
    """The image of the service."""
    data = await ask(
        'query ($key: String!, $at: At) { entity(key: $key, at: $at) { property(name: "image") } }',
        key=f"service:{probe['subject']}",
        at={"valid": probe["at"]},
    )
    return data["entity"] and data["entity"]["property"]


async def impact(ask: Asked, probe: dict[str, Any]) -> dict[str, int]:
    """All that transitively call the service, by distance."""
    data = await ask(
        """query ($of: [String!]!, $at: At) { impact(of: $of, types: ["CALLS"], maxDepth: 20, at: $at) {
             items { entity { key } distance path { entities { key } } } truncation: truncated { __typename } } }""",
        of=[f"service:{probe['subject']}"],
        at={"valid": probe["at"]},
    )
    assert data["impact"]["truncation"] is None
    for item in data["impact"]["items"]:
        assert len(item["path"]["entities"]) == item["distance"] + 1
    return {name_of(item["entity"]["key"]): item["distance"] for item in data["impact"]["items"]}


async def library_users(ask: Asked, probe: dict[str, Any]) -> list[list[str]]:
    """[service, file, version] of all that use the library, of any ecosystem."""
    found = []
    for ecosystem in ECOSYSTEMS:
        data = await ask(
            """query ($key: String!, $at: At) { entity(key: $key, at: $at) {
                 relationships(types: ["USES"], direction: IN, first: 200) {
                   edges { node { source { key } discriminator properties } } } } }""",
            key=f"library:{ecosystem}/{probe['subject']}",
            at={"valid": probe["at"]},
        )
        if data["entity"] is not None:
            for edge in data["entity"]["relationships"]["edges"]:
                node = edge["node"]
                found.append(
                    [name_of(node["source"]["key"]), node["discriminator"], node["properties"]["version"]]
                )
    return sorted(found)


async def diff(ask: Asked, probe: dict[str, Any]) -> dict[str, Any]:
    """Services and calls that came and went."""
    data = await ask(
        """query ($from: At!, $to: At!) { diff(from: $from, to: $to, kinds: ["service"], types: ["CALLS"], first: 200) {
             edges { node { kind entity { key } relationship { source { key } target { key } } } }
             pageInfo { hasNextPage } } }""",
        **{"from": {"valid": probe["at"]}, "to": {"valid": probe["until"]}},
    )
    assert not data["diff"]["pageInfo"]["hasNextPage"]
    result: dict[str, list[Any]] = {
        "calls_added": [], "calls_removed": [], "services_added": [], "services_removed": [],
    }  # fmt: skip
    for edge in data["diff"]["edges"]:
        node = edge["node"]
        if node["kind"] == "CHANGED":
            continue
        what = "added" if node["kind"] == "APPEARED" else "removed"
        if node["entity"] is not None:
            result[f"services_{what}"].append(name_of(node["entity"]["key"]))
        else:
            ends = node["relationship"]["source"]["key"], node["relationship"]["target"]["key"]
            result[f"calls_{what}"].append([name_of(end) for end in ends])
    return {name: sorted(listed) for name, listed in result.items()}


def name_of(key: str) -> str:
    """A key without its kind."""
    return key.partition(":")[2]


ANSWERS = {
    "services": services,
    "calls": calls,
    "image": image,
    "impact": impact,
    "library_users": library_users,
    "diff": diff,
}
ECOSYSTEMS = ("go", "maven", "npm", "nuget", "pypi")
