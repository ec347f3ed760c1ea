"""Events for the lines about ingestion: CloudEvents as they lie in Kafka, and the rows of the bare Cypher that leaves the same facts behind.

Two of five say what a service is now (five properties), three of five that one service calls another, with a weight that changes. Each run has keys of its own, so that no run
finds what another has written.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graph_service.core.model import event_uid, kind_of
from graph_service.core.time import FOREVER, format_instant

FIRST = 1_704_067_200_000_000
"""2024-01-01T00:00:00Z in microseconds: when the first event was so, where nothing else is said."""
STEP = 20_000
"""Microseconds from one event to the next."""
LATE_MAX = 3_600_000_000
SOURCE = "/bench"
FLOOR_BATCH = 1000
SERVICES = 2000
MAPPING = """
kinds: {service: {label: Service, display: name}}
relationships: {CALLS: {label: calls, depends: source}}
events:
  - name: seen
    type: seen.v1
    assert:
      - entity: {kind: service, name: data.name}
        properties: {name: data.name, tier: data.tier, version: data.version, region: data.region, cost: data.cost}
  - name: called
    type: called.v1
    assert:
      - relationship: CALLS
        source: {kind: service, name: data.name}
        target: {kind: service, name: data.other}
        properties: {weight: data.weight}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """What part of the events is not in order."""

    name: str
    #: Of 100: events that come up to an hour late.
    late: int = 0
    #: Of 100: events that say something else about an instant of which something was said before.
    corrections: int = 0


