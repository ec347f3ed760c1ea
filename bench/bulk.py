"""A log of any length as the elements that the real writer would leave behind, written by the database's own import: minutes instead of hours.

This repeats what the store does with records that come in order, and nothing else of it. `bench.stores` holds it against the real writer on a sample, element by
element and by digest, whenever it makes a store: a physical model that moved on is found there, not in the figures.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, TextIO

from bench.shape import SOURCE, TOPIC, Data, Happening
from graph_service.core.assertions import EntityAsserted, RelationshipAsserted, RelationshipEnded, Spanned
from graph_service.core.model import Event, EventId, Properties, RecordOrder, event_uid, kind_of
from graph_service.core.time import FOREVER
from graph_service.store.queries import PAST
from graph_service.store.write.batch import MappedEvent
from graph_service.store.write.claims import to_text
from graph_service.store.write.heads import Head
from graph_service.store.write.heads import to_text as heads_to_text

MAPPING = "bench"
_ROW = (
    "event",
    "valid_from:long",
    "valid_to:long",
    "known_from:long",
    "known_to:long",
    "properties",
    "end_known:long",
    "ended_by",
)
_EVENT = (
    "uid", "source", "id", "type", "time:long", "data", "content_hash", "mapping", "recorded_at:long", "topic", "partition:long", "offset:long",
    "tick:long",
)  # fmt: skip


def assertion_of(one: Happening) -> Spanned:
    """What an event says."""
    if one.edge is None:
        raise ValueError("an entity's properties are the data's; ask `assertions`")
    edge = one.edge
    if one.begins:
        properties = Properties.of(edge.properties[one.spell])
        return RelationshipAsserted(
            source=edge.source, type=edge.type, target=edge.target, discriminator="", properties=properties, valid_from=one.at, valid_to=FOREVER
        )  # fmt: skip
    return RelationshipEnded(
        source=edge.source,
        type=edge.type,
        target=edge.target,
        discriminator="",
        valid_from=one.at,
        valid_to=FOREVER,
    )


def assertions(data: Data, log: Iterable[Happening]) -> Iterator[Spanned]:
    """What each event says."""
    for one in log:
        if one.edge is None:
            properties = Properties.of(data.entities[one.key])
            yield EntityAsserted(
                key=one.key, set=properties, unset=(), replace=False, valid_from=one.at, valid_to=FOREVER
            )
        else:
            yield assertion_of(one)


def event_of(offset: int, at: int) -> Event:
    """The event at a place in the log."""
    return Event(
        identity=EventId(SOURCE, f"b{offset}"), type="bench.v1", subject=None, time=at, sequence=None, correlation_id=None, causation_id=None,
        recorded_time=None, traceparent=None, data="null", content_hash=_content_hash(offset), order=RecordOrder(at, TOPIC, 0, offset),
    )  # fmt: skip


def mapped(data: Data, log: Sequence[Happening]) -> Iterator[MappedEvent]:
    """The log as the real writer takes it."""
    for offset, (one, assertion) in enumerate(zip(log, assertions(data, log), strict=True)):
        yield MappedEvent(event=event_of(offset, one.at), assertions=(assertion,), mapping=MAPPING)


def _content_hash(offset: int) -> str:
    return blake2b(b"%d" % offset, digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What the import reads, and what is left to be said about the graph as a whole."""

    #: Options of the import tool.
    options: tuple[str, ...]
    events: int
    recorded_at: int
    nodes: int
    relationships: int


def write(data: Data, folder: Path) -> Files:
    """Write all files of the import into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    log = data.log()
    numbers = {key: n for n, key in enumerate(data.entities)}
    heads = _heads(log)
    with ExitStack() as stack:
        sheets = _Sheets(folder, stack)
        _entities(sheets, data, log, numbers, heads)
        rows = _relationships(sheets, log, numbers)
        _events(sheets, data, log, numbers)
        options = sheets.options()
    return Files(
        options=options,
        events=len(log),
        recorded_at=log[-1].at,
        nodes=len(numbers) + len(log),
        relationships=rows + len(log),
    )


class _Sheets:
    """The files, opened when they are first written to."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._open: dict[tuple[str, str], Any] = {}
        self._files: list[TextIO] = []

    def of(self, what: str, name: str, head: Sequence[str]) -> Any:
        """The writer for nodes of a label, or for relationships of a type."""
        if (what, name) not in self._open:
            file = self._stack.enter_context(
                (self._folder / f"{what}-{name}.csv").open("w", newline="", encoding="utf-8")
            )
            self._files.append(file)
            self._open[what, name] = csv.writer(file)
            self._open[what, name].writerow(head)
        return self._open[what, name]

    def options(self) -> tuple[str, ...]:
        """For the import tool. All is on disk afterwards."""
        for file in self._files:
            file.flush()
        return tuple(f"--{what}={name}={self._folder / f'{what}-{name}.csv'}" for what, name in self._open)


