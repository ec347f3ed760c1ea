"""What if: how facts and an impact would change. The events and what they would make are known within this answer only."""

from __future__ import annotations

from enum import Enum

import strawberry

from graph_service.api.answers import ChangeKind, as_relationship
from graph_service.api.context import Context, Info, Moment
from graph_service.api.fields import resolved
from graph_service.api.impacts import ImpactDrift
from graph_service.api.nodes import Entity, Event, Relationship, Version, entity_of, event_of
from graph_service.api.scalars import DateTime, instant
from graph_service.mapping.check import render
from graph_service.store.read.answers import DriftAt, VersionAt
from graph_service.store.read.foresee import Foreseen, ForeseenChange, ForeseenEvent


@strawberry.enum(description="What would become of an event.")
class EventFate(Enum):
    APPLIED = strawberry.enum_value("applied", description="It would count.")
    DUPLICATE = strawberry.enum_value(
        "duplicate",
        description="It is there already, or among these events before: it would be counted only.",
    )
    UNMAPPED = strawberry.enum_value(
        "unmapped", description="No rule of the mapping is for its type: it would be counted only."
    )


@strawberry.type(description="One of the events of a what-if.")
class WhatIfEvent:
    row: strawberry.Private[ForeseenEvent]
    moment: strawberry.Private[Moment]

    @resolved("Its place among the events given, from 0.")
    def index(self) -> int:
        return self.row.event.order.offset

    @resolved("The event, as it would be in the ledger; its topic is `what-if`.")
    def event(self) -> Event:
        return Event(row=self.row.row, moment=self.moment)

    @resolved("What would become of it.")
    def fate(self) -> EventFate:
        return EventFate(self.row.fate.value)

    @resolved("What it would assert, in words.")
    def assertions(self) -> list[str]:
        return [render(assertion) for assertion in self.row.assertions]


@strawberry.type(
    description="One stretch of time in which something would be otherwise. Exactly one of `entity` and `relationship` is there."
)
class WhatIfChange:
    row: strawberry.Private[ForeseenChange]
    moments: strawberry.Private[tuple[Moment, Moment]]

    def _side(self) -> tuple[VersionAt, Moment]:
        if self.row.after is not None:
            return self.row.after, self.moments[1]
        assert self.row.before is not None, "a change has a version on at least one side"
        return self.row.before, self.moments[0]

    @resolved("What would happen to it.")
    def kind(self) -> ChangeKind:
        return ChangeKind(self.row.kind)

    @resolved("The entity that would change, as it would be now.")
    async def entity(self, info: Info) -> Entity | None:
        version, moment = self._side()
        return None if version.type else await entity_of(info.context, version.owner, moment)

    @resolved("The relationship that would change: as it would be, or as it is where it would end.")
    def relationship(self) -> Relationship | None:
        version, moment = self._side()
        return Relationship(row=as_relationship(version), moment=moment) if version.type else None

    @resolved("From when on it would be otherwise.")
    def valid_from(self) -> DateTime:
        return DateTime(self.row.valid_from)

    @resolved("Until when, exclusive; null for good.")
    def valid_to(self) -> DateTime | None:
        return instant(self.row.valid_to)

    @resolved("The version that holds there; null where it is not there.")
    def before(self) -> Version | None:
        row = self.row.before
        return None if row is None else Version(row=row, before=None, moment=self.moments[0])

    @resolved("The version that would hold there; null where it would not be there.")
    def after(self) -> Version | None:
        row = self.row.after
        return None if row is None else Version(row=row, before=self.row.before, moment=self.moments[1])

    @resolved("Whether it would alter what is believed about the past.")
    def corrects(self) -> bool:
        return self.row.corrects

    @resolved("The event that would do it.")
    async def event(self, info: Info) -> Event:
        found = await event_of(info.context, self.row.event, self.moments[1])
        assert found is not None, "the events of a what-if are known within its answer"
        return found


@strawberry.type(
    description="What would change if some events were recorded now. Fields that lead on from here (an entity's history or relationships) "
    "answer from the graph as it is."
)
class WhatIf:
    found: strawberry.Private[Foreseen]
    drift: strawberry.Private[DriftAt | None]
    moments: strawberry.Private[tuple[Moment, Moment]]

    @resolved("The events, in the order given.")
    def events(self) -> list[WhatIfEvent]:
        return [WhatIfEvent(row=row, moment=self.moments[1]) for row in self.found.events]

    @resolved("The facts that would change, by when, then by entity and relationship.")
    def changes(self) -> list[WhatIfChange]:
        return [WhatIfChange(row=row, moments=self.moments) for row in self.found.changes]

    @resolved("How the impact would differ; null without `impactOf`.")
    def impact(self) -> ImpactDrift | None:
        return None if self.drift is None else ImpactDrift(found=self.drift, moments=self.moments)

    @resolved("The instant at which impacts are compared.")
    def valid(self) -> DateTime:
        return DateTime(self.found.after.valid)


async def moments_of(context: Context, found: Foreseen) -> tuple[Moment, Moment]:
    """The two points that are compared. Ids name them, so that caches do not take what would be for what is."""
    before, after = found.before, found.after
    return (
        await context.moment(before.valid, before.known),
        Moment(point=after, valid=after.valid, known=after.known, foreseen=found),
    )
