"""What the store answers with: plain values, times in microseconds, properties as canonical JSON text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, NamedTuple, TypeAlias, TypeVar, overload

from graph_service.core.explain import Reason

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A point on both clocks, resolved: microseconds."""

    valid: int
    known: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What an answer rests on. `known` is the latest known time that the answer could see, never more than was asked for."""

    valid: int
    known: int
    watermark: int | None
    dead_letters: int
    #: Records brought in from dead letters so far, each of which may have changed answers that were final.
    replayed: int
    #: Whether an answer at this known time stays as it is, but for replays and erasures.
    stable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What all answers rest on at one moment, read before they are."""

    #: The latest known time in the graph; None where nothing is recorded.
    recorded_at: int | None
    watermark: int | None
    dead_letters: int
    replayed: int
    #: Which past this is: the same as long as nothing altered what was final. It says so of the graph itself and its partitions, its
    #: declared words, replays and erasures.
    past: str
    #: Something is altering what was final: an erasure is not complete, or an import.
    unsettled: bool

    def basis(self, point: Point) -> Basis:
        """What an answer at the point rests on."""
        known = point.known if self.recorded_at is None else min(point.known, self.recorded_at)
        return Basis(
            valid=point.valid,
            known=known,
            watermark=self.watermark,
            dead_letters=self.dead_letters,
            replayed=self.replayed,
            stable=self.final(known),
        )

    def final(self, known: int) -> bool:
        """Whether an answer at this known time stays as it is, but for replays and erasures."""
        return self.watermark is not None and known <= self.watermark and not self.unsettled


class EntityAt(NamedTuple):
    """An entity as it was at a point. Without a row that holds (undeclared, ended) the times and the event are None. A tuple, as all are of which an
    answer may have thousands.
    """

    key: str
    kind: str
    declared: bool
    #: It was declared once and is not any more.
    ended: bool
    properties: str
    valid_from: int | None
    valid_to: int | None
    known_from: int | None
    known_to: int | None
    event: str | None


class RelationshipAt(NamedTuple):
    """One version of a relationship that holds at a point."""

    type: str
    source: str
    target: str
    discriminator: str
    properties: str
    valid_from: int
    valid_to: int
    known_from: int
    known_to: int
    event: str
    ended_by: str | None
    #: The other end as it was, where that was asked for and came with it.
    end: EntityAt | None = None


