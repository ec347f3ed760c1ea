"""One batch as one transaction: the lock, positions and epochs; what was applied before is dropped; events are told from doubles
and conflicts; the streams they speak of are folded; positions advance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graph_service.core.errors import Fenced, StoreTimeout, StoreUnavailable
from graph_service.core.model import Event, EventId, RecordOrder
from graph_service.store.neo4j_errors import translated
from graph_service.store.write.batch import Batch, DeadLetter, MappedEvent, Outcome, Replay
from graph_service.store.write.erasing import Erasing
from graph_service.store.write.folding import Folding
from graph_service.store.write.records import conflict_letter, conflict_message, displaced_letter
from graph_service.store.write.refold import BEGINNING
from graph_service.store.write.retracting import retract
from graph_service.store.write.talk import Rows, Talk

EVENTS_AT_ONCE = 500
"""In one statement: what is asked meanwhile waits for no longer than that takes."""


class BatchTransaction:
    """One batch on its way into the graph."""

    def __init__(self, talk: Talk, batch: Batch) -> None:
        self._talk, self._batch = talk, batch
        self._conflicts: list[DeadLetter] = []
        self._letters: list[DeadLetter] = []
        self._displaced: list[DeadLetter] = []
        #: By id, the replays whose letters are not settled yet.
        self._due: dict[str, Replay] = {}
        #: By uid, the events whose record stands earlier in the log than the one that was stored.
        self._earlier: dict[str, MappedEvent] = {}

    async def apply(self) -> Outcome:
        batch = self._batch
        graph = await self._lock()
        self._admit(graph["importing"])
        self._erasing = Erasing(await self._talk.quiet(), graph["erased_to"])
        done = await self._positions()

        def fresh(topic: str, partition: int, offset: int) -> bool:
            return offset > done[(topic, partition)]

        self._due = await self._replays_due()
        replayed = [r.content for r in self._due.values() if isinstance(r.content, MappedEvent)]
        events = await self._erasing.events(
            [*(m for m in batch.events if fresh(*m.event.order[1:])), *replayed]
        )
        self._letters = [d for d in batch.dead_letters if fresh(d.topic, d.partition, d.offset)]
        unmapped = sum(fresh(*place) for place in batch.unmapped)
        events.sort(key=lambda m: m.event.order)
        known = await self._talk.say("write/events_known", uids=[m.written.uid for m in events])
        folding = Folding(self._talk)
        await folding.look_for(key for m in events for key in m.written.keys)
        new = self._first_seen(events, await known)
        recorded_at = max(
            graph["recorded_at"] or BEGINNING,
            *(a.recorded_at for a in batch.advances if a.offset > done[(a.topic, a.partition)]),
            BEGINNING,
        )
        if new:
            reached, touched = await self._give_way()
            await self._events(new, folding, graph["tick"])
            if graph["retracted"] or any(m.written.retracts for m in new):
                reached |= await retract(await self._talk.quiet(), new, touched)
            await folding.fold(new, reached, recorded_at)
        await self._talk.quiet()
        first = len(new) - len(self._earlier)
        self._letters += self._displaced
        duplicates = len(events) - first - len(self._conflicts) - len(self._displaced)
        conflicts = tuple(letter for letter in self._conflicts if letter.id not in self._due)
        self._letters += conflicts
        failed = await self._failed_again()
        await self._settle(failed)
        await self._close(done, recorded_at, first, duplicates, unmapped, len(self._due) - len(failed))
        return Outcome(
            events=first,
            duplicates=duplicates,
            unmapped=unmapped,
            dead_letters=len(self._letters),
            conflicts=conflicts,
            displaced=tuple(self._displaced),
            recorded_at=recorded_at,
            replayed=tuple(id for id in self._due if id not in failed),
            failed_again=tuple(failed.values()),
        )

    async def _lock(self) -> dict[str, Any]:
        """Take the writers' lock; returns what the graph's own node says.

        Raises:
            StoreUnavailable: others held it for as long as a transaction may take, which says nothing about this batch.
        """
        try:
            with translated():
                (graph,) = await self._talk.ask("write/graph_locked")
        except StoreTimeout as error:
            raise StoreUnavailable(
                "other writers held the lock for as long as a transaction may take; one of them may be frozen: its transaction ends "
                "at its time limit"
            ) from error
        return graph

    async def _replays_due(self) -> dict[str, Replay]:
        """Those whose letters are there and not replayed yet: to replay a letter twice is to replay it once."""
        if not self._batch.replays:
            return {}
        rows = await self._talk.ask("write/letters_due", ids=[r.id for r in self._batch.replays])
        due = {row["id"] for row in rows}
        return {replay.id: replay for replay in self._batch.replays if replay.id in due}

    async def _failed_again(self) -> dict[str, DeadLetter]:
        """By id, what the replays came to that are dead letters still."""
        failed = [r.content for r in self._due.values() if isinstance(r.content, DeadLetter)]
        failed += [letter for letter in self._conflicts if letter.id in self._due]
        return {letter.id: letter for letter in await self._erasing.letters(failed)}

    async def _settle(self, failed: Mapping[str, DeadLetter]) -> None:
        """Note on each letter that was tried what came of it. Its record stays as it is."""
        if not self._due:
            return
        done = [{"id": r.id, "by": r.by, "at": r.at} for r in self._due.values() if r.id not in failed]
        again = [
            {
                "id": id, "by": self._due[id].by, "at": self._due[id].at, "reason": letter.reason,
                "message": letter.message, "mapping": letter.mapping, "source": letter.source,
                "event_id": letter.event_id, "event_type": letter.event_type,
            }
            for id, letter in failed.items()
        ]  # fmt: skip
        await self._talk.ask("write/letters_replayed", rows=done)
        await self._talk.ask("write/letters_failed", rows=again)

    def _admit(self, importing: str | None) -> None:
        """Whether this batch may be written now.

        Raises:
            StoreUnavailable: an import is not finished.
        """
        if importing is not None:
            raise StoreUnavailable(
                "an import into this graph is not finished; wait for it, or run `graph-service import` with the same file again"
            )

    async def _positions(self) -> dict[tuple[str, int], int]:
        """Offsets applied before, by partition.

        Raises:
            Fenced: the epoch has moved on.
        """
        places = [{"topic": a.topic, "partition": a.partition} for a in self._batch.advances]
        rows = await self._talk.ask("write/positions", places=places)
        found = {(row["topic"], row["partition"]): row for row in rows}
        for advance in self._batch.advances:
            row = found.get((advance.topic, advance.partition))
            if row is None or row["epoch"] != advance.epoch:
                raise Fenced(
                    f"another ingester has taken over {advance.topic}/{advance.partition}; this one stops writing to it"
                )
        return {place: row["offset"] for place, row in found.items()}

    def _first_seen(self, events: Sequence[MappedEvent], rows: Rows) -> list[MappedEvent]:
        """The events that count, in record order: of several records of one event the first in the log, whichever was applied first.
        `rows`: those of `events_known`.

        A record that stands earlier in the log than what is stored takes its place, and is noted in `_earlier`. Of other content
        than what counts: a conflict.
        """
        known = {r["uid"]: (r["content_hash"], RecordOrder(*r["order"])) for r in rows}
        counted: list[MappedEvent] = []
        for mapped in events:
            event = mapped.event
            uid = mapped.written.uid
            before = known.get(uid)
            if before is None or event.order < before[1]:
                counted.append(mapped)
                known[uid] = (event.content_hash, event.order)
                if before is not None:
                    self._earlier[uid] = mapped
            elif before[0] != event.content_hash:
                self._conflicts.append(conflict_letter(mapped, conflict_message(event, before[1])))
        return counted

    async def _give_way(self) -> tuple[set[str], set[str]]:
        """Take away what is stored of events whose earlier record came now.

        Returns the entities that it spoke about, and the uids of events that it retracted.
        """
        if not self._earlier:
            return set(), set()
        owners: set[str] = set()
        retracted: set[str] = set()
        for row in await self._talk.ask("write/events_removed", uids=sorted(self._earlier)):
            owners.update(row["owners"])
            retracted.update(row["retracted"])
            first = self._earlier[row["uid"]].event
            if row["event"]["content_hash"] != first.content_hash:
                self._displaced.append(
                    displaced_letter(_event_of(row["event"]), row["event"]["mapping"], first.order)
                )
        return owners, retracted

    async def _events(self, new: Sequence[MappedEvent], folding: Folding, tick: int) -> None:
        """Write events, each marked with the transaction that does (an export tells by that what was there when it began), the entities
        they name, and what they say about each owner.
        """
        named = await folding.name(key for mapped in new for key in mapped.written.keys)
        ones: list[list[Any]] = []
        others: list[list[Any]] = []
        for mapped in new:
            event, abouts = {**mapped.written.event, "tick": tick}, mapped.written.abouts
            if len(abouts) == 1:
                owner, about = abouts[0]
                ones.append([event, named[owner].id, about])
            else:
                others.append([event, [[named[owner].id, about] for owner, about in abouts]])
        for name, rows in (("write/events_of_one", ones), ("write/events", others)):
            for first in range(0, len(rows), EVENTS_AT_ONCE):
                await self._talk.leave(name, rows=rows[first : first + EVENTS_AT_ONCE])

    async def _close(
        self,
        done: dict[tuple[str, int], int],
        recorded_at: int,
        events: int,
        duplicates: int,
        unmapped: int,
        replayed: int,
    ) -> None:
        """Dead letters, counters and positions."""
        letters = [_letter_row(letter) for letter in await self._erasing.letters(self._letters)]
        if letters:
            await self._talk.ask("write/dead_letters", rows=letters)
        advances = [
            {"topic": a.topic, "partition": a.partition, "offset": a.offset, "recorded_at": a.recorded_at}
            for a in self._batch.advances
            if a.offset > done[(a.topic, a.partition)]
        ]
        await self._talk.ask(
            "write/advanced",
            advances=advances,
            recorded_at=None if recorded_at == BEGINNING else recorded_at,
            events=events,
            duplicates=duplicates,
            unmapped=unmapped,
            replayed=replayed,
        )


def _event_of(row: Mapping[str, Any]) -> Event:
    """An event from the properties of its node."""
    return Event(
        identity=EventId(row["source"], row["id"]),
        type=row["type"],
        subject=row.get("subject"),
        time=row["time"],
        sequence=row.get("sequence"),
        correlation_id=row.get("correlation_id"),
        causation_id=row.get("causation_id"),
        recorded_time=row.get("recorded_time"),
        traceparent=row.get("traceparent"),
        data=row["data"],
        content_hash=row["content_hash"],
        order=RecordOrder(row["recorded_at"], row["topic"], row["partition"], row["offset"]),
    )


def _letter_row(letter: DeadLetter) -> dict[str, Any]:
    names = (
        "id", "reason", "message", "topic", "partition", "offset", "recorded_at", "source", "event_id",
        "event_type", "mapping", "key", "headers", "value", "value_bytes", "complete",
    )  # fmt: skip
    return {**{name: getattr(letter, name) for name in names}, "attempts": 1}