IN_ORDER = Mix(name="in order")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One event."""

    id: str
    type: str
    at: int
    data: dict[str, Any]

    @property
    def value(self) -> bytes:
        """As it lies in Kafka."""
        whole = {
            "specversion": "1.0", "id": self.id, "source": SOURCE, "type": self.type, "subject": self.data["name"], "time": format_instant(self.at),
            "datacontenttype": "application/json", "data": self.data,
        }  # fmt: skip
        return json.dumps(whole, separators=(",", ":")).encode()


def events(
    count: int, mix: Mix, prefix: str, *, names: Sequence[str] = (), seed: int = 5, begin: int = FIRST
) -> list[Said]:
    """So many events from `begin` on, the same for the same arguments; about 2,000 services of their own, where `names` does not give others."""
    rng = random.Random(seed)
    names = names or [f"{prefix}-{n}" for n in range(SERVICES)]
    found: list[Said] = []
    for n in range(count):
        at = begin + n * STEP
        name = names[rng.randrange(len(names))]
        called = rng.random() < 0.6
        data: dict[str, Any] = {"name": name}
        if called:
            data |= {"other": names[rng.randrange(len(names))], "weight": n}
        else:
            data |= {
                "tier": rng.randrange(5),
                "version": f"1.{n}",
                "region": rng.choice(("eu", "us", "ap")),
                "cost": n % 997,
            }
        chance = rng.random() * 100
        if chance < mix.late:
            at -= rng.randrange(STEP, LATE_MAX)
        elif chance < mix.late + mix.corrections and n > 100:
            # The same instant and stream once more, said otherwise.
            before = found[rng.randrange(max(0, n - 5000), n)]
            at = before.at
            data = {**before.data, **({"weight": n} if before.type == "called.v1" else {"cost": -n})}
            called = before.type == "called.v1"
        found.append(Said(id=f"{prefix}-{n}", type="called.v1" if called else "seen.v1", at=at, data=data))
    return found


FLOOR_SCHEMA = (
    "CREATE CONSTRAINT floor_event IF NOT EXISTS FOR (e:FloorEvent) REQUIRE e.uid IS UNIQUE",
    "CREATE CONSTRAINT floor_entity IF NOT EXISTS FOR (e:FloorEntity) REQUIRE e.key IS UNIQUE",
    "MERGE (:FloorPosition {id: 'floor', offset: -1})",
)
_CREATED = "UNWIND $rows AS row MATCH (s:FloorEntity {{key: row[0]}}) MATCH (t:FloorEntity {{key: row[1]}}) CREATE (s)-[r:{type}]->(t) SET r = row[2]"
FLOOR = (
    ("position", "MATCH (p:FloorPosition {id: 'floor'}) SET p.offset = $offset"),
    ("uids", "UNWIND $rows AS uid MATCH (e:FloorEvent {uid: uid}) RETURN collect(e.uid) AS uids"),
    ("events", "UNWIND $rows AS row CREATE (e:FloorEvent) SET e = row"),
    ("keys", "UNWIND $rows AS row MERGE (e:FloorEntity {key: row[0]}) ON CREATE SET e.kind = row[1]"),
    ("nodes", "UNWIND $rows AS row MATCH (e:FloorEntity {key: row.key}) SET e = row"),
    ("had", _CREATED.format(type="FLOOR_HAD")),
    (
        "gone",
        "UNWIND $rows AS row MATCH (:FloorEntity {key: row[0]})-[r:FLOOR_CALLS]->(:FloorEntity {key: row[1]}) DELETE r",
    ),
    ("past", _CREATED.format(type="FLOOR_CALLS_PAST")),
    ("now", _CREATED.format(type="FLOOR_CALLS")),
)
"""The statements of one batch, in their order, each with the rows that `floor_batches` makes: once a batch what ends in a batch is known."""


def floor_batches(said: Sequence[Said]) -> list[dict[str, Any]]:
    """Events in order as batches of rows for `FLOOR`: all that can be known is put together here, before anything is timed."""
    state: dict[str, dict[str, Any]] = {}
    edges: dict[tuple[str, str], dict[str, Any]] = {}
    return [
        _floor_batch(said[first : first + FLOOR_BATCH], first, state, edges)
        for first in range(0, len(said), FLOOR_BATCH)
    ]


def _floor_batch(
    some: Sequence[Said],
    first: int,
    state: dict[str, dict[str, Any]],
    edges: dict[tuple[str, str], dict[str, Any]],
) -> dict[str, Any]:
    rows: dict[str, Any] = {name: [] for name, _ in FLOOR}
    keys, nodes = set[str](), dict[str, dict[str, Any]]()
    before, live = set(edges), dict[tuple[str, str], dict[str, Any]]()
    for offset, one in enumerate(some, first):
        uid, key = event_uid("/floor", one.id), f"service:{one.data['name']}"
        rows["uids"].append(uid)
        rows["events"].append({
            "uid": uid, "source": "/floor", "id": one.id, "type": one.type, "time": one.at, "recorded_at": one.at, "topic": "floor", "partition": 0,
            "offset": offset, "data": json.dumps(one.data, separators=(",", ":"), sort_keys=True),
        })  # fmt: skip
        keys.add(key)
        row = {
            "valid_from": one.at,
            "valid_to": FOREVER,
            "known_from": one.at,
            "known_to": FOREVER,
            "event": uid,
        }
        if one.type == "seen.v1":
            if key in state:
                rows["had"].append([key, key, _closed(state[key], one.at, uid)])
            state[key] = {**row, "properties": json.dumps(one.data, separators=(",", ":"), sort_keys=True)}
            nodes[key] = {
                "key": key,
                "kind": kind_of(key),
                **state[key],
                **{f"p_{name}": value for name, value in one.data.items()},
            }
        else:
            other = f"service:{one.data['other']}"
            keys.add(other)
            if (old := edges.get((key, other))) is not None:
                rows["past"].append([key, other, _closed(old, one.at, uid)])
            edges[key, other] = live[key, other] = {**row, "properties": f'{{"weight":{one.data["weight"]}}}'}
    rows["gone"] = [[*pair] for pair in live if pair in before]
    rows["now"] = [[*pair, row] for pair, row in live.items()]
    rows["nodes"] = list(nodes.values())
    rows["keys"] = [[key, kind_of(key)] for key in sorted(keys)]
    rows["position"] = first + len(some) - 1
    rows["count"] = len(some)
    return rows


def _closed(row: dict[str, Any], at: int, by: str) -> dict[str, Any]:
    return {**row, "valid_to": at, "end_known": at, "ended_by": by}
