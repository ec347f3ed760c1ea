"""What the graph answers through the `Reader`, against what the oracle says: at every interesting point on both clocks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import pairwise, product
from random import Random
from typing import Any

from graph_service.core.model import Properties, kind_of
from graph_service.core.time import FOREVER
from graph_service.core.vocabulary import Depends, RelationshipDeclaration, Vocabulary
from graph_service.store.read.answers import EntityAt, ImpactAt, Point, RelationshipAt, VersionAt
from graph_service.store.read.asking import difference_place
from graph_service.store.read.reader import Direction, OwnerKey, Reader
from tests.oracle import Edge, Graph, Oracle, OracleVersion

VOCABULARY = Vocabulary(
    relationships={
        type: RelationshipDeclaration(type=type, label=type.lower(), depends=depends)
        for type, depends in (("CALLS", Depends.SOURCE), ("USES", Depends.TARGET))
    }
)
DEPENDS = {type: declared.depends.value for type, declared in VOCABULARY.relationships.items()}
DEPTH = 6
#: At most so many points of one history are asked about; what is left out is chosen by a fixed seed.
POINTS_MAX = 28
ASKED_AT_ONCE = 4
#: After everything that any history speaks of.
LATER = 10_000

Question = tuple[str, Any, Callable[[], Awaitable[Any]]]
"""What is asked, the right answer, and how to get the graph's."""


async def difference(reader: Reader, oracle: Oracle) -> str | None:
    """The first answer of the graph that is not the oracle's, in words; None when all are the same."""
    questions = iter(_Questions(reader, oracle).all())

    async def ask_on() -> str | None:
        for asked, expected, ask in questions:
            found = await ask()
            if found != expected:
                return f"{asked}\n  expected {expected}\n  answered {found}"
        return None

    wrong = await asyncio.gather(*(ask_on() for _ in range(ASKED_AT_ONCE)))
    return next((one for one in wrong if one is not None), None)


def points_of(oracle: Oracle) -> list[Point]:
    """Before, at and after everything that happens on either clock; a sample where these are many."""
    instants = {
        instant
        for record in oracle.records.values()
        for a in record.assertions
        for instant in (getattr(a, "valid_from", LATER), getattr(a, "valid_to", LATER))
        if instant != FOREVER
    }
    valids = sorted({min(instants, default=0) - 1, *instants, LATER})
    knowns = [oracle.known[0] - 1, *oracle.known, LATER]
    points = [Point(valid=valid, known=known) for valid, known in product(valids, knowns)]
    kept = Random(0).sample(points, min(POINTS_MAX, len(points)))
    return sorted(kept, key=lambda point: (point.known, point.valid))


