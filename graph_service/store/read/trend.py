"""Counts over time: from the instants at which something begins and ends, not from one answer for each point."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from neo4j import Record

from graph_service.core.changes import changes_at
from graph_service.core.errors import LimitExceeded
from graph_service.store.queries import base_types, query, query_with, type_list
from graph_service.store.read.diff import taken_back
from graph_service.store.read.entities import rows_of
from graph_service.store.read.reads import Reads
from graph_service.store.read.rows import Owner

OWNERS_MAX = 20_000
"""Entities and relationships of which something was learned: corrections are told apart from other news one by one."""


class Measure(Enum):
    """What is counted; see `graph_service.api.trends` for the words of the API."""

    #: There at the end of each bucket.
    ENTITIES = "entities"
    RELATIONSHIPS = "relationships"
    #: What became of entities and relationships in the world: after the beginning of a bucket, up to its end.
    CHANGES = "changes"
    APPEARED = "appeared"
    CHANGED = "changed"
    ENDED = "ended"
    #: By when it became known: after the beginning of a bucket, up to its end.
    CORRECTIONS = "corrections"
    #: From the beginning of a bucket on, before its end.
    EVENTS = "events"
    RECORDED = "recorded"
    DEAD_LETTERS = "dead_letters"


LEVELS = frozenset({Measure.ENTITIES, Measure.RELATIONSHIPS})
OF_BOTH = frozenset({Measure.CHANGES, Measure.APPEARED, Measure.CHANGED, Measure.ENDED, Measure.CORRECTIONS})
"""What is about entities and relationships alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Buckets:
    """A span of time in parts of one width, the last maybe shorter: microseconds."""

    start: int
    end: int
    width: int

    @classmethod
    def of(cls, start: int, end: int, number: int) -> Buckets:
        """At most so many: `start` lies before `end`."""
        return cls(start=start, end=end, width=-(-(end - start) // number))

    def edges(self) -> list[tuple[int, int]]:
        """Where each begins and ends."""
        starts = range(self.start, self.end, self.width)
        return [(start, min(start + self.width, self.end)) for start in starts]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendFilter:
    """What is counted; None is all.

    For `OF_BOTH`, `kinds` alone: entities of these kinds and relationships with an end of them; `types` alone: relationships of these types; both:
    entities of these kinds and relationships of these types. For events, `types` are those of CloudEvents.
    """

    kinds: Sequence[str] | None = None
    types: Sequence[str] | None = None


async def trend(
    reads: Reads, measure: Measure, buckets: Buckets, wanted: TrendFilter, known: int
) -> list[int]:
    """See `Reader.trend`."""
    values = {"from": buckets.start, "to": buckets.end, "width": buckets.width, "known": known}
    kinds = None if wanted.kinds is None else list(wanted.kinds)
    types = None if wanted.types is None else list(wanted.types)
    if measure is Measure.CORRECTIONS:
        found = await _corrections(reads, buckets, wanted, known)
    elif measure in OF_BOTH:
        found = await _changes(reads, measure, values, wanted)
    elif measure is Measure.ENTITIES:
        found = _counted(await reads.run(query("read/trend_entities"), kinds=kinds, **values))
    elif measure is Measure.RELATIONSHIPS:
        names = await reads.types(types)
        stored = f"{type_list(names)}|{type_list(names, past=True)}"
        text = query_with("read/trend_relationships", ("types", stored))
        found = _counted(await reads.run(text, kinds=kinds, **values) if names else ())
    else:
        text = query(f"read/trend_{measure.value}")
        found = _counted(await reads.run(text, kinds=kinds, types=types, **values))
    counts = [found[number] for number in range(len(buckets.edges()))]
    if measure in LEVELS:
        for number in range(1, len(counts)):
            counts[number] += counts[number - 1]
    return counts


def _counted(records: Iterable[Record]) -> Counter[int]:
    counts: Counter[int] = Counter()
    for record in records:
        counts[record["bucket"]] += record["value"]
    return counts


def _parts(wanted: TrendFilter) -> tuple[bool, list[str] | None]:
    """Whether entities are meant, and the kinds that an end of a relationship must have."""
    kinds = None if wanted.kinds is None else list(wanted.kinds)
    return wanted.types is None or kinds is not None, kinds if wanted.types is None else None


async def _changes(
    reads: Reads, measure: Measure, values: dict[str, int], wanted: TrendFilter
) -> Counter[int]:
    entities, ends = _parts(wanted)
    records: list[Record] = []
    if entities:
        kinds = None if wanted.kinds is None else list(wanted.kinds)
        records += await reads.run(query("read/trend_entity_changes"), kinds=kinds, **values)
    for type in await reads.types(wanted.types):
        words = ("present", type_list([type])), ("past", type_list([type], past=True))
        text = query_with("read/trend_relationship_changes", *words)
        records += await reads.run(text, kinds=ends, **values)
    return _counted(one for one in records if measure in (Measure.CHANGES, Measure[one["kind"]]))


async def _corrections(reads: Reads, buckets: Buckets, wanted: TrendFilter, known: int) -> Counter[int]:
    """Changes of belief that altered what was believed about the past, as the change log marks them."""
    low, high = buckets.start, min(buckets.end, known)
    owners: list[Owner] = []
    if low < high:
        owners = await _learned_of(reads, low, high, wanted)
    if len(owners) > OWNERS_MAX:
        raise LimitExceeded(
            "trend_owners_max",
            OWNERS_MAX,
            f"within that time something became known of more than {OWNERS_MAX} entities and relationships; ask about less time, or about some `kinds`",
            found=len(owners),
        )
    counts: Counter[int] = Counter()
    for owner, rows in (await rows_of(reads, owners, high)).items():
        every = {instant for row in rows for instant in (row.known_from, row.end_known, row.known_to)}
        instants = [instant for instant in every if low < instant <= high]
        for instant, changes in changes_at((row.row(owner.target) for row in rows), instants):
            counts[(instant - buckets.start - 1) // buckets.width] += sum(one.corrects for one in changes)
    return counts


async def _learned_of(reads: Reads, low: int, high: int, wanted: TrendFilter) -> list[Owner]:
    entities, ends = _parts(wanted)
    owners: list[Owner] = []
    span: dict[str, Any] = {"low": low, "high": high, "uids": await taken_back(reads, low, high)}
    if entities:
        kinds = None if wanted.kinds is None else list(wanted.kinds)
        found = await reads.one("read/learned_entities", kinds=kinds, **span)
        owners += [Owner(key=key) for key in found["keys"]]
    if types := await reads.types(wanted.types):
        stored = "|".join((type_list(types), type_list(types, past=True)))
        text = query_with("read/learned_relationships", ("types", stored))
        (record,) = await reads.run(text, kinds=ends, base=base_types(types), **span)
        owners += [
            Owner(key=key, type=type, target=target, discriminator=word)
            for key, type, target, word in record["owners"]
        ]
    return owners
