"""One hash of all that the graph knows, the same wherever the same log was folded, and which streams differ between two graphs.

A digest is made of digests of streams, in the order of their keys, and of the events; a graph is walked once, and never held.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import astuple, dataclass, field
from hashlib import sha256
from operator import attrgetter
from typing import Any, Generic, TypeVar

from neo4j import AsyncDriver

from graph_service.core.model import StreamKey, canonical
from graph_service.core.time import FOREVER
from graph_service.store.keep.streams import EventMark, Graph, events, joined, streams
from graph_service.store.read.answers import VersionAt

T = TypeVar("T", bound="StreamDigest | EventMark")


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamDigest:
    """A stream, the SHA-256 over its versions (hex), and how many they are."""

    stream: StreamKey
    digest: str
    versions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamsDiffer:
    """A stream that is not the same in two graphs; None where a graph has no version of it."""

    stream: StreamKey
    one: StreamDigest | None
    two: StreamDigest | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestComparison:
    """Two digests, and what makes them differ. Counts are of all, `first_…` are the first few in order."""

    one: str
    two: str
    streams: int
    streams_differ: int
    first_streams: tuple[StreamsDiffer, ...]
    events: int
    events_differ: int
    #: (in the one, in the other) graph.
    first_events: tuple[tuple[EventMark | None, EventMark | None], ...]

    @property
    def equal(self) -> bool:
        """Whether the graphs are the same, as far as was asked."""
        return self.one == self.two


async def digest(
    driver: AsyncDriver,
    *,
    valid: bool = False,
    database: str = "neo4j",
    each: Callable[[StreamDigest], object] | None = None,
) -> str:
    """SHA-256 (hex) over every version on both clocks and every event: the same for the same log, in whatever batches it came.

    With `valid`: over what is believed now, on the valid axis alone: spans and states, without events. Costs one pass, and the
    memory of one page. `each` is called with the digest of every stream, in order. Of a graph that is written to meanwhile it is the digest of no one moment.

    Raises:
        StoreUnavailable: Neo4j does not answer.
    """
    whole = _Whole()
    async with aclosing(stream_digests(driver, valid=valid, database=database)) as found:
        async for one in found:
            whole.add(one)
            if each is not None:
                each(one)
    if not valid:
        async with aclosing(events(Graph(driver=driver, database=database))) as marks:
            async for mark in marks:
                whole.add(mark)
    return whole.hex()


async def stream_digests(
    driver: AsyncDriver, *, valid: bool = False, database: str = "neo4j"
) -> AsyncGenerator[StreamDigest]:
    """The digest of every stream that has a version, by key. With `valid`: of every stream that is believed to have one now.

    Raises:
        StoreUnavailable: Neo4j does not answer.
    """
    line = _valid_line if valid else _line
    async with aclosing(streams(Graph(driver=driver, database=database))) as found:
        async for stream in found:
            versions = [one for one in stream.versions if not valid or one.known_to == FOREVER]
            if versions:
                # The order of lines is that of their text: it only has to be the same everywhere.
                text = "\n".join(sorted(map(line, versions)))
                yield StreamDigest(
                    stream=stream.key, digest=sha256(text.encode()).hexdigest(), versions=len(versions)
                )


async def compare(
    one: AsyncDriver,
    two: AsyncDriver,
    *,
    valid: bool = False,
    first: int = 10,
    database: str = "neo4j",
    database_two: str | None = None,
) -> DigestComparison:
    """Both digests (see `digest`), and the streams and events that differ: a merge of two ordered walks, with neither graph in memory.

    `database_two` None: of the same name as the other. At most `first` streams and `first` events are named.

    Raises:
        StoreUnavailable: a Neo4j does not answer.
    """
    graphs = Graph(driver=one, database=database), Graph(driver=two, database=database_two or database)
    wholes = _Whole(), _Whole()
    sides = [stream_digests(graph.driver, valid=valid, database=graph.database) for graph in graphs]
    of_streams = await _walk(sides[0], sides[1], attrgetter("stream"), wholes, first)
    of_events: _Walk[EventMark] = _Walk()
    if not valid:
        of_events = await _walk(events(graphs[0]), events(graphs[1]), attrgetter("uid"), wholes, first)
    return DigestComparison(
        one=wholes[0].hex(),
        two=wholes[1].hex(),
        streams=of_streams.all,
        streams_differ=of_streams.differ,
        first_streams=tuple(
            StreamsDiffer(stream=_known(pair).stream, one=pair[0], two=pair[1]) for pair in of_streams.first
        ),
        events=of_events.all,
        events_differ=of_events.differ,
        first_events=tuple(of_events.first),
    )


class _Whole:
    """The digest of a graph from its parts, which come in order."""

    def __init__(self) -> None:
        self._hash = sha256()

    def add(self, part: StreamDigest | EventMark) -> None:
        """Streams first, then events; the first character of a line keeps them apart."""
        if isinstance(part, StreamDigest):
            line = f"s{canonical(part.stream)}{part.digest}\n"
        else:
            line = f"e{canonical(astuple(part))}\n"
        self._hash.update(line.encode())

    def hex(self) -> str:
        return self._hash.hexdigest()


@dataclass(slots=True)
class _Walk(Generic[T]):
    """What two ordered sequences, side by side, came to."""

    all: int = 0
    differ: int = 0
    first: list[tuple[T | None, T | None]] = field(default_factory=list)


async def _walk(
    one: AsyncGenerator[T],
    two: AsyncGenerator[T],
    key: Callable[[T], Any],
    wholes: tuple[_Whole, _Whole],
    first: int,
) -> _Walk[T]:
    found: _Walk[T] = _Walk()
    pairs = joined(one, two, key)
    async with aclosing(one), aclosing(two), aclosing(pairs):
        async for pair in pairs:
            for whole, part in zip(wholes, pair, strict=True):
                if part is not None:
                    whole.add(part)
            found.all += 1
            if pair[0] != pair[1]:
                found.differ += 1
                if len(found.first) < first:
                    found.first.append(pair)
    return found


def _known(pair: tuple[T | None, T | None]) -> T:
    """The side that is there."""
    found = pair[1] if pair[0] is None else pair[0]
    assert found is not None
    return found


def _line(version: VersionAt) -> str:
    """A version on both clocks, with who began and who ended it. The length keeps a target with spaces from looking like more."""
    v = version
    return (
        f"{v.valid_from} {v.valid_to} {v.known_from} {v.known_to} {v.event} {v.ended_by or '-'} "
        f"{len(v.target)} {v.target} {v.properties}"
    )


def _valid_line(version: VersionAt) -> str:
    """A version on the valid axis."""
    v = version
    return f"{v.valid_from} {v.valid_to} {len(v.target)} {v.target} {v.properties}"
