"""The write side: batches into the graph, each in one transaction, exactly once in effect (design 2.4).

All writers take turns on the one (:Graph) node, so a transaction sees and leaves a whole graph. Within it: positions and epochs,
what was applied before is dropped, events are told from doubles and conflicts, the streams they speak of are folded, positions
advance.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from neo4j import AsyncDriver, AsyncTransaction

from graph_service.core.assertions import (
    EventRetracted,
    RelationshipAsserted,
    RelationshipsAsserted,
    Spanned,
    owner_of,
)
from graph_service.core.errors import Fenced
from graph_service.core.fold import Claim
from graph_service.core.model import Event, RecordOrder, kind_of
from graph_service.core.retraction import believed_spans
from graph_service.core.vocabulary import Vocabulary
from graph_service.store.batch import Batch, DeadLetter, MappedEvent, Outcome, Position
from graph_service.store.claims import from_text, to_text
from graph_service.store.neo4j_errors import translated
from graph_service.store.queries import query, query_with, type_list
from graph_service.store.refold import BEGINNING, Edits, Stored, refold

SCHEMA = (
    "CREATE CONSTRAINT entity_key IF NOT EXISTS FOR (e:Entity) REQUIRE e.key IS UNIQUE",
    "CREATE CONSTRAINT event_uid IF NOT EXISTS FOR (e:Event) REQUIRE e.uid IS UNIQUE",
    "CREATE CONSTRAINT graph_id IF NOT EXISTS FOR (g:Graph) REQUIRE g.id IS UNIQUE",
    "CREATE CONSTRAINT position_place IF NOT EXISTS FOR (p:Position) REQUIRE (p.topic, p.partition) IS UNIQUE",
    "CREATE CONSTRAINT dead_letter_id IF NOT EXISTS FOR (d:DeadLetter) REQUIRE d.id IS UNIQUE",
    "CREATE CONSTRAINT retracted_uid IF NOT EXISTS FOR (r:Retracted) REQUIRE r.uid IS UNIQUE",
    "CREATE CONSTRAINT mapping_file IF NOT EXISTS FOR (m:MappingFile) REQUIRE (m.name, m.version) IS UNIQUE",
    "CREATE INDEX entity_kind IF NOT EXISTS FOR (e:Entity) ON (e.kind, e.key)",
    "CREATE INDEX entity_valid_from IF NOT EXISTS FOR (e:Entity) ON (e.valid_from)",
    "CREATE INDEX event_id IF NOT EXISTS FOR (e:Event) ON (e.id)",
    "CREATE INDEX event_causation IF NOT EXISTS FOR (e:Event) ON (e.causation_id)",
    "CREATE INDEX event_recorded IF NOT EXISTS FOR (e:Event) ON (e.recorded_at)",
)


def _row_indexes(name: str) -> Iterable[str]:
    for field in ("valid_from", "valid_to"):
        yield f"CREATE INDEX {name.lower()}_{field} IF NOT EXISTS FOR ()-[r:`{name}`]-() ON (r.{field})"


class Writer:
    """Writes through one driver. Any number of writers may run; they take turns."""

    def __init__(
        self, driver: AsyncDriver, *, database: str = "neo4j", transaction_timeout_s: float = 30.0
    ) -> None:
        """A transaction that takes longer is ended by the server, so that nobody holds the lock for ever."""
        self._driver, self._database, self._timeout_s = driver, database, transaction_timeout_s

    async def migrate(self) -> None:
        """Constraints, indexes and the graph's own node; does nothing where they are there."""
        for statement in (*SCHEMA, *_row_indexes("HAD")):
            await self._run(statement)
        await self._run(query("write/graph_made"))

    async def declare(
        self, vocabulary: Vocabulary, version: str, files: Sequence[tuple[str, str, str]]
    ) -> None:
        """Make the mapping's words known: `files` are (name, version, text); indexes for its relationship types."""
        for name in vocabulary.relationships:
            base, past = type_list([name]).strip("`"), type_list([name], past=True).strip("`")
            for statement in (*_row_indexes(base), *_row_indexes(past)):
                await self._run(statement)
        rows = [{"name": name, "version": own, "text": text} for name, own, text in files]
        await self._run(query("write/declared"), vocabulary=vocabulary.to_json(), version=version, files=rows)

    async def assign(self, topic: str, partition: int, topic_id: str) -> Position:
        """Take over a partition: earlier owners are fenced from here on. Where to go on is in the answer."""
        rows = await self._run(
            query("write/position_taken"), topic=topic, partition=partition, topic_id=topic_id
        )
        (row,) = rows
        return Position(
            topic=topic,
            partition=partition,
            offset=row["offset"],
            recorded_at=row["recorded_at"],
            epoch=row["epoch"],
        )

    async def mark_idle(self, topic: str, partition: int, idle: bool) -> None:
        """Whether a partition is read to its end, so that it does not hold the watermark back."""
        await self._run(query("write/position_idle"), topic=topic, partition=partition, idle=idle)

    async def write(self, batch: Batch) -> Outcome:
        """Apply a batch: all of it or nothing, and what was applied before not again.

        Raises:
            Fenced: a partition of the batch has another owner now.
            Refused: the database refuses the data of some event.
            StoreUnavailable: try again; the positions tell what was done.
        """
        with translated():
            async with (
                self._driver.session(database=self._database) as session,
                await session.begin_transaction(timeout=self._timeout_s) as tx,
            ):
                outcome = await _Transaction(tx, batch).apply()
                await tx.commit()
                return outcome

    async def _run(self, statement: str, **values: Any) -> list[Any]:
        with translated():
            result = await self._driver.execute_query(statement, values, database_=self._database)
            return list(result.records)


