"""Records become items, and items a batch. Pure: nothing is read or sent."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from graph_service.core.errors import BadRecord
from graph_service.core.model import Event
from graph_service.mapping import RECORD_BYTES_MAX, RecordLike, decode
from graph_service.mapping import Mapping as EventMapping
from graph_service.store.batch import Advance, Batch, DeadLetter, MappedEvent

MESSAGE_CHARS_MAX = 2000
"""Of the explanation in a dead letter."""
KEPT_BYTES_MAX = 64 * 1024
"""Of the key, and of the headers, of a record that is too large."""

Place = tuple[str, int]
"""A partition: topic and number."""


class KafkaRecord(RecordLike, Protocol):
    """What is read of a Kafka record here: what `decode` reads, and the key."""

    @property
    def key(self) -> bytes | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How records are read."""

    mapping: EventMapping
    record_bytes_max: int = RECORD_BYTES_MAX
    #: Whether an event that no rule speaks of becomes a dead letter; otherwise it is counted only.
    unmapped_to_dead_letters: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One record, and what is to be done with it."""

    record: KafkaRecord
    recorded_at: int
    #: None: an event that no rule speaks of, to be counted.
    content: MappedEvent | DeadLetter | None

    @property
    def place(self) -> Place:
        """Its partition."""
        return (self.record.topic, self.record.partition)

    @property
    def order(self) -> tuple[int, str, int, int]:
        """Record order: known time, then where it is in the log."""
        return (self.recorded_at, self.record.topic, self.record.partition, self.record.offset)


def item_of(record: KafkaRecord, recorded_at: int, rules: Rules) -> Item:
    """What is to be done with a record. Never raises for what a record holds: whatever cannot be used becomes a dead letter."""
    event: Event | None = None
    content: MappedEvent | DeadLetter | None
    try:
        event = decode(record, recorded_at, rules.record_bytes_max)
        assertions = rules.mapping.assertions(event)
        if assertions is not None:
            content = MappedEvent(event=event, assertions=assertions, mapping=rules.mapping.version)
        elif rules.unmapped_to_dead_letters:
            raise BadRecord("unmapped", f"no rule is for events of type {event.type}; add one to the mapping")
        else:
            content = None
    except BadRecord as bad:
        content = dead_letter(record, recorded_at, event, bad.reason, str(bad), rules)
    except Exception as unforeseen:
        # Deterministic for this record: trying again would stop the partition for ever.
        content = dead_letter(record, recorded_at, event, "decode-failed", repr(unforeseen), rules)
    return Item(record=record, recorded_at=recorded_at, content=content)


def refused(item: Item, reason: str, message: str, rules: Rules) -> Item:
    """The item as a dead letter, for content that the store refuses.

    What is a dead letter already loses key, headers and value, which the store may refuse as well.
    """
    if isinstance(item.content, DeadLetter):
        return replace(item, content=replace(item.content, key=None, headers="[]", value=None))
    event = item.content.event if item.content else None
    return replace(item, content=dead_letter(item.record, item.recorded_at, event, reason, message, rules))


def dead_letter(
    record: KafkaRecord, recorded_at: int, event: Event | None, reason: str, message: str, rules: Rules
) -> DeadLetter:
    """A record that cannot be applied, with all that is needed to try it again; a value that is too large is not kept."""
    value, headers = record.value, record.headers
    headers_bytes = sum(len(name) + len(content or b"") for name, content in headers)
    large = len(value or b"") + headers_bytes > rules.record_bytes_max
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
        mapping=rules.mapping.version,
        key=key,
        headers=_headers_text(()) if large and headers_bytes > KEPT_BYTES_MAX else _headers_text(headers),
        value=None if large else value,
    )


def batch_of(items: Sequence[Item], epochs: Mapping[Place, int]) -> Batch:
    """One batch of items in record order. Each partition advances to its last item here.

    `epochs` holds one for every partition that occurs.
    """
    last: dict[Place, Item] = {}
    for item in items:
        last[item.place] = item
    return Batch(
        advances=tuple(
            Advance(
                topic=place[0],
                partition=place[1],
                epoch=epochs[place],
                offset=item.record.offset,
                recorded_at=item.recorded_at,
            )
            for place, item in sorted(last.items())
        ),
        events=tuple(item.content for item in items if isinstance(item.content, MappedEvent)),
        dead_letters=tuple(item.content for item in items if isinstance(item.content, DeadLetter)),
        unmapped=tuple((*item.place, item.record.offset) for item in items if item.content is None),
    )


def in_record_order(items: Iterable[Item]) -> list[Item]:
    """The items as the log orders them. Within a partition that is the order of offsets, for known time never goes back there."""
    return sorted(items, key=lambda item: item.order)


def _headers_text(headers: Sequence[tuple[str, bytes | None]]) -> str:
    plain = [[name, None if content is None else b64encode(content).decode()] for name, content in headers]
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
