"""Answers that are not nodes themselves: impact, differences, what an answer rests on, words and status."""

from __future__ import annotations

from enum import Enum

import strawberry

from graph_service.api.context import Info, Moment
from graph_service.api.fields import resolved
from graph_service.api.nodes import Entity, Event, Relationship, Version, as_entity, event_of
from graph_service.api.scalars import DateTime
from graph_service.store.read.answers import DifferenceAt, RelationshipAt, VersionAt

OWNERS_OF_ONE_MAX = 50


@strawberry.enum(
    description="An entity appears when it becomes declared and ends when it no longer is; being named by others alone is neither."
)
class ChangeKind(Enum):
    APPEARED = strawberry.enum_value("APPEARED", description="It was not there before.")
    CHANGED = strawberry.enum_value("CHANGED", description="It was there, with other properties.")
    ENDED = strawberry.enum_value("ENDED", description="It is not there any more.")


@strawberry.type(
    description="One difference between two points. Exactly one of `entity` and `relationship` is there."
)
class Difference:
    row: strawberry.Private[DifferenceAt]
    earlier: strawberry.Private[Moment]
    later: strawberry.Private[Moment]

    def _side(self) -> tuple[VersionAt, Moment]:
        """Where the subject is to be seen: at the second point, or at the first when it is not there any more."""
        if self.row.after is not None:
            return self.row.after, self.later
        assert self.row.before is not None, "a difference has a version on at least one side"
        return self.row.before, self.earlier

    @resolved("What happened to it.")
    def kind(self) -> ChangeKind:
        return ChangeKind(self.row.kind)

    @resolved("The entity that differs, at the second point (at the first when it ended).", loads=True)
    async def entity(self, info: Info) -> Entity | None:
        version, moment = self._side()
        if self.row.subject != "entity":
            return None
        return as_entity(
            version.owner, await info.context.entities.load((version.owner, moment.point)), moment
        )

    @resolved("The relationship that differs, at the second point (at the first when it ended).")
    def relationship(self) -> Relationship | None:
        version, moment = self._side()
        return (
            None
            if self.row.subject == "entity"
            else Relationship(row=as_relationship(version), moment=moment)
        )

    @resolved("The version at the first point; null when it was not there.")
    def before(self) -> Version | None:
        row = self.row.before
        return None if row is None else Version(row=row, before=None, moment=self.earlier)

    @resolved("The version at the second point; null when it is not there.")
    def after(self) -> Version | None:
        row = self.row.after
        return None if row is None else Version(row=row, before=self.row.before, moment=self.later)

    @resolved("The event that did it.", loads=True)
    async def event(self, info: Info) -> Event | None:
        return await event_of(info.context, self.row.event, self.later)


def as_relationship(version: VersionAt) -> RelationshipAt:
    """A version of a relationship as the relationship it was."""
    return RelationshipAt(
        type=version.type,
        source=version.owner,
        target=version.target,
        discriminator=version.discriminator,
        properties=version.properties,
        valid_from=version.valid_from,
        valid_to=version.valid_to,
        known_from=version.known_from,
        known_to=version.known_to,
        event=version.event,
        ended_by=version.ended_by,
    )


@strawberry.type(description="How far a partition of the log is applied.")
class PartitionStatus:
    topic: str = strawberry.field(description="The Kafka topic.")
    partition: int = strawberry.field(description="The partition of the topic.")
    position: int | None = strawberry.field(description="The offset last applied; null before the first.")
    end: int | None = strawberry.field(
        description="The offset that the next record will have; null where this process does not ask the log."
    )
    lag_events: int = strawberry.field(description="Records not yet applied; 0 where `end` is null.")
    recorded_at: DateTime | None = strawberry.field(description="When the log recorded the last one applied.")


@strawberry.type(description="How fresh and how complete answers are.")
class Status:
    ready: bool = strawberry.field(
        description="Whether something is applied, so that answers mean something."
    )
    watermark: DateTime | None = strawberry.field(description="The known time up to which answers are final.")
    lag_events: int = strawberry.field(
        description="Records not yet applied, over all partitions whose end is known."
    )
    dead_letters: int = strawberry.field(
        description="Records that could not be applied, and wait for an operator."
    )
    discarded: int = strawberry.field(description="Dead letters that an operator decided not to replay.")
    replayed: int = strawberry.field(
        description="Records that operators have brought in from dead letters, at their true place in time."
    )
    events: int = strawberry.field(description="Events in the ledger.")
    entities: int = strawberry.field(description="Entities, whenever they were there.")
    relationships: int = strawberry.field(description="Relationships that hold now.")
    partitions: list[PartitionStatus] = strawberry.field(description="By topic and partition.")
