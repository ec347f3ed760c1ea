"""Dead letters that wait and name an entity: what may become known of it once they are replayed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from graph_service.core.model import canonical
from graph_service.store.keep.letters import LetterRecord, text_of
from graph_service.store.queries import query
from graph_service.store.read.answers import LetterAt, Waiting
from graph_service.store.read.reads import Reads

LETTERS_MAX = 1000
"""The newest that are looked at."""
CONTENTS_BYTES_MAX = 8 * 1024 * 1024
"""Of records that are looked into for one question."""
LETTER_BYTES_MAX = 1024 * 1024
CHUNK = 100


async def waiting_about(reads: Reads, keys: Sequence[str], known: int) -> Waiting:
    """The dead letters, recorded by then, that wait and name all of these entities, newest first.

    A record names an entity by its key, or its name (the key without its kind), as the record's key, as the event's subject, or as a text within its
    data; in what cannot be read as JSON, by its whole key, or its name in quotes. Parts of texts do not count, so nobody finds out by asking what else
    is in there.
    """
    records = await reads.run(
        query("read/letters_newest"),
        reason=None, topic=None, event_type=None, state="waiting", after=None, size=LETTERS_MAX + 1, **{"from": known},
    )  # fmt: skip
    letters = [record["letter"] for record in records]
    todo, bytes_left, skipped = [], CONTENTS_BYTES_MAX, len(letters) > LETTERS_MAX
    for letter in letters[:LETTERS_MAX]:
        size = letter["value_bytes"] or 0
        if not letter["complete"] or size > min(bytes_left, LETTER_BYTES_MAX):
            skipped = True
        else:
            bytes_left -= size
            todo.append(letter)
    found = []
    for start in range(0, len(todo), CHUNK):
        some = todo[start : start + CHUNK]
        contents = await reads.run(query("read/letter_records"), ids=[letter["id"] for letter in some])
        by_id = {record["id"]: LetterRecord.of(record) for record in contents}
        for letter in some:
            if letter["id"] in by_id and all(names(by_id[letter["id"]], key) for key in keys):
                found.append(LetterAt(id=letter["id"], recorded_at=letter["recorded_at"]))
    return Waiting(letters=tuple(found), unseen=skipped)


def names(record: LetterRecord, key: str) -> bool:
    """Whether a record names an entity; see `waiting_about`."""
    wanted = {key, key.partition(":")[2] or key}
    headers = {name.lower(): text_of(value) for name, value in record.headers}
    if text_of(record.key) in wanted or headers.get("ce_subject") in wanted:
        return True
    text = text_of(record.value)
    if text is None:
        return False
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return any(_has_value(text, one) for one in wanted) or (":" in key and _has_word(text, key))
    if isinstance(said, dict) and "specversion" in said:
        # The event's other attributes are about the event.
        said = [said.get("subject"), said.get("data")]
    return any(one in wanted for one in _texts(said))


def _texts(value: Any) -> Iterator[str]:
    todo = [value]
    while todo:
        match todo.pop():
            case dict() as found:
                todo += found.values()
            case list() as found:
                todo += found
            case str() as found:
                yield found


def _has_value(text: str, value: str) -> bool:
    """In quotes, and not as the name of something."""
    quoted = canonical(value)
    return quoted in text and re.search(rf"{re.escape(quoted)}(?!\s*:)", text) is not None


def _has_word(text: str, word: str) -> bool:
    return word in text and re.search(rf"(?<![\w:/.-]){re.escape(word)}(?![\w:/.-])", text) is not None
