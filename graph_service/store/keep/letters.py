"""Dead letters as people read them: how they are asked for, what is answered, and their records in words where they have any."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from graph_service.core.model import Json
from graph_service.mapping import Record
from graph_service.store.write.records import headers_of


class LetterState(StrEnum):
    """What became of a dead letter."""

    #: Nothing yet: its record is not in the graph.
    WAITING = "waiting"
    #: Its record was tried again, and is in the graph at its place in time.
    REPLAYED = "replayed"
    #: An operator decided that it is not to be tried again. It is kept.
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterFilter:
    """Which dead letters: all given conditions together; None means any."""

    reason: str | None = None
    topic: str | None = None
    #: The CloudEvents type, where it could be read.
    event_type: str | None = None
    state: LetterState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterRow:
    """A dead letter without its record. Times are microseconds."""

    #: `topic/partition/offset` of the record.
    id: str
    state: LetterState
    reason: str
    message: str
    topic: str
    partition: int
    offset: int
    recorded_at: int
    #: Of the event, where it could be read.
    source: str | None
    event_id: str | None
    event_type: str | None
    #: Version of the mapping under which it failed last.
    mapping: str | None
    #: How often it was tried, the first time included.
    attempts: int
    #: Size of the record's value, also where it is not kept; None when the record had none.
    value_bytes: int | None
    #: Whether headers and value are kept, so that it can be replayed.
    complete: bool
    #: Who replayed or discarded it last, or tried to, and when; None when nobody did.
    operator: str | None
    operated_at: int | None
    #: Why it was discarded.
    note: str | None

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> LetterRow:
        """From what the read queries return."""
        found: dict[str, Any] = {name: plain.get(name) for name in cls.__dataclass_fields__}
        return cls(**{**found, "state": LetterState(plain["state"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterRecord:
    """What is kept of a dead letter's record."""

    key: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    value: bytes | None

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> LetterRecord:
        """From what the read query returns."""
        return cls(
            key=plain["key"], headers=tuple(headers_of(plain["headers"] or "[]")), value=plain["value"]
        )

    def as_record(self, row: LetterRow) -> Record:
        """The record at its place in the log."""
        return Record(
            topic=row.topic,
            partition=row.partition,
            offset=row.offset,
            timestamp_ms=row.recorded_at // 1000,
            key=self.key,
            headers=self.headers,
            value=self.value,
        )


def letter_cursor(row: LetterRow) -> str:
    """The cursor of a dead letter in `DeadLetters.listed`, whichever end comes first."""
    return json.dumps([row.recorded_at, row.topic, row.partition, row.offset], separators=(",", ":"))


def text_of(content: bytes | None) -> str | None:
    """The bytes as text, where that is what they are: UTF-8 without control characters but line ends and tabs. Otherwise None."""
    if content is None:
        return None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if all(sign.isprintable() or sign in "\n\r\t" for sign in text) else None


def json_of(content: bytes | None) -> tuple[bool, Json]:
    """Whether the bytes are JSON, and its value."""
    text = text_of(content)
    if text is None:
        return False, None
    try:
        return True, json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return False, None


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is not JSON")