class _Questions:
    def __init__(self, reader: Reader, oracle: Oracle) -> None:
        self._reader, self._oracle = reader, oracle
        versions = {stream: oracle.versions(stream) for stream in oracle.streams()}
        #: All versions by owner, as the reader gives them to who knows everything.
        self._versions: dict[OwnerKey, list[VersionAt]] = {}
        for stream, some in versions.items():
            for one in some:
                owner = (stream.owner, stream.type, one.segment.item, stream.discriminator)
                self._versions.setdefault(owner, []).append(_version(owner, one))
        named = {item for _, _, item, _ in self._versions if item}
        self._keys = sorted({stream.owner for stream in versions} | named)
        self._points = points_of(oracle)

    def all(self) -> Iterator[Question]:
        for known in sorted({point.known for point in self._points} | {FOREVER - 1}):
            yield from self._history(known)
        for number, point in enumerate(self._points):
            graph = self._oracle.as_of(point.valid, point.known)
            yield from self._entities(point, graph)
            yield from self._relationships(point, graph)
            if self._keys:
                key = self._keys[number % len(self._keys)]
                yield self._impact(point, graph, key, number % 2 == 0)
                yield self._reach(point, graph, key, number % 2 == 0)
        # Neighbours differ in one clock for the most part, points far apart in both.
        far = zip(self._points, reversed(self._points), strict=True)
        for before, after in [*list(pairwise(self._points))[::3], *list(far)[::6]]:
            yield self._diff(before, after)

    def _history(self, known: int) -> Iterator[Question]:
        owners = sorted(self._versions)
        for corrections in (False, True):
            expected = {
                owner: tuple(_as_known(self._versions[owner], known, corrections)) for owner in owners
            }
            asked = f"versions known {known}, corrections {corrections}"
            yield (
                asked,
                expected,
                partial(self._reader.versions, owners, known, corrections),
            )

    def _entities(self, point: Point, graph: Graph) -> Iterator[Question]:
        every = {key: self._entity(key, point) for key in self._keys}

        async def by_key() -> dict[str, EntityAt]:
            """Keys that nothing was ever believed of have no node, or a bare one: neither is shown."""
            return await self._reader.entities_by_key(self._keys, point)

        async def there() -> list[EntityAt]:
            return list((await self._reader.entities(at=point, first=100)).items)

        named = {end for edge in graph.edges for end in (edge.source, edge.target)}
        listed = [e for e in every.values() if e.declared or (e.key in named and not e.ended)]
        yield f"entities by key at {point}", every, by_key
        yield f"entities at {point}", listed, there

    def _entity(self, key: str, point: Point) -> EntityAt:
        bare = EntityAt(
            key=key, kind=kind_of(key), declared=False, ended=False, properties="{}",
            valid_from=None, valid_to=None, known_from=None, known_to=None, event=None,
        )  # fmt: skip
        believed = list(_as_known(self._versions.get((key, "", "", ""), ()), point.known, False))
        begun = [one for one in believed if one.valid_from <= point.valid]
        here = next((one for one in begun if point.valid < one.valid_to), None)
        if here is None:
            return bare._replace(ended=bool(begun))
        return bare._replace(
            declared=True, properties=here.properties, valid_from=here.valid_from, valid_to=here.valid_to,
            known_from=here.known_from, known_to=here.known_to, event=here.event,
        )  # fmt: skip

    def _relationships(self, point: Point, graph: Graph) -> Iterator[Question]:
        edges = [self._relationship(edge, point) for edge in graph.edges]
        ends: dict[Direction, Callable[[RelationshipAt], tuple[str, ...]]] = {
            "out": lambda edge: (edge.source,),
            "in": lambda edge: (edge.target,),
            "both": lambda edge: (edge.source, edge.target),
        }
        for direction, of in ends.items():
            expected = {
                key: sorted((edge for edge in edges if key in of(edge)), key=lambda edge: _place(edge, key))
                for key in self._keys
            }

            async def found(direction: Direction = direction) -> dict[str, list[RelationshipAt]] | str:
                pages = await self._reader.relationships(self._keys, at=point, direction=direction, ends=True)
                # What comes with them is what the entities are.
                ends = {row.end.key: row.end for page in pages.values() for row in page.items if row.end}
                if ends and ends.items() - (await self._reader.entities_by_key(ends, point)).items():
                    return f"the ends {ends}"
                return {key: [edge._replace(end=None) for edge in page.items] for key, page in pages.items()}

            yield f"relationships {direction} at {point}", expected, found

    def _relationship(self, edge: Edge, point: Point) -> RelationshipAt:
        owner = (edge.source, edge.type, edge.target, edge.discriminator)
        (here,) = (
            one
            for one in _as_known(self._versions[owner], point.known, False)
            if one.valid_from <= point.valid < one.valid_to
        )
        return RelationshipAt(
            type=edge.type, source=edge.source, target=edge.target, discriminator=edge.discriminator,
            properties=here.properties, valid_from=here.valid_from, valid_to=here.valid_to,
            known_from=here.known_from, known_to=here.known_to, event=here.event, ended_by=here.ended_by,
        )  # fmt: skip

    def _impact(self, point: Point, graph: Graph, of: str, dependents: bool) -> Question:
        expected = graph.impact([of], DEPTH, DEPENDS, dependents)

        async def found() -> dict[str, int] | str:
            answer = await self._reader.impact([of], at=point, dependents=dependents, max_depth=DEPTH)
            return _unproven(answer, of, graph) or {hit.key: hit.distance for hit in answer.hits}

        return f"impact of {of} at {point}, dependents {dependents}", expected, found

    def _reach(self, point: Point, graph: Graph, of: str, dependents: bool) -> Question:
        """Along relationships that are all followed the same way."""
        types = [type for type, end in DEPENDS.items() if end == "source"]
        expected = graph.impact([of], DEPTH, dict.fromkeys(types, "source"), dependents)

        async def found() -> dict[str, int]:
            asked = {"at": point, "dependents": dependents, "types": types, "max_depth": DEPTH}
            answer = await self._reader.reach([of], **asked)
            if answer.cut is not None:
                return f"cut: {answer.cut}"
            proved = await self._reader.impact([of], **asked)
            if [(hit.key, hit.distance) for hit in proved.hits] != [
                (hit.key, hit.distance) for hit in answer.hits
            ]:
                return f"with proofs: {proved}"
            return _unproven(proved, of, graph) or {hit.key: hit.distance for hit in answer.hits}

        return f"reach of {of} at {point}, dependents {dependents}", expected, found

    def _diff(self, before: Point, after: Point) -> Question:
        differing = self._oracle.diff((before.valid, before.known), (after.valid, after.known))
        expected = {
            what: tuple(None if side is None else dict(side) for side in sides)
            for what, sides in differing.items()
        }

        async def found() -> dict[str | Edge, Any] | str:
            page = await self._reader.diff(before, after, first=100)
            if list(page.items) != sorted(page.items, key=difference_place):
                return f"out of order: {page.items}"
            answer: dict[str | Edge, Any] = {}
            for one in page.items:
                version = one.after or one.before
                assert version is not None
                edge = Edge(version.owner, version.type, version.discriminator, version.target)
                kind = "CHANGED" if one.before and one.after else "APPEARED" if one.after else "ENDED"
                sides = tuple(
                    dict(Properties.parse(side.properties).texts) if side else None
                    for side in (one.before, one.after)
                )
                answer[edge if version.type else version.owner] = sides if one.kind == kind else one
            return answer

        return f"diff from {before} to {after}", expected, found