class _Transaction:
    """One batch on its way into the graph."""

    def __init__(self, tx: AsyncTransaction, batch: Batch) -> None:
        self._tx, self._batch = tx, batch
        self._conflicts: list[tuple[Event, str]] = []
        self._letters: list[DeadLetter] = []

    async def _ask(self, name: str, **values: Any) -> list[dict[str, Any]]:
        return await self._ask_text(query(name), **values)

    async def _ask_text(self, text: str, **values: Any) -> list[dict[str, Any]]:
        result = await self._tx.run(text, values)
        return await result.data()

    async def apply(self) -> Outcome:
        batch = self._batch
        (graph,) = await self._ask("write/graph_locked")
        done = await self._positions()

        def fresh(topic: str, partition: int, offset: int) -> bool:
            return offset > done[(topic, partition)]

        events = [m for m in batch.events if fresh(*m.event.order[1:])]
        self._letters = [d for d in batch.dead_letters if fresh(d.topic, d.partition, d.offset)]
        unmapped = sum(fresh(*place) for place in batch.unmapped)
        new, moved = await self._first_seen(sorted(events, key=lambda m: m.event.order))
        recorded_at = max(
            graph["recorded_at"] or BEGINNING,
            *(a.recorded_at for a in batch.advances if a.offset > done[(a.topic, a.partition)]),
            BEGINNING,
        )
        if new or moved:
            await self._events(new)
            owners = {owner_of(a) for m in new for a in m.assertions if not isinstance(a, EventRetracted)}
            owners |= await self._retract(new, moved)
            await self._fold(sorted(owners), recorded_at)
        await self._close(
            done, recorded_at, len(new), len(events) - len(new) - len(self._conflicts), unmapped
        )
        return Outcome(
            events=len(new),
            duplicates=len(events) - len(new) - len(self._conflicts),
            unmapped=unmapped,
            dead_letters=len(self._letters) + len(self._conflicts),
            conflicts=tuple(self._conflicts),
            recorded_at=recorded_at,
        )

    async def _positions(self) -> dict[tuple[str, int], int]:
        """Offsets applied before, by partition.

        Raises:
            Fenced: the epoch has moved on.
        """
        places = [{"topic": a.topic, "partition": a.partition} for a in self._batch.advances]
        rows = await self._ask("write/positions", places=places)
        found = {(row["topic"], row["partition"]): row for row in rows}
        for advance in self._batch.advances:
            row = found.get((advance.topic, advance.partition))
            if row is None or row["epoch"] != advance.epoch:
                raise Fenced(
                    f"another ingester has taken over {advance.topic}/{advance.partition}; this one stops writing to it"
                )
        return {place: row["offset"] for place, row in found.items()}

    async def _first_seen(self, events: Sequence[MappedEvent]) -> tuple[list[MappedEvent], list[Event]]:
        """Tell new events from doubles and conflicts; also the doubles that stand earlier in the log than what is stored."""
        rows = await self._ask("write/events_known", uids=[m.event.uid for m in events])
        known = {r["uid"]: (r["content_hash"], RecordOrder(*r["order"])) for r in rows}
        new: list[MappedEvent] = []
        moved: dict[str, Event] = {}
        for mapped in events:
            event = mapped.event
            before = known.get(event.uid)
            if before is None:
                new.append(mapped)
                known[event.uid] = (event.content_hash, event.order)
            elif before[0] != event.content_hash:
                at = before[1]
                self._conflicts.append(
                    (
                        event,
                        f"another event with this source and id but other content stands at {at.topic}/{at.partition}/{at.offset}",
                    )
                )
            elif event.order < before[1]:
                moved[event.uid] = event
                known[event.uid] = (event.content_hash, event.order)
        return new, list(moved.values())

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
        await self._ask("write/events", rows=[_event_row(mapped) for mapped in new])
        await self._ask(
            "write/entities_named",
            rows=[{"key": k, "kind": kind_of(k)} for k in sorted(keys)],
            beginning=BEGINNING,
        )
        await self._ask("write/abouts", rows=abouts)

    async def _retract(self, new: Sequence[MappedEvent], moved: Sequence[Event]) -> set[str]:
        """Note retractions, and find the owners of all events that now stand at other known times than before."""
        rows = [
            {"by": m.event.uid, "uid": a.event.uid}
            for m in new
            for a in m.assertions
            if isinstance(a, EventRetracted)
        ]
        if rows:
            await self._ask("write/retractions", rows=rows)
        if moved:
            await self._ask(
                "write/events_moved",
                rows=[{"uid": e.uid, **_order(e.order)} for e in moved],
            )
        touched = {m.event.uid for m in new} | {e.uid for e in moved} | {row["uid"] for row in rows}
        found = await self._ask("write/retraction_circle", uids=sorted(touched))
        retractors: dict[str, list[str]] = defaultdict(list)
        orders: dict[str, RecordOrder] = {}
        for row in found:
            retractors[row["uid"]].append(row["by"])
            for uid, order in row["orders"]:
                orders[uid] = RecordOrder(*order)
        spans = believed_spans(orders, retractors)
        if spans:
            flat = [{"uid": uid, "believed": [i for span in s for i in span]} for uid, s in spans.items()]
            await self._ask("write/events_believed", rows=flat)
        uids = [*spans, *(e.uid for e in moved)]
        if not uids:
            return set()
        return {row["key"] for row in await self._ask("write/owners_of", uids=uids)}

    async def _fold(self, owners: Sequence[str], recorded_at: int) -> None:
        """Bring the rows of these entities to the fold of all that is claimed about them."""
        claims: dict[str, list[Claim]] = {owner: [] for owner in owners}
        for row in await self._ask("write/claims", keys=owners):
            for uid, order, sequence, believed, text in row["claims"]:
                claims[row["key"]] += from_text(
                    text, event=uid, order=RecordOrder(*order), sequence=sequence, believed=believed
                )
        stored: dict[str, list[Stored]] = {owner: [] for owner in owners}
        for row in await self._ask("write/rows", keys=owners):
            stored[row["key"]] += [
                Stored(id=id, type=type, target=target, plain=plain)
                for id, type, target, plain in row["rows"]
            ]
        edits = {owner: refold(owner, claims[owner], stored[owner], recorded_at) for owner in owners}
        await self._edit(edits)

    async def _edit(self, edits: dict[str, Edits]) -> None:
        gone = [id for edit in edits.values() for id in edit.delete]
        if gone:
            await self._ask("write/rows_deleted", ids=gone)
        by_type: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for owner, edit in edits.items():
            for name, target, plain in edit.create:
                by_type[name].append({"source": owner, "target": target, "row": plain})
        for name, rows in sorted(by_type.items()):
            await self._ask_text(query_with("write/rows_created", ("type", f"`{name}`")), rows=rows)
        nodes = [
            {"key": owner, "node": {"key": owner, "kind": kind_of(owner), **edit.node}}
            for owner, edit in edits.items()
        ]
        await self._ask("write/nodes", rows=nodes)

    async def _close(
        self, done: dict[tuple[str, int], int], recorded_at: int, events: int, duplicates: int, unmapped: int
    ) -> None:
        """Dead letters, counters and positions."""
        letters = [_letter_row(letter) for letter in self._letters]
        letters += [_conflict_row(event, message) for event, message in self._conflicts]
        if letters:
            await self._ask("write/dead_letters", rows=letters)
        advances = [
            {"topic": a.topic, "partition": a.partition, "offset": a.offset, "recorded_at": a.recorded_at}
            for a in self._batch.advances
            if a.offset > done[(a.topic, a.partition)]
        ]
        await self._ask(
            "write/advanced",
            advances=advances,
            recorded_at=None if recorded_at == BEGINNING else recorded_at,
            events=events,
            duplicates=duplicates,
            unmapped=unmapped,
        )


def _order(order: RecordOrder) -> dict[str, Any]:
    return order._asdict()


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
