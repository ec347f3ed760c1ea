"""What the ingester hands to the store: one batch, written in one transaction or not at all."""

from __future__ import annotations

from dataclasses import dataclass

from graph_service.core.assertions import Assertion
from graph_service.core.model import Event


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


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedEvent:
    """An event with what it claims: at least one assertion or none, but a rule looked at it."""

    event: Event
    assertions: tuple[Assertion, ...]
    #: Version of the mapping that was used.
    mapping: str


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

    @property
    def id(self) -> str:
        """Where it came from, as one word."""
        return f"{self.topic}/{self.partition}/{self.offset}"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a batch came to. `conflicts` are events whose identity was taken by other content: they became dead letters."""

    events: int
    duplicates: int
    unmapped: int
    dead_letters: int
    #: (event, message) of each conflict; stored as dead letters of reason `conflict` without key, headers and value.
    conflicts: tuple[tuple[Event, str], ...]
    #: Events that were stored and gave way to an earlier record of the same identity and other content; stored as dead letters too.
    displaced: tuple[DeadLetter, ...]
    #: Known time up to which the graph now reaches.
    recorded_at: int
