"""What if: events that nobody recorded, through the real decoding, mapping and fold, laid over the graph. Only reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING

from graph_service.core.assertions import Assertion, EventRetracted, owner_of
from graph_service.core.changes import Change, changes_at
from graph_service.core.errors import BadEvent, BadRecord, BadRequest
from graph_service.core.fold import Claim, claim
from graph_service.core.model import Event, RecordOrder, StreamKey, Version
from graph_service.core.retraction import Spans, believed_spans
from graph_service.core.time import FOREVER, now
from graph_service.mapping import RECORD_BYTES_MAX, Record, decode
from graph_service.mapping.json_text import canonical_text
from graph_service.store.queries import query
from graph_service.store.read import entities as read_entities
from graph_service.store.read.answers import EventRow, Point, VersionAt
from graph_service.store.read.overlay import Overlay
from graph_service.store.read.overlaying import streams_with
from graph_service.store.read.reads import Reads

if TYPE_CHECKING:
    from graph_service.mapping import Mapping as EventMapping

EVENTS_MAX = 100
OWNERS_MAX = 1000
"""Entities that the events may speak about together."""
TOPIC = "what-if"
"""Where events of a what-if are said to be; no record is."""


class Fate(Enum):
    """What would become of an event."""

    APPLIED = "applied"
    #: It is in the graph already, or among these events before.
    DUPLICATE = "duplicate"
    #: No rule is for its type.
    UNMAPPED = "unmapped"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeseenEvent:
    """One of the events, and what it would claim."""

    event: Event
    fate: Fate
    assertions: tuple[Assertion, ...]
    #: Version of the mapping that was used.
    mapping: str

    @property
    def row(self) -> EventRow:
        """As the ledger would have it; its place in the log is that among the events given."""
        event = self.event
        return EventRow(
            uid=event.uid,
            source=event.identity.source,
            id=event.identity.id,
            type=event.type,
            subject=event.subject,
            time=event.time,
            recorded_at=event.order.recorded_at,
            topic=event.order.topic,
            partition=event.order.partition,
            offset=event.order.offset,
            correlation_id=event.correlation_id,
            causation_id=event.causation_id,
            data=event.data,
            mapping=self.mapping,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeseenChange:
    """One stretch of valid time in which one entity or relationship would be otherwise than it is believed to be."""

    #: APPEARED, CHANGED or ENDED.
    kind: str
    #: "entity" or "relationship".
    subject: str
    valid_from: int
    valid_to: int
    #: What is believed, and what would be; None where it is, or would be, not there.
    before: VersionAt | None
    after: VersionAt | None
    #: Whether it would alter what is believed about the past.
    corrects: bool
    #: uid of the event that would do it.
    event: str


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """What some events would come to if they were recorded now."""

    events: tuple[ForeseenEvent, ...]
    #: By when it would be so, then by entity and relationship.
    changes: tuple[ForeseenChange, ...]
    overlay: Overlay
    #: The same instant of valid time, as it is known and as it would be.
    before: Point
    after: Point

    @cached_property
    def applied(self) -> Mapping[str | None, EventRow]:
        """By uid, those of the events that would count."""
        return {one.event.uid: one.row for one in self.events if one.fate is Fate.APPLIED}


def decoded(
    events: Sequence[object], mapping: EventMapping, known: int, record_bytes_max: int = RECORD_BYTES_MAX
) -> list[ForeseenEvent]:
    """The events, given as JSON objects, as an ingester would read them if they were recorded at `known`, in this order.

    Raises:
        BadEvent: one would become a dead letter.
        BadRequest: there are none, or too many.
    """
    if not 1 <= len(events) <= EVENTS_MAX:
        raise BadRequest(f"{len(events)} events were given; give from 1 to {EVENTS_MAX}")
    return [_decoded(index, plain, mapping, known, record_bytes_max) for index, plain in enumerate(events)]


def _decoded(
    index: int, plain: object, mapping: EventMapping, known: int, record_bytes_max: int
) -> ForeseenEvent:
    if not isinstance(plain, dict):
        raise BadEvent(index, "not-a-cloudevent", "an event is a JSON object")
    try:
        try:
            value = canonical_text(plain).encode()
        except (ValueError, TypeError, RecursionError) as error:
            raise BadRecord("not-json", str(error)) from error
        record = Record(topic=TOPIC, partition=0, offset=index, timestamp_ms=known // 1000, value=value)
        event = decode(record, known, record_bytes_max)
        assertions = mapping.assertions(event)
    except BadRecord as bad:
        raise BadEvent(index, bad.reason, str(bad)) from bad
    return ForeseenEvent(
        event=event,
        fate=Fate.UNMAPPED if assertions is None else Fate.APPLIED,
        assertions=assertions or (),
        mapping=mapping.version,
    )


async def known_next(reads: Reads) -> int:
    """The known time of what would be recorded now: after all that is."""
    recorded_at = (await reads.graph()).get("recorded_at")
    return max(now(), 0 if recorded_at is None else recorded_at + 1)


async def foresee(
    reads: Reads, events: Sequence[ForeseenEvent], known: int, valid: int | None = None
) -> Foreseen:
    """What these events, recorded at `known`, would come to. `valid` is by default now, or the latest instant from which they speak.

    Raises:
        BadEvent: an event has the identity of another one, and says something else.
        BadRequest: they speak about too many entities.
    """
    told = await _told_apart(reads, events)
    new = [one for one in told if one.fate is Fate.APPLIED]
    starts = [a.valid_from for one in new for a in one.assertions if not isinstance(a, EventRetracted)]
    at = max(now(), *starts, 0) if valid is None else valid
    overlay = await _overlay(reads, new, known, at)
    return Foreseen(
        events=tuple(told),
        changes=tuple(sorted(_changes(overlay), key=_place)),
        overlay=overlay,
        before=Point(valid=at, known=known - 1),
        after=Point(valid=at, known=known),
    )


async def _told_apart(reads: Reads, events: Sequence[ForeseenEvent]) -> list[ForeseenEvent]:
    """Doubles of what is there, or of one another, would count once; other content under the same identity would not count at all."""
    uids = [one.event.uid for one in events]
    known = {
        record["uid"]: record["content_hash"]
        for record in await reads.run(query("write/events_known"), uids=uids)
    }
    found = []
    for index, one in enumerate(events):
        event = one.event
        if event.uid not in known:
            known[event.uid] = event.content_hash
            found.append(one)
        elif known[event.uid] == event.content_hash:
            found.append(ForeseenEvent(event=event, fate=Fate.DUPLICATE, assertions=(), mapping=one.mapping))
        else:
            source, id = event.identity
            cause = f"an event of source {source} and id {id} is there already and says something else; give this one an id of its own"
            raise BadEvent(index, "conflict", cause)
    return found


async def _overlay(reads: Reads, new: Sequence[ForeseenEvent], known: int, valid: int) -> Overlay:
    standing = await _Retractions(new).changed(reads)
    claims: dict[str, list[Claim]] = defaultdict(list)
    events: dict[str, list[str]] = defaultdict(list)
    for one in new:
        for made in _claims(one, standing):
            claims[owner_of(made.assertion)].append(made)
    reached = {
        record["key"]
        for record in (await reads.run(query("write/owners_of"), uids=sorted(standing)) if standing else ())
    }
    for one in new:
        retracts = any(isinstance(assertion, EventRetracted) for assertion in one.assertions)
        spoken = {owner_of(a) for a in one.assertions if not isinstance(a, EventRetracted)}
        for owner in spoken | (reached if retracts else set()):
            events[owner].append(one.event.uid)
    owners = {*claims, *reached}
    if len(owners) > OWNERS_MAX:
        raise BadRequest(
            f"these events speak about {len(owners)} entities; at most {OWNERS_MAX} can be looked at, so give fewer events"
        )
    found = await streams_with(reads, claims, standing, reached, valid)
    there = await read_entities.by_key(
        reads, sorted(owners - found.whole), Point(valid=valid, known=known - 1)
    )
    return Overlay(
        rows=found.rows,
        owners=frozenset(owners),
        known=known,
        events={owner: tuple(uids) for owner, uids in events.items()},
        begun=frozenset(key for key, (entity, _) in there.items() if entity.declared or entity.ended),
    )


def _claims(one: ForeseenEvent, standing: Mapping[str, Spans]) -> Iterator[Claim]:
    event = one.event
    for nth, assertion in enumerate(one.assertions):
        if not isinstance(assertion, EventRetracted):
            made = claim(assertion, event.uid, event.order, nth, event.sequence)
            spans = standing.get(event.uid, made.believed)
            yield Claim(assertion=assertion, event=made.event, place=made.place, believed=spans)


class _Retractions:
    """Which events, of those recorded and of the new ones, would stand at other known times than they do."""

    def __init__(self, new: Sequence[ForeseenEvent]) -> None:
        self._orders = {one.event.uid: one.event.order for one in new}
        self._retractors: dict[str, set[str]] = defaultdict(set)
        for one in new:
            for assertion in one.assertions:
                if isinstance(assertion, EventRetracted):
                    self._retractors[assertion.event.uid].add(one.event.uid)

    async def changed(self, reads: Reads) -> dict[str, Spans]:
        """By uid, when each of these would stand."""
        connected = await self._connected(reads)
        orders = dict(self._orders)
        before: dict[str, Spans] = {}
        records = await reads.run(query("write/events_standing"), uids=sorted(connected)) if connected else ()
        for record in records:
            uid, flat = record["uid"], record["believed"]
            orders[uid] = RecordOrder(*record["order"])
            if flat is not None:
                before[uid] = tuple(zip(flat[::2], flat[1::2], strict=True))
        after = believed_spans(orders, self._retractors)
        always = {uid: ((orders[uid].recorded_at, FOREVER),) for uid in connected & orders.keys()}
        return {
            uid: after.get(uid, spans)
            for uid, spans in always.items()
            if after.get(uid, spans) != before.get(uid, spans)
        }

    async def _connected(self, reads: Reads) -> set[str]:
        """All events that retract, or are retracted, in connection with the new ones."""
        connected = set(self._retractors).union(*self._retractors.values())
        seen: set[str] = set()
        todo = connected | self._orders.keys()
        while todo:
            records = await reads.run(query("write/retractions_around"), uids=sorted(todo))
            seen |= todo
            for record in records:
                self._retractors[record["uid"]].add(record["by"])
                connected |= {record["uid"], record["by"]}
            todo = connected - seen
        return connected


def _changes(overlay: Overlay) -> Iterator[ForeseenChange]:
    for stream, rows in overlay.rows.items():
        for _, changes in changes_at(rows, [overlay.known]):
            for change in changes:
                yield _change(stream, change, overlay)


def _change(stream: StreamKey, change: Change, overlay: Overlay) -> ForeseenChange:
    new = overlay.events[stream.owner]
    return ForeseenChange(
        kind=change.kind.value,
        subject="relationship" if stream.type else "entity",
        valid_from=change.valid_from,
        valid_to=change.valid_to,
        before=None if change.before is None else _version(stream, change.before, overlay.known),
        after=None if change.after is None else _version(stream, change.after, overlay.known),
        corrects=change.corrects,
        event=change.made_by if change.made_by in new else new[-1],
    )


def _version(stream: StreamKey, version: Version, known: int) -> VersionAt:
    """As it is known before `known`, or from then on: what ends then has not ended yet."""
    return VersionAt(
        owner=stream.owner,
        type=stream.type,
        target=version.item,
        discriminator=stream.discriminator,
        properties=version.properties.text,
        valid_from=version.valid_from,
        valid_to=version.valid_to,
        known_from=version.known_from,
        known_to=FOREVER if version.known_to >= known else version.known_to,
        event=version.event,
        ended_by=version.ended_by,
    )


def _place(change: ForeseenChange) -> tuple[int, str, str, str, str]:
    version = change.after or change.before
    assert version is not None, "a change has a version on at least one side"
    return change.valid_from, version.owner, version.type, version.target, version.discriminator
