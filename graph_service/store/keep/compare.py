"""What two graphs believe, fact by fact: what one has gained over the other, lost, moved in time, or holds in another state.

A *fact* is what is believed now about one target of a stream (or the entity itself): a state over an interval of valid time.
`differences` compares the facts of one stream, and is pure; `compare_facts` walks two whole graphs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter

from graph_service.core.model import StreamKey, kind_of
from graph_service.core.time import FOREVER
from graph_service.store.keep.streams import EventMark, Graph, Stream, events, joined, streams
from graph_service.store.read.answers import VersionAt

DIFFERENCES_PER_STREAM_MAX = 20
"""As many are told of one stream; all are counted."""


class What(StrEnum):
    """How a fact differs."""

    GAINED = "gained"
    LOST = "lost"
    MOVED = "moved"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A state over [valid_from, valid_to). `target` is empty for the entity's own state."""

    target: str
    #: Canonical JSON text.
    properties: str
    valid_from: int
    valid_to: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FactDiffers:
    """One difference. `before` is None for what was gained, `after` for what was lost."""

    what: What
    before: Fact | None
    after: Fact | None

    @property
    def where(self) -> tuple[str, int, int]:
        """Target and interval, of the fact before where there is one: the order in which differences are told."""
        fact = self.after if self.before is None else self.before
        assert fact is not None
        return (fact.target, fact.valid_from, fact.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFacts:
    """A stream whose facts differ: all differences counted, the first ones told."""

    stream: StreamKey
    counts: dict[What, int]
    first: tuple[FactDiffers, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsCompared:
    """Events by identity: only in the one, only in the other, and in both but with other content or from another record."""

    both: int
    gained: int
    lost: int
    otherwise: int
    #: (before, after).
    first: tuple[tuple[EventMark | None, EventMark | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsCompared:
    """Two graphs, compared as far as they were recorded by `known`."""

    known: int
    streams: int
    #: Streams whose facts differ.
    differ: int
    #: Streams with the same facts, about which other things were believed before, or for other reasons.
    believed_otherwise: int
    #: By kind of entity, or type of relationship.
    counts: dict[str, dict[What, int]]
    first: tuple[StreamFacts, ...]
    first_believed_otherwise: tuple[StreamKey, ...]
    events: EventsCompared

    @property
    def equal(self) -> bool:
        """Whether the graphs are the same, past beliefs and events included."""
        found = self.events
        return not (self.differ or self.believed_otherwise or found.gained or found.lost or found.otherwise)


def facts(versions: Iterable[VersionAt]) -> list[Fact]:
    """What is believed now, of the versions of one stream."""
    return [
        Fact(target=one.target, properties=one.properties, valid_from=one.valid_from, valid_to=one.valid_to)
        for one in versions
        if one.known_to == FOREVER
    ]


def differences(before: Iterable[Fact], after: Iterable[Fact]) -> tuple[FactDiffers, ...]:
    """How the facts of one stream differ. Every fact that is not on both sides is in exactly one difference:

    - *changed*: the same target and interval, in another state;
    - *moved*: the same target and state, over another interval. Where several could be meant, those with the same beginning
      belong together, then those with the same end, then the earliest with the earliest;
    - *lost*: what is left before; *gained*: what is left after.

    Ordered by target and interval.
    """
    old, new = set(before), set(after)
    left = sorted(old - new, key=_place), sorted(new - old, key=_place)
    found: list[FactDiffers] = []
    for what, key in _PAIRINGS:
        pairs, left = _paired(*left, key)
        found += [FactDiffers(what=what, before=one, after=two) for one, two in pairs]
    found += [FactDiffers(what=What.LOST, before=fact, after=None) for fact in left[0]]
    found += [FactDiffers(what=What.GAINED, before=None, after=fact) for fact in left[1]]
    return tuple(sorted(found, key=attrgetter("where", "what")))


_place = attrgetter("target", "valid_from", "valid_to")
_PAIRINGS: tuple[tuple[What, Callable[[Fact], Hashable]], ...] = (
    (What.CHANGED, _place),
    (What.MOVED, attrgetter("target", "properties", "valid_from")),
    (What.MOVED, attrgetter("target", "properties", "valid_to")),
    (What.MOVED, attrgetter("target", "properties")),
)


def _paired(
    old: Sequence[Fact], new: Sequence[Fact], key: Callable[[Fact], Hashable]
) -> tuple[list[tuple[Fact, Fact]], tuple[list[Fact], list[Fact]]]:
    """Facts of equal key, in order, each once; and what is left on both sides."""
    waiting: dict[Hashable, list[Fact]] = defaultdict(list)
    for fact in reversed(new):
        waiting[key(fact)].append(fact)
    pairs, left = [], []
    for fact in old:
        if waiting[key(fact)]:
            pairs.append((fact, waiting[key(fact)].pop()))
        else:
            left.append(fact)
    taken = {two for _, two in pairs}
    return pairs, (left, [fact for fact in new if fact not in taken])


async def compare_facts(
    before: Graph, after: Graph, *, known: int = FOREVER, first: int = 10
) -> FactsCompared:
    """Compare two graphs as far as they were recorded by `known`; at most `first` streams and `first` events are named.

    One ordered walk over each, side by side: the memory of a page of both.

    Raises:
        StoreUnavailable: a Neo4j does not answer.
    """
    tally = _Tally(first=first)
    left, right = streams(before, known=known), streams(after, known=known)
    pairs = joined(left, right, attrgetter("key"))
    async with aclosing(left), aclosing(right), aclosing(pairs):
        async for one, two in pairs:
            tally.stream(one, two)
    return FactsCompared(
        known=known,
        streams=tally.streams,
        differ=tally.differ,
        believed_otherwise=tally.otherwise,
        counts={name: tally.counts[name] for name in sorted(tally.counts)},
        first=tuple(tally.told),
        first_believed_otherwise=tuple(tally.told_otherwise),
        events=await _events(before, after, known, first),
    )


@dataclass(slots=True, kw_only=True)
class _Tally:
    """What was found so far."""

    first: int
    streams: int = 0
    differ: int = 0
    otherwise: int = 0
    counts: dict[str, dict[What, int]] = field(default_factory=dict)
    told: list[StreamFacts] = field(default_factory=list)
    told_otherwise: list[StreamKey] = field(default_factory=list)

    def stream(self, before: Stream | None, after: Stream | None) -> None:
        """One stream of either graph, or of both."""
        one = before.versions if before else ()
        two = after.versions if after else ()
        key = before.key if before else after.key if after else StreamKey("")
        self.streams += 1
        if one == two or set(one) == set(two):
            return
        found = differences(facts(one), facts(two))
        if found:
            self._differ(key, found)
            return
        self.otherwise += 1
        if len(self.told_otherwise) < self.first:
            self.told_otherwise.append(key)

    def _differ(self, key: StreamKey, found: Sequence[FactDiffers]) -> None:
        self.differ += 1
        own: dict[What, int] = {}
        whole = self.counts.setdefault(key.type or kind_of(key.owner), dict.fromkeys(What, 0))
        for one in found:
            own[one.what] = own.get(one.what, 0) + 1
            whole[one.what] += 1
        if len(self.told) < self.first:
            self.told.append(
                StreamFacts(stream=key, counts=own, first=tuple(found[:DIFFERENCES_PER_STREAM_MAX]))
            )


async def _events(before: Graph, after: Graph, known: int, first: int) -> EventsCompared:
    both = gained = lost = otherwise = 0
    told: list[tuple[EventMark | None, EventMark | None]] = []
    left, right = events(before, known=known), events(after, known=known)
    pairs = joined(left, right, attrgetter("uid"))
    async with aclosing(left), aclosing(right), aclosing(pairs):
        async for one, two in pairs:
            both += one is not None and two is not None
            gained += one is None
            lost += two is None
            otherwise += one is not None and two is not None and one != two
            if one != two and len(told) < first:
                told.append((one, two))
    return EventsCompared(both=both, gained=gained, lost=lost, otherwise=otherwise, first=tuple(told))
