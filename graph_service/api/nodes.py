"""What has an id: entities, relationships, versions and events, and how they lead to one another at one point."""

from __future__ import annotations

import json
from typing import Annotated

import strawberry

from graph_service.api.arguments import SIDES, After, Corrections, Direction, First, Steps, Types, steps
from graph_service.api.connections import Connection, page, resume
from graph_service.api.context import Context, Info, Moment, Owner, RelationshipsAsked, page_size
from graph_service.api.fields import resolved
from graph_service.api.ids import encode, fingerprint
from graph_service.api.names import bare_entity, name_of
from graph_service.api.scalars import DateTime, Json, differing, instant, parsed
from graph_service.api.selection import OF_KEYS, asked_below
from graph_service.api.versions import version_before, version_cursor, version_place, version_slice
from graph_service.core.model import event_uid
from graph_service.store.read.answers import EntityAt, EventRow, Page, RelationshipAt, VersionAt
from graph_service.store.read.asking import event_cursor, relationship_cursor


@strawberry.interface(description="Something with an id of its own, to be found again with `Query.node`.")
class Node:
    @resolved(
        "Opaque and global. What was asked with `at` has the point in its id, so that caches do not mix times."
    )
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.global_id())

    def global_id(self) -> str:
        """The text behind `id`."""
        raise NotImplementedError


@strawberry.type(description="A thing that is tracked, as it was at the point asked for.")
class Entity(Node):
    row: strawberry.Private[EntityAt]
    moment: strawberry.Private[Moment]

    def global_id(self) -> str:
        """The key, and the point where one was asked for."""
        return encode(["Entity", self.row.key, *self.moment.mark()])

    @resolved("The natural key, for instance service:checkout.")
    def key(self) -> str:
        return self.row.key

    @resolved("The sort of thing it is, for instance service.")
    def kind(self) -> str:
        return self.row.kind

    @resolved(
        "The name for people: its display property where it has one, else its key without the kind.",
        loads=True,
    )
    async def name(self, info: Info) -> str:
        return await name_of(info.context, self.row)

    @resolved("false: only ever named as the end of a relationship.")
    def declared(self) -> bool:
        return self.row.declared

    @resolved("true: it was declared once and is no more; something still refers to it.")
    def ended(self) -> bool:
        return self.row.ended

    @resolved("All properties by name.")
    def properties(self) -> Json:
        return parsed(self.row.properties)

    @resolved("One property; null where it has none of that name.")
    def property(
        self, name: Annotated[str, strawberry.argument(description="The name of the property.")]
    ) -> Json | None:
        found = json.loads(self.row.properties).get(name)
        return None if found is None else Json(found)

    @resolved("Since when it has been as shown; null where it is not declared.")
    def valid_from(self) -> DateTime | None:
        return instant(self.row.valid_from)

    @resolved("Until when it was as shown, exclusive; null while open.")
    def valid_to(self) -> DateTime | None:
        return instant(self.row.valid_to)

    @resolved("Since when this has been known; null where it is not declared.")
    def known_from(self) -> DateTime | None:
        return instant(self.row.known_from)

    @resolved("Until when this was believed, exclusive; null while it is.")
    def known_to(self) -> DateTime | None:
        return instant(self.row.known_to)

    @resolved("The event that made this version.", loads=True)
    async def event(self, info: Info) -> Event | None:
        return await event_of(info.context, self.row.event, self.moment)

    @resolved(
        "All versions on the valid axis as known at this point, oldest first; `corrections: true` adds those no longer believed.",
        loads=True,
    )
    async def history(
        self, info: Info, corrections: Corrections = False, first: First = 50, after: After = None
    ) -> Connection[Version]:
        return await history(info.context, (self.row.key, "", "", ""), self.moment, corrections, first, after)

    @resolved("The relationships that hold at this point, by type and then by their ends.", loads=True)
    async def relationships(
        self,
        info: Info,
        types: Types = None,
        direction: Annotated[
            Direction | None, strawberry.argument(description="Which end of them this entity is.")
        ] = Direction.OUT,
        first: First = 50,
        after: After = None,
    ) -> Connection[Relationship]:
        context, side = info.context, direction or Direction.OUT
        asked, size = await context.types(types), page_size(first, 50)
        question = fingerprint("relationships", self.row.key, asked, side.value)
        cursor, moment = await resume(context, question, after, self.moment)
        found = await context.relationships.load(
            RelationshipsAsked(
                key=self.row.key,
                types=asked,
                direction=SIDES[side],
                point=moment.point,
                first=size,
                after=None if cursor is None else cursor.after,
                ends=any(
                    not asked_below(info, "edges", "node", end) <= OF_KEYS for end in ("source", "target")
                ),
            )
        )
        return page(
            found,
            node=lambda row: Relationship(row=row, moment=moment),
            after=lambda row: relationship_cursor(row, self.row.key),
            question=question,
            moment=moment,
            resumed=cursor is not None,
        )

    @resolved("The events that claim something about it, newest first.")
    async def events(self, info: Info, first: First = 50, after: After = None) -> Connection[Event]:
        size, question = page_size(first, 50), fingerprint("events about", self.row.key)
        cursor, moment = await resume(info.context, question, after, self.moment)
        found = await info.context.reader.events_about(
            self.row.key, moment.point, size, None if cursor is None else cursor.after
        )
        return event_page(found, question, moment, cursor is not None)


