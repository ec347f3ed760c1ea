"""Writes the dashboards in `dashboards/` from what is said here, with the operations of `queries/saved/` as they are.

    .venv/bin/python deploy/grafana/make.py [--check]

Every query of a panel is one of these files, text for text: what `persisted_only` allows, and what other tests ask of a real graph, too.
With `--check` nothing is written, and the exit code is 1 when something would be.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from panels import (
    BUCKETS,
    DATA_SOURCE,
    ENTITY,
    FROM,
    KINDS,
    TO,
    Column,
    Json,
    Panel,
    chart,
    chosen,
    constant,
    dashboard,
    linked,
    node_graph,
    placed,
    series,
    stat,
    table,
    target,
)

DASHBOARDS = Path(__file__).resolve().parent / "dashboards"
GREEN, RED, ORANGE, BLUE, PURPLE, GRAY = "green", "red", "orange", "blue", "purple", "#8e8e8e"
EXPLORER = "${portal}/explorer?entity=${__value.raw:percentencode}&valid=${__to}"


def business() -> Json:
    """What changed, what depends on what changed, and how the whole grows."""
    span = {"from": "${__from}", "to": "${__to}", "kinds": KINDS, "buckets": BUCKETS}
    between = {"from": FROM, "to": TO}
    trend = {
        "appeared": ("Appeared", "What was not there before.", GREEN),
        "changed": ("Changed", "What got other properties.", ORANGE),
        "ended": ("Ended", "What is not there any more.", RED),
        "corrections": ("Corrections", "What was believed about the past and is not any more, by when that was learned.", PURPLE),
    }  # fmt: skip
    points: list[Column] = [("time", "Time", "timestamp"), ("value", "Value", "number")]
    said = "Between the beginning and the end of the time range, in the world. "
    difference: list[Column] = [
        ("kind", "What", "string"), ("entity.name", "Entity", "string"), ("entity.key", "Key", "string"),
        ("relationship.source.key", "Source", "string"), ("relationship.type", "Relationship", "string"),
        ("relationship.target.key", "Target", "string"), ("event.type", "Event", "string"), ("event.time", "At", "timestamp"),
        ("event.eventId", "Event id", "string"),
    ]  # fmt: skip
    item: list[Column] = [
        ("entity.name", "Entity", "string"), ("entity.key", "Key", "string"), ("entity.kind", "Kind", "string"),
        ("distance", "Steps", "number"), ("score", "Score", "number"),
    ]  # fmt: skip
    moved: list[Column] = [
        ("entity.name", "Entity", "string"), ("entity.key", "Key", "string"), ("relationship.source.key", "Source", "string"),
        ("relationship.type", "Relationship", "string"), ("relationship.target.key", "Target", "string"),
        ("event.type", "Event", "string"), ("event.time", "At", "timestamp"),
    ]  # fmt: skip
    correction: list[Column] = [
        ("recordedAt", "Learned", "timestamp"), ("kind", "What", "string"), ("entity.key", "Key", "string"),
        ("relationship.source.key", "Source", "string"), ("relationship.type", "Relationship", "string"),
        ("relationship.target.key", "Target", "string"), ("validFrom", "Believed from", "timestamp"), ("event.type", "Event", "string"),
    ]  # fmt: skip
    key_link = [linked("Key", "Look at it in the explorer", EXPLORER)]
    of_entity = {"of": ENTITY}
    parts: list[str | Panel] = [
        "What changed",
        stat("Entities", "Declared entities of the kinds chosen, at the end of the time range.",
             target("trends", span, "data.entities", points), "Value", color=BLUE, graph="area"),
        stat("Relationships", "Relationships that hold at the end of the time range, with an end of the kinds chosen.",
             target("trends", span, "data.relationships", points), "Value", color=BLUE, graph="area"),
        *(stat(title, said + text, target("trends", span, f"data.{name}", points), "Value", calc="sum", color=color)
          for name, (title, text, color) in trend.items()),
        chart("Changes", "What became of entities and relationships in the world, by bucket.",
              series("trends", {name: trend[name][0] for name in ("appeared", "changed", "ended")}, span),
              bars=True, colors={trend[name][0]: trend[name][2] for name in ("appeared", "changed", "ended")}),
        chart("Size", "What is there at the end of each bucket.",
              series("trends", {"entities": "Entities", "relationships": "Relationships"}, span),
              bars=False, colors={"Entities": BLUE, "Relationships": PURPLE}),
        table("What is different", "The first 200 differences between the beginning and the end of the time range, each with the event that made it.",
              [target("diff", {**between, "kinds": KINDS, "first": 200}, "data.diff.edges", [(f"node.{a}", b, c) for a, b, c in difference])],
              width=24, height=9, overrides=key_link),
        table(
            "Put right", "The newest 50 changes of what was believed about the past, wherever the time range is.",
              [target("changes_feed", {"filter": {"corrects": True}, "first": 50}, "data.changes.edges",
                      [(f"node.{a}", b, c) for a, b, c in correction])],
              width=24, height=6, overrides=key_link),
        "What depends on ${entity}",
        stat("Depend on it", "How many entities depend on it, directly or not, at the end of the time range.",
             target("impact", {**of_entity, "at": TO, "first": 200}, "data.impact", [("count", "Count", "number")]), "Count", color=BLUE),
        stat("Did before", "The same at the beginning of the time range.",
             target("impact_drift", {**of_entity, **between}, "data.impactDrift.before", [("count", "Count", "number")]), "Count", color=GRAY),
        Panel(title="By kind", description="What depends on it at the end of the time range, by kind.", type="bargauge", width=8, height=4,
              targets=[target("impact", {**of_entity, "at": TO, "first": 200}, "data.impact.byKind",
                              [("kind", "Kind", "string"), ("count", "Count", "number")])],
              defaults={"color": {"mode": "fixed", "fixedColor": BLUE}, "min": 0},
              options={"orientation": "horizontal", "displayMode": "basic", "reduceOptions": {"calcs": [], "fields": "/^Count$/", "values": True}}),
        Panel(title="Whom to ask", description="Who owns what depends on it.", type="bargauge", width=8, height=4,
              targets=[target("impact", {**of_entity, "at": TO, "first": 200}, "data.impact.owners",
                              [("owner.name", "Owner", "string"), ("count", "Count", "number")])],
              defaults={"color": {"mode": "fixed", "fixedColor": PURPLE}, "min": 0},
              options={"orientation": "horizontal", "displayMode": "basic", "reduceOptions": {"calcs": [], "fields": "/^Count$/", "values": True}}),
        node_graph("Impact", "All that depends on it at the end of the time range. Purple is asked about, grey is not declared.",
                   "panel_impact", "impactGraph", {**of_entity, "at": TO}, height=14),
        node_graph("Drift", "The same, as it differs from the beginning of the time range: red entered, green left, orange moved.",
                   "panel_drift", "driftGraph", {**of_entity, **between}, height=14),
        table("Nearest first", "With the score: how near, how critical, how fresh.",
              [target("impact", {**of_entity, "at": TO, "first": 200}, "data.impact.items", item)], height=9, overrides=key_link),
        table("Entered", "What depends on it now and did not at the beginning of the time range, with the event that did it.",
              [target("impact_drift", {**of_entity, **between}, "data.impactDrift.entered", moved)], width=6, height=9, overrides=key_link),
        table("Left", "What did depend on it and does not any more.",
              [target("impact_drift", {**of_entity, **between}, "data.impactDrift.left", moved)], width=6, height=9, overrides=key_link),
        node_graph("Around it", "What is one step away, in either direction, at the end of the time range.",
                   "panel_neighbourhood", "neighbourhoodGraph", {**of_entity, "at": TO}, width=24, height=12),
    ]  # fmt: skip
    variables = [
        chosen("kind", "Kind", target("vocabulary", {}, "data.vocabulary.kinds", [("label", "__text", "string"), ("name", "__value", "string")]), multi=True),
        chosen("entity", "Entity", target("entities", {"kinds": KINDS, "at": TO, "first": 200}, "data.entities.edges",
                                          [("node.name", "__text", "string"), ("node.key", "__value", "string")]), multi=False),
        constant("portal", "Address for links", "http://127.0.0.1:8080"),
    ]  # fmt: skip
    annotation = {
        "name": "About ${entity}", "enable": True, "iconColor": ORANGE, "datasource": DATA_SOURCE,
        "target": target("diff", {**between, "around": ENTITY[0], "first": 50}, "data.diff.edges",
                         [("node.event.time", "time", "timestamp"), ("node.kind", "title", "string"), ("node.event.type", "text", "string")],
                         format="dataframe", ref="Anno"),
    }  # fmt: skip
    return dashboard(
        "graph-service-business", "What changed, and what depends on it",
        "What became of the graph in the time range, what depends on one entity and how that drifted, and how the whole grows.",
        placed(parts), since="now-30d", refresh="", variables=variables, annotations=[annotation],
    )  # fmt: skip


def operations() -> Json:
    """Rate, lag, freshness, errors."""

    def status(column: Column) -> Json:
        return target("status", {}, "data.status", [column])

    span = {"from": "${__from}", "to": "${__to}", "buckets": BUCKETS}
    partition: list[Column] = [
        ("topic", "Topic", "string"), ("partition", "Partition", "number"), ("position", "Applied", "number"),
        ("end", "End", "number"), ("lagEvents", "Lag", "number"), ("recordedAt", "Last recorded", "timestamp"),
    ]  # fmt: skip
    letter: list[Column] = [
        ("recordedAt", "Recorded", "timestamp"), ("reason", "Reason", "string"), ("message", "Message", "string"),
        ("state", "State", "string"), ("eventType", "Event", "string"), ("topic", "Topic", "string"),
        ("partition", "Partition", "number"), ("offset", "Offset", "number"), ("attempts", "Attempts", "number"),
    ]  # fmt: skip
    letters = target(
        "dead_letters", {"first": 200}, "data.deadLetters.edges", [(f"node.{a}", b, c) for a, b, c in letter]
    )
    event: list[Column] = [
        ("recordedAt", "Recorded", "timestamp"), ("time", "Happened", "timestamp"), ("type", "Type", "string"),
        ("subject", "Subject", "string"), ("source", "Source", "string"), ("eventId", "Id", "string"),
        ("topic", "Topic", "string"), ("partition", "Partition", "number"), ("offset", "Offset", "number"),
    ]  # fmt: skip
    names = {"recorded": "Recorded", "happened": "Happened"}
    parts: list[str | Panel] = [
        "Freshness",
        stat("Final up to", "The watermark: answers about what was known by then are final.",
             status(("watermark", "Watermark", "timestamp")), "Watermark", unit="dateTimeFromNow", width=5),
        stat("Lag", "Records in the log that are not applied yet, where the API is told the log's ends.",
             status(("lagEvents", "Lag", "number")), "Lag", color=[(GREEN, 0), (ORANGE, 1_000), (RED, 100_000)], width=5),
        stat("Dead letters", "Records that could not be applied, and wait for an operator.",
             status(("deadLetters", "Waiting", "number")), "Waiting", color=[(GREEN, 0), (RED, 1)], width=5),
        stat("Events", "Events in the ledger.", status(("events", "Events", "number")), "Events", color=BLUE, width=5),
        stat("Brought in", "Dead letters that operators have replayed.", status(("replayed", "Replayed", "number")), "Replayed"),
        "Rate",
        chart(
            "Over time", f"Events by when the log recorded them, and by when they happened, in each of {BUCKETS} parts of the time range. What is "
              "recorded and did not happen then was late.",
              series("trend_events", names, span), bars=False, colors={"Recorded": BLUE, "Happened": GRAY}, width=16),
        stat("Came", "In the time range.", target("trend_events", span, "data.recorded", [("value", "Value", "number")]),
             "Value", calc="sum", color=BLUE),
        stat("Most in a part", f"The most that the log recorded in one of {BUCKETS} parts of the time range.",
             target("trend_events", span, "data.recorded", [("value", "Value", "number")]), "Value", calc="max", color=BLUE),
        "Partitions",
        table("Partitions", "How far each is applied. The end is known where the API asks the log (`up`), and empty elsewhere.",
              [target("status", {}, "data.status.partitions", partition)], width=24, height=7),
        "Errors",
        chart("Could not be applied", "Dead letters by when the log recorded them, whatever became of them since.",
              series("trend_events", {"deadLetters": "Dead letters"}, span), bars=True, colors={"Dead letters": RED}, width=16),
        Panel(title="By reason", description="The newest 200 dead letters. Needs an API key of the role operator.", type="bargauge",
              targets=[letters], width=8, height=8, defaults={"color": {"mode": "fixed", "fixedColor": RED}, "min": 0},
              options={"orientation": "horizontal", "displayMode": "basic",
                       "reduceOptions": {"calcs": [], "fields": "/^Offset \\(count\\)$/", "values": True}},
              transformations=[{"id": "groupBy", "options": {"fields": {
                  "Reason": {"operation": "groupby", "aggregations": []},
                  "Offset": {"operation": "aggregate", "aggregations": ["count"]}}}}]),
        table(
            "Newest dead letters", "The newest 200, with the place in the log where each is. Needs an API key of the role operator.", [letters], width=24, height=9),
        "Ledger",
        table("Newest events", "As the log recorded them.",
              [target("events", {"first": 50}, "data.events.edges", [(f"node.{a}", b, c) for a, b, c in event])], width=24, height=9),
    ]  # fmt: skip
    return dashboard(
        "graph-service-operations", "Rate, lag, freshness, errors",
        "Whether the graph follows its log: how far it is applied, how much came, and what could not be applied.",
        placed(parts), since="now-24h", refresh="1m",
    )  # fmt: skip


def files() -> dict[str, str]:
    """The text of each file in `dashboards/`, by name."""
    made = {"business": business(), "operations": operations()}
    return {
        f"{name}.json": json.dumps(one, indent=2, ensure_ascii=False) + "\n" for name, one in made.items()
    }


def main() -> int:
    """Write the files, or with `--check` say which are not as they would be written."""
    found = files()
    stale = [
        name
        for name, text in found.items()
        if not (DASHBOARDS / name).is_file() or (DASHBOARDS / name).read_text("utf-8") != text
    ]
    if "--check" in sys.argv:
        for name in stale:
            print(f"deploy/grafana/dashboards/{name} is not as deploy/grafana/make.py makes it: run that")
        return 1 if stale else 0
    DASHBOARDS.mkdir(exist_ok=True)
    for name in stale:
        (DASHBOARDS / name).write_text(found[name], "utf-8")
        print(f"deploy/grafana/dashboards/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
