"""Promises of erasure over GraphQL on a real graph: told before, confirmed by the key, a receipt after, and a line in the audit log."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from neo4j import AsyncDriver

from graph_service.api.app import create_app
from graph_service.api.audit import AuditLine
from graph_service.api.erasing import Erasing
from graph_service.api.exposure import Exposure
from graph_service.api.security.access import Insecure
from graph_service.api.security.roles import Role
from graph_service.store.keep.erasure import Eraser
from graph_service.store.read.reader import Reader
from tests.clients.stage import EVENTS, mapping
from tests.live.writing import write_events

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEY = "service:checkout"
SEEN = """query ($key: String!) {
  now: entity(key: $key) { properties history { edges { node { properties event { data } } } } }
  then: entity(key: $key, at: {valid: "2026-01-10T00:00:00Z"}) { properties relationships { edges { node { type target { key } } } } }
}"""
ERASE = """mutation ($key: String!, $confirm: String!, $reason: String) {
  erase(key: $key, confirm: $confirm, reason: $reason) { key knownTo requestedAt reason events versions deadLetters done }
}"""
RECEIPTS = "query ($key: String!) { erasures(key: $key) { key knownTo requestedAt reason events versions deadLetters done } }"


async def test_what_is_erased_is_gone_and_leaves_a_receipt(clean_graph: AsyncDriver) -> None:
    """Values go from all history, the key and what was when stay, nothing else changes, and what was refused changed nothing."""
    await write_events(clean_graph, mapping(), EVENTS)
    lines: list[AuditLine] = []
    app = create_app(
        Reader(clean_graph),
        access=Insecure(Role.ERASER),
        exposure=Exposure(audit=lines.append),
        erasing=Erasing(Eraser(driver=clean_graph)),
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:

        async def ask(query: str, **variables: Any) -> dict[str, Any]:
            answer = await client.post("/graphql", json={"query": query, "variables": variables})
            found: dict[str, Any] = answer.json()
            return found

        before = (await ask(SEEN, key=KEY))["data"]
        other = (await ask(SEEN, key="service:cart"))["data"]
        assert (before["then"]["properties"], before["now"]["properties"]) == ({"tier": 1}, {"tier": 2})
        mentions = (await ask("query ($key: String!) { mentions(key: $key) { entities events deadLetters } }", key=KEY))["data"]  # fmt: skip
        assert mentions == {"mentions": {"entities": 2, "events": 4, "deadLetters": 0}}

        for key, confirm in ((KEY, "service:check"), ("service:nobody", "service:nobody")):
            (error,) = (await ask(ERASE, key=key, confirm=confirm))["errors"]
            assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert (await ask(SEEN, key=KEY))["data"] == before
        assert (await ask(RECEIPTS, key=KEY))["data"] == {"erasures": []}

        receipt = (await ask(ERASE, key=KEY, confirm=KEY, reason="asked for"))["data"]["erase"]
        assert (receipt["key"], receipt["reason"], receipt["done"]) == (KEY, "asked for", True)
        assert receipt["events"] == 4 and receipt["versions"] > 0
        assert (await ask(RECEIPTS, key=KEY))["data"] == {"erasures": [receipt]}
        after = (await ask(SEEN, key=KEY))["data"]
        assert after["now"]["properties"] == after["then"]["properties"] == {}
        assert {str(edge["node"]["event"]["data"]) for edge in after["now"]["history"]["edges"]} == {"{}"}
        assert after["then"]["relationships"] == before["then"]["relationships"]
        assert (await ask(SEEN, key="service:cart"))["data"] == other
    acts = [line for line in lines if line.kind == "mutation"]
    assert [line.outcome for line in acts] == ["BAD_USER_INPUT", "BAD_USER_INPUT", "OK"]
    assert {line.role for line in acts} == {"eraser"}
    assert all(line.document and line.cost for line in acts)