@strawberry.type(description="A directed, typed edge between two entities, as it was at the point asked for.")
class Relationship(Node):
    row: strawberry.Private[RelationshipAt]
    moment: strawberry.Private[Moment]

    def global_id(self) -> str:
        """Ends, type and discriminator, and the point where one was asked for."""
        return encode(["Relationship", *self._owner(), *self.moment.mark()])

    def _owner(self) -> Owner:
        return (self.row.source, self.row.type, self.row.target, self.row.discriminator)

    @resolved("What sort of relationship, for instance CALLS.")
    def type(self) -> str:
        return self.row.type

    @resolved(
        "The entity it goes out from.", loads=True, at_hand=lambda self, info: self.end(info, self.row.source)
    )
    async def source(self, info: Info) -> Entity:
        return self.end(info, self.row.source) or await entity_of(info.context, self.row.source, self.moment)

    @resolved(
        "The entity it points to.", loads=True, at_hand=lambda self, info: self.end(info, self.row.target)
    )
    async def target(self, info: Info) -> Entity:
        return self.end(info, self.row.target) or await entity_of(info.context, self.row.target, self.moment)

    def end(self, info: Info, key: str) -> Entity | None:
        """One of its ends, where nothing has to be loaded for it: its key says all that is asked, or it came with the relationship."""
        if asked_below(info) <= OF_KEYS:
            return as_entity(key, None, self.moment)
        came = self.row.end
        if came is None or came.key != key or self.moment.foreseen is not None:
            return None
        return as_entity(key, came, self.moment)

    @resolved("What tells it from others of the same type between the same ends; null for none.")
    def discriminator(self) -> str | None:
        return self.row.discriminator or None

    @resolved("All properties by name.")
    def properties(self) -> Json:
        return parsed(self.row.properties)

    @resolved("Since when it has held, with these properties.")
    def valid_from(self) -> DateTime:
        return DateTime(self.row.valid_from)

    @resolved("Until when it held, exclusive; null while open.")
    def valid_to(self) -> DateTime | None:
        return instant(self.row.valid_to)

    @resolved("Since when this has been known.")
    def known_from(self) -> DateTime:
        return DateTime(self.row.known_from)

    @resolved("Until when this was believed, exclusive; null while it is.")
    def known_to(self) -> DateTime | None:
        return instant(self.row.known_to)

    @resolved("The event that made this version.", loads=True)
    async def event(self, info: Info) -> Event | None:
        return await event_of(info.context, self.row.event, self.moment)

    @resolved("All its versions, as `Entity.history`.", loads=True)
    async def history(
        self, info: Info, corrections: Corrections = False, first: First = 50, after: After = None
    ) -> Connection[Version]:
        return await history(info.context, self._owner(), self.moment, corrections, first, after)


