"""When relationships were last seen: the newest event that said that they hold, also where that was nothing new."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from graph_service.core.assertions import RelationshipAsserted, RelationshipsAsserted, Spanned
from graph_service.core.model import canonical
from graph_service.store.queries import query
from graph_service.store.read.answers import Point, RelationshipAt
from graph_service.store.read.reads import Reads, at_values, in_chunks
from graph_service.store.write.claims import numbered_of

NEWEST_MAX = 64
"""How many of the newest events about a source are looked at. What was last said before those counts as seen when it began."""

#: Source, type, target, discriminator.
EdgeKey = tuple[str, str, str, str]


def edge_key(edge: RelationshipAt) -> EdgeKey:
    """What tells a relationship from all others."""
    return edge.source, edge.type, edge.target, edge.discriminator


async def last_seen(reads: Reads, edges: Iterable[RelationshipAt], at: Point) -> dict[EdgeKey, int]:
    """For each relationship when it was last seen (microseconds): the time of the newest event that says it, as known at the point.

    Where none of the newest events about its source says it, that is the time of the event that made it what it is. Left out are those
    of which no event is there.
    """
    listed = list(edges)
    found = await _begun(reads, listed)
    for key, seen in (await _last_said(reads, listed, at)).items():
        found[key] = max(seen, found.get(key, seen))
    return found


async def _begun(reads: Reads, edges: Sequence[RelationshipAt]) -> dict[EdgeKey, int]:
    times: dict[str, int] = {}
    for some in in_chunks(dict.fromkeys(edge.event for edge in edges)):
        (record,) = await reads.run(query("read/event_times"), uids=some)
        times |= dict(record["times"])
    return {edge_key(edge): times[edge.event] for edge in edges if edge.event in times}


async def _last_said(reads: Reads, edges: Sequence[RelationshipAt], at: Point) -> dict[EdgeKey, int]:
    by_source: dict[str, list[EdgeKey]] = defaultdict(list)
    for key in dict.fromkeys(map(edge_key, edges)):
        by_source[key[0]].append(key)
    found: dict[EdgeKey, int] = {}
    for some in in_chunks(sorted(by_source)):
        asked = [{"key": source, "words": [_words(key) for key in by_source[source]]} for source in some]
        records = await reads.run(
            query("read/last_said"), asked=asked, newest_max=NEWEST_MAX, **at_values(at)
        )
        for record in records:
            for key, places in zip(by_source[record["key"]], record["nths"], strict=True):
                times = (_said(record["texts"][place], key, at) for place in places)
                if (seen := next((time for time in times if time is not None), None)) is not None:
                    found[key] = seen
    return found


def _words(key: EdgeKey) -> list[str]:
    """What stands in the claims that say it: as the target of one relationship, or within a set."""
    target = canonical(key[2])
    return [f'"target":{target}', f"{target}:{{"]


def _said(newest: Sequence[Any], key: EdgeKey, at: Point) -> int | None:
    """The event's time, if it stood then and one of its claims says that the relationship held at the point."""
    time, believed, text = newest
    if believed is not None and not any(
        start <= at.known < end for start, end in zip(believed[::2], believed[1::2], strict=True)
    ):
        return None
    holds = any(_says(claim, key, at.valid) for _, claim in numbered_of(json.loads(text)))
    return int(time) if holds else None


def _says(claim: Spanned, key: EdgeKey, valid: int) -> bool:
    if not claim.valid_from <= valid < claim.valid_to:
        return False
    match claim:
        case RelationshipAsserted():
            return (claim.source, claim.type, claim.target, claim.discriminator) == key
        case RelationshipsAsserted():
            return (claim.source, claim.type, claim.discriminator) == (key[0], key[1], key[3]) and key[
                2
            ] in claim.targets
        case _:
            return False