def _heads(log: Iterable[Happening]) -> dict[str, str]:
    """What the ingester remembers of each owner's streams."""
    found: dict[str, dict[str, Head]] = defaultdict(dict)
    for offset, one in enumerate(log):
        name = f"{one.edge.type} " if one.edge else ""
        found[one.key][name] = Head(one.at, RecordOrder(one.at, TOPIC, 0, offset))
    return {key: heads_to_text(heads) for key, heads in found.items()}


def _entities(
    sheets: _Sheets, data: Data, log: Iterable[Happening], numbers: dict[str, int], heads: dict[str, str]
) -> None:
    names = sorted({name for properties in data.entities.values() for name in properties})
    whole = {name for name in names if all(isinstance(p.get(name, 0), int) for p in data.entities.values())}
    head = (
        ":ID(Entity)",
        "key",
        "kind",
        "declared:boolean",
        "present:boolean",
        "valid_from:long",
        "known_from:long",
        "event",
        "properties",
        "heads",
    )
    sheet = sheets.of(
        "nodes", "Entity", (*head, *(f"p_{name}:long" if name in whole else f"p_{name}" for name in names))
    )
    for offset, one in enumerate(log):
        if one.edge is None:
            properties = data.entities[one.key]
            sheet.writerow((
                numbers[one.key], one.key, kind_of(one.key), "true", "true", one.at, one.at, event_uid(SOURCE, f"b{offset}"),
                Properties.of(properties).text, heads[one.key], *(properties.get(name) for name in names),
            ))  # fmt: skip


def _relationships(sheets: _Sheets, log: Iterable[Happening], numbers: dict[str, int]) -> int:
    """Every row; how many they are."""
    begun: dict[int, tuple[str, int]] = {}
    head = (":START_ID(Entity)", *_ROW, ":END_ID(Entity)")
    count = 0

    def put(one: Happening, spell: int, event: str, since: int, until: int, by: str | None) -> None:
        nonlocal count
        assert one.edge is not None
        edge, text = one.edge, Properties.of(one.edge.properties[spell]).text
        name = edge.type if until == FOREVER else edge.type + PAST
        known = None if until == FOREVER else until
        row = (event, since, until, since, FOREVER, None if text == "{}" else text, known, by)
        sheets.of("relationships", name, head).writerow((numbers[edge.source], *row, numbers[edge.target]))
        count += 1

    last: dict[int, Happening] = {}
    for offset, one in enumerate(log):
        if one.edge is None:
            continue
        uid, place = event_uid(SOURCE, f"b{offset}"), id(one.edge)
        before = begun.pop(place, None)
        if before is not None:
            put(one, one.spell - one.begins, *before, one.at, uid)
        if one.begins:
            begun[place], last[place] = (uid, one.at), one
    for place, (uid, since) in begun.items():
        put(last[place], last[place].spell, uid, since, FOREVER, None)
    return count


def _events(sheets: _Sheets, data: Data, log: Sequence[Happening], numbers: dict[str, int]) -> None:
    nodes = sheets.of("nodes", "Event", (":ID(Event)", *_EVENT))
    head = (":START_ID(Event)", "valid_from:long", "assertions", ":END_ID(Entity)")
    about = sheets.of("relationships", "ABOUT", head)
    for offset, (one, assertion) in enumerate(zip(log, assertions(data, log), strict=True)):
        id = f"b{offset}"
        nodes.writerow((
            offset, event_uid(SOURCE, id), SOURCE, id, "bench.v1", one.at, "null", _content_hash(offset), MAPPING, one.at, TOPIC, 0, offset, 1,
        ))  # fmt: skip
        about.writerow((offset, one.at, to_text([(0, assertion)]), numbers[one.key]))