@strawberry.type(description="One stretch of an entity's or a relationship's history, on both clocks.")
class Version(Node):
    row: strawberry.Private[VersionAt]
    before: strawberry.Private[VersionAt | None]
    moment: strawberry.Private[Moment]

    def global_id(self) -> str:
        """Whose version, and where it begins on both clocks."""
        own = [self.row.valid_from, self.row.known_from]
        return encode(["Version", *owner_of(self.row), *own, *self.moment.mark()])

    @resolved("All properties by name.")
    def properties(self) -> Json:
        return parsed(self.row.properties)

    @resolved("The properties that differ from the version before it; all where there is none.")
    def changed(self) -> list[str]:
        now = json.loads(self.row.properties)
        then = {} if self.before is None else json.loads(self.before.properties)
        return differing(now, then)

    @resolved("Since when it was so.")
    def valid_from(self) -> DateTime:
        return DateTime(self.row.valid_from)

    @resolved("Until when it was so, exclusive; null while open.")
    def valid_to(self) -> DateTime | None:
        return instant(self.row.valid_to)

    @resolved("Since when this has been known.")
    def known_from(self) -> DateTime:
        return DateTime(self.row.known_from)

    @resolved("Until when this was believed, exclusive; null while it is.")
    def known_to(self) -> DateTime | None:
        return instant(self.row.known_to)

    @resolved("The event that began it.", loads=True)
    async def event(self, info: Info) -> Event:
        found = await event_of(info.context, self.row.event, self.moment)
        assert found is not None, f"the event {self.row.event} of a version is not in the ledger"
        return found

    @resolved("The event that ended it on the valid axis; null while open.", loads=True)
    async def ended_by(self, info: Info) -> Event | None:
        return await event_of(info.context, self.row.ended_by, self.moment)


@strawberry.type(description="An event of the ledger, and the record that carried it.")
class Event(Node):
    row: strawberry.Private[EventRow]
    moment: strawberry.Private[Moment]

    def global_id(self) -> str:
        """Source and id, and the point where one was asked for."""
        return encode(["Event", self.row.source, self.row.id, *self.moment.mark()])

    @resolved("The CloudEvents `id`.")
    def event_id(self) -> str:
        return self.row.id

    @resolved("The CloudEvents `source`; with the id it is the event's identity.")
    def source(self) -> str:
        return self.row.source

    @resolved("The CloudEvents `type`.")
    def type(self) -> str:
        return self.row.type

    @resolved("The CloudEvents `subject`.")
    def subject(self) -> str | None:
        return self.row.subject

    @resolved("When it happened.")
    def time(self) -> DateTime:
        return DateTime(self.row.time)

    @resolved("When the log recorded it.")
    def recorded_at(self) -> DateTime:
        return DateTime(self.row.recorded_at)

    @resolved("The Kafka topic it came from.")
    def topic(self) -> str:
        return self.row.topic

    @resolved("The partition of the topic.")
    def partition(self) -> int:
        return self.row.partition

    @resolved("The offset in the partition.")
    def offset(self) -> int:
        return self.row.offset

    @resolved("What belongs to the same flow of work has the same.")
    def correlation_id(self) -> str | None:
        return self.row.correlation_id

    @resolved("The id of the event that caused it.")
    def causation_id(self) -> str | None:
        return self.row.causation_id

    @resolved("The content, as it was sent; an empty object where none was.")
    def data(self) -> Json:
        return parsed("{}" if self.row.data == "null" else self.row.data)

    @resolved("The entities that it claims something about, as they were at this point.")
    async def entities(self, info: Info) -> list[Entity]:
        keys = await info.context.reader.entities_of_event(self.row.uid)
        found = await info.context.entities.load_many([(key, self.moment.point) for key in keys])
        return [as_entity(key, row, self.moment) for key, row in zip(keys, found, strict=True)]

    @resolved(
        "The events that caused it; with `maxDepth` also what caused those, nearest first, each once, 200 at most."
    )
    async def causes(self, info: Info, max_depth: Steps = 1) -> list[Event]:
        depth, known = steps(max_depth), self.moment.point.known
        if depth == 1:
            rows = await info.context.causes.load((self.row.uid, known))
        else:
            rows = await info.context.reader.causes_of(self.row.uid, known=known, max_depth=depth)
        return [Event(row=row, moment=self.moment) for row in rows]

    @resolved(
        "The events that it caused, oldest first; with `maxDepth` also what those caused, nearest first, each once."
    )
    async def effects(self, info: Info, first: First = 50, max_depth: Steps = 1) -> list[Event]:
        found = await info.context.reader.effects(
            self.row.uid, page_size(first, 50), known=self.moment.point.known, max_depth=steps(max_depth)
        )
        return [Event(row=row, moment=self.moment) for row in found.items]

    @resolved(
        "All events of its flow of work (the same `correlationId`), itself included, oldest recorded first."
    )
    async def correlated(self, info: Info, first: First = 50, after: After = None) -> Connection[Event]:
        size, flow = page_size(first, 50), self.row.correlation_id
        question = fingerprint("correlated", flow)
        cursor, moment = await resume(info.context, question, after, self.moment)
        found: Page[EventRow] = Page(items=(), more=False)
        if flow is not None:
            place = None if cursor is None else cursor.after
            found = await info.context.reader.correlated(flow, size, place, known=moment.point.known)
        return event_page(found, question, moment, cursor is not None)


