"""A reader of made-up rows for tests of the API alone: the same for the same seed, some of them wrong, some questions refused."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from graph_service.core.errors import BadRequest, StoreTimeout
from graph_service.core.time import FOREVER
from graph_service.core.vocabulary import Depends, KindDeclaration, RelationshipDeclaration, Vocabulary
from graph_service.store.read.answers import (
    DifferenceAt,
    DriftAt,
    DriftHit,
    EntityAt,
    EventRow,
    GraphStatus,
    ImpactAt,
    ImpactHit,
    Page,
    PartitionAt,
    PathAt,
    Point,
    ReachAt,
    RelationshipAt,
    Standing,
    VersionAt,
)
from graph_service.store.read.first import First
from graph_service.store.read.seen import EdgeKey, edge_key

NOW = 1_770_000_000_000_000
KEYS = tuple(f"service:s{n}" for n in range(8)) + ("team:a", "bare")
TYPES = ("CALLS", "OWNED_BY")
PROPERTIES = ("{}", '{"name":"Shop","tier":1}', '{"a":[1,{"b":null}],"name":"é"}', '{"name":null}')
#: What rows may have where something went wrong: no JSON at all, nothing where something must be, more than fits.
WRONG: tuple[tuple[str, Any], ...] = (
    ("properties", "{"), ("properties", "null"), ("kind", None), ("kind", 7), ("type", None), ("type", 7),
    ("valid_from", None), ("valid_from", "x"), ("known_from", None), ("known_to", "x"), ("declared", 1),
    ("ended", None), ("event", None), ("event", "gone"), ("partition", 2**40), ("offset", 2**60), ("subject", True),
    ("data", "["), ("source", "service:s1"), ("time", None), ("id", None), ("discriminator", 3.5),
)  # fmt: skip
METHODS = (
    "entities_by_key", "relationships", "events", "versions", "causes", "last_seen", "entities_of_event", "unknown",
    "events_about", "effects", "vocabulary", "types",
)  # fmt: skip


class Rows:
    """Answers as the reader does, after a few turns of the loop."""

    def __init__(self, seed: int, *, wrong: float = 0.0, refused: Iterable[str] = ()) -> None:
        """`wrong`: how many of the rows have something wrong. `refused`: methods that raise."""
        self._seed, self._wrong, self._refused = seed, wrong, frozenset(refused)
        #: How often each method was asked.
        self.asked: Counter[str] = Counter()

    def _random(self, *what: object) -> Random:
        return Random(f"{self._seed} {what}")

    async def _begin(self, method: str) -> None:
        self.asked[method] += 1
        for _ in range(self._random(method).randrange(3)):
            await asyncio.sleep(0)
        if method in self._refused:
            raise StoreTimeout(f"{method} took too long")

    def _row(self, row: Any, *what: object) -> Any:
        """The row, or one with something wrong in it."""
        random = self._random("wrong", *what)
        if random.random() >= self._wrong:
            return row
        fits = [(name, value) for name, value in WRONG if hasattr(row, name)]
        wrong = dict([random.choice(fits)])
        return row._replace(**wrong) if isinstance(row, tuple) else replace(row, **wrong)

    def _some(self, most: int, *what: object) -> list[str]:
        random = self._random("some", *what)
        return random.sample(KEYS, random.randint(0, min(most, len(KEYS))))

    def entity_row(self, key: str, at: Point) -> EntityAt:
        """An entity."""
        random = self._random("entity", key)
        declared = random.random() < 0.8
        row = EntityAt(
            key=key, kind=key.partition(":")[0], declared=declared, ended=not declared and random.random() < 0.5,
            properties=random.choice(PROPERTIES), valid_from=NOW - random.randrange(10**9) if declared else None,
            valid_to=FOREVER if declared else None, known_from=NOW - 5 if declared else None,
            known_to=random.choice((FOREVER, NOW)) if declared else None, event=self._event(random) if declared else None,
        )  # fmt: skip
        return self._row(row, "entity", key)  # type: ignore[no-any-return]

    def _event(self, random: Random) -> str:
        return f"e{random.randrange(12)}"

    def relationship_row(self, key: str, n: int, direction: str) -> RelationshipAt:
        """A relationship of an entity."""
        random = self._random("relationship", key, n)
        other = random.choice(KEYS)
        row = RelationshipAt(
            type=random.choice(TYPES), source=other if direction == "in" else key,
            target=key if direction == "in" else other, discriminator=random.choice(("", "", "blue")),
            properties=random.choice(PROPERTIES), valid_from=NOW - n, valid_to=FOREVER, known_from=NOW - n,
            known_to=FOREVER, event=self._event(random), ended_by=None,
        )  # fmt: skip
        return self._row(row, "relationship", key, n)  # type: ignore[no-any-return]

    def event_row(self, uid: str) -> EventRow | None:
        """An event; where something is wrong, not all that are spoken of are there."""
        if uid == "gone" or (uid == "e11" and self._wrong):
            return None
        random = self._random("event", uid)
        row = EventRow(
            uid=uid, source="/shop", id=uid, type="made", subject=random.choice((None, "service:s1")), time=NOW - 9,
            recorded_at=NOW - 8, topic="t", partition=0, offset=random.randrange(100),
            correlation_id=random.choice((None, "flow")), causation_id=None, data=random.choice(("null", '{"x":[1]}')),
            mapping="m",
        )  # fmt: skip
        return self._row(row, "event", uid)  # type: ignore[no-any-return]

    def version_rows(self, owner: tuple[str, str, str, str]) -> tuple[VersionAt, ...]:
        """All versions of something."""
        key, type, target, discriminator = owner
        random = self._random("versions", owner)
        ends = [100, 200, 300, FOREVER]
        rows = [
            VersionAt(
                owner=key, type=type, target=target, discriminator=discriminator, properties=random.choice(PROPERTIES),
                valid_from=end - 100 if end < FOREVER else 300, valid_to=end, known_from=50, known_to=FOREVER,
                event=self._event(random), ended_by=None if end == FOREVER else self._event(random),
            )
            for end in ends[random.randrange(4) :]
        ]  # fmt: skip
        rows = [
            row if row.valid_to == FOREVER else self._row(row, "version", owner, row.valid_to) for row in rows
        ]
        return tuple(row for row in rows if isinstance(row.valid_from, int) and row.known_from is not None)

    async def vocabulary(self) -> Vocabulary:
        """Two kinds, two types."""
        await self._begin("vocabulary")
        return Vocabulary(
            kinds={"service": KindDeclaration(name="service", label="Service", display="name")},
            relationships={
                "CALLS": RelationshipDeclaration(type="CALLS", label="calls", depends=Depends.SOURCE),
                "OWNED_BY": RelationshipDeclaration(
                    type="OWNED_BY", label="is owned by", depends=Depends.NOBODY, owner=True
                ),
            },
        )

    async def standing(self) -> Standing:
        """Final until a second ago."""
        await self._begin("standing")
        return Standing(
            recorded_at=NOW, watermark=NOW - 10**6, dead_letters=1, replayed=0, past="this", unsettled=False
        )

    async def types(self, asked: Sequence[str], *, suggest: bool = False) -> tuple[str, ...]:
        """Those of the vocabulary."""
        await self._begin("types")
        if set(asked) - set(TYPES):
            raise BadRequest(f"unknown types {sorted(asked)} {suggest}")
        return tuple(asked)

    async def kinds(self, asked: Sequence[str], *, suggest: bool = False) -> tuple[str, ...]:
        """Any."""
        await self._begin("kinds")
        return tuple(sorted(set(asked)))

    async def entity(self, key: str, at: Point) -> EntityAt | None:
        """Those that are there."""
        await self._begin("entity")
        return self.entity_row(key, at) if key in KEYS else None

    async def entity_first(self, key: str, valid: int, moment: int) -> First:
        """The same, with the standing."""
        standing = await self.standing()
        point = Point(valid=valid, known=standing.recorded_at or moment)
        return First(standing, point, await self.entity(key, point))

    async def entities_by_key(self, keys: Iterable[str], at: Point) -> dict[str, EntityAt]:
        """Those that are there."""
        await self._begin("entities_by_key")
        return {key: self.entity_row(key, at) for key in keys if key in KEYS}

    async def entities(self, *, first: int, at: Point, **asked: Any) -> Page[EntityAt]:
        """Some."""
        await self._begin("entities")
        keys = self._some(6, "entities", asked.get("after"), first)[:first]
        return Page(items=tuple(self.entity_row(key, at) for key in keys), more=len(keys) == first)

    async def search(self, text: str, *, first: int, at: Point, **_: Any) -> Page[EntityAt]:
        """Some."""
        await self._begin("search")
        keys = self._some(4, "search", text)[:first]
        return Page(items=tuple(self.entity_row(key, at) for key in keys), more=False)

    async def relationships(
        self, keys: Sequence[str], *, direction: str, first: int, at: Point, ends: bool = False, **_: Any
    ) -> dict[str, Page[RelationshipAt]]:
        """Up to three of each; where `ends` are asked for, two of three come with the other one."""
        await self._begin("relationships")

        def row(key: str, n: int) -> RelationshipAt:
            found = self.relationship_row(key, n, direction)
            if not ends or not self._random("end", key, n).randrange(3):
                return found
            return found._replace(
                end=self.entity_row(found.source if direction == "in" else found.target, at)
            )

        return {
            key: Page(
                items=tuple(row(key, n) for n in range(min(first, len(key) % 4))), more=len(key) % 2 == 0
            )
            for key in keys
        }

    async def events(self, uids: Sequence[str]) -> dict[str, EventRow]:
        """Those that are there."""
        await self._begin("events")
        return {uid: row for uid in uids if (row := self.event_row(uid)) is not None}

    def _events(self, first: int, *what: object) -> Page[EventRow]:
        random = self._random("events", *what)
        uids = [f"e{random.randrange(11)}" for _ in range(random.randrange(4))][:first]
        rows = [self.event_row(uid) for uid in uids]
        return Page(items=tuple(row for row in rows if row is not None), more=random.random() < 0.5)

    async def events_about(self, key: str, at: Point, first: int, after: str | None) -> Page[EventRow]:
        """Some."""
        await self._begin("events_about")
        return self._events(first, key, after)

    async def events_list(
        self, asked: object, first: int, after: str | None, *, known: int | None
    ) -> Page[EventRow]:
        """Some."""
        await self._begin("events_list")
        return self._events(first, after)

    async def causes(self, uids: Sequence[str], *, known: int | None) -> dict[str, tuple[EventRow, ...]]:
        """Some."""
        await self._begin("causes")
        return {uid: self._events(3, "causes", uid).items for uid in uids}

    async def causes_of(self, uid: str, *, known: int | None, max_depth: int) -> tuple[EventRow, ...]:
        """Some."""
        await self._begin("causes_of")
        return self._events(9, "causes", uid, max_depth).items

    async def effects(self, uid: str, first: int, *, known: int | None, max_depth: int) -> Page[EventRow]:
        """Some."""
        await self._begin("effects")
        return self._events(first, "effects", uid, max_depth)

    async def correlated(
        self, flow: str, first: int, after: str | None, *, known: int | None
    ) -> Page[EventRow]:
        """Some."""
        await self._begin("correlated")
        return self._events(first, "flow", flow, after)

    async def entities_of_event(self, uid: str) -> tuple[str, ...]:
        """Some."""
        await self._begin("entities_of_event")
        return tuple(self._some(3, "of event", uid))

    async def versions(
        self, owners: Sequence[tuple[str, str, str, str]], known: int, corrections: bool
    ) -> dict[tuple[str, str, str, str], tuple[VersionAt, ...]]:
        """All."""
        await self._begin("versions")
        return {owner: self.version_rows(owner) for owner in owners}

    async def last_seen(self, edges: Iterable[RelationshipAt], at: Point) -> dict[EdgeKey, int]:
        """Some were."""
        await self._begin("last_seen")
        return {
            edge_key(edge): NOW - self._random("seen", edge_key(edge)).randrange(10**13)
            for edge in edges
            if self._random("was", edge_key(edge)).random() < 0.7
        }

    def _hits(self, of: Sequence[str], at: Point | None) -> tuple[ImpactHit, ...]:
        parent = of[0] if of else KEYS[0]
        found = []
        for distance, key in enumerate(self._some(5, "impact", *of, at and at.valid % 7), 1):
            edge = self.relationship_row(key, 0, "out")._replace(target=parent)
            found.append(ImpactHit(key=key, distance=distance, parent=parent, relationship=edge))
            parent = key
        return tuple(found)

    async def impact(self, of: Sequence[str], *, at: Point | None = None, **_: Any) -> ImpactAt:
        """A chain."""
        await self._begin("impact")
        hits = self._hits(of, at)
        cut = self._random("cut", *of).choice((None, "depth", "size"))
        return ImpactAt(
            hits=hits,
            count=len(hits),
            cut=cut,
            cut_detail=cut and f"by {cut}",
            cut_distance=2 if cut else None,
        )

    async def reach(self, of: Sequence[str], *, at: Point | None = None, **_: Any) -> ReachAt:
        """The same chain."""
        return await self.impact(of, at=at)

    async def unknown(self, keys: Iterable[str], at: Point) -> list[str]:
        """Those that are not there."""
        await self._begin("unknown")
        return [key for key in keys if key not in KEYS]

    async def impact_drift(self, of: Sequence[str], *, frm: Point, to: Point, **_: Any) -> DriftAt:
        """All of one side, and all of the other."""
        await self._begin("impact_drift")
        sides = [self._hits(of, point) for point in (frm, to)]
        items = [
            tuple(
                DriftHit(
                    key=hit.key, before=None if side else hit.distance, after=hit.distance if side else None,
                    path=hits[: n + 1], relationship=hit.relationship if n else None, event=f"e{n}" if n % 2 else None,
                )
                for n, hit in enumerate(hits)
            )
            for side, hits in enumerate(sides)
        ]  # fmt: skip
        whole = [ImpactAt(hits=hits, count=len(hits), cut=None, cut_detail=None) for hits in sides]
        return DriftAt(
            entered=items[1], left=items[0], moved=(), unchanged=0, before=whole[0], after=whole[1]
        )

    async def paths(self, start: str, end: str, **_: Any) -> tuple[PathAt, ...]:
        """One or two."""
        await self._begin("paths")
        direct = self.relationship_row(start, 0, "out")
        return (PathAt(keys=(start, end), relationships=(direct,)),) * self._random(start).randrange(3)

    async def diff(self, frm: Point, to: Point, *, first: int, **_: Any) -> Page[DifferenceAt]:
        """What changed, appeared, ended."""
        await self._begin("diff")
        found = []
        for n, key in enumerate(self._some(5, "diff")[:first]):
            owner = (key, "", "", "") if n % 2 else (key, "CALLS", "service:s0", "")
            rows = self.version_rows(owner)
            before, after = rows[0], rows[-1]
            kind = ("APPEARED", "CHANGED", "ENDED")[n % 3]
            found.append(
                DifferenceAt(
                    kind=kind, subject="entity" if n % 2 else "relationship", event=f"e{n}",
                    before=None if kind == "APPEARED" else before, after=None if kind == "ENDED" else after,
                )
            )  # fmt: skip
        return Page(items=tuple(found), more=False)

    async def status(self) -> GraphStatus:
        """Something."""
        await self._begin("status")
        partition = PartitionAt(topic="t", partition=0, position=None, recorded_at=None, epoch=0)
        return GraphStatus(
            events=2**40 if self._wrong else 5, duplicates=0, unmapped=0, entities=3, relationships=2, dead_letters=0,
            discarded=0, replayed=0, recorded_at=NOW, watermark=None, tick=0, partitions=(partition,),
        )  # fmt: skip
