"""What is published: events of every sort, good and bad, in an order and with times that make trouble. Equal for equal seeds."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from graph_service.core.time import format_instant

MAPPING = Path(__file__).with_name("mapping.yaml")
SOURCE = "/torture"
BEGINNING_US = 1_767_225_600_000_000
"""2026-01-01T00:00:00Z, in microseconds: the first event is about that instant."""
STEP_US = 1_000_000
"""From one event to the next on the valid axis."""
RECENT = 3000
"""From so many events back come doubles, conflicts and what is retracted."""


class Place(NamedTuple):
    """Where a record is to go: which of the topics, and which partition of it."""

    topic: int
    partition: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """One record to be published. `timestamp_ms` only counts in topics that take the timestamps that they are given."""

    number: int
    place: Place
    key: bytes
    value: bytes
    timestamp_ms: int


@dataclass(frozen=True, kw_only=True)
class Mix:
    """How many of 10,000 records are of a sort; what is left are plain events about an entity."""

    late: int = 400
    same_instant: int = 300
    finite: int = 300
    double: int = 200
    conflict: int = 50
    retraction: int = 60
    unmapped: int = 50
    bad: int = 50
    #: About an entity of another partition.
    astray: int = 150
    #: Doubles and conflicts that go to another partition than the first record.
    elsewhere: int = 5000


MIXES = (
    Mix(),
    Mix(late=1500, same_instant=1500, finite=1200, astray=600),
    Mix(double=600, conflict=300, retraction=400, astray=400, elsewhere=8000),
)
"""The seed chooses one of them."""

FORMS = (
    ("torture.said", 44),
    ("torture.replaced", 5),
    ("torture.ended", 4),
    ("torture.linked", 20),
    ("torture.unlinked", 6),
    ("torture.listed", 9),
    ("torture.all", 12),
)


class Events:
    """Publications without end, decided by the seed alone."""

    def __init__(
        self,
        seed: int,
        *,
        partitions: tuple[int, ...],
        events_per_entity: int = 40,
        active: int = 400,
        mix: Mix | None = None,
    ) -> None:
        """`partitions`: of each topic. At any time `active` entities are spoken of; each is left after some `events_per_entity`."""
        self._random = Random(f"events {seed}")
        self._places = [Place(t, p) for t, count in enumerate(partitions) for p in range(count)]
        self._events_per_entity, self._active = events_per_entity, active
        self._mix = mix or MIXES[seed % len(MIXES)]
        self._recent: deque[tuple[dict[str, Any], Place]] = deque(maxlen=RECENT)
        self._conflicting: set[str] = set()

    def __iter__(self) -> Iterator[Publication]:
        """The same publications every time that an object of this seed is gone through."""
        number = 0
        while True:
            yield self._next(number)
            number += 1

    def _chance(self, of_10000: int) -> bool:
        return self._random.randrange(10_000) < of_10000

    def _next(self, number: int) -> Publication:
        random, mix = self._random, self._mix
        place: Place | None = None
        if self._recent and self._chance(mix.double):
            event, place = random.choice(self._recent)
        elif self._recent and self._chance(mix.conflict):
            event, place = random.choice(self._recent)
            event = {**event, "data": {**event["data"], "set": {"conflict": number}}}
        elif self._chance(mix.bad):
            return self._publication(number, self._home(number), self._bad(number))
        else:
            event = self._event(number)
            key = event["subject"]
            place = random.choice(self._places) if self._chance(mix.astray) else self._home_of(key)
            self._recent.append((event, place))
            return self._publication(number, place, _bytes(event), key)
        if self._chance(mix.elsewhere):
            place = random.choice(self._places)
        return self._publication(number, place, _bytes(event), event["subject"])

    def _event(self, number: int) -> dict[str, Any]:
        random, mix = self._random, self._mix
        now = BEGINNING_US + number * STEP_US
        time = now
        if self._chance(mix.late):
            time = max(BEGINNING_US, now - random.randrange(1, 4000) * STEP_US)
        elif self._chance(mix.same_instant):
            time = now - now % (60 * STEP_US)
        key = self._key(number)
        type, data = self._form(number, key, time)
        event: dict[str, Any] = {
            "specversion": "1.0",
            "id": f"e{number}",
            "source": SOURCE,
            "type": type,
            "subject": key,
            "time": format_instant(time),
            "data": data,
        }
        if random.randrange(8) == 0:
            event["sequence"] = str(random.randrange(5))
        return event

    def _form(self, number: int, key: str, time: int) -> tuple[str, dict[str, Any]]:
        random, mix = self._random, self._mix
        if self._chance(mix.unmapped):
            return "torture.unknown", {"key": key}
        if self._chance(mix.retraction):
            # Mostly of what was published before, sometimes of what is still to come, sometimes of a retraction.
            back = random.randrange(-30, 600)
            return "torture.withdrawn", {"id": f"e{max(0, number - back)}"}
        [type] = random.choices([form for form, _ in FORMS], [weight for _, weight in FORMS])
        data: dict[str, Any] = {"key": key, "set": self._properties(number)}
        if type in ("torture.linked", "torture.unlinked", "torture.all"):
            data |= {"target": self._key(number), "by": random.choice(("", "", "scan"))}
        if type in ("torture.listed", "torture.all"):
            data["targets"] = sorted({self._key(number) for _ in range(random.randrange(4))})
        if type in ("torture.said", "torture.linked") and self._chance(mix.finite):
            data["until"] = format_instant(time + random.randrange(1, 3000) * STEP_US)
        return type, data

    def _properties(self, number: int) -> dict[str, Any]:
        random = self._random
        found: dict[str, Any] = {"n": number % 7}
        for name in ("color", "size", "gone"):
            if random.randrange(3) == 0:
                found[name] = random.randrange(4)
        return found

    def _key(self, number: int) -> str:
        """One of the entities that are spoken of now; some much more than others, some of both ends of the window."""
        first = number // self._events_per_entity
        index = first + int(self._active * self._random.random() ** 1.5)
        return f"{'ab'[index % 2]}:{index}"

    def _home_of(self, key: str) -> Place:
        return self._home(int(key.partition(":")[2]))

    def _home(self, index: int) -> Place:
        return self._places[index * 7919 % len(self._places)]

    def _bad(self, number: int) -> bytes:
        """A record that must become a dead letter."""
        good = self._event(number) | {"id": f"bad{number}", "type": "torture.said"}
        return [
            b"{" + str(number).encode(),
            b"\xff\xfe" + str(number).encode(),
            _bytes({"hello": number}),
            _bytes(good | {"time": "2026-01-01T00:00:00"}),
            _bytes(good | {"data": {}}),
            _bytes(good | {"data": {"key": "", "set": {}}}),
            _bytes(good | {"data": {"key": "a:0", "set": {}, "until": "1999-01-01T00:00:00Z"}}),
        ][self._random.randrange(7)]

    def _publication(self, number: int, place: Place, value: bytes, key: str = "") -> Publication:
        # Clocks of producers: mostly forward, sometimes standing still, sometimes back, rarely far.
        jump_ms = self._random.choice((0, 0, 0, 0, -3, -50, 2, -2000 if number % 50 == 0 else 1))
        timestamp_ms = BEGINNING_US // 1000 + number // 3 + jump_ms
        return Publication(
            number=number, place=place, key=key.encode(), value=value, timestamp_ms=max(timestamp_ms, 0)
        )


def _bytes(event: dict[str, Any]) -> bytes:
    return json.dumps(event, separators=(",", ":"), sort_keys=True).encode()
