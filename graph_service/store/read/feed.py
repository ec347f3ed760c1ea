"""The change log as it is read: in the order in which changes landed, forwards and backwards, from any place that is kept.

The log refers to changes (see `announcing`); what was believed before and after is read from the graph, many at once. An entry of which
the graph no longer says that anything changed there (what it referred to was erased, or moved by a record that came late) is left out.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from graph_service.core.changes import ChangeKind
from graph_service.core.errors import BadRequest, Gone, StoreUnavailable
from graph_service.core.model import kind_of
from graph_service.core.time import FOREVER
from graph_service.store.queries import TYPE_NAME, query, query_with
from graph_service.store.read.answers import Point, VersionAt
from graph_service.store.read.entities import both
from graph_service.store.read.reads import Reads, Run, in_chunks
from graph_service.store.read.rows import Owner, StoredRow
from graph_service.store.write.announcing import CORRECTS, HAD_BEFORE, HAS_AFTER

#: Above every number of an entry within its transaction.
_END = 2**31
NODES_AT_ONCE = 20
"""Each holds what one transaction changed, up to `announcing.ENTRIES_PER_NODE` entries."""
TORN_WAITS_S = (0.01, 0.05, 0.25)
"""How long to wait for a transaction that seems to be applied just now."""
NODES_SCANNED_MAX = 2000
"""A page gives up its search for more items after so many."""


class Place(NamedTuple):
    """Where an entry stands in the log. Places are in the order of landing."""

    #: The transaction.
    tick: int
    #: Its number within the transaction.
    nth: int
    #: Whether it is the last of its transaction.
    last: bool

    @classmethod
    def after_all_of(cls, tick: int) -> Place:
        """Behind everything of a transaction, and of all before it."""
        return cls(tick, _END, True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One change, as the log refers to it."""

    place: Place
    owner: Owner
    #: The first valid instant that is otherwise than before, and the known time from which on it is so.
    point: Point
    #: Up to which valid instant it is otherwise, exclusive.
    valid_to: int
    #: uid of the event that did it.
    event: str
    #: Whether it altered what was believed about the past.
    corrects: bool
    #: Whether something was there before, and whether something is from then on, when it was written.
    had: bool
    has: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeAt:
    """One change, with what was believed at its valid instant just before its known time, and from that on; not both are None."""

    entry: Entry
    before: VersionAt | None
    after: VersionAt | None

    @property
    def kind(self) -> ChangeKind:
        """What became of it."""
        if self.before is None:
            return ChangeKind.APPEARED
        return ChangeKind.CHANGED if self.after is not None else ChangeKind.ENDED


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeFilter:
    """Which changes: all given conditions together; None means any.

    `kinds` alone: of entities of these kinds and of relationships with an end of them; `types` alone: of relationships of these types;
    both: of entities of these kinds and of relationships of these types.
    """

    kinds: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None
    #: Of these entities, and of relationships that touch them.
    around: tuple[str, ...] | None = None
    changes: tuple[ChangeKind, ...] | None = None
    corrects: bool | None = None

    def may_want(self, entry: Entry) -> bool:
        """Whether the change is wanted, as far as the log itself tells."""
        owner, kinds, types = entry.owner, self.kinds, self.types
        if self.corrects is not None and entry.corrects != self.corrects:
            return False
        if self.around is not None and not (owner.key in self.around or owner.target in self.around):
            return False
        if not owner.type:
            return kind_of(owner.key) in kinds if kinds is not None else types is None
        if types is not None:
            return owner.type in types
        return kinds is None or kind_of(owner.key) in kinds or kind_of(owner.target) in kinds

    def wants(self, change: ChangeAt) -> bool:
        """Whether the change is wanted."""
        return self.may_want(change.entry) and (self.changes is None or change.kind in self.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Some entries in the order of the log, and the place behind them from which to go on."""

    entries: tuple[Entry, ...]
    end: Place
    #: Whether there is more behind `end`.
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePage:
    """Some changes, the latest first. Should `more` follow, they do behind `end`; it may be that none was found in what was looked at."""

    changes: tuple[ChangeAt, ...]
    end: Place | None
    more: bool
    feed: str


class Feed:
    """Reads the change log. Every method raises StoreUnavailable when Neo4j does not answer."""

    def __init__(self, reads: Reads) -> None:
        """Shares what all parts of the reader share."""
        self._reads = reads

    async def end(self) -> tuple[str, Place]:
        """Which log it is, and the place behind all that has landed."""
        head = await self._head(self._reads.run)
        return head["feed"], Place.after_all_of(head["tick"])

    async def _head(self, run: Run) -> Mapping[str, Any]:
        records = await run(query("read/changes_head"))
        if not records or records[0]["feed"] is None:
            raise StoreUnavailable(
                "the graph is not prepared yet, so it has no change log: start the ingester, which creates it"
            )
        return records[0]

    async def place(self, feed: str, cursor: str) -> Place:
        """The place that `cursor_of` wrote down.

        Raises:
            BadRequest: text that is no cursor of a change log.
            Gone: it is of another log, or what came after it is not all kept.
        """
        try:
            named, tick, nth, last = cursor.split(" ")
            place = Place(int(tick), int(nth), last == "1")
        except ValueError:
            raise BadRequest(
                f"{cursor[:64]!r} is not a cursor of changes; pass one that an answer gave"
            ) from None
        _require_same(named, feed)
        return place

    async def after(self, feed: str, place: Place) -> Stretch:
        """The entries that landed after a place of this log, in their order, up to some thousands.

        Raises:
            Gone: not all of them are kept, or there is another log now.
        """
        async with self._reads.chained() as run:
            # What the first read saw the end of, the second one sees all of.
            head = await self._head(run)
            (record,) = await run(
                query("read/changes_after"), tick=place.tick, end=head["tick"], size=NODES_AT_ONCE
            )
        _require_same(feed, record["feed"])
        _require_kept(place, record["gone_to"])
        nodes = record["nodes"]
        entries = [one for node in nodes for one in _entries(node) if one.place > place]
        more = len(nodes) == NODES_AT_ONCE
        end = Place.after_all_of(head["tick"])
        if more:
            # The last transaction may go on in the next node, so the place is one within it.
            end = _last_of(nodes[-1])
        return Stretch(entries=tuple(entries), end=max(end, place), more=more)

    async def before(self, wanted: ChangeFilter, cursor: str | None, size: int) -> ChangePage:
        """A page of changes that landed before the one of the cursor, or of all, the latest first.

        Raises:
            BadRequest, Gone: as for `place`.
        """
        async with self._reads.chained() as run:
            head = await self._head(run)
            feed = head["feed"]
            place = Place.after_all_of(head["tick"]) if cursor is None else await self.place(feed, cursor)
            if cursor is not None:
                _require_kept(place, head["gone_to"])
            found: list[ChangeAt] = []
            for _ in range(0, NODES_SCANNED_MAX, NODES_AT_ONCE):
                nodes = [
                    record["node"]
                    for record in await run(
                        query("read/changes_before"), tick=place.tick, first=place.nth, size=NODES_AT_ONCE
                    )
                ]
                found += await self._wanted(nodes, place, wanted, size + 1 - len(found))
                if len(found) > size:
                    kept = tuple(found[:size])
                    return ChangePage(changes=kept, end=kept[-1].entry.place, more=True, feed=feed)
                if len(nodes) < NODES_AT_ONCE:
                    end = found[-1].entry.place if found else None
                    return ChangePage(changes=tuple(found), end=end, more=False, feed=feed)
                place = Place(nodes[-1]["tick"], nodes[-1]["first"], False)
        return ChangePage(changes=tuple(found), end=place, more=True, feed=feed)

    async def _wanted(
        self, nodes: Sequence[Mapping[str, Any]], place: Place, wanted: ChangeFilter, most: int
    ) -> list[ChangeAt]:
        """The first changes of nodes, which are the latest first, that are wanted and landed before a place; a few more than `most` at most."""
        entries = [
            one
            for node in nodes
            for one in reversed(_entries(node))
            if one.place[:2] < place[:2] and wanted.may_want(one)
        ]
        found: list[ChangeAt] = []
        for start in range(0, len(entries), most):
            found += [one for one in await self.changes(entries[start : start + most]) if wanted.wants(one)]
            if len(found) >= most:
                break
        return found

    async def at(self, feed: str, tick: int, nth: int) -> ChangeAt | None:
        """The change at a place of this log; None where there is none (any more)."""
        if (await self._head(self._reads.run))["feed"] != feed:
            return None
        records = await self._reads.run(query("read/changes_before"), tick=tick, first=nth, size=1)
        entries = [one for record in records for one in _entries(record["node"])]
        found = await self.changes([one for one in entries if one.place[:2] == (tick, nth)])
        return found[0] if found else None

    async def changes(self, entries: Sequence[Entry]) -> list[ChangeAt]:
        """What the entries refer to, in their order.

        Neo4j shows a transaction that is being applied in parts: a row may be gone from where it was and not yet be where it goes. So what is not as the
        entry says, is read again; and believed when it stays so, for what was known may have been altered since.
        """
        found: dict[Entry, ChangeAt] = {}
        todo = list(entries)
        for wait_s in (*TORN_WAITS_S, None):
            rows = await self._all_rows(todo)
            read = {entry: _change(entry, rows.get(entry, ())) for entry in todo}
            found |= {
                entry: change for entry, change in read.items() if wait_s is None or _as_written(change)
            }
            todo = [entry for entry in todo if entry not in found]
            if not todo or wait_s is None:
                break
            await asyncio.sleep(wait_s)
        there = [found[entry] for entry in entries]
        return [
            one
            for one in there
            if (one.before and one.before.properties) != (one.after and one.after.properties)
        ]

    async def _all_rows(self, entries: Sequence[Entry]) -> dict[Entry, Sequence[StoredRow]]:
        by_type: dict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            by_type[entry.owner.type].append(entry)
        rows: dict[Entry, Sequence[StoredRow]] = {}
        for found in await asyncio.gather(
            *(self._rows(type, part) for type, some in by_type.items() for part in in_chunks(some))
        ):
            rows |= found
        return rows

    async def _rows(self, type: str, entries: Sequence[Entry]) -> dict[Entry, Sequence[StoredRow]]:
        """For each entry, which are all of one type or of entities, the rows that hold before or after."""
        if not type:
            text = query("read/entity_beliefs")
            asked: list[list[Any]] = [[one.owner.key, *_instants(one)] for one in entries]
        elif TYPE_NAME.fullmatch(type) is None:
            return {}
        else:
            text = query_with("read/relationship_beliefs", ("types", both(type)))
            asked = [
                [one.owner.key, one.owner.target, one.owner.discriminator, *_instants(one)] for one in entries
            ]
        (record,) = await self._reads.run(text, asked=asked)
        return {entries[n]: [StoredRow.of(row) for row in rows] for n, rows in record["found"]}


def cursor_of(feed: str, place: Place) -> str:
    """The text that stands for a place of a log."""
    return f"{feed} {place.tick} {place.nth} {int(place.last)}"


def _require_same(feed: str, now: str) -> None:
    if feed != now:
        raise Gone(
            "the cursor is of the change log of another graph: this one was made anew; begin without a cursor, and read what holds now"
        )


def _require_kept(place: Place, gone_to: int | None) -> None:
    if gone_to is None or place.tick > gone_to or (place.tick == gone_to and place.last):
        return
    raise Gone(
        "changes after that cursor are not kept any more; begin without a cursor, and read what holds now (how long changes are kept "
        "is the ingester's setting changes_kept_days)"
    )


def _last_of(node: Mapping[str, Any]) -> Place:
    """The place of the last entry of a (:Changes) node."""
    return Place(node["tick"], node["first"] + node["count"] - 1, node["last"])


def _entries(node: Mapping[str, Any]) -> list[Entry]:
    """The entries of a (:Changes) node, in order."""
    last = _last_of(node)
    listed = json.loads(node["entries"])
    return [
        Entry(
            place=Place(last.tick, nth, last.last and nth == last.nth),
            owner=Owner(key=owner, type=type, target=target, discriminator=discriminator),
            point=Point(valid=valid, known=known),
            valid_to=FOREVER if end is None else end,
            event=event,
            corrects=bool(marks & CORRECTS),
            had=bool(marks & HAD_BEFORE),
            has=bool(marks & HAS_AFTER),
        )
        for nth, (owner, type, target, discriminator, valid, end, known, event, marks) in enumerate(
            listed, node["first"]
        )
    ]


def _instants(entry: Entry) -> tuple[int, int]:
    return entry.point.valid, entry.point.known


def _change(entry: Entry, rows: Sequence[StoredRow]) -> ChangeAt:
    before, after = (
        _believed(rows, entry.owner, entry.point.valid, known)
        for known in (entry.point.known - 1, entry.point.known)
    )
    return ChangeAt(entry=entry, before=before, after=after)


def _as_written(change: ChangeAt) -> bool:
    entry = change.entry
    return (change.before is not None, change.after is not None) == (entry.had, entry.has)


def _believed(rows: Iterable[StoredRow], owner: Owner, valid: int, known: int) -> VersionAt | None:
    at = Point(valid=valid, known=known)
    return next((row.version(owner, known) for row in rows if row.holds(at)), None)
