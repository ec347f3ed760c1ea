"""All questions to the graph, in one place. Answers are plain values (`answers`); no driver type leaves this module."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

from neo4j import AsyncDriver

from graph_service.core.errors import BadRequest, BadSettings
from graph_service.core.time import FOREVER, now
from graph_service.core.vocabulary import Vocabulary
from graph_service.store.queries import query, query_with, type_list
from graph_service.store.read import diff as read_diff
from graph_service.store.read import drift as read_drift
from graph_service.store.read import entities as read_entities
from graph_service.store.read import events as read_events
from graph_service.store.read import explain as read_explain
from graph_service.store.read import paths as read_paths
from graph_service.store.read import reach as read_reach
from graph_service.store.read import seen as read_seen
from graph_service.store.read import trend as read_trend
from graph_service.store.read import words as read_words
from graph_service.store.read.answers import (
    Basis,
    DifferenceAt,
    DriftAt,
    EntityAt,
    EventRow,
    Explained,
    GraphStatus,
    ImpactAt,
    Page,
    PathAt,
    Point,
    ReachAt,
    RelationshipAt,
    Standing,
    Subject,
    VersionAt,
)
from graph_service.store.read.asking import EventFilter, Filter, Order
from graph_service.store.read.feed import Feed
from graph_service.store.read.first import First, Firsts
from graph_service.store.read.foresee import Foreseen, decoded, foresee, known_next
from graph_service.store.read.reads import Reads
from graph_service.store.read.rows import Owner
from graph_service.store.read.seen import EdgeKey
from graph_service.store.read.standing import Standings, partition_at, watermark_of
from graph_service.store.read.trend import Buckets, Measure, TrendFilter
from graph_service.store.read.words import CountsAt

if TYPE_CHECKING:
    from graph_service.mapping import Mapping

Direction = Literal["out", "in", "both"]
#: (key, type, target, discriminator); type, target and discriminator are empty for an entity.
OwnerKey = tuple[str, str, str, str]


class Reader:
    """Reads the graph at any point on both clocks. Cheap to make; safe to share between tasks.

    An answer at a known time never shows what was recorded later: ends learnt later show as open.
    Every method raises StoreUnavailable when Neo4j does not answer, StoreTimeout (one of these) when a query takes longer than
    `timeout_s`, and BadRequest for a cursor or a relationship type that cannot be.
    """

    def __init__(
        self,
        driver: AsyncDriver,
        *,
        database: str = "neo4j",
        timeout_s: float = 10.0,
        mapping: Mapping | None = None,
    ) -> None:
        """`timeout_s` limits each query, by the server itself. `mapping` is what events of a what-if mean; None: the mapping that the
        graph keeps. The driver stays the caller's to close.
        """
        self._reads = Reads(driver, database=database, timeout_s=timeout_s)
        #: The change log.
        self.feed = Feed(self._reads)
        self._standings = Standings(self._reads)
        self._firsts = Firsts(self._reads)
        self._given = mapping
        self._kept: Mapping | None = None

    async def vocabulary(self) -> Vocabulary:
        """The declared kinds and relationship types, at most a second old; empty before the first mapping is stored."""
        return await self._reads.vocabulary()

    async def types(self, asked: Sequence[str] | None, *, suggest: bool = False) -> tuple[str, ...]:
        """The relationship types that are meant; None: all that are declared or held. Raises UnknownType for any other; see `Reads.types`."""
        return await self._reads.types(asked, suggest=suggest)

    async def kinds(self, asked: Sequence[str], *, suggest: bool = False) -> tuple[str, ...]:
        """The kinds that are meant, sorted. Raises UnknownKind for one that is neither declared nor held; see `Reads.kinds`."""
        return await self._reads.kinds(asked, suggest=suggest)

    async def any_kind_but(self, kinds: Iterable[str]) -> bool:
        """Whether there is an entity of another kind than these, whenever it was there."""
        return await read_words.any_kind_but(self._reads, kinds)

    async def counted(self, at: Point) -> CountsAt:
        """How many entities of each kind, and relationships of each type, there are at the point: exact, see `words` for what that costs."""
        return await read_words.counted(self._reads, at)

    async def point(self, valid: int | None, known: int | None) -> Point:
        """A point, resolved (microseconds): `valid` is now by default, `known` all that is recorded."""
        moment = now()
        if known is None:
            known = (await self._reads.graph()).get("recorded_at")
        return Point(valid=moment if valid is None else valid, known=moment if known is None else known)

    async def basis(self, point: Point) -> Basis:
        """What an answer at the point rests on: asked again with it, the answer is the same once the watermark is past."""
        return (await self.standing()).basis(point)

    async def standing(self) -> Standing:
        """What answers rest on from now on. Read before an answer, it says truly whether that is final; read after it, it may not.

        Those who ask at the same time share one look, which is never begun before any of them asked.
        """
        return await self._standings.now()

    async def entity(self, key: str, at: Point) -> EntityAt | None:
        """The entity if it is there: declared, or undeclared and named by a relationship that holds."""
        entity, there = (await read_entities.by_key(self._reads, [key], at)).get(key, (None, False))
        return entity if there else None

    async def entity_first(self, key: str, valid: int, moment: int) -> First:
        """The standing, as `standing`, and the entity as it is known then, as `entity`, at once. `moment`: the known time of an empty graph."""
        return await self._firsts.entity(key, valid, moment)

    async def entities_by_key(self, keys: Iterable[str], at: Point) -> dict[str, EntityAt]:
        """Every key that has a node, whether it is there or not: for the ends of relationships."""
        found = await read_entities.by_key(self._reads, keys, at)
        return {key: entity for key, (entity, _) in found.items()}

    async def entities(
        self,
        *,
        at: Point,
        kinds: Sequence[str] | None = None,
        where: Sequence[Filter] = (),
        order: Order | None = None,
        first: int = 25,
        after: str | None = None,
    ) -> Page[EntityAt]:
        """The entities that are there and fulfil all of `where`. `after` is an `asking.entity_cursor` of the same order."""
        return await read_entities.listed(
            self._reads,
            kinds=kinds, wanted=read_entities.filtered(where), at=at, order=order or Order(), first=first, after=after,
        )  # fmt: skip

    async def search(
        self,
        text: str,
        *,
        at: Point,
        kinds: Sequence[str] | None = None,
        first: int = 25,
        after: str | None = None,
    ) -> Page[EntityAt]:
        """The entities whose key or text properties contain every word of `text` then, whatever the case, by key."""
        return await read_entities.listed(
            self._reads,
            kinds=kinds, wanted=read_entities.containing(text), at=at, order=Order(), first=first, after=after,
        )  # fmt: skip

    async def versions(
        self, owners: Sequence[OwnerKey], known: int, corrections: bool = False
    ) -> dict[OwnerKey, tuple[VersionAt, ...]]:
        """For each owner its versions as believed at `known`, oldest valid time first; `corrections` adds those believed before."""
        asked = [
            Owner(key=key, type=type, target=target, discriminator=word) for key, type, target, word in owners
        ]
        found = await read_entities.versions(self._reads, asked, known, corrections)
        return {(one.key, one.type, one.target, one.discriminator): its for one, its in found.items()}

    async def relationships(
        self,
        keys: Sequence[str],
        *,
        at: Point,
        types: Sequence[str] | None = None,
        direction: Direction = "out",
        first: int = 50,
        after: str | None = None,
        ends: bool = False,
    ) -> dict[str, Page[RelationshipAt]]:
        """For each key its relationships that hold, by type, other end and discriminator; `after` is a `relationship_cursor`.

        With `ends` the other end comes with it, where its node tells how it was: see `RelationshipAt.end`.
        """
        return await read_entities.relationships(
            self._reads, keys, types=types, direction=direction, at=at, first=first, after=after, ends=ends
        )

    async def events(self, uids: Sequence[str]) -> dict[str, EventRow]:
        """The events that are there, by uid."""
        return await read_events.by_uid(self._reads, uids)

    async def event(self, source: str, id: str) -> EventRow | None:
        """The event of a CloudEvents identity."""
        return await read_events.by_identity(self._reads, source, id)

    async def events_about(
        self, key: str, at: Point, first: int = 50, after: str | None = None
    ) -> Page[EventRow]:
        """Events that claim something about the entity's own streams, recorded by `at.known`, newest recorded first."""
        return await read_events.about(self._reads, key, at, first, after)

    async def events_list(
        self, asked: EventFilter, first: int = 50, after: str | None = None, *, known: int | None = None
    ) -> Page[EventRow]:
        """Events, newest recorded first; with `known` only those recorded by then. `after` is an `event_cursor`."""
        return await read_events.listed(self._reads, asked, known, first, after)

    async def causes(
        self, uids: Sequence[str], *, known: int | None = None
    ) -> dict[str, tuple[EventRow, ...]]:
        """For each uid the events it names as its cause, by id: that of its own source where there is one, else all."""
        return await read_events.causes(self._reads, uids, known)

    async def causes_of(
        self, uid: str, first: int = 200, *, known: int | None = None, max_depth: int = 1
    ) -> tuple[EventRow, ...]:
        """The causes of an event, their causes and so on: nearest first, then in the order of the log, each once; never the event itself."""
        return await read_events.causes_of(self._reads, uid, known, first, max_depth)

    async def effects(
        self, uid: str, first: int = 50, *, known: int | None = None, max_depth: int = 1
    ) -> Page[EventRow]:
        """The events of which this one is a cause, those of which these are, and so on: nearest first, then in the order of the log, each once."""
        return await read_events.effects(self._reads, uid, known, first, max_depth)

    async def correlated(
        self, correlation_id: str, first: int = 50, after: str | None = None, *, known: int | None = None
    ) -> Page[EventRow]:
        """The events of one flow of work, across sources and topics, in the order of the log. `after` is an `event_cursor`."""
        return await read_events.correlated(self._reads, correlation_id, known, first, after)

    async def entities_of_event(self, uid: str) -> tuple[str, ...]:
        """The keys of all entities that the event speaks of, as owner or as target, sorted."""
        return await read_events.entities_of(self._reads, uid)

    async def impact(
        self,
        of: Sequence[str],
        *,
        at: Point,
        dependents: bool = True,
        types: Sequence[str] | None = None,
        max_depth: int = 5,
        limit: int = 10_000,
        timeout_s: float | None = None,
    ) -> ImpactAt:
        """All that transitively depends on `of` (or that `of` depends on), nearest first, `of` itself left out.

        Distances are exact. Where an entity is reached in several ways the least parent key, then type, then discriminator
        proves it. What `limit`, `max_depth` or `timeout_s` left out is said by `cut`; `count` is what is in `hits`.
        """
        return await read_reach.impact(
            self._reads, of, at=at, dependents=dependents, types=types, max_depth=max_depth, limit=limit,
            timeout_s=self._limit_s(timeout_s),
        )  # fmt: skip

    async def reach(
        self,
        of: Sequence[str],
        *,
        at: Point,
        dependents: bool = True,
        types: Sequence[str] | None = None,
        max_depth: int = 5,
        limit: int = 10_000,
        timeout_s: float | None = None,
    ) -> ReachAt:
        """The same as `impact` without its proofs, and several times as fast where all types are followed the same way."""
        return await read_reach.reach(
            self._reads, of, at=at, dependents=dependents, types=types, max_depth=max_depth, limit=limit,
            timeout_s=self._limit_s(timeout_s),
        )  # fmt: skip

    async def unknown(self, keys: Iterable[str], at: Point) -> list[str]:
        """Those of the keys, in their order, that name nothing then: never declared, and named by no relationship that holds."""
        listed = list(keys)
        found = await read_entities.by_key(self._reads, listed, at)
        return [key for key in listed if not (key in found and (found[key][1] or found[key][0].ended))]

    async def impact_drift(
        self,
        of: Sequence[str],
        *,
        frm: Point,
        to: Point,
        dependents: bool = True,
        types: Sequence[str] | None = None,
        max_depth: int = 5,
        limit: int = 10_000,
        timeout_s: float | None = None,
        foreseen: Foreseen | None = None,
    ) -> DriftAt:
        """How the impact at `to` differs from that at `frm`, with the event that made each difference.

        With `foreseen`, `to` is its `after`, and the second impact is as if its events had been recorded. What one side had to leave
        out for want of room or time is in none of the lists: see `DriftAt.before` and `after`.
        """
        sides = []
        for point, overlay in ((frm, None), (to, foreseen.overlay if foreseen else None)):
            found = await read_reach.impact(
                self._reads, of, at=point, dependents=dependents, types=types, max_depth=max_depth, limit=limit,
                timeout_s=self._limit_s(timeout_s), overlay=overlay,
            )  # fmt: skip
            sides.append(read_drift.Side(found, point))
        return await read_drift.drift(self._reads, sides[0], sides[1], foreseen.overlay if foreseen else None)

    async def drift_between(self, before: ImpactAt, frm: Point, after: ImpactAt, to: Point) -> DriftAt:
        """How an impact that was found at `to` differs from one that was found at `frm`, maybe at a time when less had landed."""
        return await read_drift.drift(self._reads, read_drift.Side(before, frm), read_drift.Side(after, to))

    async def paths(
        self,
        start: str,
        end: str,
        *,
        at: Point,
        types: Sequence[str] | None = None,
        way: read_paths.Way = "dependencies",
        max_depth: int = 6,
        first: int = 5,
        timeout_s: float | None = None,
    ) -> tuple[PathAt, ...]:
        """The shortest paths from one entity to another that visit no entity twice, by length and then by their keys.

        `way`: "dependencies" (each leads from what depends to what it depends on; where nobody depends, from source to target),
        "dependents" (the other way round) or "any". Paths through the same entities are one: between each two of them the relationship
        of the least type, then discriminator, stands for all. Raises BadRequest when there is too much between the two to search.
        """
        return await read_paths.paths(
            self._reads, start, end, types=types, way=way, max_depth=max_depth, at=at, first=first,
            timeout_s=self._limit_s(timeout_s),
        )  # fmt: skip

    async def explain(self, subject: Subject, at: Point, *, learned_to: int | None = None) -> Explained:
        """Why something is, or is not, there at the point: the events, rules and places in the log behind the answer.

        `learned_to`: up to which known time to look for what was learnt after `at.known`, for the reason NOT_YET_KNOWN; None: all that is recorded.
        Nothing else depends on what was learnt after `at.known`.

        Raises:
            UnknownType: the relationship's type is neither declared nor held.
            BadRequest: `learned_to` is before `at.known`.
        """
        if subject.type:
            await self._reads.types([subject.type])
        if learned_to is not None and learned_to < at.known:
            raise BadRequest("what was learnt later cannot be looked for up to a time before `at.known`")
        latest = FOREVER - 1 if learned_to is None else learned_to
        return await read_explain.explain(self._reads, subject, at, latest)

    async def last_seen(self, edges: Iterable[RelationshipAt], at: Point) -> dict[EdgeKey, int]:
        """When relationships were last seen, as known at the point: the time of the newest event that says so; see `read_seen`."""
        return await read_seen.last_seen(self._reads, edges, at)

    async def foresee(self, events: Sequence[object], valid: int | None = None) -> Foreseen:
        """What these CloudEvents (JSON objects) would come to if they were recorded now, in this order. Nothing is written.

        Impacts are to be compared at `valid`: by default now, or the latest instant from which the events speak.

        Raises:
            BadEvent: one of them could not be recorded so; names its place and the reason.
            BadRequest: too many events, or entities that they speak about.
            BadSettings: there is no mapping.
        """
        known = await known_next(self._reads)
        found = decoded(events, await self.mapping(), known)
        return await foresee(self._reads, found, known, valid)

    async def mapping(self) -> Mapping:
        """What says what events mean: that which this reader was given, else that which the graph keeps, of the ingester that started last.

        Raises:
            BadSettings: there is none.
            BadMapping: the one that the graph keeps is not valid any more.
        """
        if self._given is not None:
            return self._given
        version = (await self._reads.graph()).get("mapping")
        if self._kept is None or self._kept.version != version:
            files = await self._reads.run(query("read/mapping_kept"))
            if not files:
                raise BadSettings(
                    "the graph keeps no mapping: start the ingester once, or name mapping files"
                )
            from graph_service.mapping import Mapping

            self._kept = Mapping.parse([(file["name"], file["text"]) for file in files])
        return self._kept

    def _limit_s(self, timeout_s: float | None) -> float:
        return self._reads.timeout_s if timeout_s is None else timeout_s

    async def diff(
        self,
        frm: Point,
        to: Point,
        *,
        kinds: Sequence[str] | None = None,
        types: Sequence[str] | None = None,
        around: str | None = None,
        first: int = 100,
        after: str | None = None,
    ) -> Page[DifferenceAt]:
        """What differs between two points, by the valid instant of the change, then by subject.

        `kinds` alone: entities of these kinds and relationships with an end of them; `types` alone: relationships of these
        types; both: entities of these kinds and relationships of these types. `around`: only that entity and what touches it.
        """
        return await read_diff.diff(
            self._reads, frm, to, kinds=kinds, types=types, around=around, first=first, after=after
        )

    async def trend(self, measure: Measure, buckets: Buckets, wanted: TrendFilter, known: int) -> list[int]:
        """The counts of a measure for each bucket, as known then. Raises LimitExceeded where corrections are too many to look at."""
        return await read_trend.trend(self._reads, measure, buckets, wanted, known)

    async def status(self) -> GraphStatus:
        """Counts and positions. `entities` counts all ever named; `relationships` those believed now and not over."""
        graph = await self._reads.graph()
        partitions = await self._reads.one("read/positions")
        text = query_with("read/counts", ("types", type_list(await self._reads.types(None))))
        (counts,) = await self._reads.run(text)
        return GraphStatus(
            events=graph.get("events", 0) or 0,
            duplicates=graph.get("duplicates", 0) or 0,
            unmapped=graph.get("unmapped", 0) or 0,
            entities=counts["entities"],
            relationships=counts["relationships"],
            dead_letters=partitions["dead_letters"],
            discarded=partitions["discarded"],
            replayed=graph.get("replayed", 0) or 0,
            recorded_at=graph.get("recorded_at"),
            watermark=watermark_of(partitions["positions"]),
            tick=graph.get("tick", 0) or 0,
            partitions=tuple(partition_at(one) for one in partitions["positions"]),
        )
