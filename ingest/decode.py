"""Records become items, and items a batch. Pure: nothing is read or sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from graph_service.store.write.batch import Advance, Batch, DeadLetter, KafkaRecord, MappedEvent
from graph_service.store.write.records import Rules as Rules
from graph_service.store.write.records import bare, content_of, dead_letter

Place = tuple[str, int]
"""A partition: topic and number."""


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
    return Item(record=record, recorded_at=recorded_at, content=content_of(record, recorded_at, rules))


def refused(item: Item, reason: str, message: str, rules: Rules) -> Item:
    """The item as a dead letter, for content that the store refuses.

    What is a dead letter already loses key, headers and value, which the store may refuse as well.
    """
    if isinstance(item.content, DeadLetter):
        return replace(item, content=bare(item.content))
    event = item.content.event if item.content else None
    return replace(item, content=dead_letter(item.record, item.recorded_at, event, reason, message, rules))


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
