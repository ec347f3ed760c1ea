"""The root fields about dependence: impact, how it drifts, paths, and what-if."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import strawberry

from graph_service.api.arguments import Types
from graph_service.api.context import Info, Moment, page_size
from graph_service.api.fields import resolved
from graph_service.api.impacts import Impact, ImpactDrift
from graph_service.api.inputs import At, ImpactDirection
from graph_service.api.nodes import Relationship, as_entity
from graph_service.api.proofs import Path, Proof
from graph_service.api.scalars import DateTime, Json
from graph_service.api.selection import OF_KEYS, asked_below
from graph_service.api.what_if import WhatIf, moments_of
from graph_service.core.errors import BadRequest
from graph_service.core.model import PROPERTY_NAME_CHARS_MAX
from graph_service.store.read.answers import ReachAt
from graph_service.store.read.paths import Way

DEPTH_MAX = 20
ITEMS_MAX = 1000
"""Of what has a place of its own for each item: graph panels and drifts."""
IMPACT_ITEMS_MAX = 10_000
"""Of one impact. What is asked of each item decides how many of them an operation may cost."""
ASKED_MAX = 100
PATHS_MAX = 50
TIMEOUT_S = 20.0
OF_PROOFS = frozenset({"path", "score", "factors"})
"""What of an item only the walk can tell."""

Point = Annotated[At | None, strawberry.argument(description="The point on both clocks; now when left out.")]
Asked = Annotated[
    list[str], strawberry.argument(description="Keys of what is asked about: 1 to 100. Never in the answer.")
]
Towards = Annotated[
    ImpactDirection | None, strawberry.argument(description="Which way to follow dependence.")
]
Depth = Annotated[int | None, strawberry.argument(description="How far to go: 1 to 20.")]
Most = Annotated[
    int | None,
    strawberry.argument(
        description="How many items at most, nearest first: 1 to 10000, as far as what is asked of each may cost."
    ),
]


@strawberry.enum(description="Which way the relationships of a path are followed.")
class PathDirection(Enum):
    DEPENDENCIES = strawberry.enum_value(
        "dependencies",
        description="Each from what depends to what it depends on: why `from` depends on `to`. Where nobody depends, from source to target.",
    )
    DEPENDENTS = strawberry.enum_value("dependents", description="Each the other way round.")
    ANY = strawberry.enum_value("any", description="Either way: how the two are connected at all.")


_WAYS: dict[PathDirection, Way] = {
    PathDirection.DEPENDENCIES: "dependencies",
    PathDirection.DEPENDENTS: "dependents",
    PathDirection.ANY: "any",
}


@strawberry.type(description="Questions about dependence.")
class ImpactQueries:
    @resolved(
        "All that transitively depends on `of` (or that `of` depends on), nearest first, each with the path that proves it."
    )
    async def impact(
        self,
        info: Info,
        of: Asked,
        direction: Towards = ImpactDirection.DEPENDENTS,
        types: Types = None,
        max_depth: Depth = 5,
        at: Point = None,
        first: Most = 200,
        criticality: Annotated[
            str | None,
            strawberry.argument(
                description="The property that says how much an entity matters, for the score; by default the one that its kind declares."
            ),
        ] = None,
    ) -> Impact:
        if criticality is not None and not 1 <= len(criticality) <= PROPERTY_NAME_CHARS_MAX:
            raise BadRequest(
                f"`criticality` names a property, with 1 to {PROPERTY_NAME_CHARS_MAX} characters"
            )
        keys, depth, size = keys_of(of), depth_of(max_depth, 5), page_size(first, 200, IMPACT_ITEMS_MAX)
        followed = await info.context.types(types)
        moment = await moment_of(info, at)
        reader, dependents, point = info.context.reader, is_dependents(direction), moment.point
        found: ReachAt
        proof = None
        if asked_below(info, "items") & OF_PROOFS:
            walked = found = await reader.impact(
                keys, dependents=dependents, types=followed, max_depth=depth, at=point, limit=size, timeout_s=TIMEOUT_S
            )  # fmt: skip
            proof = Proof(walked, moment, criticality)
        else:
            found = await reader.reach(
                keys, dependents=dependents, types=followed, max_depth=depth, at=point, limit=size, timeout_s=TIMEOUT_S
            )  # fmt: skip
        info.context.cut_short |= found.cut == "time"
        shown = not asked_below(info, "items", "entity") <= OF_KEYS
        return Impact(of=keys, found=found, moment=moment, proof=proof, shown=shown)

    @resolved("Who entered and who left the impact between two points, and the event that did it.")
    async def impact_drift(
        self,
        info: Info,
        of: Asked,
        from_: Annotated[
            At, strawberry.argument(name="from", description="The first point; it may be the later one.")
        ],
        to: Annotated[At, strawberry.argument(description="The second point.")],
        direction: Towards = ImpactDirection.DEPENDENTS,
        types: Types = None,
        max_depth: Depth = 5,
    ) -> ImpactDrift:
        keys, depth = keys_of(of), depth_of(max_depth, 5)
        followed = await info.context.types(types)
        earlier, later = await moment_of(info, from_), await moment_of(info, to)
        found = await info.context.reader.impact_drift(
            keys,
            frm=earlier.point,
            to=later.point,
            dependents=is_dependents(direction),
            types=followed,
            max_depth=depth,
            limit=ITEMS_MAX,
            timeout_s=TIMEOUT_S / 2,
        )
        info.context.cut_short |= "time" in (found.before.cut, found.after.cut)
        return ImpactDrift(found=found, moments=(earlier, later))

    @resolved("What would change if these CloudEvents were appended to the log now. Nothing is written.")
    async def what_if(
        self,
        info: Info,
        events: Annotated[
            list[Json],
            strawberry.argument(description="CloudEvents in the JSON format: 1 to 100, in this order."),
        ],
        impact_of: Annotated[
            list[str] | None,
            strawberry.argument(description="Keys of what to compare the impact of: 1 to 100."),
        ] = None,
        max_depth: Depth = 5,
        direction: Towards = ImpactDirection.DEPENDENTS,
        types: Types = None,
        valid: Annotated[
            DateTime | None,
            strawberry.argument(
                description="When in the world to compare the impact. By default now, or the latest instant from which the events speak."
            ),
        ] = None,
    ) -> WhatIf:
        keys, depth = None if impact_of is None else keys_of(impact_of, "impactOf"), depth_of(max_depth, 5)
        reader, followed = info.context.reader, await info.context.types(types)
        found = await reader.foresee([*events], valid)
        moments = await moments_of(info.context, found)
        drift = None
        if keys is not None:
            drift = await reader.impact_drift(
                keys,
                frm=found.before,
                to=found.after,
                dependents=is_dependents(direction),
                types=followed,
                max_depth=depth,
                limit=ITEMS_MAX,
                timeout_s=TIMEOUT_S / 2,
                foreseen=found,
            )
        return WhatIf(found=found, drift=drift, moments=moments)

    @resolved(
        "The shortest paths from one entity to another that pass nothing twice: shortest first, then by the keys along them. "
        "Of several relationships between the same two entities the least by type and discriminator stands for all."
    )
    async def paths(
        self,
        info: Info,
        from_: Annotated[
            str, strawberry.argument(name="from", description="The key of where the paths begin.")
        ],
        to: Annotated[str, strawberry.argument(description="The key of where they end.")],
        types: Types = None,
        max_depth: Annotated[
            int | None, strawberry.argument(description="How many relationships long at most: 1 to 20.")
        ] = 6,
        at: Point = None,
        first: Annotated[int | None, strawberry.argument(description="How many paths at most: 1 to 50.")] = 5,
        direction: Annotated[
            PathDirection | None, strawberry.argument(description="Which way relationships are followed.")
        ] = PathDirection.DEPENDENCIES,
    ) -> list[Path]:
        depth, size = depth_of(max_depth, 6), page_size(first, 5, PATHS_MAX)
        context, followed = info.context, await info.context.types(types)
        moment = await moment_of(info, at)
        found = await context.reader.paths(
            from_,
            to,
            at=moment.point,
            types=followed,
            way=_WAYS[direction or PathDirection.DEPENDENCIES],
            max_depth=depth,
            first=size,
            timeout_s=TIMEOUT_S,
        )
        keys = sorted({key for path in found for key in path.keys})
        rows = await context.entities.load_many([(key, moment.point) for key in keys])
        entities = {key: as_entity(key, row, moment) for key, row in zip(keys, rows, strict=True)}
        return [
            Path(
                entities=[entities[key] for key in path.keys],
                relationships=[Relationship(row=row, moment=moment) for row in path.relationships],
            )
            for path in found
        ]


async def moment_of(info: Info, at: At | None) -> Moment:
    """The point that is asked for."""
    return await info.context.moment(at.valid if at else None, at.known if at else None)


def is_dependents(direction: ImpactDirection | None) -> bool:
    """Whether dependents are asked for, as they are where nothing is said."""
    return (direction or ImpactDirection.DEPENDENTS) is ImpactDirection.DEPENDENTS


def depth_of(asked: int | None, default: int) -> int:
    """How far to go.

    Raises:
        BadRequest: below 1 or above the most.
    """
    depth = default if asked is None else asked
    if not 1 <= depth <= DEPTH_MAX:
        raise BadRequest(f"`maxDepth` is {depth}; it must be from 1 to {DEPTH_MAX}")
    return depth


def keys_of(of: list[str], name: str = "of") -> list[str]:
    """The keys, each once.

    Raises:
        BadRequest: none, or too many.
    """
    if not 1 <= len(of) <= ASKED_MAX:
        raise BadRequest(f"`{name}` has {len(of)} keys; it must have from 1 to {ASKED_MAX}")
    return list(dict.fromkeys(of))