class VersionAt(NamedTuple):
    """One version of an entity (type and target empty) or a relationship."""

    owner: str
    type: str
    target: str
    discriminator: str
    properties: str
    valid_from: int
    valid_to: int
    known_from: int
    known_to: int
    event: str
    ended_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """An event of the ledger."""

    uid: str
    source: str
    id: str
    type: str
    subject: str | None
    time: int
    recorded_at: int
    topic: str
    partition: int
    offset: int
    correlation_id: str | None
    causation_id: str | None
    data: str
    mapping: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Some items in a stable order, and whether more follow."""

    items: tuple[T, ...]
    more: bool


class Reached(NamedTuple):
    """One entity within an impact."""

    key: str
    #: How many relationships away, on the shortest path; at least 1.
    distance: int


class ImpactHit(NamedTuple):
    """One entity within an impact, and the relationship towards the asked entity that proves it."""

    key: str
    #: As `Reached.distance`.
    distance: int
    #: The entity one step nearer to what was asked; the first of a path is the asked entity itself.
    parent: str
    #: The proving relationship between `key` and `parent`, in its own direction.
    relationship: RelationshipAt


Hit = TypeVar("Hit", bound=Reached | ImpactHit, covariant=True)


class Hits(Sequence[Hit]):
    """Hits that are counted, and become objects when somebody looks at one of them. As a tuple otherwise."""

    def __init__(self, count: int, made: Callable[[], tuple[Hit, ...]]) -> None:
        """`made` makes all `count` of them; it is called once, or never."""
        self._count, self._make = count, made

    @cached_property
    def _made(self) -> tuple[Hit, ...]:
        return self._make()

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Hit: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Hit, ...]: ...
    def __getitem__(self, index: int | slice) -> Hit | tuple[Hit, ...]:
        return self._made[index]

    def __iter__(self) -> Iterator[Hit]:
        return iter(self._made)

    def __eq__(self, other: object) -> bool:
        return self._made == (other._made if isinstance(other, Hits) else other)

    def __hash__(self) -> int:
        return hash(self._made)

    def __repr__(self) -> str:
        return repr(self._made)


# Without slots: `typing` notes on what is made through an alias what that was, and takes no for an answer only then.
@dataclass(frozen=True, kw_only=True)
class Reach(Generic[Hit]):
    """Hits nearest first (then by key). `cut` says what was left out: "depth", "size" or "time", or None when nothing was."""

    hits: Sequence[Hit]
    count: int
    cut: str | None = None
    cut_detail: str | None = None
    #: All that is nearer is complete; None where nothing was left out.
    cut_distance: int | None = None
    #: How many entities were found at that distance and left out; there may be more. None where that is not known.
    left_out: int | None = None


ReachAt: TypeAlias = Reach[Reached | ImpactHit]
"""Who is affected, and how far away; the proof of each may be there."""
ImpactAt: TypeAlias = Reach[ImpactHit]
"""The same with the proof of each."""


def path_to(hit: ImpactHit, hits: Mapping[str, ImpactHit]) -> tuple[ImpactHit, ...]:
    """The hits from what was asked to `hit`: each one's relationship leads to the one before. `hits` are all of its impact by key."""
    found = [hit]
    while found[-1].distance > 1:
        found.append(hits[found[-1].parent])
    return tuple(reversed(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftHit:
    """One entity whose place in an impact is not the same at two points. A distance is None where it is not within the impact."""

    key: str
    before: int | None
    after: int | None
    #: The path that proves it on the side that decides: where it is (nearer). From what was asked to the entity.
    path: tuple[ImpactHit, ...]
    #: The relationship of that path that is there on this side only, and made the difference; None where none is.
    relationship: RelationshipAt | None
    #: uid of the event that did it; None where that cannot be told.
    event: str | None

    @property
    def of_before(self) -> bool:
        """Whether `path` was there at the first point."""
        return self.after is None or (self.before is not None and self.before < self.after)


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftAt:
    """How an impact differs between two points, each list nearest first, then by key."""

    entered: tuple[DriftHit, ...]
    left: tuple[DriftHit, ...]
    moved: tuple[DriftHit, ...]
    #: How many are within both at the same distance.
    unchanged: int
    before: ImpactAt
    after: ImpactAt


@dataclass(frozen=True, slots=True, kw_only=True)
class PathAt:
    """A chain of relationships: one between each two neighbours of `keys`."""

    keys: tuple[str, ...]
    relationships: tuple[RelationshipAt, ...]


class DifferenceAt(NamedTuple):
    """What differs between two points: `before` and `after` are None where it was not there. `kind`: APPEARED, CHANGED, ENDED. A tuple, as above."""

    kind: str
    #: "entity" or "relationship".
    subject: str
    before: VersionAt | None
    after: VersionAt | None
    event: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionAt:
    """How far a partition is applied."""

    topic: str
    partition: int
    position: int | None
    recorded_at: int | None
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphStatus:
    """Counts and positions of the whole graph. `recorded_at` is the latest known time in it, None when it is empty."""

    events: int
    duplicates: int
    unmapped: int
    entities: int
    relationships: int
    #: Those that wait: neither replayed nor discarded.
    dead_letters: int
    discarded: int
    #: Records that came into the graph from a dead letter, after answers at their known time had been final.
    replayed: int
    recorded_at: int | None
    watermark: int | None
    tick: int
    partitions: tuple[PartitionAt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is explained: an entity (type and target empty), or a relationship; `discriminator` None is any."""

    key: str
    type: str = ""
    target: str = ""
    discriminator: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionAt:
    """What was believed about an instant until `known`, and what from then on (None: that it is not there); `event` (uid) did it."""

    before: VersionAt
    after: VersionAt | None
    event: str | None
    known: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleAt:
    """Under which rule, of which file, an event says what it says. `version` is that of the whole mapping."""

    file: str
    rule: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterAt:
    """A dead letter, without anything of what is in it."""

    id: str
    recorded_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Dead letters that wait and name what is asked about, newest first. `unseen`: not all could be looked into."""

    letters: tuple[LetterAt, ...] = ()
    unseen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Why something is, or is not, there. Nothing that was learnt after `at.known` is in it, but for NOT_YET_KNOWN, which is about just that."""

    subject: Subject
    at: Point
    #: Up to which known time it was looked for what was learnt later; never before `at.known`.
    learned_to: int
    reason: Reason
    #: Nothing asserts the entity: it is told about relationships that name it.
    by_name: bool
    #: What decides, where anything was believed. As known at `at.known`; for NOT_YET_KNOWN as first known.
    versions: tuple[VersionAt, ...]
    #: uids, the decisive one first.
    events: tuple[str, ...]
    #: For each version that holds, what it took the place of in the world.
    superseded: tuple[VersionAt, ...]
    #: What was believed about the instant before, and is not any more; the latest first.
    corrections: tuple[CorrectionAt, ...]
    rules: tuple[RuleAt, ...]
    waiting: Waiting

    @property
    def holds(self) -> bool:
        """Whether it is there."""
        return self.reason is Reason.HOLDS
