"""Which partitions are ours, from which epoch on, and how far each one is."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from graph_service.store.write.aside import aside
from graph_service.store.write.batch import Position
from ingest.decode import Item, Place, Rules, item_of
from ingest.recorded import recorded_at

DECODED_AT_ONCE = 100
"""Records; then it is somebody else's turn to compute."""


@dataclass(slots=True, kw_only=True, eq=False)
class Held:
    """A partition that is ours. A new object with every assignment, so that work of an older one is told apart."""

    epoch: int
    #: Which topic of this name it is of; None: not known.
    topic_id: str | None = None
    #: Last offset that is applied; -1 when none is.
    offset: int
    #: Known time of the last record that was decoded: the next one is not before it.
    recorded_at: int | None
    #: When its last record came, in seconds of a monotonic clock.
    moved_s: float = 0.0


class Holdings:
    """The partitions of this member of the group. Two steps: a partition is *awaited* when the group gives it, *held* once the
    store gave it an epoch."""

    def __init__(self) -> None:
        """Nothing is ours."""
        self.held: dict[Place, Held] = {}
        self.awaited: set[Place] = set()
        #: Changes with every word of the group.
        self.generation = 0

    @property
    def settled(self) -> bool:
        """Whether something is held, and nothing awaited."""
        return bool(self.held) and not self.awaited

    def give(self, places: Iterable[Place]) -> None:
        """The group gave these: what was held of them belongs to an older assignment."""
        self.generation += 1
        for place in places:
            self.held.pop(place, None)
            self.awaited.add(place)

    def take(self, places: Iterable[Place]) -> None:
        """The group took these away."""
        self.generation += 1
        for place in places:
            self.held.pop(place, None)
            self.awaited.discard(place)

    def clear(self) -> None:
        """Nothing is ours any more."""
        self.held.clear()
        self.awaited.clear()

    def hold(self, position: Position, now_s: float, topic_id: str | None = None) -> None:
        """The store gave an epoch; go on behind this position."""
        place = (position.topic, position.partition)
        self.awaited.discard(place)
        self.held[place] = Held(
            epoch=position.epoch,
            topic_id=topic_id,
            offset=position.offset,
            recorded_at=position.recorded_at,
            moved_s=now_s,
        )

    def items(self, place: Place, records: Sequence[Any], rules: Rules, now_s: float) -> list[Item]:
        """Decode fetched records of one partition; none when it is not held (they will be fetched again once it is)."""
        held = self.held.get(place)
        if held is None:
            return []
        found = []
        for record in records:
            held.recorded_at = recorded_at(record.timestamp, held.recorded_at)
            found.append(item_of(record, held.recorded_at, rules))
        held.moved_s = now_s
        return found

    async def decoded(self, place: Place, records: Sequence[Any], rules: Rules) -> list[Item]:
        """The same beside the loop, in steps after which it is looked whether the partition is held as it was; none when it is not."""
        found: list[Item] = []
        held = self.held.get(place)
        for start in range(0, len(records), DECODED_AT_ONCE):
            if held is None or self.held.get(place) is not held:
                return []
            some = records[start : start + DECODED_AT_ONCE]
            found += await aside(partial(self.items, place, some, rules, time.monotonic()), steps=len(some))
        return found

    def epochs(self) -> dict[Place, int]:
        """The epoch of every partition that is held."""
        return {place: held.epoch for place, held in self.held.items()}
