"""From a Kafka record to what a batch holds of it: an event with its assertions, a dead letter, or nothing. Pure.

Both who ingests a record and who replays a dead letter come through here, so that they make the same of it.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from graph_service.core.errors import BadRecord
from graph_service.core.model import Event, RecordOrder
from graph_service.mapping import RECORD_BYTES_MAX, Record, decode
from graph_service.mapping.cloudevents import encode
from graph_service.store.write.batch import DeadLetter, KafkaRecord, MappedEvent

if TYPE_CHECKING:
    from graph_service.mapping import Mapping as EventMapping

MESSAGE_CHARS_MAX = 2000
"""Of the explanation in a dead letter."""
KEPT_BYTES_MAX = 64 * 1024
"""Of the key, and of the headers, of a record that is too large."""
BEFOREHAND_BYTES_MAX = 2048
"""Of a record that is written down before its transaction begins: as text it takes its size once more, and two batches are held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How records are read."""

    mapping: EventMapping
    record_bytes_max: int = RECORD_BYTES_MAX
    #: Whether an event that no rule speaks of becomes a dead letter; otherwise it is counted only.
    unmapped_to_dead_letters: bool = False


def content_of(record: KafkaRecord, recorded_at: int, rules: Rules) -> MappedEvent | DeadLetter | None:
    """What a record comes to; None for an event that no rule speaks of, which is counted only.

    Never raises for what a record holds: whatever cannot be used becomes a dead letter.
    """
    event: Event | None = None
    try:
        event = decode(record, recorded_at, rules.record_bytes_max)
        assertions = rules.mapping.assertions(event)
        if assertions is not None:
            mapped = MappedEvent(
                event=event, assertions=assertions, mapping=rules.mapping.version, record=record
            )
            if len(record.value or b"") <= BEFOREHAND_BYTES_MAX:
                _ = mapped.written  # while the transaction before is under way
            return mapped
        if rules.unmapped_to_dead_letters:
            raise BadRecord("unmapped", f"no rule is for events of type {event.type}; add one to the mapping")
        return None
    except BadRecord as bad:
        reason, message = bad.reason, str(bad)
    except Exception as unforeseen:
        # Deterministic for this record: trying again would stop the partition for ever.
        reason, message = "decode-failed", repr(unforeseen)
    return dead_letter(record, recorded_at, event, reason, message, rules)


def dead_letter(
    record: KafkaRecord, recorded_at: int, event: Event | None, reason: str, message: str, rules: Rules
) -> DeadLetter:
    """A record that cannot be applied, with all that is needed to try it again; a value that is too large is not kept."""
    headers_bytes = sum(len(name) + len(content or b"") for name, content in record.headers)
    large = len(record.value or b"") + headers_bytes > rules.record_bytes_max
    return _letter(
        record,
        recorded_at,
        event,
        reason,
        message,
        rules.mapping.version,
        headers=() if large and headers_bytes > KEPT_BYTES_MAX else record.headers,
        complete=not large,
    )


def conflict_letter(mapped: MappedEvent, message: str) -> DeadLetter:
    """The dead letter of an event whose identity is taken; without key, headers and value where its record is not at hand."""
    event = mapped.event
    record = mapped.record
    if record is not None:
        return _letter(
            record,
            event.order.recorded_at,
            event,
            "conflict",
            message,
            mapped.mapping,
            headers=record.headers,
            complete=True,
        )
    order = event.order
    unknown = Record(
        topic=order.topic, partition=order.partition, offset=order.offset, timestamp_ms=0, value=None
    )
    return _letter(
        unknown, order.recorded_at, event, "conflict", message, mapped.mapping, headers=(), complete=False
    )


def conflict_message(event: Event, first: RecordOrder) -> str:
    """Why an event does not count whose identity another record, with other content, took before it in the log. Names both."""
    this = event.order
    return (
        f"two records say different things under one identity, source {event.identity.source} and id {event.identity.id}: "
        f"{this.topic}/{this.partition}/{this.offset}, which is this one, and {first.topic}/{first.partition}/{first.offset}, which is "
        "earlier in the log and counts; if both are meant, publish this one again under an id of its own"
    )


def displaced_letter(event: Event, mapping: str, first: RecordOrder) -> DeadLetter:
    """The dead letter of an event that was applied, until an earlier record of the same identity and other content came.

    Its value is what the graph kept of it. Complete it is only where that is all that the record said.
    """
    order = event.order
    value = encode(event)
    kept = Record(
        topic=order.topic, partition=order.partition, offset=order.offset, timestamp_ms=0, value=value
    )
    letter = _letter(
        kept,
        order.recorded_at,
        event,
        "conflict",
        conflict_message(event, first),
        mapping,
        headers=(),
        complete=True,
    )
    return replace(letter, complete=_says_the_same(kept, event))


def _says_the_same(record: Record, event: Event) -> bool:
    try:
        return decode(record, event.order.recorded_at).content_hash == event.content_hash
    except BadRecord:
        return False


def bare(letter: DeadLetter) -> DeadLetter:
    """The letter without key, headers and value, for a store that refuses these as well."""
    return replace(letter, key=None, headers="[]", value=None, complete=False)


def headers_of(text: str) -> list[tuple[str, bytes | None]]:
    """The headers behind the text that a dead letter keeps of them."""
    return [
        (str(name), None if content is None else b64decode(content)) for name, content in json.loads(text)
    ]


def _letter(
    record: KafkaRecord,
    recorded_at: int,
    event: Event | None,
    reason: str,
    message: str,
    mapping: str,
    *,
    headers: Sequence[tuple[str, bytes | None]],
    complete: bool,
) -> DeadLetter:
    key = None if record.key is not None and len(record.key) > KEPT_BYTES_MAX else record.key
    return DeadLetter(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        recorded_at=recorded_at,
        reason=reason,
        message=message[:MESSAGE_CHARS_MAX],
        source=None if event is None else event.identity.source,
        event_id=None if event is None else event.identity.id,
        event_type=None if event is None else event.type,
        mapping=mapping,
        key=key,
        headers=_headers_text(headers),
        value=record.value if complete else None,
        value_bytes=None if record.value is None else len(record.value),
        complete=complete,
    )


def _headers_text(headers: Sequence[tuple[str, bytes | None]]) -> str:
    plain = [[name, None if content is None else b64encode(content).decode()] for name, content in headers]
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
