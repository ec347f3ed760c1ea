"""From what the database returns to what the store answers. Nothing learnt after the asked known time ever shows here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graph_service.core.model import Properties, Row, holds
from graph_service.core.time import FOREVER
from graph_service.store.read.answers import EntityAt, EventRow, Point, RelationshipAt, VersionAt

NAMED = 3
"""The place in an entity as `read/entities_at` tells it that says whether a relationship names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """What has versions: an entity (all but `key` empty) or a relationship from `key`."""

    key: str
    type: str = ""
    target: str = ""
    discriminator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRow:
    """A row as the architecture describes it, with what is absent filled in."""

    properties: str
    event: str
    valid_from: int
    valid_to: int
    known_from: int
    known_to: int
    end_known: int
    ended_by: str | None

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> StoredRow:
        """From a row's properties; an entity's node is a row that is open on both axes."""
        known_from, valid_to = plain["known_from"], plain.get("valid_to", FOREVER)
        end_known = plain.get("end_known")
        if end_known is None:
            end_known = FOREVER if valid_to == FOREVER else known_from
        return cls(
            properties=plain.get("properties") or "{}",
            event=plain["event"],
            valid_from=plain["valid_from"],
            valid_to=valid_to,
            known_from=known_from,
            known_to=plain.get("known_to", FOREVER),
            end_known=end_known,
            ended_by=plain.get("ended_by"),
        )

    def holds(self, at: Point) -> bool:
        """Whether this is what was believed at `at.known` about `at.valid`."""
        return holds(self, at.valid, at.known)

    def row(self, item: str) -> Row:
        """The core's row, of one item of its stream."""
        return Row(
            item=item,
            properties=Properties.parse(self.properties),
            event=self.event,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            known_from=self.known_from,
            known_to=self.known_to,
            end_known=FOREVER if self.valid_to == FOREVER else self.end_known,
            ended_by=self.ended_by,
        )

    def versions(self, owner: Owner, known: int, *, corrections: bool) -> list[VersionAt]:
        """The versions it stands for that are believed at `known`; with `corrections` also those believed before."""
        spans: list[tuple[int, str | None, int, int]] = []
        if self.known_from < self.end_known:
            spans.append((FOREVER, None, self.known_from, min(self.end_known, self.known_to)))
        if self.valid_to != FOREVER and self.end_known < self.known_to:
            spans.append((self.valid_to, self.ended_by, self.end_known, self.known_to))
        return [
            VersionAt(
                owner=owner.key,
                type=owner.type,
                target=owner.target,
                discriminator=owner.discriminator,
                properties=self.properties,
                valid_from=self.valid_from,
                valid_to=valid_to,
                known_from=known_from,
                known_to=known_to if known_to <= known else FOREVER,
                event=self.event,
                ended_by=ended_by,
            )
            for valid_to, ended_by, known_from, known_to in spans
            if known_from <= known and (corrections or known < known_to)
        ]

    def version(self, owner: Owner, known: int) -> VersionAt:
        """The one version believed at `known`; the row must be believed then."""
        (found,) = self.versions(owner, known, corrections=False)
        return found


def entity_at(told: Sequence[Any], at: Point) -> EntityAt:
    """From an entity as `read/entities_at` tells it."""
    key, kind, began, _, held = told
    if held is None:
        return EntityAt(key, kind, False, began, "{}", None, None, None, None, None)
    if type(held) is list:
        # What the node itself says is open on both axes.
        properties, event, valid_from, known_from = held
        return EntityAt(
            key, kind, True, False, properties or "{}", valid_from, FOREVER, known_from, FOREVER, event
        )
    found = StoredRow.of(held).version(Owner(key=key), at.known)
    return EntityAt(
        key=key,
        kind=kind,
        declared=True,
        ended=False,
        properties=found.properties,
        valid_from=found.valid_from,
        valid_to=found.valid_to,
        known_from=found.known_from,
        known_to=found.known_to,
        event=found.event,
    )


def relationship_of(told: Sequence[Any], at: Point) -> RelationshipAt:
    """From a relationship as `read/relationships_out` tells it."""
    type, source, target, discriminator, properties, valid_from, valid_to, known_from, known_to = told[:9]
    end_known, event, ended_by, other = told[9:]
    end = None if other is None else entity_at(other, at)
    if valid_to == known_to == FOREVER and (end_known is None or end_known == FOREVER):
        # Open on both axes, as most are: there is nothing to work out.
        return RelationshipAt(
            type, source, target, discriminator, properties or "{}", valid_from, FOREVER, known_from, FOREVER, event, None, end,
        )  # fmt: skip
    row = {
        "properties": properties, "event": event, "valid_from": valid_from, "valid_to": valid_to, "known_from": known_from,
        "known_to": known_to, "end_known": end_known, "ended_by": ended_by, "discriminator": discriminator,
    }  # fmt: skip
    return relationship_at(source, type, target, row, at, end)


def relationship_at(
    source: str, type: str, target: str, row: Mapping[str, Any], at: Point, end: EntityAt | None = None
) -> RelationshipAt:
    """From a relationship's properties, as believed at the point; see `RelationshipAt.end`."""
    if row["valid_to"] == row["known_to"] == row.get("end_known", FOREVER) == FOREVER:
        # Open on both axes, as most are: there is nothing to work out.
        return RelationshipAt(
            type=type, source=source, target=target, discriminator=row.get("discriminator", ""),
            properties=row.get("properties") or "{}", event=row["event"], ended_by=None, end=end,
            valid_from=row["valid_from"], valid_to=FOREVER, known_from=row["known_from"], known_to=FOREVER,
        )  # fmt: skip
    owner = Owner(key=source, type=type, target=target, discriminator=row.get("discriminator", ""))
    found = StoredRow.of(row).version(owner, at.known)
    return RelationshipAt(
        type=type,
        source=source,
        target=target,
        discriminator=owner.discriminator,
        properties=found.properties,
        valid_from=found.valid_from,
        valid_to=found.valid_to,
        known_from=found.known_from,
        known_to=found.known_to,
        event=found.event,
        ended_by=found.ended_by,
        end=end,
    )


def event_row(plain: Mapping[str, Any]) -> EventRow:
    """From the properties of an (:Event)."""
    return EventRow(
        uid=plain["uid"],
        source=plain["source"],
        id=plain["id"],
        type=plain["type"],
        subject=plain.get("subject"),
        time=plain["time"],
        recorded_at=plain["recorded_at"],
        topic=plain["topic"],
        partition=plain["partition"],
        offset=plain["offset"],
        correlation_id=plain.get("correlation_id"),
        causation_id=plain.get("causation_id"),
        data=plain.get("data") or "null",
        mapping=plain.get("mapping") or "",
    )
