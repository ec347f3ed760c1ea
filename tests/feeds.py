"""A change log in memory, in the place of the one in Neo4j: it may be away, and it may forget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from graph_service.core.errors import Gone, StoreUnavailable, UnknownType
from graph_service.core.time import FOREVER
from graph_service.core.vocabulary import Depends, RelationshipDeclaration, Vocabulary
from graph_service.store.read.answers import EventRow, Point, VersionAt
from graph_service.store.read.feed import ChangeAt, Entry, Feed, Place, Stretch
from graph_service.store.read.rows import Owner

LOG = "the-log"
TYPES = {"CALLS": Depends.SOURCE, "KNOWS": Depends.NOBODY}


def change(tick: int, nth: int, of: int, key: str = "service:a", type: str = "") -> ChangeAt:
    """Something that appears; one of `of` changes of its transaction."""
    owner = Owner(key=key, type=type, target="service:b" if type else "")
    version = VersionAt(
        owner=key, type=type, target=owner.target, discriminator="", properties=f'{{"n":{tick}}}', valid_from=tick,
        valid_to=FOREVER, known_from=tick, known_to=FOREVER, event=f"uid-{tick}", ended_by=None,
    )  # fmt: skip
    entry = Entry(
        place=Place(tick, nth, nth == of - 1), owner=owner, point=Point(valid=tick, known=tick), valid_to=FOREVER,
        event=f"uid-{tick}", corrects=False, had=False, has=True,
    )  # fmt: skip
    return ChangeAt(entry=entry, before=None, after=version)


@dataclass
class MemoryFeed(Feed):
    """Reads from a list."""

    log: str = LOG
    tick: int = 0
    gone_to: int = -1
    away: bool = False
    stretch_entries_max: int = 3
    changes_by_place: dict[Place, ChangeAt] = field(default_factory=dict)
    reads: int = 0

    def land(self, *keys: str, type: str = "") -> None:
        """A transaction that makes these appear."""
        self.tick += 1
        for nth, key in enumerate(keys):
            one = change(self.tick, nth, len(keys), key, type)
            self.changes_by_place[one.entry.place] = one

    async def end(self) -> tuple[str, Place]:
        """As the real one."""
        self._answer()
        return self.log, Place.after_all_of(self.tick)

    async def after(self, feed: str, place: Place) -> Stretch:
        """As the real one."""
        self._answer()
        if feed != self.log:
            raise Gone("another graph")
        if place.tick < self.gone_to:
            raise Gone("not kept any more")
        self.reads += 1
        entries = [one.entry for at, one in sorted(self.changes_by_place.items()) if at > place]
        some = entries[: self.stretch_entries_max]
        more = len(entries) > len(some)
        end = some[-1].place if more else Place.after_all_of(self.tick)
        return Stretch(entries=tuple(some), end=end, more=more)

    async def changes(self, entries: Sequence[Entry]) -> list[ChangeAt]:
        """As the real one."""
        self._answer()
        return [self.changes_by_place[one.place] for one in entries]

    def _answer(self) -> None:
        if self.away:
            raise StoreUnavailable("Neo4j does not answer")


class MemoryReader:
    """The part of the reader that a feed needs."""

    def __init__(self) -> None:
        self.feed = MemoryFeed()

    async def vocabulary(self) -> Vocabulary:
        """Two types."""
        return Vocabulary(
            relationships={
                type: RelationshipDeclaration(type=type, label=type.lower(), depends=depends)
                for type, depends in TYPES.items()
            }
        )

    async def types(self, asked: Sequence[str] | None, *, suggest: bool = False) -> tuple[str, ...]:
        """Of these two, as the real one."""
        unknown = sorted(set(asked or ()) - TYPES.keys())
        if unknown:
            raise UnknownType(unknown, ())
        return tuple(sorted(TYPES if asked is None else set(asked)))

    async def events(self, uids: Sequence[str]) -> dict[str, Any]:
        """Every event is there."""
        return {
            uid: EventRow(
                uid=uid, source="/tests", id=uid, type="t", subject=None, time=0, recorded_at=0, topic="t", partition=0,
                offset=0, correlation_id=None, causation_id=None, data="null", mapping="m",
            )
            for uid in uids
        }  # fmt: skip
