"""What impacts are answered with: items with their proof and score, roll-ups, drift, and what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import Enum

import strawberry

from graph_service.api.bases import Basis
from graph_service.api.context import Info, Moment, RelationshipsAsked
from graph_service.api.fields import resolved
from graph_service.api.nodes import Entity, Event, Relationship, as_entity, entity_of, event_of
from graph_service.api.proofs import Path, Proof, entities_along, path_of
from graph_service.core.model import kind_of
from graph_service.store.read.answers import (
    DriftAt,
    DriftHit,
    EntityAt,
    ReachAt,
)

OWNERS_OF_ONE_MAX = 50


@strawberry.type(description="What a score is made of: it is their product. Each is above 0 and at most 1.")
class ImpactFactors:
    distance: float = strawberry.field(description="One divided by the distance.")
    criticality: float = strawberry.field(
        description="From 1/2 (does not matter) to 1 (matters most), by its criticality property; 3/4 where nobody says."
    )
    freshness: float = strawberry.field(
        description="From 1/2 (old) to 1 (just seen), by the stalest relationship of the path; what is above 1/2 halves every 90 days."
    )


@strawberry.type(description="One entity within an impact.")
class ImpactItem:
    entity: Entity = strawberry.field(description="What was found.")
    distance: int = strawberry.field(description="How many relationships away, on the shortest path.")
    proof: strawberry.Private[Proof | None]

    def _proof(self) -> Proof:
        assert self.proof is not None, "what is asked for here is looked for beforehand"
        return self.proof

    @resolved("The path that proves it.", loads=True)
    async def path(self, info: Info) -> Path:
        return await self._proof().path(info.context, self.entity.row.key)

    @resolved("How much it is affected, above 0 and at most 1: the product of `factors`.", loads=True)
    async def score(self, info: Info) -> float:
        return (await self._proof().scores.of(info.context, self.entity.row.key)).score

    @resolved("What the score is made of.", loads=True)
    async def factors(self, info: Info) -> ImpactFactors:
        found = await self._proof().scores.of(info.context, self.entity.row.key)
        return ImpactFactors(
            distance=found.distance, criticality=found.criticality, freshness=found.freshness
        )


@strawberry.enum(description="Which limit was reached.")
class TruncationReason(Enum):
    DEPTH = strawberry.enum_value("depth", description="More lies beyond `maxDepth`.")
    SIZE = strawberry.enum_value("size", description="More was found than `first`.")
    TIME = strawberry.enum_value("time", description="The search ran out of time.")


@strawberry.type(description="What was left out of an answer, and why.")
class Truncation:
    reason: TruncationReason = strawberry.field(description="Which limit was reached.")
    detail: str = strawberry.field(description="What was left out, in words, and what to do about it.")
    distance: int | None = strawberry.field(
        description="Where something was left out: all that is nearer is complete."
    )
    left_out: int | None = strawberry.field(
        description="How many entities were found at that distance and left out: at least so many lie there. Null: not known."
    )

    @classmethod
    def of(cls, found: ReachAt) -> Truncation | None:
        """None where nothing was left out."""
        if found.cut is None:
            return None
        return cls(
            reason=TruncationReason(found.cut),
            detail=found.cut_detail or "",
            distance=found.cut_distance,
            left_out=found.left_out,
        )


@strawberry.type(description="How many items are of a kind.")
class KindCount:
    kind: str = strawberry.field(description="The kind.")
    count: int = strawberry.field(description="How many items.")


@strawberry.type(description="How many items somebody owns.")
class OwnerCount:
    owner: Entity = strawberry.field(description="The owner.")
    count: int = strawberry.field(description="How many items.")


@strawberry.type(description="Everything that transitively depends on something (or that it depends on).")
class Impact:
    of: strawberry.Private[Sequence[str]]
    found: strawberry.Private[ReachAt]
    moment: strawberry.Private[Moment]
    proof: strawberry.Private[Proof | None]
    #: Whether more of entities is asked for than their keys say.
    shown: strawberry.Private[bool]

    @resolved("What was found, nearest first, then by key.", loads=True)
    async def items(self, info: Info) -> list[ImpactItem]:
        hits, moment = self.found.hits, self.moment
        rows: Sequence[EntityAt | None] = [None] * len(hits)
        if self.shown:
            rows = await info.context.entities.load_many([(hit.key, moment.point) for hit in hits])
        return [
            ImpactItem(entity=as_entity(hit.key, row, moment), distance=hit.distance, proof=self.proof)
            for hit, row in zip(hits, rows, strict=True)
        ]

    @resolved(
        "Exact number found within the limits; with `truncated`, what was left out and why (depth, size, time)."
    )
    def count(self) -> int:
        return self.found.count

    @resolved("What was left out and why; null when nothing was.")
    def truncated(self) -> Truncation | None:
        return Truncation.of(self.found)

    @resolved(
        "Those of the keys in `of` that nothing was ever said about by then: mistyped, or not there yet."
    )
    async def unknown(self, info: Info) -> list[str]:
        return await info.context.reader.unknown(self.of, self.moment.point)

    @resolved("The items by kind, most first.")
    def by_kind(self) -> list[KindCount]:
        kinds = Counter(kind_of(hit.key) for hit in self.found.hits)
        return [KindCount(kind=kind, count=kinds[kind]) for kind in _most_first(kinds)]

    @resolved(
        "Who owns the items, by the relationship types whose target owns the source, most first.",
        loads=True,
    )
    async def owners(self, info: Info) -> list[OwnerCount]:
        types = (await info.context.vocabulary()).owner_types()
        if not types:
            return []
        asked = [
            RelationshipsAsked(
                key=hit.key,
                types=types,
                direction="out",
                point=self.moment.point,
                first=OWNERS_OF_ONE_MAX,
                after=None,
            )
            for hit in self.found.hits
        ]
        pages = await info.context.relationships.load_many(asked)
        counts = Counter(target for page in pages for target in {row.target for row in page.items})
        keys = _most_first(counts)
        rows = await info.context.entities.load_many([(key, self.moment.point) for key in keys])
        return [
            OwnerCount(owner=as_entity(key, row, self.moment), count=counts[key])
            for key, row in zip(keys, rows, strict=True)
        ]

    @resolved("What this answer rests on.", loads=True)
    async def basis(self, info: Info) -> Basis:
        return Basis.of(await info.context.basis(self.moment.point))


@strawberry.type(description="One entity whose place in an impact is not the same at two points.")
class DriftItem:
    row: strawberry.Private[DriftHit]
    moments: strawberry.Private[tuple[Moment, Moment]]

    def _moment(self) -> Moment:
        return self.moments[0] if self.row.of_before else self.moments[1]

    @resolved("What entered, left or moved; as it was where `path` was.", loads=True)
    async def entity(self, info: Info) -> Entity:
        return await entity_of(info.context, self.row.key, self._moment())

    @resolved("Its distance at the first point; null where it was not within the impact.")
    def distance_before(self) -> int | None:
        return self.row.before

    @resolved("Its distance at the second point; null where it is not within the impact.")
    def distance_after(self) -> int | None:
        return self.row.after

    @resolved(
        "The path that proves it, at that of the two points where it is within the impact, or nearer.",
        loads=True,
    )
    async def path(self, info: Info) -> Path:
        moment = self._moment()
        return path_of(self.row.path, await entities_along(info.context, self.row.path, moment), moment)

    @resolved(
        "The relationship of that path that is not there at the other point: of several the last to come, or the first to go."
    )
    def relationship(self) -> Relationship | None:
        row = self.row.relationship
        return None if row is None else Relationship(row=row, moment=self._moment())

    @resolved("The event that made that difference; null where it cannot be told.", loads=True)
    async def event(self, info: Info) -> Event | None:
        return await event_of(info.context, self.row.event, self.moments[1])


@strawberry.type(description="An impact at one of the two points that are compared.")
class DriftSide:
    found: strawberry.Private[ReachAt]
    moment: strawberry.Private[Moment]

    @resolved("How many entities are within it.")
    def count(self) -> int:
        return self.found.count

    @resolved(
        "What was left out and why; null when nothing was. What one side lacks for want of room or time is not said to have entered or left."
    )
    def truncated(self) -> Truncation | None:
        return Truncation.of(self.found)

    @resolved("What it rests on.", loads=True)
    async def basis(self, info: Info) -> Basis:
        return Basis.of(await info.context.basis(self.moment.point))


@strawberry.type(
    description="How an impact differs between two points. Each list is nearest first, then by key."
)
class ImpactDrift:
    found: strawberry.Private[DriftAt]
    moments: strawberry.Private[tuple[Moment, Moment]]

    def _items(self, rows: Sequence[DriftHit]) -> list[DriftItem]:
        return [DriftItem(row=row, moments=self.moments) for row in rows]

    @resolved("Who is within it at the second point only.")
    def entered(self) -> list[DriftItem]:
        return self._items(self.found.entered)

    @resolved("Who is within it at the first point only.")
    def left(self) -> list[DriftItem]:
        return self._items(self.found.left)

    @resolved("Who is within it at both, at another distance.")
    def moved(self) -> list[DriftItem]:
        return self._items(self.found.moved)

    @resolved("How many are within it at both, at the same distance.")
    def unchanged(self) -> int:
        return self.found.unchanged

    @resolved("The impact at the first point.")
    def before(self) -> DriftSide:
        return DriftSide(found=self.found.before, moment=self.moments[0])

    @resolved("The impact at the second point.")
    def after(self) -> DriftSide:
        return DriftSide(found=self.found.after, moment=self.moments[1])


def _most_first(counts: Counter[str]) -> list[str]:
    return sorted(counts, key=lambda name: (-counts[name], name))
