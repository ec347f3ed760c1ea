"""One line for every operation: who asked what, about which point, and what it came to. No values: neither of variables nor of answers."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from hashlib import sha256
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any, TypeAlias

import structlog

from graph_service.core.errors import BadSettings
from graph_service.core.time import format_instant, now
from graph_service.store.read.answers import Point

POINTS_MAX = 5
NAME_CHARS_MAX = 100


@dataclass(slots=True, kw_only=True)
class AuditLine:
    """What is known of one operation; filled while it goes on."""

    transport: str
    #: Who asked, and what vouches for them; None where they were not let in.
    who: str | None = None
    realm: str | None = None
    role: str | None = None
    #: query, mutation or subscription.
    kind: str | None = None
    #: The name that the document gives it.
    operation: str | None = None
    #: SHA-256 of the document.
    document: str | None = None
    #: SHA-256 of the variables with that of the document: tells equal from different, and nothing else.
    variables: str | None = None
    #: The points asked about, on both clocks; the first few.
    at: tuple[str, ...] = ()
    #: Objects in the answer.
    rows: int = 0
    #: What it might have cost, in objects.
    cost: int | None = None
    duration_ms: float = 0.0
    status: int = 0
    #: `OK`, or the code of the first error.
    outcome: str = "OK"


Audit: TypeAlias = Callable[[AuditLine], None]


def audit_to_log() -> Audit:
    """Lines go to the log of the service, at level info."""
    log = structlog.get_logger("graph_service.audit")

    def write(line: AuditLine) -> None:
        log.info("operation", **asdict(line))

    return write


def audit_to_file(path: Path) -> Audit:
    """Lines go to the end of a file, as JSON, whatever the log's level; the file may be moved away and is then made anew.

    Raises:
        BadSettings: it cannot be written.
    """
    try:
        handler = WatchedFileHandler(path, encoding="utf-8")
    except OSError as error:
        raise BadSettings(f"audit_file: {path} cannot be written: {error.strerror}") from error
    handler.setFormatter(logging.Formatter("%(message)s"))

    def write(line: AuditLine) -> None:
        text = json.dumps({"timestamp": format_instant(now()), **asdict(line)}, ensure_ascii=False)
        handler.handle(logging.LogRecord("audit", logging.INFO, "", 0, text.replace("%", "%%"), None, None))

    return write


def hash_of_variables(document: str, variables: dict[str, Any] | None) -> str | None:
    """The hash for `AuditLine.variables`; None where there are none."""
    if not variables:
        return None
    plain = json.dumps(variables, sort_keys=True, separators=(",", ":"))
    return sha256(f"{document} {plain}".encode()).hexdigest()


def points_told(points: Iterable[Point]) -> tuple[str, ...]:
    """Points as `valid/known`."""
    told = [f"{format_instant_or_end(one.valid)}/{format_instant_or_end(one.known)}" for one in points]
    return tuple(told[:POINTS_MAX])


def format_instant_or_end(instant: int) -> str:
    """An instant as text, also one that no calendar has."""
    try:
        return format_instant(instant)
    except (ValueError, OverflowError):
        return "open"


def rows_of(data: Any) -> int:
    """How many objects an answer has, that of the answer itself left out."""
    count, left = 0, [data]
    take, put = left.pop, left.append
    while left:
        found = take()
        # Answers are plain JSON values: a look at the class is enough, and half the price.
        if found.__class__ is dict:
            count += 1
            found = found.values()
        for value in found or ():
            kind = value.__class__
            if kind is dict or kind is list:
                put(value)
    return max(0, count - 1)
