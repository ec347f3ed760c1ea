"""What the ingester hands to the store: one batch, written in one transaction or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from graph_service.core.assertions import Assertion
from graph_service.core.model import Event
from graph_service.store.write.written import Written, written


class KafkaRecord(Protocol):
    """What is kept of a Kafka record when it cannot be applied; a consumer's own record class fits as it is."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...
    @property
    def value(self) -> bytes | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far a partition is applied, and under which epoch this writer may go on."""

    topic: str
    partition: int
    #: Offset of the last record applied; -1 when none is.
    offset: int
    #: `recorded_at` of that record; None when none is.
    recorded_at: int | None
    epoch: int


@dataclass(frozen=True, kw_only=True)
class MappedEvent:
    """An event with what it claims: at least one assertion or none, but a rule looked at it."""

    event: Event
    assertions: tuple[Assertion, ...]
    #: Version of the mapping that was used.
    mapping: str
    #: What carried the event, so that a dead letter can be made of it should its identity be taken; None where it is not at hand.
    record: KafkaRecord | None = field(default=None, compare=False, repr=False)
    #: Whether what it said was erased on request, so that only its place in time is left.
    erased: bool = False

    @cached_property
    def written(self) -> Written:
        """How it is written down; made when it is first asked for."""
        return written(self.event, self.assertions, self.mapping, erased=self.erased)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A record that cannot be applied: why, and all that is needed to try it again."""

    topic: str
    partition: int
    offset: int
    recorded_at: int
    reason: str
    message: str
    #: What could be read of the event: (source, id, type); None where it could not.
    source: str | None
    event_id: str | None
    event_type: str | None
    mapping: str
    key: bytes | None
    #: JSON text: [[name, value as base64], ...].
    headers: str
    #: None when the record was empty or too large to keep.
    value: bytes | None
    #: Size of the record's value in bytes, also where it is not kept; None when the record had none.
    value_bytes: int | None
    #: Whether headers and value are all here. Otherwise only the log has them, and this letter cannot be replayed.
    complete: bool

    @property
    def id(self) -> str:
        """Where it came from, as one word."""
        return f"{self.topic}/{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A dead letter that is tried again: `content` is what its record comes to now."""

    #: Of the stored dead letter.
    id: str
    #: A dead letter where it fails again.
    content: MappedEvent | DeadLetter
    #: Who tries it, for the record of what operators did.
    by: str
    #: When, in microseconds. The only time in a batch that is not the log's; no fact depends on it.
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """How far a batch takes one partition."""

    topic: str
    partition: int
    epoch: int
    #: Offset and `recorded_at` of the last record of the batch, whatever became of it.
    offset: int
    recorded_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Records of one or more partitions. `events` and `dead_letters` may be empty: positions advance all the same."""

    advances: tuple[Advance, ...]
    events: tuple[MappedEvent, ...]
    dead_letters: tuple[DeadLetter, ...]
    #: (topic, partition, offset) of events that no rule speaks of: counted only.
    unmapped: tuple[tuple[str, int, int], ...]
    #: Dead letters to try again. Their records lie below the positions: it is their letters that tell whether they are due.
    replays: tuple[Replay, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a batch came to. `events` and `duplicates` count replays too; `dead_letters` counts new ones."""

    events: int
    duplicates: int
    unmapped: int
    dead_letters: int
    #: Of events whose identity was taken by other content before: stored as dead letters of reason `conflict`.
    conflicts: tuple[DeadLetter, ...]
    #: Events that were stored and gave way to an earlier record of the same identity and other content; stored as dead letters too.
    displaced: tuple[DeadLetter, ...]
    #: Known time up to which the graph now reaches.
    recorded_at: int
    #: Ids of dead letters that are settled by this: what their records say is in the graph now, or was all along (a double).
    replayed: tuple[str, ...] = ()
    #: What replays came to that failed again. Replays in neither list had been done before.
    failed_again: tuple[DeadLetter, ...] = ()
