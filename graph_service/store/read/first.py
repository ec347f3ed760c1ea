"""What an answer rests on and the entity that it is about, asked together: what is asked most takes one way there and back instead of two."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from graph_service.store.queries import query, query_with, without_header
from graph_service.store.read.answers import EntityAt, Point, Standing
from graph_service.store.read.entities import told_by_key
from graph_service.store.read.gathered import Gathered
from graph_service.store.read.reads import PATIENCE_S, TOGETHER_AT_ONCE_MAX, Reads
from graph_service.store.read.standing import standing_of


class First(NamedTuple):
    """An entity as all that is recorded tells it, and what that is."""

    standing: Standing
    point: Point
    #: None where it was not there.
    entity: EntityAt | None


class Firsts:
    """Asks both. Those who ask at the same time share one statement, which is never begun before any of them asked."""

    def __init__(self, reads: Reads) -> None:
        """Nothing is asked yet."""
        self._reads = reads
        self._gathered: Gathered[dict[str, Any], First] = Gathered(
            self._read, at_once_max=TOGETHER_AT_ONCE_MAX, patience_s=PATIENCE_S
        )

    async def entity(self, key: str, valid: int, now: int) -> First:
        """The entity at a valid time, as known by all that is recorded; `now` is the known time where nothing is."""
        return await self._gathered.answer(None, {"keys": [key], "valid": valid, "now": now})

    async def _read(self, _: object, asked: list[dict[str, Any]]) -> list[First]:
        (record,) = await self._reads.run(_text(), asked=asked)
        standing, rows = standing_of(record), dict(record["found"])
        found = []
        for number, one in enumerate(asked):
            known = one["now"] if standing.recorded_at is None else standing.recorded_at
            point = Point(valid=one["valid"], known=known)
            entity, there = told_by_key(rows.get(number), point).get(one["keys"][0], (None, False))
            found.append(First(standing, point, entity if there else None))
        return found


@cache
def _text() -> str:
    return query_with("read/entities_first", *first_words())


def first_words() -> tuple[tuple[str, str], ...]:
    """What `read/entities_first` is put together of."""
    latest = ("known", "coalesce(graph.recorded_at, $asked[n].now)")
    entities = without_header(query_with("read/entities_at", latest))
    return ("basis", without_header(query("read/basis"))), ("entities", entities)
