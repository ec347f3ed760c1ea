"""What one request knows: the reader, the point it asks about, and loaders that turn many look-ups into one."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import strawberry

from graph_service.api.live.asked import ChangesAsked, ImpactAsked
from graph_service.api.loading import Loader
from graph_service.api.security.roles import Principal, Role
from graph_service.core.errors import BadRequest, Forbidden, LimitExceeded
from graph_service.core.time import now
from graph_service.core.vocabulary import Vocabulary
from graph_service.store.keep.deadletters import DeadLetters
from graph_service.store.keep.letters import LetterRecord, LetterRow
from graph_service.store.read.answers import (
    Basis,
    EntityAt,
    EventRow,
    Page,
    Point,
    RelationshipAt,
    Standing,
    VersionAt,
)
from graph_service.store.read.first import First
from graph_service.store.read.foresee import Foreseen
from graph_service.store.read.reader import Reader
from graph_service.store.read.seen import edge_key

if TYPE_CHECKING:
    from graph_service.api.dated import Conditional
    from graph_service.api.erasing import Erasing
    from graph_service.api.gate import Admitted

Found = TypeVar("Found")
Group = TypeVar("Group")
Asked = TypeVar("Asked")

PAGE_ITEMS_MAX = 200
GROUPS_AT_ONCE = 4
"""Look-ups of one request that differ in more than a key, and are under way at the same time."""
WORDS_MAX = 100
"""Kinds, or relationship types, in one argument."""

Owner: TypeAlias = tuple[str, str, str, str]
"""Whose versions: key, type, target, discriminator; the last three are empty for an entity."""

Side: TypeAlias = Literal["out", "in", "both"]
"""Which end of its relationships an entity is."""

LogEnds: TypeAlias = Callable[[], Awaitable[Mapping[tuple[str, int], int]]]
"""The offset after the last record of each (topic, partition), from whoever can ask the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A resolved point, and what was asked for: None is "now" and "all that is recorded"."""

    point: Point
    valid: int | None
    known: int | None
    #: What would be so at this point, where it is that of a what-if.
    foreseen: Foreseen | None = field(default=None, compare=False, repr=False)

    def mark(self) -> list[int | None]:
        """What an id says about the point: nothing for the present, so that its ids stay the same."""
        return [] if self.valid is None and self.known is None else [self.valid, self.known]


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationshipsAsked:
    """One page of relationships of one entity."""

    key: str
    types: tuple[str, ...] | None
    direction: Side
    point: Point
    first: int
    after: str | None
    #: Whether the other ends will be asked for as well.
    ends: bool = False


class Context:
    """One per request; nothing in it outlives the answer."""

    def __init__(
        self,
        reader: Reader,
        log_ends: LogEnds | None = None,
        dead_letters: DeadLetters | None = None,
        *,
        principal: Principal,
        erasing: Erasing | None = None,
    ) -> None:
        self.reader = reader
        self.log_ends = log_ends
        #: Who asks.
        self.principal = principal
        #: What the gate let through; None before that.
        self.admitted: Admitted | None = None
        #: What a subscription asks for, once its arguments are read.
        self.asked: ChangesAsked | ImpactAsked | None = None
        #: The points that were asked about, in that order.
        self.points: dict[Point, None] = {}
        self._dead_letters = dead_letters
        self._erasing = erasing
        #: Of a request whose answer may be kept; None for all others.
        self.conditional: Conditional | None = None
        #: Whether the answer is not the same every time: it ran out of time.
        self.cut_short = False
        self._standing: asyncio.Future[Standing] | None = None
        self._vocabulary: asyncio.Future[Vocabulary] | None = None
        self._types: dict[tuple[str, ...], asyncio.Future[tuple[str, ...]]] = {}
        self.entities: Loader[tuple[str, Point], EntityAt | None] = Loader(self._load_entities)
        self.events: Loader[str, EventRow | None] = Loader(self._load_events)
        self.versions: Loader[tuple[Owner, int, bool], tuple[VersionAt, ...]] = Loader(self._load_versions)
        self.relationships: Loader[RelationshipsAsked, Page[RelationshipAt]] = Loader(
            self._load_relationships
        )
        self.causes: Loader[tuple[str, int], tuple[EventRow, ...]] = Loader(self._load_causes)
        self.last_seen: Loader[tuple[RelationshipAt, Point], int | None] = Loader(self._load_last_seen)
        self.letter_records: Loader[LetterRow, LetterRecord] = Loader(self._load_letter_records)

    def operator(self) -> DeadLetters:
        """What only operators may see and do.

        Raises:
            Forbidden: who asks is none, or this process has nothing to operate on.
        """
        self.principal.require(Role.OPERATOR, "For dead letters")
        if self._dead_letters is None:
            raise Forbidden("this process does not serve dead letters: use `graph-service dead-letters`")
        return self._dead_letters

    def eraser(self) -> Erasing:
        """What only erasers may see and do.

        Raises:
            Forbidden: who asks is none, or this process does not erase.
        """
        self.principal.require(Role.ERASER, "For erasures")
        if self._erasing is None:
            raise Forbidden("this process does not erase: use `graph-service erase`")
        return self._erasing

    @cached_property
    def _now(self) -> int:
        """The instant that is meant where none is said: the same for all of a request."""
        return now()

    async def standing(self) -> Standing:
        """What the whole answer rests on, read once, before anything else of it."""
        if self._standing is None:
            self._standing = asyncio.ensure_future(self.reader.standing())
        return await _shared(self._standing)

    async def moment(self, valid: int | None, known: int | None) -> Moment:
        """The point asked for. What is left out is the same instant for all fields of a request, and nothing is seen that is recorded while it
        is answered.
        """
        standing = await self.standing()
        latest = self._now if standing.recorded_at is None else standing.recorded_at
        point = Point(
            valid=self._now if valid is None else valid,
            known=latest if known is None or (standing.recorded_at is not None and known > latest) else known,
        )
        self.points[point] = None
        return Moment(point=point, valid=valid, known=known)

    async def entity(self, key: str, valid: int | None, known: int | None) -> tuple[Moment, EntityAt | None]:
        """An entity at the point asked for, if it was there then. What comes first in a request, and is about all that is recorded, is
        asked together with what the answer rests on.
        """
        if self._standing is not None or known is not None:
            moment = await self.moment(valid, known)
            return moment, await self.reader.entity(key, moment.point)
        at = self._now if valid is None else valid
        first = asyncio.ensure_future(self.reader.entity_first(key, at, self._now))
        self._standing = asyncio.ensure_future(_standing_of(first))
        found = await _shared(first)
        self.points[found.point] = None
        return Moment(point=found.point, valid=valid, known=None), found.entity

    async def vocabulary(self) -> Vocabulary:
        """The declared words, read once a request."""
        if self._vocabulary is None:
            self._vocabulary = asyncio.ensure_future(self.reader.vocabulary())
        return await _shared(self._vocabulary)

    async def basis(self, point: Point) -> Basis:
        """What answers at that point rest on."""
        return (await self.standing()).basis(point)

    async def types(self, asked: Sequence[str] | None) -> tuple[str, ...] | None:
        """The relationship types asked for, sorted; None is all.

        Raises:
            UnknownType: one that is not declared, and of which the graph never held a relationship.
            LimitExceeded: too many.
        """
        if asked is None:
            return None
        _few(asked, "types")
        words = tuple(sorted(set(asked)))
        if words not in self._types:
            self._types[words] = asyncio.ensure_future(self.reader.types(words, suggest=self._suggests()))
        await _shared(self._types[words])
        return words

    async def kinds(self, asked: Sequence[str] | None) -> tuple[str, ...] | None:
        """The kinds asked for, sorted; None is all.

        Raises:
            UnknownKind: one that is not declared, and of which the graph never held an entity.
            LimitExceeded: too many.
        """
        if asked is None:
            return None
        _few(asked, "kinds")
        return await self.reader.kinds(asked, suggest=self._suggests())

    def _suggests(self) -> bool:
        """Whether errors may tell what there is."""
        return self.admitted is not None and self.admitted.suggestions

    async def _load_entities(self, asked: list[tuple[str, Point]]) -> list[EntityAt | None]:
        keys: defaultdict[Point, list[str]] = defaultdict(list)
        for key, point in asked:
            keys[point].append(key)
        found = await _each(keys, lambda point, some: self.reader.entities_by_key(some, point))
        return [found[point].get(key) for key, point in asked]

    async def _load_events(self, uids: list[str]) -> list[EventRow | None]:
        found = await self.reader.events(uids)
        return [found.get(uid) for uid in uids]

    async def _load_causes(self, asked: list[tuple[str, int]]) -> list[tuple[EventRow, ...]]:
        uids: defaultdict[int, list[str]] = defaultdict(list)
        for uid, known in asked:
            uids[known].append(uid)
        found = await _each(uids, lambda known, some: self.reader.causes(some, known=known))
        return [found[known].get(uid, ()) for uid, known in asked]

    async def _load_last_seen(self, asked: list[tuple[RelationshipAt, Point]]) -> list[int | None]:
        edges: defaultdict[Point, list[RelationshipAt]] = defaultdict(list)
        for edge, point in asked:
            edges[point].append(edge)
        found = await _each(edges, lambda point, some: self.reader.last_seen(some, point))
        return [found[point].get(edge_key(edge)) for edge, point in asked]

    async def _load_letter_records(self, rows: list[LetterRow]) -> list[LetterRecord]:
        found = await self.operator().records(rows)
        gone = LetterRecord(key=None, headers=(), value=None)
        return [found.get(row.id, gone) for row in rows]

    async def _load_versions(self, asked: list[tuple[Owner, int, bool]]) -> list[tuple[VersionAt, ...]]:
        owners: defaultdict[tuple[int, bool], list[Owner]] = defaultdict(list)
        for owner, known, corrections in asked:
            owners[known, corrections].append(owner)
        found = await _each(owners, lambda asked_as, some: self.reader.versions(some, *asked_as))
        return [found[known, corrections].get(owner, ()) for owner, known, corrections in asked]

    async def _load_relationships(self, asked: list[RelationshipsAsked]) -> list[Page[RelationshipAt]]:
        groups: defaultdict[Any, list[RelationshipsAsked]] = defaultdict(list)
        for one in asked:
            groups[one.types, one.direction, one.point, one.first, one.after, one.ends].append(one)
        pages = await _each(groups, lambda _, some: self._relationships(some))
        found = {
            each: pages[group].get(each.key, Page(items=(), more=False))
            for group, some in groups.items()
            for each in some
        }
        return [found[one] for one in asked]

    async def _relationships(self, some: list[RelationshipsAsked]) -> dict[str, Page[RelationshipAt]]:
        """Those that differ in their keys only."""
        one = some[0]
        return await self.reader.relationships(
            [each.key for each in some],
            types=one.types,
            direction=one.direction,
            at=one.point,
            first=one.first,
            after=one.after,
            ends=one.ends,
        )


Info: TypeAlias = strawberry.Info[Context, None]


async def _each(
    groups: Mapping[Group, list[Asked]], load: Callable[[Group, list[Asked]], Awaitable[Found]]
) -> dict[Group, Found]:
    """What each group of look-ups finds, some groups at a time."""
    if len(groups) == 1:
        return {group: await load(group, some) for group, some in groups.items()}
    turns = asyncio.Semaphore(GROUPS_AT_ONCE)

    async def one(group: Group, some: list[Asked]) -> Found:
        async with turns:
            return await load(group, some)

    found = await asyncio.gather(*(one(group, some) for group, some in groups.items()))
    return dict(zip(groups, found, strict=True))


async def _standing_of(first: asyncio.Future[First]) -> Standing:
    return (await first).standing


async def _shared(found: asyncio.Future[Found]) -> Found:
    """What several wait for. A field that fails cancels those beside it; whoever else waits for this must not be cancelled with them.

    As `asyncio.shield`, for hundreds of fields at once.
    """
    if not found.done():
        own = asyncio.get_running_loop().create_future()
        found.add_done_callback(lambda _: None if own.done() else own.set_result(None))
        await own
    return found.result()


def _few(asked: Sequence[str], name: str) -> None:
    if len(asked) > WORDS_MAX:
        raise LimitExceeded(
            name, WORDS_MAX, f"`{name}` has {len(asked)} items; it may have {WORDS_MAX}", found=len(asked)
        )


def page_size(first: int | None, default: int, most: int = PAGE_ITEMS_MAX) -> int:
    """How many items a page may have.

    Raises:
        BadRequest: below 1 or above the most.
    """
    size = default if first is None else first
    if not 1 <= size <= most:
        raise BadRequest(f"`first` is {size}; it must be from 1 to {most}: ask for more with `after`")
    return size
