"""What may be subscribed to. The fields only say what is asked for: what comes is made once for all who ask the same (`live`)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated

import strawberry

from graph_service.api.changes import Change, ChangesWanted, place_asked
from graph_service.api.context import Info
from graph_service.api.fields import subscribed
from graph_service.api.impact_queries import ASKED_MAX, DEPTH_MAX, Asked, Depth, Towards
from graph_service.api.impacts import ImpactDrift
from graph_service.api.inputs import ImpactDirection
from graph_service.api.live.asked import ChangesAsked, ImpactAsked
from graph_service.core.errors import BadRequest
from graph_service.store.read.feed import ChangeFilter


@strawberry.type(
    description="What is told as long as somebody listens: over WebSocket (graphql-transport-ws), or as server-sent events."
)
class Subscription:
    @subscribed(
        "Every change as it lands, resumable from a cursor of `changes`; a slow reader is told what it missed, never fed gaps silently."
    )
    async def changes(
        self,
        info: Info,
        filter: Annotated[
            ChangesWanted | None, strawberry.argument(description="Which changes; all when left out.")
        ] = None,
        after: Annotated[
            str | None,
            strawberry.argument(
                description="The `cursor` of a change: all that landed after it comes first. From now on when left out."
            ),
        ] = None,
    ) -> AsyncGenerator[Change, None]:
        wanted = ChangeFilter() if filter is None else await filter.to_store(info.context)
        info.context.asked = ChangesAsked(wanted=wanted, after=place_asked(after))
        return
        yield  # makes it a generator

    @subscribed(
        "The impact of something, whenever it changes: who entered, left or moved since the last time, at most once a second. It begins with the impact "
        "as it is, of which nothing is told."
    )
    async def impact(
        self,
        info: Info,
        of: Asked,
        direction: Towards = ImpactDirection.DEPENDENTS,
        max_depth: Depth = 5,
    ) -> AsyncGenerator[ImpactDrift, None]:
        depth, keys = 5 if max_depth is None else max_depth, tuple(sorted(set(of)))
        if not 1 <= depth <= DEPTH_MAX:
            raise BadRequest(f"`maxDepth` is {depth}; it must be from 1 to {DEPTH_MAX}")
        if not 1 <= len(keys) <= ASKED_MAX:
            raise BadRequest(f"`of` has {len(keys)} keys; it must have from 1 to {ASKED_MAX}")
        towards = direction or ImpactDirection.DEPENDENTS
        info.context.asked = ImpactAsked(
            of=keys, dependents=towards is ImpactDirection.DEPENDENTS, max_depth=depth
        )
        return
        yield  # makes it a generator
