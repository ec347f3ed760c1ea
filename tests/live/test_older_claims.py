"""Promises for graphs of earlier versions: claims that say all of it, as those wrote them, mean what claims say now (0038)."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from neo4j import AsyncDriver

from graph_service.core.time import FOREVER
from graph_service.mapping import Mapping
from graph_service.store.keep.digest import digest
from graph_service.store.keep.erasure import Eraser
from graph_service.store.keep.ledger import export_ledger
from graph_service.store.write.claims import whole
from tests.live.conftest import emptied
from tests.live.writing import write_events

pytestmark = pytest.mark.asyncio(loop_scope="session")

MAPPING = """
kinds: {service: {label: Service}}
relationships: {CALLS: {label: calls, depends: source}}
events:
  - name: seen
    type: seen
    assert: [{entity: {kind: service, name: data.name}, properties: {tier: data.tier}}]
  - name: called
    type: called
    assert:
      - {relationship: CALLS, source: "'service:' + data.name", target: "'service:' + data.other", properties: {weight: data.weight}}
  - name: gone
    type: gone
    assert: [end: "'service:' + data.name"]
  - name: both
    type: both
    assert:
      - {entity: {kind: service, name: data.name}}
      - {entity: {kind: service, name: data.other}}
  - name: back
    type: back
    assert: [retract: data.of]
"""


def said(id: str, type: str, hour: int, **data: Any) -> dict[str, Any]:
    """A CloudEvent of the first of January 2026."""
    time = f"2026-01-01T{hour:02}:00:00Z"
    return {"specversion": "1.0", "id": id, "source": "/s", "type": type, "time": time, "data": data}


FIRST = [
    said("1", "seen", 1, name="a", tier=1),
    said("2", "called", 2, name="a", other="b", weight=5),
    said("3", "both", 3, name="b", other="c"),
    said("4", "seen", 4, name="a", tier=2),
    said("5", "called", 5, name="a", other="c", weight=6),
    said("6", "gone", 6, name="b"),
]
THEN = [
    said("7", "seen", 3, name="a", tier=7),
    said("8", "called", 1, name="a", other="c", weight=1),
    said("9", "back", 9, of="2"),
    said("10", "seen", 10, name="b", tier=3),
]


async def spelt_out(driver: AsyncDriver) -> int:
    """Write every claim as earlier versions did; how many."""
    found = await driver.execute_query(
        "MATCH ()-[a:ABOUT]->() RETURN elementId(a) AS id, a.assertions AS text"
    )
    rows = [
        [
            one["id"],
            json.dumps(list(map(whole, json.loads(one["text"]))), sort_keys=True, separators=(",", ":")),
        ]
        for one in found.records
    ]
    await driver.execute_query(
        "UNWIND $rows AS row MATCH ()-[a:ABOUT]->() WHERE elementId(a) = row[0] SET a.assertions = row[1], a.valid_to = $forever",
        rows=rows,
        forever=FOREVER,
    )
    return len(rows)


async def ledger(driver: AsyncDriver) -> bytes:
    """All of it."""
    file = io.BytesIO()
    await export_ledger(driver, file)
    return file.getvalue()


async def test_claims_of_an_earlier_version_are_folded_exported_and_erased(clean_graph: AsyncDriver) -> None:
    """Late events and retractions fold to the same graph, the ledger is the same to the byte, and an erasure finds and blanks the same."""
    mapping = Mapping.parse([("m.yaml", MAPPING)])
    outcomes = []
    for older in (False, True):
        await emptied(clean_graph)
        await write_events(clean_graph, mapping, FIRST)
        before = await ledger(clean_graph)
        if older:
            assert await spelt_out(clean_graph) == 7
        assert await ledger(clean_graph) == before
        await write_events(clean_graph, mapping, THEN, recorded_from=2_000_000)
        after = await digest(clean_graph), (await ledger(clean_graph)).splitlines()[1:]
        receipt = await Eraser(driver=clean_graph).erase("service:c", requested_at=1)
        outcomes.append((before, after, (receipt.events, receipt.versions), await digest(clean_graph)))
    assert outcomes[0] == outcomes[1]
