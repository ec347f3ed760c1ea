"""One batch as one transaction: the lock, positions and epochs; what was applied before is dropped; events are told from doubles
and conflicts; the streams they speak of are folded; positions advance.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from neo4j import AsyncTransaction

from graph_service.core.assertions import (
    EventRetracted,
    RelationshipAsserted,
    RelationshipsAsserted,
    Spanned,
    owner_of,
)
from graph_service.core.errors import Fenced
from graph_service.core.model import Event, EventId, RecordOrder, kind_of
from graph_service.mapping.cloudevents import encode
from graph_service.store.batch import Batch, DeadLetter, MappedEvent, Outcome
from graph_service.store.claims import to_text
from graph_service.store.folding import Folding
from graph_service.store.queries import ask
from graph_service.store.refold import BEGINNING
from graph_service.store.retracting import retract


class BatchTransaction:
    """One batch on its way into the graph."""

    def __init__(self, tx: AsyncTransaction, batch: Batch) -> None:
        self._tx, self._batch = tx, batch
        self._conflicts: list[tuple[Event, str]] = []
        self._letters: list[DeadLetter] = []
        self._displaced: list[DeadLetter] = []
        #: By uid, the events whose record stands earlier in the log than the one that was stored.
        self._earlier: dict[str, MappedEvent] = {}

    async def apply(self) -> Outcome:
        batch = self._batch
        (graph,) = await ask(self._tx, "write/graph_locked")
        done = await self._positions()

        def fresh(topic: str, partition: int, offset: int) -> bool:
            return offset > done[(topic, partition)]

        events = [m for m in batch.events if fresh(*m.event.order[1:])]
        self._letters = [d for d in batch.dead_letters if fresh(d.topic, d.partition, d.offset)]
        unmapped = sum(fresh(*place) for place in batch.unmapped)
        new = await self._first_seen(sorted(events, key=lambda m: m.event.order))
        recorded_at = max(
            graph["recorded_at"] or BEGINNING,
            *(a.recorded_at for a in batch.advances if a.offset > done[(a.topic, a.partition)]),
            BEGINNING,
        )
        if new:
            reached, touched = await self._give_way()
            await self._events(new)
            if graph["retracted"] or any(isinstance(a, EventRetracted) for m in new for a in m.assertions):
                reached |= await retract(self._tx, new, touched)
            await Folding(self._tx).fold(new, reached, recorded_at)
        first = len(new) - len(self._earlier)
        self._letters += self._displaced
        duplicates = len(events) - first - len(self._conflicts) - len(self._displaced)
        await self._close(done, recorded_at, first, duplicates, unmapped)
        return Outcome(
            events=first,
            duplicates=duplicates,
            unmapped=unmapped,
            dead_letters=len(self._letters) + len(self._conflicts),
            conflicts=tuple(self._conflicts),
            displaced=tuple(self._displaced),
            recorded_at=recorded_at,
        )

    async def _positions(self) -> dict[tuple[str, int], int]:
        """Offsets applied before, by partition.

        Raises:
            Fenced: the epoch has moved on.
        """
        places = [{"topic": a.topic, "partition": a.partition} for a in self._batch.advances]
        rows = await ask(self._tx, "write/positions", places=places)
        found = {(row["topic"], row["partition"]): row for row in rows}
        for advance in self._batch.advances:
            row = found.get((advance.topic, advance.partition))
            if row is None or row["epoch"] != advance.epoch:
                raise Fenced(
                    f"another ingester has taken over {advance.topic}/{advance.partition}; this one stops writing to it"
                )
        return {place: row["offset"] for place, row in found.items()}

    async def _first_seen(self, events: Sequence[MappedEvent]) -> list[MappedEvent]:
        """The events that count, in record order: of several records of one event the first in the log, whichever was applied first.

        A record that stands earlier in the log than what is stored takes its place, and is noted in `_earlier`. Of other content
        than what counts: a conflict.
        """
        rows = await ask(self._tx, "write/events_known", uids=[m.event.uid for m in events])
        known = {r["uid"]: (r["content_hash"], RecordOrder(*r["order"])) for r in rows}
        counted: list[MappedEvent] = []
        for mapped in events:
            event = mapped.event
            before = known.get(event.uid)
            if before is None or event.order < before[1]:
                counted.append(mapped)
                known[event.uid] = (event.content_hash, event.order)
                if before is not None:
                    self._earlier[event.uid] = mapped
            elif before[0] != event.content_hash:
                self._conflicts.append((event, _conflict(before[1])))
        return counted

    async def _give_way(self) -> tuple[set[str], set[str]]:
        """Take away what is stored of events whose earlier record came now.

        Returns the entities that it spoke about, and the uids of events that it retracted.
        """
        if not self._earlier:
            return set(), set()
        owners: set[str] = set()
        retracted: set[str] = set()
        for row in await ask(self._tx, "write/events_removed", uids=sorted(self._earlier)):
            owners.update(row["owners"])
            retracted.update(row["retracted"])
            first = self._earlier[row["uid"]].event
            if row["event"]["content_hash"] != first.content_hash:
                self._displaced.append(
                    _displaced(_event_of(row["event"]), row["event"]["mapping"], first.order)
                )
        return owners, retracted

    async def _events(self, new: Sequence[MappedEvent]) -> None:
        """Write events, the entities they name, and what they say about each owner."""
        keys: set[str] = set()
        abouts = []
        for mapped in new:
            by_owner: dict[str, list[tuple[int, Spanned]]] = defaultdict(list)
            for nth, assertion in enumerate(mapped.assertions):
                if isinstance(assertion, EventRetracted):
                    continue
                by_owner[owner_of(assertion)].append((nth, assertion))
                if isinstance(assertion, RelationshipAsserted):
                    keys.add(assertion.target)
                elif isinstance(assertion, RelationshipsAsserted):
                    keys.update(assertion.targets)
            for owner, numbered in by_owner.items():
                abouts.append(
                    {
                        "uid": mapped.event.uid,
                        "owner": owner,
                        "about": {
                            "valid_from": min(a.valid_from for _, a in numbered),
                            "valid_to": max(a.valid_to for _, a in numbered),
                            "assertions": to_text(numbered),
                        },
                    }
                )
            keys.update(by_owner)
        await ask(self._tx, "write/events", rows=[_event_row(mapped) for mapped in new])
        await ask(
            self._tx,
            "write/entities_named",
            rows=[{"key": k, "kind": kind_of(k)} for k in sorted(keys)],
            beginning=BEGINNING,
        )
        await ask(self._tx, "write/abouts", rows=abouts)

    async def _close(
        self, done: dict[tuple[str, int], int], recorded_at: int, events: int, duplicates: int, unmapped: int
    ) -> None:
        """Dead letters, counters and positions."""
        letters = [_letter_row(letter) for letter in self._letters]
        letters += [_conflict_row(event, message) for event, message in self._conflicts]
        if letters:
            await ask(self._tx, "write/dead_letters", rows=letters)
        advances = [
            {"topic": a.topic, "partition": a.partition, "offset": a.offset, "recorded_at": a.recorded_at}
            for a in self._batch.advances
            if a.offset > done[(a.topic, a.partition)]
        ]
        await ask(
            self._tx,
            "write/advanced",
            advances=advances,
            recorded_at=None if recorded_at == BEGINNING else recorded_at,
            events=events,
            duplicates=duplicates,
            unmapped=unmapped,
        )


def _order(order: RecordOrder) -> dict[str, Any]:
    return order._asdict()


def _conflict(at: RecordOrder) -> str:
    return f"another event with this source and id but other content stands at {at.topic}/{at.partition}/{at.offset}"


def _displaced(event: Event, mapping: str, first: RecordOrder) -> DeadLetter:
    """The letter of an event that was stored; of its record only what the graph kept of the event is there."""
    order = event.order
    return DeadLetter(
        topic=order.topic,
        partition=order.partition,
        offset=order.offset,
        recorded_at=order.recorded_at,
        reason="conflict",
        message=_conflict(first),
        source=event.identity.source,
        event_id=event.identity.id,
        event_type=event.type,
        mapping=mapping,
        key=None,
        headers="[]",
        value=encode(event),
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


def _event_row(mapped: MappedEvent) -> dict[str, Any]:
    event = mapped.event
    return {
        "uid": event.uid,
        "source": event.identity.source,
        "id": event.identity.id,
        "type": event.type,
        "subject": event.subject,
        "time": event.time,
        "sequence": event.sequence,
        "correlation_id": event.correlation_id,
        "causation_id": event.causation_id,
        "recorded_time": event.recorded_time,
        "traceparent": event.traceparent,
        "data": event.data,
        "content_hash": event.content_hash,
        "mapping": mapped.mapping,
        **_order(event.order),
    }


def _letter_row(letter: DeadLetter) -> dict[str, Any]:
    names = (
        "id", "reason", "message", "topic", "partition", "offset", "recorded_at", "source", "event_id",
        "event_type", "mapping", "key", "headers", "value",
    )  # fmt: skip
    return {**{name: getattr(letter, name) for name in names}, "attempts": 1}


def _conflict_row(event: Event, message: str) -> dict[str, Any]:
    order = event.order
    return {
        "id": f"{order.topic}/{order.partition}/{order.offset}",
        "reason": "conflict",
        "message": message,
        "source": event.identity.source,
        "event_id": event.identity.id,
        "event_type": event.type,
        "headers": json.dumps([]),
        "attempts": 1,
        **_order(order),
    }
