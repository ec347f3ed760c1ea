"""What some events would make of a few entities, laid over the graph that is. Pure; nothing of it is ever written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from graph_service.core.model import Row, StreamKey, kind_of
from graph_service.core.time import FOREVER
from graph_service.store.read.answers import EntityAt, Point, RelationshipAt
from graph_service.store.read.rows import Owner, StoredRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """The rows of touched entities, as they would be; every other entity's are those of the graph.

    They are at least those that are believed, before or then, and reach the valid instant that the what-if is about.
    """

    rows: Mapping[StreamKey, tuple[Row, ...]]
    #: The touched entities.
    owners: frozenset[str]
    #: The known time at which the events would be recorded; after all that is.
    known: int
    #: By entity, the uids of those of the events that speak about it, or retract what does, in record order.
    events: Mapping[str, tuple[str, ...]]
    #: Those of which more rows may be there than are known here, and that are believed to be declared, or to have ended, at that instant.
    begun: frozenset[str]

    def relationships(self, at: Point) -> list[RelationshipAt]:
        """The relationships from touched entities that would hold at the point."""
        return [
            found
            for stream, rows in self.rows.items()
            if stream.type
            for row in rows
            if row.holds(at.valid, at.known)
            for found in (_relationship(stream, row, at),)
        ]

    def stored(self, owners: Iterable[Owner]) -> dict[Owner, list[StoredRow]]:
        """The rows of relationships from touched entities, in the shape that the graph gives them in; none for those without."""
        found: dict[Owner, list[StoredRow]] = {}
        for owner in owners:
            rows = self.rows.get(StreamKey(owner.key, owner.type, owner.discriminator), ())
            if its := [_stored(row) for row in rows if row.item == owner.target]:
                found[owner] = its
        return found

    def entity(self, key: str, at: Point) -> EntityAt:
        """A touched entity as it would be at the point."""
        rows = [_stored(row) for row in self.rows.get(StreamKey(key), ())]
        believed = [
            version for row in rows for version in row.versions(Owner(key=key), at.known, corrections=False)
        ]
        begun = [version for version in believed if version.valid_from <= at.valid]
        here = next((version for version in begun if at.valid < version.valid_to), None)
        bare = EntityAt(
            key=key, kind=kind_of(key), declared=False, ended=bool(begun) or key in self.begun, properties="{}",
            valid_from=None, valid_to=None, known_from=None, known_to=None, event=None,
        )  # fmt: skip
        if here is None:
            return bare
        return bare._replace(
            declared=True, ended=False, properties=here.properties, valid_from=here.valid_from, valid_to=here.valid_to,
            known_from=here.known_from, known_to=here.known_to, event=here.event,
        )  # fmt: skip


def _stored(row: Row) -> StoredRow:
    return StoredRow(
        properties=row.properties.text,
        event=row.event,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        known_from=row.known_from,
        known_to=row.known_to,
        end_known=row.end_known if row.valid_to != FOREVER else FOREVER,
        ended_by=row.ended_by,
    )


def _relationship(stream: StreamKey, row: Row, at: Point) -> RelationshipAt:
    owner = Owner(key=stream.owner, type=stream.type, target=row.item, discriminator=stream.discriminator)
    found = _stored(row).version(owner, at.known)
    return RelationshipAt(
        type=found.type,
        source=found.owner,
        target=found.target,
        discriminator=found.discriminator,
        properties=found.properties,
        valid_from=found.valid_from,
        valid_to=found.valid_to,
        known_from=found.known_from,
        known_to=found.known_to,
        event=found.event,
        ended_by=found.ended_by,
    )
