"""The shipped mapping of the Online Boutique events, against answers that were read from the shop's source tree."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from graph_service.core.assertions import (
    Assertion,
    EntityAsserted,
    EntityEnded,
    RelationshipsAsserted,
)
from graph_service.core.time import parse_instant
from graph_service.mapping import Mapping, Record, decode

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "online-boutique"

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(),
    reason=f"the Online Boutique events are not there: no folder {DATA.parent.name}/{DATA.name}",
)


@cache
def assertions() -> list[Assertion]:
    """All assertions of all events, in the order of `valid_from`, then of the file."""
    mapping = Mapping.load([ROOT / "deploy" / "mappings" / "online-boutique.yaml"])
    found: list[Assertion] = []
    with gzip.open(DATA / "events.jsonl.gz") as lines:
        for offset, line in enumerate(lines):
            record = Record(topic="shop", partition=0, offset=offset, timestamp_ms=0, value=line)
            made = mapping.assertions(decode(record, offset))
            assert made, f"event {offset} must assert something"
            found.extend(made)
    return sorted(found, key=lambda assertion: getattr(assertion, "valid_from", 0))


def state_at(instant: int) -> tuple[dict[str, Any], dict[tuple[str, str, str], RelationshipsAsserted]]:
    """Services with their properties, and the last complete set of each stream: a fold for appends only."""
    services: dict[str, Any] = {}
    sets: dict[tuple[str, str, str], RelationshipsAsserted] = {}
    for assertion in assertions():
        if getattr(assertion, "valid_from", 0) > instant:
            break
        match assertion:
            case EntityAsserted(key=key) if key.startswith("service:"):
                services[key] = assertion.set.values()
            case EntityEnded(key=key):
                services.pop(key, None)
                sets = {stream: found for stream, found in sets.items() if stream[0] != key}
            case RelationshipsAsserted():
                sets[assertion.source, assertion.type, assertion.discriminator] = assertion
            case _:
                pass
    return services, sets


def bare(keys: Iterable[str]) -> list[str]:
    """Names without kinds, sorted."""
    return sorted(key.partition(":")[2] for key in keys)


def answer(probe: dict[str, Any]) -> Any:
    """The answer to a probe, straight from assertions."""
    services, sets = state_at(parse_instant(probe["at"]))
    match probe["kind"]:
        case "services":
            return bare(services)
        case "calls":
            calls = sets.get((f"service:{probe['subject']}", "CALLS", ""))
            return bare(calls.targets) if calls else []
        case "image":
            return services[f"service:{probe['subject']}"]["image"]
        case _:
            return sorted(
                [source.partition(":")[2], file, properties.values()["version"]]
                for (source, type, file), found in sets.items()
                if type == "USES"
                for target, properties in found.targets.items()
                if target.partition("/")[2] == probe["subject"]
            )


@pytest.mark.parametrize("kind", ["services", "calls", "image", "library_users"])
def test_the_events_say_what_the_source_tree_says(kind: str) -> None:
    """Assertions alone, without any store, answer the questions about one instant as the tree does."""
    probes = [json.loads(line) for line in (DATA / "probes.jsonl").read_text().splitlines()]
    asked = [probe for probe in probes if probe["kind"] == kind]
    assert len(asked) > 20
    for probe in asked:
        expected = sorted(probe["answer"]) if isinstance(probe["answer"], list) else probe["answer"]
        assert answer(probe) == expected, probe