def _version(owner: OwnerKey, one: OracleVersion) -> VersionAt:
    key, type, target, discriminator = owner
    found = one.segment
    return VersionAt(
        owner=key, type=type, target=target, discriminator=discriminator,
        properties=Properties(dict(found.properties)).text,
        valid_from=found.valid_from, valid_to=found.valid_to, known_from=one.known_from, known_to=one.known_to,
        event=found.event.uid, ended_by=found.ended_by and found.ended_by.uid,
    )  # fmt: skip


def _as_known(versions: Iterable[VersionAt], known: int, corrections: bool) -> Sequence[VersionAt]:
    """What can be known of versions at that time, oldest first; with `corrections` also of those believed before."""
    found = [
        one._replace(known_to=one.known_to if one.known_to <= known else FOREVER)
        for one in versions
        if one.known_from <= known and (corrections or known < one.known_to)
    ]
    return sorted(found, key=lambda one: (one.valid_from, one.known_from, one.valid_to))


def _place(edge: RelationshipAt, key: str) -> tuple[str, str, str, int]:
    out = edge.source == key
    return edge.type, edge.target if out else edge.source, edge.discriminator, 0 if out else 1


def _unproven(answer: ImpactAt, of: str, graph: Graph) -> str | None:
    """Why a hit is not proven by its parent and relationship; None when all are."""
    distances = {of: 0, **{hit.key: hit.distance for hit in answer.hits}}
    if answer.cut is not None:
        return f"cut: {answer.cut}"
    for hit in answer.hits:
        edge = hit.relationship
        if {edge.source, edge.target} != {hit.key, hit.parent} or distances[hit.parent] != hit.distance - 1:
            return f"no step towards {of}: {hit}"
        if Edge(edge.source, edge.type, edge.discriminator, edge.target) not in graph.edges:
            return f"not there: {hit}"
    return None
