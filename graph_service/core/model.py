"""The values that everything else speaks of: events, streams, properties, versions. Frozen; a value that exists is valid."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from json.encoder import encode_basestring
from typing import NamedTuple, Protocol, TypeAlias

from graph_service.core.time import FOREVER

PROPERTY_NAME_CHARS_MAX = 128

Json: TypeAlias = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical(value: object) -> str:
    """The one JSON text of a value: keys sorted, no spaces, no escapes that are not needed.

    Raises:
        ValueError: NaN, infinity, or anything JSON cannot say.
    """
    # Most are plain text and whole numbers, for which an encoder is much ado.
    if type(value) is str:
        return encode_basestring(value)
    return int.__repr__(value) if type(value) is int else _ENCODER.encode(value)


class Properties:
    """Named JSON values, immutable, equal only when their canonical texts are: 1, 1.0 and true are three values.

    They are kept as the text of the whole, as the text of each value, or as both: each is made when somebody asks for it.
    """

    __slots__ = ("_text", "_texts")

    def __init__(self, texts: Mapping[str, str]) -> None:
        """`texts` maps each name to the canonical JSON text of its value."""
        self._texts: Mapping[str, str] | None = texts
        self._text: str | None = None

    @classmethod
    def of(cls, values: Mapping[str, object]) -> Properties:
        """From plain JSON values."""
        return cls({name: canonical(value) for name, value in values.items()})

    @classmethod
    def parse(cls, text: str) -> Properties:
        """From the canonical text of the whole, as `text` gives it."""
        if text == "{}":
            return NOTHING
        found = cls.__new__(cls)
        found._text, found._texts = text, None
        return found

    @property
    def texts(self) -> Mapping[str, str]:
        """The canonical JSON text of each value by name."""
        if self._texts is None:
            self._texts = {name: canonical(value) for name, value in self.values().items()}
        return self._texts

    @property
    def text(self) -> str:
        """The canonical JSON object."""
        if self._text is None:
            texts = self.texts
            self._text = "{" + ",".join(f"{canonical(name)}:{texts[name]}" for name in sorted(texts)) + "}"
        return self._text

    def values(self) -> dict[str, Json]:
        """Plain JSON values by name."""
        values: dict[str, Json] = json.loads(self.text)
        return values

    def patched(self, changes: Properties, unset: Iterable[str]) -> Properties:
        """These with `unset` taken away and then `changes` laid over."""
        texts = dict(self.texts)
        for name in unset:
            texts.pop(name, None)
        texts.update(changes.texts)
        return Properties(texts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Properties) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Properties({self.text})"


NOTHING = Properties({})


UIDS_KEPT = 8192
"""An event's uid is asked for many times while its batch is written."""


class EventId(NamedTuple):
    """A CloudEvent's identity."""

    source: str
    id: str

    @property
    def uid(self) -> str:
        """32 hex digits that stand for (source, id) in the store: short, fixed in size, the same on every rebuild."""
        return event_uid(self.source, self.id)


@lru_cache(maxsize=UIDS_KEPT)
def event_uid(source: str, id: str) -> str:
    """See `EventId.uid`. The length prefix keeps ("ab","c") and ("a","bc") apart."""
    return blake2b(f"{len(source)}:{source}{id}".encode(), digest_size=16).hexdigest()


class RecordOrder(NamedTuple):
    """Where a record stands among all records: the order of knowing. `recorded_at` is in microseconds."""

    recorded_at: int
    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A decoded CloudEvent together with the record that carried it."""

    identity: EventId
    type: str
    subject: str | None
    #: When it happened; the record's `recorded_at` where the event does not say.
    time: int
    #: CloudEvents `sequence`, as text.
    sequence: str | None
    correlation_id: str | None
    causation_id: str | None
    #: CloudEvents `recordedtime`: when the producer wrote it down. Provenance only.
    recorded_time: int | None
    traceparent: str | None
    #: The payload as canonical JSON text; `null` when there is none.
    data: str
    #: Hash of all that the event says (attributes and data, not where it was recorded): tells a double from a conflict.
    content_hash: str
    order: RecordOrder

    @property
    def uid(self) -> str:
        """See `EventId.uid`."""
        return self.identity.uid


class StreamKey(NamedTuple):
    """What is folded on its own: an entity's state, or all relationships of one type and discriminator from one source."""

    owner: str
    #: "" for the entity's own state.
    type: str = ""
    discriminator: str = ""


def kind_of(key: str) -> str:
    """The kind of an entity: what stands before the first colon of its key, or `thing` where there is none."""
    kind, colon, _ = key.partition(":")
    return kind if colon and kind else "thing"


class Stretch(Protocol):
    """What of a row decides when it holds."""

    @property
    def valid_from(self) -> int: ...
    @property
    def valid_to(self) -> int: ...
    @property
    def known_from(self) -> int: ...
    @property
    def known_to(self) -> int: ...
    @property
    def end_known(self) -> int: ...


def holds(row: Stretch, valid: int, known: int) -> bool:
    """Whether this is what was believed at `known` about `valid`."""
    return (
        row.valid_from <= valid
        and row.known_from <= known < row.known_to
        and (valid < row.valid_to or known < row.end_known)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One stored stretch of history of one item of a stream: up to two versions that differ only in their valid end.

    An append closes what was open. As versions that is two: believed open over [known_from, end_known), believed to end at
    `valid_to` over [end_known, known_to). Both share everything else, so they are stored once. A row that was born closed has
    `end_known == known_from`; an open row has `valid_to == end_known == FOREVER`.
    """

    #: The target's key in a stream of relationships; "" for an entity's state.
    item: str
    properties: Properties
    #: uid of the event that began it.
    event: str
    valid_from: int
    valid_to: int
    known_from: int
    known_to: int
    end_known: int
    #: uid of the event that ended it on the valid axis, as first believed; None while open.
    ended_by: str | None

    def holds(self, valid: int, known: int) -> bool:
        """Whether this is what was believed at `known` about `valid`."""
        return holds(self, valid, known)

    def versions(self) -> tuple[Version, ...]:
        """The one or two versions that this row stands for."""
        spans = []
        if self.known_from < self.end_known:
            spans.append((FOREVER, self.known_from, min(self.end_known, self.known_to)))
        if self.valid_to != FOREVER and self.end_known < self.known_to:
            spans.append((self.valid_to, self.end_known, self.known_to))
        return tuple(
            Version(
                item=self.item,
                properties=self.properties,
                event=self.event,
                valid_from=self.valid_from,
                valid_to=valid_to,
                known_from=known_from,
                known_to=known_to,
                ended_by=self.ended_by if valid_to != FOREVER else None,
            )
            for valid_to, known_from, known_to in spans
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One segment of a belief over the longest span of known time in which exactly that segment is believed (design 2.3)."""

    item: str
    properties: Properties
    event: str
    valid_from: int
    valid_to: int
    known_from: int
    known_to: int
    ended_by: str | None
