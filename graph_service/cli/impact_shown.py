"""How `graph-service impact` says what it found: for people, for programs, and beside the lines of a pull request."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from graph_service import __version__

WIDTH_MAX = 200
SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
Found = Mapping[str, Any]


def shown(found: dict[str, Any], format: str, file: Path | None, condition: str | None) -> str:
    """The answer in one of the formats. `file`: where the events came from; `condition`: that of --fail-on, where it holds."""
    match format:
        case "json":
            return json.dumps(found, ensure_ascii=False, indent=2)
        case "sarif":
            return json.dumps(_sarif(found, file, condition), ensure_ascii=False, indent=2)
        case "github":
            return "\n".join(_annotation(note, file) for note in _notes(found, condition))
        case _:
            return _text(found)


class _Note(NamedTuple):
    """One thing to be said beside a change."""

    rule: str
    #: error, warning or note.
    level: str
    message: str
    key: str
    kind: str
    #: Line of the file of events; None where the note is about none of them.
    line: int | None


_RULES = {
    "condition": "The condition of --fail-on holds.",
    "impact": "Depends on what is asked about.",
    "impact-entered": "Would come to depend on what is asked about.",
    "impact-left": "Would no longer depend on what is asked about.",
    "impact-moved": "Would depend on what is asked about at another distance.",
    "truncated": "Not everything was looked at.",
}


def _notes(found: Found, condition: str | None) -> Iterator[_Note]:
    """The most important first. With events, only what they would change about the impact."""
    asked = ", ".join(found["of"])
    first_line = min((event["line"] for event in found["events"]), default=None)
    if condition is not None:
        said = f"the condition holds: {condition}"
        yield _Note("condition", "error", said, found["of"][0], "", first_line)
    if found["truncated"] is not None:
        detail = found["truncated"]["detail"]
        yield _Note("truncated", "warning", f"this is not all: {detail}", found["of"][0], "", first_line)
    lines = {(event["source"], event["id"]): event["line"] for event in found["events"]}
    for name, level, words in (
        ("entered", "warning", "enters"),
        ("moved", "note", "moves within"),
        ("left", "note", "leaves"),
    ):
        for item in found[name]:
            event = item["event"] or {}
            line = lines.get((event.get("source"), event.get("id")), first_line)
            said = f"{item['key']} {words} the impact of {asked} ({_distances(item)}): {_arrows(item)}"
            yield _Note(f"impact-{name}", level, said, item["key"], item["kind"], line)
    if not found["events"]:
        for item in found["items"]:
            said = f"{item['key']} is within the impact of {asked}, at distance {item['distance']}: {_arrows(item)}"
            yield _Note("impact", "note", said, item["key"], item["kind"], None)


def _distances(item: Found) -> str:
    before, after = item["distance_before"], item["distance_after"]
    if before is None or after is None:
        return f"distance {before or after}"
    return f"distance {before}, then {after}"


def _arrows(item: Found) -> str:
    """The path in one line, each relationship in its own direction."""
    said = str(item["path"][0])
    for key, edge in zip(item["path"][1:], item["relationships"], strict=True):
        said += f" -{edge['type']}-> {key}" if edge["target"] == key else f" <-{edge['type']}- {key}"
    return said


def _sarif(found: Found, file: Path | None, condition: str | None) -> dict[str, Any]:
    """SARIF 2.1.0: what code hosts show beside the lines of a pull request."""
    results = []
    for note in _notes(found, condition):
        location: dict[str, Any] = {
            "logicalLocations": [
                {"fullyQualifiedName": note.key, **({"properties": {"kind": note.kind}} if note.kind else {})}
            ]
        }
        if file is not None and note.line is not None:
            location["physicalLocation"] = {
                "artifactLocation": {"uri": file.as_posix()},
                "region": {"startLine": note.line},
            }
        results.append(
            {
                "ruleId": note.rule,
                "level": note.level,
                "message": {"text": note.message},
                "locations": [location],
                "partialFingerprints": {"impact/v1": f"{note.rule} {note.key}"},
            }
        )
    rules = [{"id": id, "shortDescription": {"text": text}} for id, text in _RULES.items()]
    driver = {"name": "graph-service", "version": __version__, "rules": rules}
    return {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }


def _annotation(note: _Note, file: Path | None) -> str:
    """A workflow command of GitHub Actions."""
    word = {"note": "notice"}.get(note.level, note.level)
    place = f"file={_escaped(file.as_posix())},line={note.line}," if file and note.line else ""
    return f"::{word} {place}title={note.rule}::{_escaped(note.message, message=True)}"


def _escaped(text: str, *, message: bool = False) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text if message else text.replace(":", "%3A").replace(",", "%2C")


def _text(found: Found) -> str:
    """For people."""
    out = StringIO()
    console = Console(file=out, width=WIDTH_MAX, highlight=False, markup=False, emoji=False)
    for number, part in enumerate(_parts(found)):
        if number:
            console.print()
        console.print(part)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _parts(found: Found) -> Iterator[Table | str]:
    """With an empty line between each two of them."""
    way = "impact" if found["direction"] == "dependents" else "dependencies"
    head = [f"{way} of {', '.join(found['of'])} at {found['valid']}: {found['count']}"]
    head += [f"nothing is known of {key}" for key in found["unknown"]]
    for event in found["events"]:
        head.append(f"what if {event['id']} ({event['type']}): {event['fate']}")
        head += [f"  {assertion}" for assertion in event["assertions"]]
    yield "\n".join(head)
    if found["changes"]:
        yield _changes(found)
    for name in ("entered", "moved", "left"):
        if found[name]:
            yield _drift(name, found)
    if found["items"]:
        yield _items(found)
        counts = [("by kind", found["by_kind"]), ("owners", found["owners"])]
        yield "\n".join(f"{name}: {_counts(some)}" for name, some in counts if some)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column != "path")
    return table


def _items(found: Found) -> Table:
    table = _table("distance", "score", "key", "owners", "last seen", "path")
    for item in found["items"]:
        marks = "" if item["declared"] else " (ended)" if item["ended"] else " (undeclared)"
        seen = [edge["last_seen"] or "" for edge in item["relationships"]]
        table.add_row(
            str(item["distance"]),
            f"{item['score']:.2f}",
            f"{item['key']}{marks}",
            ", ".join(item["owners"]),
            min(seen),
            _arrows(item),
        )
    return table


def _drift(name: str, found: Found) -> Table:
    table = _table(name, "distance", "event", "path")
    for item in found[name]:
        before, after = item["distance_before"], item["distance_after"]
        event = item["event"]["id"] if item["event"] else ""
        table.add_row(item["key"], f"{before or '-'} to {after or '-'}", event, _arrows(item))
    return table


def _changes(found: Found) -> Table:
    table = _table("change", "what", "from", "to", "before", "after")
    for change in found["changes"]:
        what = change["key"]
        if change["type"]:
            word = f"[{change['discriminator']}]" if change["discriminator"] else ""
            what = f"{what} -{change['type']}{word}-> {change['target']}"
        sides = [_shortened(change[side]) for side in ("before", "after")]
        table.add_row(change["kind"], what, change["valid_from"], change["valid_to"] or "", *sides)
    return table


def _shortened(properties: Any) -> str:
    text = "" if properties is None else json.dumps(properties, ensure_ascii=False, separators=(", ", ": "))
    return text if len(text) <= 40 else f"{text[:39]}…"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
