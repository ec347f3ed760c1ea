"""The root fields that answer with flat graphs: what is around something, impacts, how they drift, and differences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

import strawberry

from graph_service.api.answers import as_relationship
from graph_service.api.arguments import SIDES, Direction, Types
from graph_service.api.context import PAGE_ITEMS_MAX, Context, Info, Moment, RelationshipsAsked, page_size
from graph_service.api.fields import resolved
from graph_service.api.impact_queries import (
    ITEMS_MAX,
    TIMEOUT_S,
    Asked,
    Depth,
    Point,
    Towards,
    depth_of,
    is_dependents,
    keys_of,
    moment_of,
)
from graph_service.api.impacts import Truncation, TruncationReason
from graph_service.api.inputs import At, ImpactDirection
from graph_service.api.node_graphs import EdgeRow, Fate, NodeGraph, NodeRow
from graph_service.api.nodes import as_entity
from graph_service.api.proofs import Scores
from graph_service.core.errors import BadRequest
from graph_service.store.read.answers import (
    DifferenceAt,
    DriftAt,
    EntityAt,
    RelationshipAt,
    VersionAt,
)

STEPS_MAX = 3
_FATES = {"APPEARED": Fate.APPEARED, "CHANGED": Fate.CHANGED, "ENDED": Fate.ENDED}

Drawn = Annotated[
    int | None, strawberry.argument(description="How many items at most, nearest first: 1 to 1000.")
]


@strawberry.type
class NodeGraphQueries:
    @resolved("What is around some entities, as rows for a graph panel.")
    async def neighbourhood_graph(
        self,
        info: Info,
        of: Annotated[list[str], strawberry.argument(description="Keys of what is in the middle: 1 to 100.")],
        depth: Annotated[
            int | None, strawberry.argument(description="How many relationships away at most: 1 to 3.")
        ] = 1,
        types: Types = None,
        direction: Annotated[
            Direction | None, strawberry.argument(description="Which relationships are followed.")
        ] = Direction.BOTH,
        at: Point = None,
        first: Annotated[
            int | None,
            strawberry.argument(description="How many entities at most, nearest first: 1 to 1000."),
        ] = 200,
    ) -> NodeGraph:
        steps = 1 if depth is None else depth
        if not 1 <= steps <= STEPS_MAX:
            raise BadRequest(f"`depth` is {steps}; it must be from 1 to {STEPS_MAX}")
        keys, size = keys_of(of), page_size(first, 200, ITEMS_MAX)
        followed = await info.context.types(types)
        moment = await moment_of(info, at)
        search = _Around(info.context, moment, followed, direction or Direction.BOTH, size)
        await search.go(keys, steps)
        rows = await _entities(info.context, search.distances, moment)
        nodes = {
            key: NodeRow(
                entity=rows[key],
                moment=moment,
                fate=Fate.ASKED if key in keys else Fate.THERE,
                main=str(distance),
                distance=distance,
            )
            for key, distance in search.distances.items()
        }
        edges = [EdgeRow(relationship=one, moment=moment) for one in search.edges()]
        return NodeGraph.of(nodes, edges, search.truncated(), moment)

    @resolved("`impact` as rows for a graph panel: what was found, and the paths that prove it.")
    async def impact_graph(
        self,
        info: Info,
        of: Asked,
        direction: Towards = ImpactDirection.DEPENDENTS,
        types: Types = None,
        max_depth: Depth = 5,
        at: Point = None,
        first: Drawn = 200,
    ) -> NodeGraph:
        keys, steps, size = keys_of(of), depth_of(max_depth, 5), page_size(first, 200, ITEMS_MAX)
        followed = await info.context.types(types)
        moment = await moment_of(info, at)
        found = await info.context.reader.impact(
            keys,
            at=moment.point,
            dependents=is_dependents(direction),
            types=followed,
            max_depth=steps,
            limit=size,
            timeout_s=TIMEOUT_S,
        )
        info.context.cut_short |= found.cut == "time"
        rows = await _entities(info.context, [*keys, *(hit.key for hit in found.hits)], moment)
        scores = Scores(found, moment, None)
        nodes = _asked(keys, rows, moment) | {
            hit.key: NodeRow(
                entity=rows[hit.key],
                moment=moment,
                fate=Fate.THERE,
                main=str(hit.distance),
                distance=hit.distance,
                scores=scores,
            )
            for hit in found.hits
        }
        edges = [EdgeRow(relationship=hit.relationship, moment=moment) for hit in found.hits]
        return NodeGraph.of(nodes, edges, Truncation.of(found), moment)

    @resolved(
        "`impactDrift` as rows for a graph panel: all that is within the impact at either point, marked by whether it entered, left or moved."
    )
    async def drift_graph(
        self,
        info: Info,
        of: Asked,
        from_: Annotated[At, strawberry.argument(name="from", description="The first point.")],
        to: Annotated[At, strawberry.argument(description="The second point.")],
        direction: Towards = ImpactDirection.DEPENDENTS,
        types: Types = None,
        max_depth: Depth = 5,
        first: Drawn = 200,
    ) -> NodeGraph:
        keys, steps, size = keys_of(of), depth_of(max_depth, 5), page_size(first, 200, ITEMS_MAX)
        followed = await info.context.types(types)
        moments = await moment_of(info, from_), await moment_of(info, to)
        found = await info.context.reader.impact_drift(
            keys,
            frm=moments[0].point,
            to=moments[1].point,
            dependents=is_dependents(direction),
            types=followed,
            max_depth=steps,
            limit=size,
            timeout_s=TIMEOUT_S / 2,
        )
        info.context.cut_short |= "time" in (found.before.cut, found.after.cut)
        return await _drift_graph(info.context, keys, found, moments)

    @resolved("`diff` as rows for a graph panel: what differs, and the ends of relationships that do.")
    async def diff_graph(
        self,
        info: Info,
        from_: Annotated[At, strawberry.argument(name="from", description="The first point.")],
        to: Annotated[At, strawberry.argument(description="The second point.")],
        kinds: Annotated[
            list[str] | None, strawberry.argument(description="Only entities of these kinds, as for `diff`.")
        ] = None,
        types: Types = None,
        around: Annotated[
            str | None,
            strawberry.argument(description="Only the entity with this key and relationships that touch it."),
        ] = None,
        first: Annotated[
            int | None, strawberry.argument(description="How many differences at most: 1 to 200.")
        ] = 100,
    ) -> NodeGraph:
        context, size = info.context, page_size(first, 100)
        of_kinds, followed = await context.kinds(kinds), await context.types(types)
        moments = await moment_of(info, from_), await moment_of(info, to)
        found = await context.reader.diff(
            moments[0].point, moments[1].point, kinds=of_kinds, types=followed, around=around, first=size
        )
        truncated = None if not found.more else _cut_by_size(f"more than {size} differences", None)
        return await _diff_graph(context, found.items, moments, truncated)


class _Around:
    """What is around some entities, found step by step."""

    def __init__(
        self,
        context: Context,
        moment: Moment,
        types: Sequence[str] | None,
        direction: Direction,
        size: int,
    ) -> None:
        self._context, self._moment, self._size = context, moment, size
        self._types, self._side = None if types is None else tuple(types), SIDES[direction]
        self.distances: dict[str, int] = {}
        self._found: list[RelationshipAt] = []
        self._cut: Truncation | None = None

    async def go(self, keys: Sequence[str], steps: int) -> None:
        """From these keys on."""
        self.distances = dict.fromkeys(keys, 0)
        frontier = list(keys)
        for distance in range(1, steps + 1):
            asked = [
                RelationshipsAsked(
                    key=key,
                    types=self._types,
                    direction=self._side,
                    point=self._moment.point,
                    first=PAGE_ITEMS_MAX,
                    after=None,
                )
                for key in frontier
            ]
            pages = await self._context.relationships.load_many(asked)
            frontier = []
            if any(found.more for found in pages):
                detail = f"more than {PAGE_ITEMS_MAX} relationships of one entity: ask for some `types`"
                self._cut = _cut_by_size(detail, distance)
            for one in (row for found in pages for row in found.items):
                self._found.append(one)
                for end in (one.source, one.target):
                    if end not in self.distances and len(self.distances) < self._size:
                        self.distances[end] = distance
                        frontier.append(end)
                    elif end not in self.distances:
                        self._cut = _cut_by_size(f"more than {self._size} entities", distance)

    def edges(self) -> Iterable[RelationshipAt]:
        """Those that have both ends among what was found."""
        return (one for one in self._found if one.source in self.distances and one.target in self.distances)

    def truncated(self) -> Truncation | None:
        """What was left out."""
        return self._cut


def _cut_by_size(detail: str, distance: int | None) -> Truncation:
    return Truncation(
        reason=TruncationReason.SIZE,
        detail=f"there are {detail}; narrow the question, or allow more with `first`",
        distance=distance,
        left_out=None,
    )


async def _entities(context: Context, keys: Iterable[str], moment: Moment) -> dict[str, EntityAt]:
    listed = list(dict.fromkeys(keys))
    found = await context.entities.load_many([(key, moment.point) for key in listed])
    return {key: as_entity(key, row, moment).row for key, row in zip(listed, found, strict=True)}


def _asked(keys: Iterable[str], rows: dict[str, EntityAt], moment: Moment) -> dict[str, NodeRow]:
    return {
        key: NodeRow(entity=rows[key], moment=moment, fate=Fate.ASKED, main="0", distance=0) for key in keys
    }


async def _drift_graph(
    context: Context, keys: list[str], found: DriftAt, moments: tuple[Moment, Moment]
) -> NodeGraph:
    earlier, later = moments
    differing = {one.key: one for one in (*found.entered, *found.left, *found.moved)}
    fates = {
        **{one.key: Fate.ENTERED for one in found.entered},
        **{one.key: Fate.LEFT for one in found.left},
        **{one.key: Fate.MOVED for one in found.moved},
    }
    made = {
        _identity(one.relationship): one.event for one in differing.values() if one.relationship is not None
    }
    proofs = [{_identity(hit.relationship) for hit in side.hits} for side in (found.before, found.after)]
    of_both = proofs[0] & proofs[1]
    nodes: dict[str, NodeRow] = {}
    edges: list[EdgeRow] = []
    # What is within the impact at both points is shown as it is at the second one.
    for side, moment in ((found.before, earlier), (found.after, later)):
        rows = await _entities(context, [*keys, *(hit.key for hit in side.hits)], moment)
        nodes |= _asked(keys, rows, moment)
        for hit in side.hits:
            one, fate = differing.get(hit.key), fates.get(hit.key, Fate.THERE)
            nodes[hit.key] = NodeRow(
                entity=rows[hit.key],
                moment=moment,
                fate=fate,
                main=str(hit.distance) if one is None else fate.value,
                secondary=None if one is None else f"{_said(one.before)} → {_said(one.after)}",
                distance=hit.distance,
                event=None if one is None else one.event,
            )
            only = Fate.LEFT if moment is earlier else Fate.ENTERED
            identity = _identity(hit.relationship)
            edges.append(
                EdgeRow(
                    relationship=hit.relationship,
                    moment=moment,
                    fate=Fate.THERE if identity in of_both else only,
                    highlighted=identity in made,
                    event=made.get(identity),
                )
            )
    cut = Truncation.of(found.after) or Truncation.of(found.before)
    return NodeGraph.of(nodes, edges, cut, later)


def _identity(one: RelationshipAt) -> tuple[str, str, str, str]:
    return (one.source, one.type, one.target, one.discriminator)


def _said(distance: int | None) -> str:
    return "–" if distance is None else str(distance)


async def _diff_graph(
    context: Context,
    found: Sequence[DifferenceAt],
    moments: tuple[Moment, Moment],
    truncated: Truncation | None,
) -> NodeGraph:
    edges: list[EdgeRow] = []
    #: By key, where to see it, what became of it and by which event: first ends of relationships, then what differs itself.
    seen: dict[str, tuple[Moment, Fate, str | None]] = {}
    of_entities: dict[str, tuple[Moment, Fate, str | None]] = {}
    for one in found:
        version, moment = _side(one, moments)
        if one.subject == "entity":
            of_entities[version.owner] = (moment, _FATES[one.kind], one.event)
            continue
        edges.append(
            EdgeRow(
                relationship=as_relationship(version),
                moment=moment,
                fate=_FATES[one.kind],
                highlighted=True,
                event=one.event,
            )
        )
        for key in (version.owner, version.target):
            seen.setdefault(key, (moment, Fate.THERE, None))
    seen |= of_entities
    rows: dict[str, EntityAt] = {}
    for moment in moments:
        rows |= await _entities(context, [key for key, one in seen.items() if one[0] is moment], moment)
    nodes = {
        key: NodeRow(
            entity=rows[key],
            moment=moment,
            fate=fate,
            main=None if fate is Fate.THERE else fate.value,
            event=event,
        )
        for key, (moment, fate, event) in seen.items()
    }
    return NodeGraph.of(nodes, edges, truncated, moments[1])


def _side(one: DifferenceAt, moments: tuple[Moment, Moment]) -> tuple[VersionAt, Moment]:
    if one.after is not None:
        return one.after, moments[1]
    assert one.before is not None, "a difference has a version on at least one side"
    return one.before, moments[0]
