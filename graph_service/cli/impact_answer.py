"""What `graph-service impact` answers: one JSON value, which all formats and the condition are made from."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graph_service.cli.running import driver_of
from graph_service.core.errors import BadEvent, BadRecord, BadRequest
from graph_service.core.model import kind_of
from graph_service.core.time import format_instant, open_or_text
from graph_service.mapping import Mapping as EventMapping
from graph_service.mapping.check import render
from graph_service.mapping.json_text import parse
from graph_service.settings import Settings
from graph_service.store.read.answers import (
    DriftAt,
    DriftHit,
    EntityAt,
    EventRow,
    ImpactAt,
    ImpactHit,
    Point,
    RelationshipAt,
    VersionAt,
    path_to,
)
from graph_service.store.read.foresee import Foreseen, ForeseenChange, ForeseenEvent
from graph_service.store.read.reader import Reader
from graph_service.store.read.scoring import scored
from graph_service.store.read.seen import edge_key

TIMEOUT_S = 60.0
OWNERS_OF_ONE_MAX = 50
STDIN = Path("-")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The question. Times in microseconds."""

    keys: tuple[str, ...]
    valid: int | None
    known: int | None
    dependents: bool
    types: tuple[str, ...] | None
    depth: int
    first: int
    criticality: str | None
    #: File with events, or STDIN.
    what_if: Path | None
    mapping: tuple[Path, ...]


async def answered(settings: Settings, asked: Asked) -> dict[str, Any]:
    """The answer, as `--format json` prints it.

    Raises:
        BadRequest: a key names nothing, a type is not declared, or an event cannot be.
        BadSettings: there is no mapping for the events.
    """
    events = None if asked.what_if is None else read_events(asked.what_if)
    mapping = EventMapping.load(asked.mapping) if asked.mapping else None
    async with driver_of(settings) as driver:
        reader = Reader(driver, database=settings.neo4j_database, timeout_s=TIMEOUT_S, mapping=mapping)
        if asked.types is not None:
            await reader.types(asked.types, suggest=True)
        if events is None or asked.what_if is None:
            point = await reader.point(asked.valid, asked.known)
            found = await reader.impact(
                asked.keys, at=point, dependents=asked.dependents, types=asked.types, max_depth=asked.depth, limit=asked.first
            )  # fmt: skip
            return await _Telling(reader, asked, point, None).answer(found, None)
        try:
            foreseen = await reader.foresee([event for _, event in events], asked.valid)
        except BadEvent as error:
            raise BadRequest(
                f"{asked.what_if}:{events[error.index][0]}: {error.reason}: {error.cause}"
            ) from error
        drift = await reader.impact_drift(
            asked.keys, frm=foreseen.before, to=foreseen.after, dependents=asked.dependents, types=asked.types,
            max_depth=asked.depth, limit=asked.first, foreseen=foreseen,
        )  # fmt: skip
        lines = [line for line, _ in events]
        answer = await _Telling(reader, asked, foreseen.after, foreseen).answer(drift.after, drift)
        for one, line in zip(answer["events"], lines, strict=True):
            one["line"] = line
        return answer


def read_events(file: Path) -> list[tuple[int, object]]:
    """The events of a file with their lines: JSON lines, or one JSON list, whose elements all count as on its first line.

    Raises:
        BadRequest: it cannot be read, or is neither.
    """
    try:
        content = sys.stdin.buffer.read() if file == STDIN else file.read_bytes()
    except OSError as error:
        raise BadRequest(f"{file} cannot be read: {error.strerror or error}") from error
    if content.lstrip().startswith(b"["):
        listed = _parsed(content, f"{file}")
        assert isinstance(listed, list), "what begins with a bracket is a list"
        return [(1, one) for one in listed]
    lines = enumerate(content.splitlines(), start=1)
    return [(number, _parsed(line, f"{file}:{number}")) for number, line in lines if line.strip()]


