"""The root fields: each resolves its point once, asks the reader once, and hands the point on to what is below."""

from __future__ import annotations

from typing import Annotated

import strawberry

from graph_service.api.answers import (
    Difference,
    PartitionStatus,
    Status,
)
from graph_service.api.arguments import After, First, Types
from graph_service.api.bases import Basis
from graph_service.api.connections import Connection, begin, page
from graph_service.api.context import Context, Info, Moment, page_size
from graph_service.api.fields import resolved
from graph_service.api.find import find_node
from graph_service.api.ids import fingerprint
from graph_service.api.inputs import At, EntityOrder, EventsWanted, PropertyFilter, order_of
from graph_service.api.nodes import Entity, Event, Node, event_by_identity, event_page
from graph_service.api.scalars import instant
from graph_service.store.read.answers import GraphStatus, PartitionAt
from graph_service.store.read.asking import EventFilter, Order, difference_cursor, entity_cursor

Point = Annotated[At | None, strawberry.argument(description="The point on both clocks; now when left out.")]
Kinds = Annotated[list[str] | None, strawberry.argument(description="Only these kinds; all when left out.")]


@strawberry.type(description="Questions. Nothing here changes anything.")
class Query:
    @resolved("What has this id; null when it is not there (at the point that the id names).")
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="An `id` of an answer.")],
    ) -> Node | None:
        return await find_node(info.context, str(id))

    @resolved("One entity; null when it was not there then.")
    async def entity(
        self,
        info: Info,
        key: Annotated[
            str, strawberry.argument(description="The natural key, for instance service:checkout.")
        ],
        at: Point = None,
    ) -> Entity | None:
        moment, row = await info.context.entity(key, *said(at))
        return None if row is None else Entity(row=row, moment=moment)

    @resolved("Entities that were there then.")
    async def entities(
        self,
        info: Info,
        kinds: Kinds = None,
        where: Annotated[
            list[PropertyFilter] | None, strawberry.argument(description="Conditions that must all hold.")
        ] = None,
        at: Point = None,
        order_by: Annotated[
            EntityOrder | None, strawberry.argument(description="By key when left out.")
        ] = None,
        first: First = 25,
        after: After = None,
    ) -> Connection[Entity]:
        size, order = page_size(first, 25), order_of(order_by)
        conditions = [condition.to_store() for condition in where or ()]
        asked = await info.context.kinds(kinds)
        question = fingerprint("entities", asked, conditions, order)
        cursor, moment = await begin(info.context, question, after, *said(at))
        found = await info.context.reader.entities(
            kinds=asked,
            where=conditions,
            at=moment.point,
            order=order,
            first=size,
            after=None if cursor is None else cursor.after,
        )
        return page(
            found,
            node=lambda row: Entity(row=row, moment=moment),
            after=lambda row: entity_cursor(row, order),
            question=question,
            moment=moment,
            resumed=cursor is not None,
        )

    @resolved("Full-text over keys, names and text properties, as they were then.")
    async def search(
        self,
        info: Info,
        text: Annotated[str, strawberry.argument(description="Words, or the beginnings of words.")],
        kinds: Kinds = None,
        at: Point = None,
        first: First = 25,
        after: After = None,
    ) -> Connection[Entity]:
        size, asked = page_size(first, 25), await info.context.kinds(kinds)
        question = fingerprint("search", text, asked)
        cursor, moment = await begin(info.context, question, after, *said(at))
        resumed = None if cursor is None else cursor.after
        found = await info.context.reader.search(
            text, at=moment.point, kinds=asked, first=size, after=resumed
        )
        return page(
            found,
            node=lambda row: Entity(row=row, moment=moment),
            after=lambda row: entity_cursor(row, Order()),
            question=question,
            moment=moment,
            resumed=cursor is not None,
        )

    @resolved(
        "Differences between two points: on the valid axis what changed in the world; on the known axis what was learned or corrected."
    )
    async def diff(
        self,
        info: Info,
        from_: Annotated[
            At, strawberry.argument(name="from", description="The first point; it may be the later one.")
        ],
        to: Annotated[At, strawberry.argument(description="The second point.")],
        kinds: Annotated[
            list[str] | None,
            strawberry.argument(description="Only entities of these kinds; all when left out."),
        ] = None,
        types: Types = None,
        around: Annotated[
            str | None,
            strawberry.argument(description="Only the entity with this key and relationships that touch it."),
        ] = None,
        first: First = 100,
        after: After = None,
    ) -> Connection[Difference]:
        context, size = info.context, page_size(first, 100)
        of_kinds, asked = await context.kinds(kinds), await context.types(types)
        question = fingerprint("diff", *said(from_), *said(to), of_kinds, asked, around)
        cursor, later = await begin(context, question, after, *said(to))
        other = None if cursor is None else cursor.earlier
        then = await context.moment(*(said(from_) if other is None else (other.valid, other.known)))
        earlier = Moment(point=then.point, valid=from_.valid, known=from_.known)
        found = await context.reader.diff(
            earlier.point,
            later.point,
            kinds=of_kinds,
            types=asked,
            around=around,
            first=size,
            after=None if cursor is None else cursor.after,
        )
        return page(
            found,
            node=lambda row: Difference(row=row, earlier=earlier, later=later),
            after=difference_cursor,
            question=question,
            moment=later,
            resumed=cursor is not None,
            earlier=earlier,
        )

    @resolved("One event of the ledger, by its CloudEvents identity.")
    async def event(
        self,
        info: Info,
        source: Annotated[str, strawberry.argument(description="The CloudEvents `source`.")],
        id: Annotated[str, strawberry.argument(description="The CloudEvents `id`.")],
    ) -> Event | None:
        return await event_by_identity(info.context, source, id, await info.context.moment(None, None))

    @resolved("Events of the ledger, newest recorded first.")
    async def events(
        self,
        info: Info,
        filter: Annotated[
            EventsWanted | None, strawberry.argument(description="Which events; all when left out.")
        ] = None,
        first: First = 50,
        after: After = None,
    ) -> Connection[Event]:
        wanted = EventFilter() if filter is None else filter.to_store()
        size, question = page_size(first, 50), fingerprint("events", wanted)
        cursor, moment = await begin(info.context, question, after, None, None)
        found = await info.context.reader.events_list(
            wanted, size, None if cursor is None else cursor.after, known=moment.point.known
        )
        return event_page(found, question, moment, cursor is not None)

    @resolved("Positions, watermark, lag, dead letters: how fresh and how complete answers are.")
    async def status(self, info: Info) -> Status:
        found = await info.context.reader.status()
        ends = {} if info.context.log_ends is None else dict(await info.context.log_ends())
        return _status(found, ends)

    @resolved("What answers at a point rest on.")
    async def basis(self, info: Info, at: Point = None) -> Basis:
        moment = await moment_of(info.context, at)
        return Basis.of(await info.context.basis(moment.point))


async def moment_of(context: Context, at: At | None) -> Moment:
    """The point that is asked for."""
    return await context.moment(*said(at))


def said(at: At | None) -> tuple[int | None, int | None]:
    """What is said of a point."""
    return (None, None) if at is None else (at.valid, at.known)


def _status(found: GraphStatus, ends: dict[tuple[str, int], int]) -> Status:
    partitions = [
        _partition(row, ends.get((row.topic, row.partition)))
        for row in sorted(found.partitions, key=lambda row: (row.topic, row.partition))
    ]
    return Status(
        ready=found.recorded_at is not None,
        watermark=instant(found.watermark),
        lag_events=sum(partition.lag_events for partition in partitions),
        dead_letters=found.dead_letters,
        discarded=found.discarded,
        replayed=found.replayed,
        events=found.events,
        entities=found.entities,
        relationships=found.relationships,
        partitions=partitions,
    )


def _partition(row: PartitionAt, end: int | None) -> PartitionStatus:
    applied = 0 if row.position is None else row.position + 1
    return PartitionStatus(
        topic=row.topic,
        partition=row.partition,
        position=row.position,
        end=end,
        lag_events=0 if end is None else max(0, end - applied),
        recorded_at=instant(row.recorded_at),
    )
