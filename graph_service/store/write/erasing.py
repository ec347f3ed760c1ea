"""Erasures at work on what a transaction writes: what was erased once does not come back with a later delivery.

Nothing is asked for what was recorded after the last erasure, which is all that comes in the ordinary run of things.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from neo4j import AsyncTransaction

from graph_service.core.assertions import EventRetracted
from graph_service.core.erasure import blanked, keys_named, subject_left
from graph_service.store.queries import ask
from graph_service.store.write.batch import DeadLetter, MappedEvent
from graph_service.store.write.records import headers_of

ERASED = "what this record said was erased on request; it cannot be replayed"
"""The message of a dead letter that was erased."""
BLANK: dict[str, Any] = {"key": None, "headers": "[]", "value": None, "message": ERASED, "complete": False}
"""What an erased dead letter holds."""


class Erasing:
    """The erasures that bear on one transaction, which holds the writers' lock."""

    def __init__(self, tx: AsyncTransaction, erased_to: int | None) -> None:
        """`erased_to`: the known time up to which erasures reach; None where nothing was ever erased."""
        self._tx, self._erased_to = tx, erased_to

    async def events(self, new: Sequence[MappedEvent]) -> list[MappedEvent]:
        """The same events, those blanked that speak about what was erased at or after their own known time."""
        past = [mapped for mapped in new if self._reaches(mapped.event.order.recorded_at)]
        keys = sorted({key for mapped in past for key in keys_of(mapped)})
        if not keys:
            return list(new)
        until = {
            row["key"]: row["known_to"]
            for row in await ask(
                self._tx,
                "write/erasures_of",
                keys=keys,
                since=min(mapped.event.order.recorded_at for mapped in past),
            )
        }
        return [erased_event(mapped, until) for mapped in new]

    async def letters(self, letters: Sequence[DeadLetter]) -> list[DeadLetter]:
        """The same dead letters, those blanked that name what was erased at or after their own known time."""
        if not any(self._reaches(letter.recorded_at) for letter in letters):
            return list(letters)
        until = await self._until()
        return [erased_letter(letter, until) for letter in letters]

    async def letter_rows(self, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """As `letters`, for dead letters as the database keeps them."""
        if not any(self._reaches(row["recorded_at"]) for row in rows):
            return list(rows)
        until = await self._until()
        return [
            {**row, **BLANK}
            if _concerns(
                until, row["recorded_at"], row.get("key"), row.get("headers", "[]"), row.get("value")
            )
            else row
            for row in rows
        ]

    async def _until(self) -> dict[str, int]:
        """By key, the known time up to which it is erased; the rows come in the order of that."""
        rows = await ask(self._tx, "read/erasures")
        return {row["erasure"]["key"]: row["erasure"]["known_to"] for row in rows}

    def _reaches(self, recorded_at: int) -> bool:
        return self._erased_to is not None and recorded_at <= self._erased_to


def keys_of(mapped: MappedEvent) -> set[str]:
    """The keys of all that an event speaks about: in its claims, and by its subject."""
    keys = {key for assertion in mapped.assertions for key in keys_named(assertion)}
    return keys if mapped.event.subject is None else keys | {mapped.event.subject}


def erased_event(mapped: MappedEvent, until: Mapping[str, int]) -> MappedEvent:
    """The event as erasures leave it. `until`: by key, the known time up to which it is erased."""
    event = mapped.event
    erased = {key for key in keys_of(mapped) if key in until and event.order.recorded_at <= until[key]}
    if not erased:
        return mapped
    return replace(
        mapped,
        event=replace(event, data="null", subject=subject_left(event.subject, erased)),
        assertions=tuple(
            one if isinstance(one, EventRetracted) else blanked(one, erased) for one in mapped.assertions
        ),
        record=None,
        erased=True,
    )


def erased_letter(letter: DeadLetter, until: Mapping[str, int]) -> DeadLetter:
    """The dead letter as erasures leave it. `until`: as above."""
    if not _concerns(until, letter.recorded_at, letter.key, letter.headers, letter.value):
        return letter
    return replace(letter, **BLANK)


def _concerns(
    until: Mapping[str, int], recorded_at: int, key: bytes | None, headers: str, value: bytes | None
) -> bool:
    keys = [key for key, known_to in until.items() if recorded_at <= known_to]
    return names(keys, key=key, headers=headers, value=value)


def names(keys: Iterable[str], *, key: bytes | None, headers: str, value: bytes | None) -> bool:
    """Whether a record that could not be read as an event names one of these entities.

    It does where their key stands in it, or their name (the key without its kind) as a whole value; in what is no JSON, their name as
    a whole word. Rather too often than too seldom: the price is that a dead letter cannot be replayed.

    Args:
        keys: of entities.
        key: of the record.
        headers: of the record, as `DeadLetter.headers` has them.
        value: of the record.
    """
    texts = [one for one in (key, value) if one is not None]
    texts += [content for _, content in headers_of(headers) if content is not None]
    read = [_values(text) for text in texts]
    return any(_names(found, of) for of in keys for found in read)


def _values(text: bytes) -> set[str] | str:
    """All values and names in a JSON text, as text; the text itself where it is no JSON."""
    try:
        return set(_scalars(json.loads(text)))
    except (ValueError, RecursionError):
        return text.decode("utf-8", "replace")


def _scalars(value: Any) -> Iterator[str]:
    todo = [value]
    while todo:
        match todo.pop():
            case dict() as found:
                yield from found
                todo += found.values()
            case list() as found:
                todo += found
            case str() as found:
                yield found
            case found:
                yield json.dumps(found)


def _names(found: set[str] | str, key: str) -> bool:
    name = key.partition(":")[2] or key
    if isinstance(found, str):
        return _has_word(found, name)
    return name in found or key in found or any(_has_word(one, key) for one in found if key in one)


def _has_word(text: str, word: str) -> bool:
    return word in text and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None
