"""Impact: a walk from frontier to frontier, one statement for each step, in the direction of dependence."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from graph_service.core.errors import StoreTimeout
from graph_service.core.vocabulary import Depends
from graph_service.store.answers import ImpactAt, ImpactHit, Point
from graph_service.store.queries import base_types, query_with, type_list
from graph_service.store.reads import Reads, at_values
from graph_service.store.rows import relationship_at

Found = Mapping[str, Any]


async def impact(
    reads: Reads,
    of: Sequence[str],
    *,
    dependents: bool,
    types: Sequence[str] | None,
    max_depth: int,
    at: Point,
    limit: int,
    timeout_s: float,
) -> ImpactAt:
    """See `Reader.impact`."""
    step = await _Step.make(reads, dependents, types, at, time.monotonic() + timeout_s)
    seen, hits = set(of), list[ImpactHit]()
    frontier = sorted(seen)
    try:
        for distance in range(1, max_depth + 2):
            found = [one for one in await step.take(frontier) if one["key"] not in seen]
            if not found:
                break
            if distance > max_depth:
                detail = (
                    f"at least {len(found)} more at distance {distance}; allow more than {max_depth} steps"
                )
                return _answer(hits, "depth", detail)
            hits.extend(_hit(one, distance, at) for one in found[: limit - len(hits)])
            if len(found) > limit - len([hit for hit in hits if hit.distance < distance]):
                return _answer(
                    hits,
                    "size",
                    f"more than {limit} from distance {distance} on; ask for more, or fewer types",
                )
            frontier = [one["key"] for one in found]
            seen.update(frontier)
    except StoreTimeout:
        return _answer(hits, "time", f"stopped after {timeout_s:g} s; what is farther was not looked at")
    return _answer(hits, None, None)


class _Step:
    """One step of the walk: prepared once, taken at each distance."""

    def __init__(self, reads: Reads, text: str, values: dict[str, Any], deadline: float) -> None:
        self._reads, self._text, self._values, self._deadline = reads, text, values, deadline

    @classmethod
    async def make(
        cls, reads: Reads, dependents: bool, types: Sequence[str] | None, at: Point, deadline: float
    ) -> _Step:
        """Types in which nobody depends on the other are never followed."""
        names, vocabulary = set(await reads.types(types)), await reads.vocabulary()
        by_source = names.intersection(vocabulary.types_depending(Depends.SOURCE))
        by_target = names.intersection(vocabulary.types_depending(Depends.TARGET))
        to_sources, to_targets = (by_source, by_target) if dependents else (by_target, by_source)
        text = query_with(
            "read/impact_step",
            ("to_sources", type_list(to_sources)),
            ("past_to_sources", type_list(to_sources, past=True)),
            ("to_targets", type_list(to_targets)),
            ("past_to_targets", type_list(to_targets, past=True)),
        )
        return cls(reads, text, {"base": base_types(names), **at_values(at)}, deadline)

    async def take(self, frontier: Sequence[str]) -> list[Found]:
        """What is one step away, by key; some of it may have been seen before."""
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise StoreTimeout("the time for this question is up")
        (record,) = await self._reads.run(
            self._text, timeout_s=left_s, frontier=list(frontier), **self._values
        )
        return sorted(record["found"], key=lambda one: str(one["key"]))


def _hit(one: Found, distance: int, at: Point) -> ImpactHit:
    return ImpactHit(
        key=one["key"],
        distance=distance,
        parent=one["parent"],
        relationship=relationship_at(one["source"], one["type"], one["target"], one["row"], at),
    )


def _answer(hits: Sequence[ImpactHit], cut: str | None, detail: str | None) -> ImpactAt:
    return ImpactAt(hits=tuple(hits), count=len(hits), cut=cut, cut_detail=detail)
