"""Why an impact is as it is: the path to each of what was found, what that rests on, and the scores."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import strawberry

from graph_service.api.context import Context, Info, Moment
from graph_service.api.fields import resolved
from graph_service.api.nodes import Entity, Event, Relationship, as_entity, entity_of, event_of
from graph_service.api.scalars import DateTime, instant
from graph_service.core.impact import Factors
from graph_service.store.read.answers import ImpactAt, ImpactHit, RelationshipAt, path_to
from graph_service.store.read.scoring import scored
from graph_service.store.read.seen import edge_key


@strawberry.type(description="Why one step of a path can be trusted.")
class Evidence:
    row: strawberry.Private[RelationshipAt]
    moment: strawberry.Private[Moment]

    @resolved("The relationship, in its own direction.")
    def relationship(self) -> Relationship:
        return Relationship(row=self.row, moment=self.moment)

    @resolved("The event that made it what it is.", loads=True)
    async def event(self, info: Info) -> Event | None:
        return await event_of(info.context, self.row.event, self.moment)

    @resolved(
        "The time of the newest event that says so, also where that was nothing new; of some sixty newest events about its source.",
        loads=True,
    )
    async def last_seen(self, info: Info) -> DateTime | None:
        foreseen = self.moment.foreseen
        if foreseen is not None and self.row.event in foreseen.applied:
            return DateTime(foreseen.applied[self.row.event].time)
        return instant(await info.context.last_seen.load((self.row, self.moment.point)))


@strawberry.type(description="A chain of relationships, and the entities along it.")
class Path:
    entities: list[Entity] = strawberry.field(description="From what was asked to what was found.")
    relationships: list[Relationship] = strawberry.field(
        description="Between each two of them, each in its own direction."
    )

    @resolved("For each relationship what it rests on.")
    def evidence(self) -> list[Evidence]:
        return [Evidence(row=one.row, moment=one.moment) for one in self.relationships]


class Scores:
    """The scores of one impact, worked out together when the first of them is asked for."""

    def __init__(self, found: ImpactAt, moment: Moment, criticality: str | None) -> None:
        """`criticality`: the property that says how much an entity matters, of every kind; None: what its kind declares."""
        self._found, self._moment, self._criticality = found, moment, criticality
        self._working: asyncio.Future[dict[str, Factors]] | None = None

    async def of(self, context: Context, key: str) -> Factors:
        """The factors of one item."""
        if self._working is None:
            self._working = asyncio.ensure_future(self._work(context))
        return (await self._working)[key]

    async def _work(self, context: Context) -> dict[str, Factors]:
        hits, point = self._found.hits, self._moment.point
        rows = await context.entities.load_many([(hit.key, point) for hit in hits])
        times = await context.last_seen.load_many([(hit.relationship, point) for hit in hits])
        return scored(
            self._found,
            point,
            entities={row.key: row for row in rows if row is not None},
            seen={
                edge_key(hit.relationship): time
                for hit, time in zip(hits, times, strict=True)
                if time is not None
            },
            vocabulary=await context.vocabulary(),
            criticality=self._criticality,
        )


class Proof:
    """All of one impact that only the walk knows: who was reached from where. Each part is worked out when the first item asks for it."""

    def __init__(self, found: ImpactAt, moment: Moment, criticality: str | None) -> None:
        """`criticality` as in `Scores`."""
        self._found, self._moment = found, moment
        self._hits = {hit.key: hit for hit in found.hits}
        self._entities: asyncio.Future[dict[str, Entity]] | None = None
        self.scores = Scores(found, moment, criticality)

    async def path(self, context: Context, key: str) -> Path:
        """From what was asked to an item."""
        if self._entities is None:
            self._entities = asyncio.ensure_future(entities_along(context, self._found.hits, self._moment))
        return path_of(path_to(self._hits[key], self._hits), await self._entities, self._moment)


async def entities_along(context: Context, hits: Sequence[ImpactHit], moment: Moment) -> dict[str, Entity]:
    """The entities of hits and of what they were reached from, by key."""
    keys = sorted({hit.key for hit in hits} | {hit.parent for hit in hits})
    if moment.foreseen is not None:
        entities = await asyncio.gather(*(entity_of(context, key, moment) for key in keys))
        return dict(zip(keys, entities, strict=True))
    # As above, without a task for each of thousands.
    rows = await context.entities.load_many([(key, moment.point) for key in keys])
    return {key: as_entity(key, row, moment) for key, row in zip(keys, rows, strict=True)}


def path_of(hits: Sequence[ImpactHit], entities: Mapping[str, Entity], moment: Moment) -> Path:
    """A path from what was asked."""
    keys = [hits[0].parent, *(hit.key for hit in hits)]
    return Path(
        entities=[entities[key] for key in keys],
        relationships=[Relationship(row=hit.relationship, moment=moment) for hit in hits],
    )
