"""The demo story: the same every time, told in order, free of contradictions, and right about its own questions."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema, parse, validate

from graph_service.core.assertions import Assertion
from graph_service.core.model import Event
from graph_service.core.time import format_instant, parse_instant
from graph_service.core.vocabulary import Depends
from graph_service.mapping import Mapping, Record, decode, encode_structured, validate_event_json
from graph_service.story import BEGIN, END, CloudEvent, events
from graph_service.story.questions import Question, questions
from graph_service.story.world import stamp
from tests.oracle import Edge, Graph, Oracle, Recorded, Texts

ROOT = Path(__file__).resolve().parents[2]
MAPPING = Mapping.load([ROOT / "deploy" / "mappings" / "demo.yaml"])
SAVED = ROOT / "queries" / "saved"
KNOWN_ALL = parse_instant("2100-01-01T00:00:00Z")


@cache
def story() -> tuple[CloudEvent, ...]:
    """All events."""
    return tuple(events())


@cache
def told() -> tuple[tuple[Event, tuple[Assertion, ...]], ...]:
    """All events as they are decoded and mapped when their Kafka timestamp is their `recordedtime`."""
    found = []
    for offset, event in enumerate(story()):
        headers, value = encode_structured(event)
        record = Record(
            topic="story", partition=0, offset=offset, timestamp_ms=0, headers=headers, value=value
        )
        decoded = decode(record, parse_instant(event["recordedtime"]))
        assertions = MAPPING.assertions(decoded)
        assert assertions, f"{event['id']} asserts nothing"
        found.append((decoded, assertions))
    return tuple(found)


@cache
def oracle() -> Oracle:
    """Who knows what is believed when."""
    return Oracle(
        Recorded(order=event.order, event=event.identity, sequence=event.sequence, assertions=assertions)
        for event, assertions in told()
    )


@cache
def at(valid: str, known: str | None = None) -> Graph:
    """What is believed at a point."""
    return oracle().as_of(parse_instant(valid), parse_instant(known) if known else KNOWN_ALL)


def values(texts: Texts) -> dict[str, Any]:
    """Properties as plain JSON values."""
    return {name: json.loads(text) for name, text in texts}


def targets(company: Graph, source: str, type: str) -> list[str]:
    """The targets of all edges of that type out of `source`, sorted."""
    return sorted(edge.target for edge in company.edges if (edge.source, edge.type) == (source, type))


def test_the_story_is_the_same_every_time() -> None:
    """In this process and in another one."""
    assert tuple(events()) == story()
    program = "import json; from graph_service.story import events; print(json.dumps(list(events())))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, cwd=ROOT)
    assert json.loads(run.stdout) == list(story())


def test_the_story_has_the_size_that_was_promised() -> None:
    """Some 2,000 events of 18 months, each with an id of its own."""
    assert 1_900 <= len(story()) <= 2_200
    assert len({event["id"] for event in story()}) == len(story())
    counts = Counter(event["type"].split(".")[2] for event in story())
    assert counts["release"] > 500
    assert counts["incident"] >= 30


def test_events_come_in_the_order_in_which_they_were_recorded() -> None:
    """To the millisecond, no two at once; written down after they happened, within the story."""
    recorded = [parse_instant(event["recordedtime"]) for event in story()]
    assert all(first < second for first, second in pairwise(recorded))
    assert all(instant % 1000 == 0 for instant in recorded)
    for event, instant in zip(story(), recorded, strict=True):
        assert parse_instant(event["time"]) <= instant
        assert stamp(BEGIN) <= event["time"] < stamp(END)


def test_every_event_is_a_cloudevent() -> None:
    """As strict as for events from outside."""
    for event in story():
        assert validate_event_json(json.dumps(event).encode()) == event


def test_causes_are_told_before_their_effects() -> None:
    """Every cause is an event of the story that was recorded before; what belongs together has one correlation id."""
    seen: dict[str, CloudEvent] = {}
    for event in story():
        if "causationid" in event:
            cause = seen[event["causationid"]]
            assert cause["correlationid"] == event["correlationid"]
        seen[event["id"]] = event
    chains = Counter(event["correlationid"] for event in story())
    assert max(chains.values()) > 20
    chain = [
        event["type"].split(".", 2)[2] for event in story() if event["correlationid"] == "built-search-3.11.0"
    ]
    assert chain[:5] == [
        "release.built.v1", "deployment.finished.v1", "incident.opened.v1", "deployment.rolledback.v1", "incident.resolved.v1",
    ]  # fmt: skip


def test_every_rule_of_the_mapping_is_used() -> None:
    """And nothing in the story is left unmapped, which `told` checks."""
    used = {assertion.rule for _, assertions in told() for assertion in assertions}
    assert used == set(MAPPING.rules)


@pytest.mark.parametrize(
    "valid", ["2025-05-02T00:00:00Z", "2025-12-01T00:00:00Z", "2026-06-01T12:00:00Z", "2026-10-30T23:00:00Z"]
)
def test_the_company_makes_sense(valid: str) -> None:
    """Whatever is needed is there (but for what the story is about), and everything that is there has one owner that is there."""
    company = at(valid)
    for source, type, _, target in company.edges:
        if MAPPING.relationships[type].depends is not Depends.NOBODY and not target.startswith("library:"):
            assert source in company.entities, f"{source} is not there, but {type} {target}"
            assert target in company.entities, f"{source} {type} {target}, which is not there"
    for key in company.entities:
        if key.partition(":")[0] in ("service", "datastore", "topic"):
            (owner,) = targets(company, key, "OWNED_BY")
            assert owner in company.entities, f"{key} is owned by {owner}, which is not there"
    kinds = Counter(key.partition(":")[0] for key in company.entities)
    assert kinds["service"] >= 34
    assert kinds["team"] in (8, 9)


def test_an_incident_is_there_while_it_lasts() -> None:
    """Black Friday: 47 minutes, with what it affected."""
    during = at("2025-11-28T08:20:00Z")
    assert "incident:INC-1077" in during.entities
    assert "service:search" in targets(during, "incident:INC-1077", "AFFECTS")
    for outside in ("2025-11-28T08:01:00Z", "2025-11-28T08:49:00Z"):
        assert "incident:INC-1077" not in at(outside).entities


def test_maintenance_is_known_before_it_begins() -> None:
    """Announced on 7 August for the 17th: at the announcement its future is known, and it is over by itself."""
    known = "2025-08-08T00:00:00Z"
    assert "maintenance:MW-2" in at("2025-08-17T02:00:00Z", known).entities
    assert "maintenance:MW-2" not in at("2025-08-17T05:00:00Z", known).entities
    assert "maintenance:MW-2" not in at("2025-08-17T02:00:00Z", "2025-08-01T00:00:00Z").entities


def test_a_late_event_takes_its_place() -> None:
    """The night carrier ended in November; in February everyone still believed in it, about any day since."""
    key = "service:nightpost-adapter"
    assert key in at("2026-01-15T00:00:00Z", "2026-02-15T00:00:00Z").entities
    assert key not in at("2026-01-15T00:00:00Z").entities
    assert key in at("2025-11-30T22:00:00Z").entities


def test_a_wrong_owner_is_taken_back() -> None:
    """Believed for three weeks, never true, and both can be asked."""
    key, day = "service:fraud-check", "2026-02-10T00:00:00Z"
    assert targets(at(day, "2026-02-15T00:00:00Z"), key, "OWNED_BY") == ["team:platform"]
    assert targets(at(day), key, "OWNED_BY") == ["team:payments"]


def test_who_used_the_library_with_the_hole() -> None:
    """On New Year everyone had patched, but one."""

    def holes(valid: str) -> list[str]:
        company = at(valid)
        return sorted(
            edge.source for edge, said in company.edges.items()
            if edge.target == "library:maven/forge-json" and values(said)["version"] != "4.2.0"
        )  # fmt: skip

    assert len(holes("2025-12-09T14:00:00Z")) > 10
    assert holes("2026-01-01T00:00:00Z") == ["service:label-printer"]
    assert holes("2026-03-01T00:00:00Z") == []


# --- the five questions ----------------------------------------------------------------------------------------------


def answer(question: Question) -> dict[str, Any]:
    """What a right GraphQL API would say, from the oracle."""
    asked = question.variables
    match question.operation:
        case "demo_entity":
            return {"entity": entity(asked["key"], asked["at"], ("CALLS", "OWNED_BY", "STORES_IN"))}
        case "demo_diff":
            return {
                "diff": {
                    "edges": differences(
                        point(asked["from"]), point(asked["to"]), asked["kinds"], asked["types"]
                    )
                }
            }
        case "demo_impact":
            return {side: impact(asked["of"][0], point(asked[side])) for side in ("then", "now")}
        case _:
            return {side: entity(asked["key"], asked[side], asked["types"]) for side in ("before", "after")}


def point(at_input: dict[str, str]) -> Graph:
    """What is believed at an `At`."""
    return at(at_input["valid"], at_input.get("known"))


def entity(key: str, at_input: dict[str, str], types: tuple[str, ...]) -> dict[str, Any]:
    """An entity as the API would give it."""
    company = point(at_input)
    edges = sorted(edge for edge in company.edges if edge.source == key and edge.type in types)
    return {
        "key": key,
        "properties": values(company.entities[key]),
        "relationships": {"edges": [{"node": relationship(company, edge)} for edge in edges]},
    }


def relationship(company: Graph, edge: Edge) -> dict[str, Any]:
    """A relationship as the API would give it. Spans are those that the one assertion said, or that of the event which ended it."""
    by_id = {event.identity.id: event for event, _ in told()}
    said = by_id[company.made_by[edge].id]
    cause = by_id.get(said.causation_id or "")
    assertion = next(
        a for e, assertions in told() if e is said for a in assertions if getattr(a, "type", "") == edge.type
    )
    ended = "2026-06-23T10:30:00.000000Z" if "review" in edge else None
    return {
        "type": edge.type,
        "target": {"key": edge.target},
        "properties": values(company.edges[edge]),
        "validFrom": format_instant(assertion.valid_from),  # type: ignore[union-attr]
        "validTo": ended,
        "event": {
            "eventId": said.identity.id,
            "type": said.type,
            "time": format_instant(said.time),
            "recordedAt": format_instant(said.order.recorded_at),
            "causes": [{"eventId": cause.identity.id, "type": cause.type}] if cause else [],
        },
    }


def differences(one: Graph, other: Graph, kinds: list[str], types: list[str]) -> list[dict[str, Any]]:
    """Differences of these kinds and types."""
    found: list[dict[str, Any]] = []
    for kind, new, old in (("APPEARED", other, one), ("ENDED", one, other)):
        for key in new.entities.keys() - old.entities.keys():
            if key.partition(":")[0] in kinds:
                found.append({"node": {"kind": kind, "entity": {"key": key}, "relationship": None}})
        for source, type, _, target in new.edges.keys() - old.edges.keys():
            if type in types:
                shown = {"type": type, "source": {"key": source}, "target": {"key": target}}
                found.append({"node": {"kind": kind, "entity": None, "relationship": shown}})
    return found


def impact(of: str, company: Graph) -> dict[str, Any]:
    """All dependents with a path each: one step nearer at a time."""
    distances = company.impact([of], 5, {name: one.depends for name, one in MAPPING.relationships.items()})
    items = []
    for key, distance in sorted(distances.items(), key=lambda item: item[1]):
        path = [key]
        while path[-1] != of:
            near = [
                target if declared is Depends.SOURCE else source
                for source, type, _, target in company.edges
                if (declared := MAPPING.relationships[type].depends) is not Depends.NOBODY
                and (source if declared is Depends.SOURCE else target) == path[-1]
            ]
            path.append(min(near, key=lambda found: ({of: 0, **distances}.get(found, 99), found)))
        entities = [{"key": step} for step in reversed(path)]
        items.append(
            {
                "distance": distance,
                "entity": {"key": key},
                "path": {"entities": entities, "relationships": []},
            }
        )
    return {"count": len(items), "items": items}


@pytest.mark.parametrize("question", questions(), ids=lambda question: question.title)
def test_the_expected_answers_are_what_the_events_say(question: Question) -> None:
    """Written by hand from the chapters, confirmed from the events."""
    data = answer(question)
    assert question.wrong(data) is None
    assert question.lead_in
    lines = question.told(data)
    assert lines
    assert all(line and len(line) < 250 for line in lines)


@pytest.mark.parametrize("question", questions(), ids=lambda question: question.title)
def test_a_wrong_answer_is_noticed(question: Question) -> None:
    """Another state, or no answer at all."""
    assert question.wrong({}) is not None
    data = json.loads(
        json.dumps(answer(question)).replace("checkout", "chekout").replace("legacy-orders-db", "legacy")
    )
    assert str(question.wrong(data)).startswith(f"{question.title}: ")


def test_the_operations_are_saved() -> None:
    """Each question has its file, and no demo operation is without a question."""
    assert {path.stem for path in SAVED.glob("demo_*.graphql")} == {
        question.operation for question in questions()
    }
    for path in SAVED.glob("demo_*.graphql"):
        assert parse(path.read_text())


@pytest.mark.skipif(not (ROOT / "schema.graphql").exists(), reason="schema.graphql is not printed yet")
def test_the_operations_fit_the_schema() -> None:
    """As the API has printed it."""
    schema = build_schema((ROOT / "schema.graphql").read_text())
    for path in SAVED.glob("demo_*.graphql"):
        assert not validate(schema, parse(path.read_text())), path.name
