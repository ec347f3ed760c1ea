"""Opaque texts that clients hand back: global ids and cursors. Both are base64url of a JSON list."""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from graph_service.core.errors import BadRequest
from graph_service.store.read.answers import Point

ID_LENGTH_MAX = 4096
_PLAIN = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def encode(parts: list[Any]) -> str:
    """A JSON list as opaque text, without padding."""
    plain = _PLAIN.encode(parts).encode()
    return urlsafe_b64encode(plain).rstrip(b"=").decode()


def decode(text: str) -> list[Any] | None:
    """What `encode` was given, or None for any other text."""
    if len(text) > ID_LENGTH_MAX or not text.isascii():
        return None
    try:
        plain = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return None
    return plain if isinstance(plain, list) and encode(plain) == text else None


def fingerprint(*question: object) -> str:
    """Short text that is the same for the same question, so that a cursor is not used with another one."""
    return blake2b(repr(question).encode(), digest_size=6).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Where a page ended, and the point at which the first page was answered."""

    #: The store's own cursor of the last item.
    after: str
    valid: int
    known: int
    #: The point to compare with, where there are two.
    earlier: Point | None = None


def write_cursor(question: str, cursor: Cursor) -> str:
    """The opaque text of a cursor of that question."""
    other = [] if cursor.earlier is None else [cursor.earlier.valid, cursor.earlier.known]
    return encode([question, cursor.after, cursor.valid, cursor.known, *other])


def write_place(question: str, place: str) -> str:
    """The opaque text of a cursor that names a place for good, at no point in time."""
    return encode([question, place, 0, 0])


def read_cursor(question: str, text: str | None) -> Cursor | None:
    """The cursor behind `after`, None for None.

    Raises:
        BadRequest: text that is no cursor, or the cursor of another question.
    """
    if text is None:
        return None
    match decode(text):
        case [str(asked), str(after), int(valid), int(known)] if asked == question:
            return Cursor(after=after, valid=valid, known=known)
        case [str(asked), str(after), int(valid), int(known), int(earlier), int(then)] if asked == question:
            return Cursor(after=after, valid=valid, known=known, earlier=Point(valid=earlier, known=then))
        case [str(), str(), int(), int()] | [str(), str(), int(), int(), int(), int()]:
            raise BadRequest(
                "the cursor in `after` belongs to another query: use it with the same arguments as the page it came from"
            )
        case _:
            raise BadRequest("`after` is not a cursor: pass an `endCursor` of a page before, or leave it out")


def points_of(text: object) -> list[Point]:
    """The points that a cursor names, whatever question it is of; none for anything else."""
    match decode(text) if isinstance(text, str) else None:
        case [str(), str(), int(valid), int(known)]:
            return [Point(valid=valid, known=known)]
        case [str(), str(), int(valid), int(known), int(earlier), int(then)]:
            return [Point(valid=valid, known=known), Point(valid=earlier, known=then)]
        case _:
            return []