def owner_of(row: VersionAt) -> Owner:
    """Whose version it is."""
    return (row.owner, row.type, row.target, row.discriminator)


def as_entity(key: str, row: EntityAt | None, moment: Moment) -> Entity:
    """The end of a relationship, shown and marked even when nothing declares it."""
    return Entity(row=bare_entity(key) if row is None else row, moment=moment)


async def entity_of(context: Context, key: str, moment: Moment) -> Entity:
    """An entity by key, together with all others that are asked for meanwhile."""
    if moment.foreseen is not None and key in moment.foreseen.overlay.owners:
        return as_entity(key, moment.foreseen.overlay.entity(key, moment.point), moment)
    return as_entity(key, await context.entities.load((key, moment.point)), moment)


async def event_of(context: Context, uid: str | None, moment: Moment) -> Event | None:
    """An event by uid, together with all others that are asked for meanwhile."""
    if moment.foreseen is not None and uid in moment.foreseen.applied:
        return Event(row=moment.foreseen.applied[uid], moment=moment)
    row = None if uid is None else await context.events.load(uid)
    return None if row is None else Event(row=row, moment=moment)


async def event_by_identity(context: Context, source: str, id: str, moment: Moment) -> Event | None:
    """An event by its CloudEvents identity."""
    return await event_of(context, event_uid(source, id), moment)


async def history(
    context: Context,
    owner: Owner,
    moment: Moment,
    corrections: bool | None,
    first: int | None,
    after: str | None,
) -> Connection[Version]:
    """One page of the versions of an entity or a relationship, oldest first, then in the order of knowing."""
    size, wrong_too = page_size(first, 50), bool(corrections)
    question = fingerprint("history", owner, wrong_too)
    cursor, moment = await resume(context, question, after, moment)
    rows = sorted(await context.versions.load((owner, moment.point.known, wrong_too)), key=version_place)
    return page(
        version_slice(rows, size, cursor),
        node=lambda row: version_among(rows, row, moment),
        after=version_cursor,
        question=question,
        moment=moment,
        resumed=cursor is not None,
    )


def version_among(rows: list[VersionAt], row: VersionAt, moment: Moment) -> Version:
    """A version with the one before it: the neighbour on the valid axis that was believed at the same time."""
    return Version(row=row, before=version_before(rows, row), moment=moment)


def event_page(found: Page[EventRow], question: str, moment: Moment, resumed: bool) -> Connection[Event]:
    """A page of events."""
    return page(
        found,
        node=lambda row: Event(row=row, moment=moment),
        after=event_cursor,
        question=question,
        moment=moment,
        resumed=resumed,
    )
