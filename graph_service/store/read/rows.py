"""From what the database returns to what the store answers. Nothing learnt after the asked known time ever shows here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graph_service.core.model import Properties, Row, holds
from graph_service.core.time import FOREVER
from graph_service.store.read.answers import EntityAt, EventRow, Point, RelationshipAt, VersionAt


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


def entity_at(plain: Mapping[str, Any], at: Point) -> EntityAt:
    """From a record of `read/entities_at` (key, kind, held, began)."""
    held, key = plain["held"], plain["key"]
    if held is not None and "valid_to" not in held:
        # What the node itself says is open on both axes.
        return EntityAt(
            key=key, kind=plain["kind"], declared=True, ended=False, properties=held.get("properties") or "{}", event=held["event"],
            valid_from=held["valid_from"], valid_to=FOREVER, known_from=held["known_from"], known_to=FOREVER,
        )  # fmt: skip
    if held is not None:
        found = StoredRow.of(held).version(Owner(key=key), at.known)
        return EntityAt(
            key=key,
            kind=plain["kind"],
            declared=True,
            ended=False,
            properties=found.properties,
            valid_from=found.valid_from,
            valid_to=found.valid_to,
            known_from=found.known_from,
            known_to=found.known_to,
            event=found.event,
        )
    return EntityAt(
        key=key,
        kind=plain["kind"],
        declared=False,
        ended=plain["began"],
        properties="{}",
        valid_from=None,
        valid_to=None,
        known_from=None,
        known_to=None,
        event=None,
    )


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
