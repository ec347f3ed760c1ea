"""What one request knows: the reader, the point it asks about, and loaders that turn many look-ups into one."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import strawberry
from strawberry.dataloader import DataLoader

from graph_service.api.live.asked import ChangesAsked, ImpactAsked
from graph_service.api.security.roles import Principal, Role
from graph_service.core.errors import BadRequest, Forbidden
from graph_service.core.vocabulary import Vocabulary
from graph_service.store.keep.deadletters import DeadLetters
from graph_service.store.keep.letters import LetterRecord, LetterRow
from graph_service.store.read.answers import Basis, EntityAt, EventRow, Page, Point, RelationshipAt, VersionAt
from graph_service.store.read.foresee import Foreseen
from graph_service.store.read.reader import Reader
from graph_service.store.read.seen import edge_key

if TYPE_CHECKING:
    from graph_service.api.gate import Admitted

PAGE_ITEMS_MAX = 200

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


class Context:
    """One per request; nothing in it outlives the answer."""

    def __init__(
        self,
        reader: Reader,
        log_ends: LogEnds | None = None,
        dead_letters: DeadLetters | None = None,
        *,
        principal: Principal,
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
        self._latest: asyncio.Future[Point] | None = None
        self._vocabulary: Vocabulary | None = None
        self._bases: dict[Point, Basis] = {}
        self.entities: DataLoader[tuple[str, Point], EntityAt | None] = DataLoader(self._load_entities)
        self.events: DataLoader[str, EventRow | None] = DataLoader(self._load_events)
        self.versions: DataLoader[tuple[Owner, int, bool], tuple[VersionAt, ...]] = DataLoader(
            self._load_versions
        )
        self.relationships: DataLoader[RelationshipsAsked, Page[RelationshipAt]] = DataLoader(
            self._load_relationships
        )
        self.causes: DataLoader[tuple[str, int], tuple[EventRow, ...]] = DataLoader(self._load_causes)
        self.last_seen: DataLoader[tuple[RelationshipAt, Point], int | None] = DataLoader(
            self._load_last_seen
        )
        self.letter_records: DataLoader[LetterRow, LetterRecord] = DataLoader(self._load_letter_records)

    def operator(self) -> DeadLetters:
        """What only operators may see and do.

        Raises:
            Forbidden: who asks is none, or this process has nothing to operate on.
        """
        self.principal.require(Role.OPERATOR, "For dead letters")
        if self._dead_letters is None:
            raise Forbidden("this process does not serve dead letters: use `graph-service dead-letters`")
        return self._dead_letters

    async def moment(self, valid: int | None, known: int | None) -> Moment:
        """The point asked for. What is left out is the same instant for all fields of a request."""
        if valid is not None and known is not None:
            point = Point(valid=valid, known=known)
            self.points[point] = None
            return Moment(point=point, valid=valid, known=known)
        if self._latest is None:
            self._latest = asyncio.ensure_future(self.reader.point(None, None))
        latest = await self._latest
        point = Point(
            valid=latest.valid if valid is None else valid, known=latest.known if known is None else known
        )
        self.points[point] = None
        return Moment(point=point, valid=valid, known=known)

    async def vocabulary(self) -> Vocabulary:
        """The declared words, read once a request."""
        if self._vocabulary is None:
            self._vocabulary = await self.reader.vocabulary()
        return self._vocabulary

    async def basis(self, point: Point) -> Basis:
        """What answers at that point rest on, read once a request."""
        if point not in self._bases:
            self._bases[point] = await self.reader.basis(point)
        return self._bases[point]

    async def types(self, asked: Sequence[str] | None) -> tuple[str, ...] | None:
        """The relationship types asked for; None is all.

        Raises:
            BadRequest: a type that the vocabulary does not have.
        """
        if asked is None:
            return None
        declared = (await self.vocabulary()).relationships
        unknown = sorted(set(asked) - set(declared))
        if unknown:
            known = ", ".join(sorted(declared)) or "none yet: load a mapping first"
            raise BadRequest(
                f"there is no relationship type {', '.join(unknown)[:200]}; known types: {known}"
            )
        return tuple(sorted(set(asked)))

    async def _load_entities(self, asked: list[tuple[str, Point]]) -> list[EntityAt | None]:
        keys: defaultdict[Point, list[str]] = defaultdict(list)
        for key, point in asked:
            keys[point].append(key)
        found = {point: await self.reader.entities_by_key(some, point) for point, some in keys.items()}
        return [found[point].get(key) for key, point in asked]

    async def _load_events(self, uids: list[str]) -> list[EventRow | None]:
        found = await self.reader.events(uids)
        return [found.get(uid) for uid in uids]

    async def _load_causes(self, asked: list[tuple[str, int]]) -> list[tuple[EventRow, ...]]:
        uids: defaultdict[int, list[str]] = defaultdict(list)
        for uid, known in asked:
            uids[known].append(uid)
        found = {known: await self.reader.causes(some, known=known) for known, some in uids.items()}
        return [found[known].get(uid, ()) for uid, known in asked]

    async def _load_last_seen(self, asked: list[tuple[RelationshipAt, Point]]) -> list[int | None]:
        edges: defaultdict[Point, list[RelationshipAt]] = defaultdict(list)
        for edge, point in asked:
            edges[point].append(edge)
        found = {point: await self.reader.last_seen(some, point) for point, some in edges.items()}
        return [found[point].get(edge_key(edge)) for edge, point in asked]

    async def _load_letter_records(self, rows: list[LetterRow]) -> list[LetterRecord]:
        found = await self.operator().records(rows)
        gone = LetterRecord(key=None, headers=(), value=None)
        return [found.get(row.id, gone) for row in rows]

    async def _load_versions(self, asked: list[tuple[Owner, int, bool]]) -> list[tuple[VersionAt, ...]]:
        owners: defaultdict[tuple[int, bool], list[Owner]] = defaultdict(list)
        for owner, known, corrections in asked:
            owners[known, corrections].append(owner)
        found = {
            (known, corrections): await self.reader.versions(some, known, corrections)
            for (known, corrections), some in owners.items()
        }
        return [found[known, corrections].get(owner, ()) for owner, known, corrections in asked]

    async def _load_relationships(self, asked: list[RelationshipsAsked]) -> list[Page[RelationshipAt]]:
        groups: defaultdict[Any, list[RelationshipsAsked]] = defaultdict(list)
        for one in asked:
            groups[one.types, one.direction, one.point, one.first, one.after].append(one)
        found: dict[RelationshipsAsked, Page[RelationshipAt]] = {}
        for some in groups.values():
            one = some[0]
            pages = await self.reader.relationships(
                [each.key for each in some],
                types=one.types,
                direction=one.direction,
                at=one.point,
                first=one.first,
                after=one.after,
            )
            found |= {each: pages.get(each.key, Page(items=(), more=False)) for each in some}
        return [found[one] for one in asked]


Info: TypeAlias = strawberry.Info[Context, None]


def page_size(first: int | None, default: int, most: int = PAGE_ITEMS_MAX) -> int:
    """How many items a page may have.

    Raises:
        BadRequest: below 1 or above the most.
    """
    size = default if first is None else first
    if not 1 <= size <= most:
        raise BadRequest(f"`first` is {size}; it must be from 1 to {most}: ask for more with `after`")
    return size