def _parsed(text: bytes, where: str) -> object:
    try:
        return parse(text)
    except BadRecord as error:
        raise BadRequest(f"{where}: {error.reason}: {error}") from error


class _Telling:
    """Puts an answer into words: one look-up of each sort for all of it."""

    def __init__(self, reader: Reader, asked: Asked, at: Point, foreseen: Foreseen | None) -> None:
        self._reader, self._asked, self._at, self._foreseen = reader, asked, at, foreseen
        self._events: dict[str, EventRow] = {}

    async def answer(self, found: ImpactAt, drift: DriftAt | None) -> dict[str, Any]:
        await self._known()
        hits = {hit.key: hit for hit in found.hits}
        moved: Sequence[DriftHit] = (*drift.entered, *drift.left, *drift.moved) if drift else ()
        edges = [hit.relationship for hit in [*found.hits, *(hit for one in moved for hit in one.path)]]
        changes = self._foreseen.changes if self._foreseen else ()
        await self._read_events({edge.event for edge in edges} | {one.event for one in moved if one.event})
        entities = await self._entities(hits.keys() | {one.key for one in moved})
        owners = await self._owners(found.hits)
        seen = await self._seen(edges)
        scores = scored(
            found, self._at, entities=entities, seen=seen, vocabulary=await self._reader.vocabulary(), criticality=self._asked.criticality,
        )  # fmt: skip
        self._last_seen = seen
        items = []
        for hit in found.hits:
            path, score = path_to(hit, hits), scores[hit.key]
            items.append(
                {
                    **_entity(hit.key, entities),
                    "distance": hit.distance,
                    "score": round(score.score, 4),
                    "factors": {
                        "distance": round(score.distance, 4),
                        "criticality": round(score.criticality, 4),
                        "freshness": round(score.freshness, 4),
                    },
                    "owners": sorted(owners.get(hit.key, ())),
                    **self._path(path),
                }
            )
        return {
            "of": list(self._asked.keys),
            "direction": "dependents" if self._asked.dependents else "dependencies",
            "valid": format_instant(self._at.valid),
            "known": format_instant(self._at.known) if self._foreseen is None else None,
            "count": found.count,
            "truncated": _truncated(found),
            "items": items,
            "by_kind": _counted(item["kind"] for item in items),
            "owners": _counted(owner for item in items for owner in item["owners"]),
            "unknown": self._unknown,
            "entered": [self._moved(one, entities) for one in drift.entered] if drift else [],
            "left": [self._moved(one, entities) for one in drift.left] if drift else [],
            "moved": [self._moved(one, entities) for one in drift.moved] if drift else [],
            "unchanged": drift.unchanged if drift else found.count,
            "changes": [self._change(change) for change in changes],
            "events": [self._what_if(one) for one in self._foreseen.events] if self._foreseen else [],
        }

    async def _known(self) -> None:
        """A gate about a mistyped key would pass for ever.

        Raises:
            BadRequest: none of the keys names anything.
        """
        touched = self._foreseen.overlay.owners if self._foreseen else frozenset[str]()
        point = self._foreseen.before if self._foreseen else self._at
        self._unknown = [
            key for key in await self._reader.unknown(self._asked.keys, point) if key not in touched
        ]
        if len(self._unknown) == len(self._asked.keys):
            raise BadRequest(
                f"nothing is known of {', '.join(self._unknown)} at that point: check the key, which is like service:cart, and the time"
            )

    async def _read_events(self, uids: set[str]) -> None:
        applied = self._foreseen.applied if self._foreseen else {}
        found = await self._reader.events(sorted(uid for uid in uids if uid not in applied))
        self._events = {**found, **{uid: row for uid, row in applied.items() if uid is not None}}

    async def _entities(self, keys: set[str]) -> dict[str, EntityAt]:
        found = await self._reader.entities_by_key(sorted(keys), self._at)
        if self._foreseen is not None:
            overlay = self._foreseen.overlay
            found |= {key: overlay.entity(key, self._at) for key in keys & overlay.owners}
        return found

    async def _owners(self, hits: Sequence[ImpactHit]) -> dict[str, set[str]]:
        types = (await self._reader.vocabulary()).owner_types()
        if not types or not hits:
            return {}
        pages = await self._reader.relationships(
            [hit.key for hit in hits], at=self._at, types=types, first=OWNERS_OF_ONE_MAX
        )
        found = {key: {edge.target for edge in page.items} for key, page in pages.items()}
        if self._foreseen is not None:
            overlay = self._foreseen.overlay
            found |= {key: set() for key in found if key in overlay.owners}
            for edge in overlay.relationships(self._at):
                if edge.type in types and edge.source in found:
                    found[edge.source].add(edge.target)
        return found

    async def _seen(self, edges: Sequence[RelationshipAt]) -> dict[tuple[str, str, str, str], int]:
        found = await self._reader.last_seen(edges, self._at)
        applied = self._foreseen.applied if self._foreseen else {}
        return found | {edge_key(edge): applied[edge.event].time for edge in edges if edge.event in applied}

    def _path(self, path: Sequence[ImpactHit]) -> dict[str, Any]:
        return {
            "path": [path[0].parent, *(hit.key for hit in path)],
            "relationships": [self._relationship(hit.relationship) for hit in path],
        }

    def _relationship(self, edge: RelationshipAt) -> dict[str, Any]:
        seen = self._last_seen.get(edge_key(edge))
        return {
            "type": edge.type,
            "source": edge.source,
            "target": edge.target,
            "discriminator": edge.discriminator or None,
            "since": format_instant(edge.valid_from),
            "last_seen": None if seen is None else format_instant(seen),
            "event": self._event(edge.event),
        }

    def _event(self, uid: str | None) -> dict[str, Any] | None:
        row = None if uid is None else self._events.get(uid)
        if row is None:
            return None
        return {"source": row.source, "id": row.id, "type": row.type, "time": format_instant(row.time)}

    def _moved(self, one: DriftHit, entities: Mapping[str, EntityAt]) -> dict[str, Any]:
        return {
            **_entity(one.key, entities),
            "distance_before": one.before,
            "distance_after": one.after,
            "relationship": None if one.relationship is None else self._relationship(one.relationship),
            "event": self._event(one.event),
            **self._path(one.path),
        }

    def _change(self, change: ForeseenChange) -> dict[str, Any]:
        version = change.after or change.before
        assert version is not None, "a change has a version on at least one side"
        return {
            "kind": change.kind,
            "subject": change.subject,
            "key": version.owner,
            "type": version.type or None,
            "target": version.target or None,
            "discriminator": version.discriminator or None,
            "valid_from": format_instant(change.valid_from),
            "valid_to": open_or_text(change.valid_to),
            "before": _properties(change.before),
            "after": _properties(change.after),
            "corrects": change.corrects,
            "event": self._event(change.event),
        }

    def _what_if(self, one: ForeseenEvent) -> dict[str, Any]:
        row = one.row
        return {
            "source": row.source,
            "id": row.id,
            "type": row.type,
            "fate": one.fate.value,
            "assertions": [render(assertion) for assertion in one.assertions],
        }


def _entity(key: str, entities: Mapping[str, EntityAt]) -> dict[str, Any]:
    found = entities.get(key)
    return {
        "key": key,
        "kind": found.kind if found else kind_of(key),
        "declared": found is not None and found.declared,
        "ended": found is not None and found.ended,
        "properties": json.loads(found.properties) if found else {},
    }


def _properties(version: VersionAt | None) -> Any:
    return None if version is None else json.loads(version.properties)


def _truncated(found: ImpactAt) -> dict[str, Any] | None:
    if found.cut is None:
        return None
    return {
        "reason": found.cut,
        "detail": found.cut_detail,
        "distance": found.cut_distance,
        "left_out": found.left_out,
    }


def _counted(names: Any) -> dict[str, int]:
    return dict(sorted(Counter(names).items(), key=lambda pair: (-pair[1], pair[0])))
