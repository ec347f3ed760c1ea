"""The file format of a ledger: one JSON object a line, each with its `kind`. Reading and writing files, without a database.

    header         format, product version, mapping version, vocabulary, the known time that the graph reaches
    mapping_file   the text behind the rules
    erasure        what was erased on request (docs/adr/0012-erasure.md)
    position       how far a partition is applied
    counters       what the graph counted
    event          an event with all that it claims and retracts; in record order
    dead_letter    a record that could not be applied
    trailer        how many lines there are of each kind, and the SHA-256 of all lines before

Times are integer microseconds, UTC. Bytes are {"base64": text}. A file whose name ends in .gz is compressed. Nothing of the machine
or the moment is in it: the same graph gives the same bytes, but for the epochs of positions.
"""

from __future__ import annotations

import gzip
import json
import zlib
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Final

from graph_service.core.assertions import Assertion, EventRetracted
from graph_service.core.errors import BadInput, BadRecord
from graph_service.core.model import Event, EventId, RecordOrder
from graph_service.core.vocabulary import RESERVED_TYPES
from graph_service.store.queries import PAST, TYPE_NAME
from graph_service.store.write.batch import MappedEvent
from graph_service.store.write.claims import numbered_of, whole

FORMAT: Final = 1
LINE_BYTES_MAX: Final = 256 * 1024 * 1024
KINDS: Final = (
    "header", "mapping_file", "erasure", "position", "counters", "event", "dead_letter", "trailer",
)  # fmt: skip
#: In the order of their lines in the file; every kind has its place.
_PLACE = {kind: place for place, kind in enumerate(KINDS)}
_ONCE = ("header", "counters", "trailer")
_EVENT = (
    "source", "id", "type", "subject", "time", "sequence", "correlation_id", "causation_id", "recorded_time",
    "traceparent", "content_hash", "mapping", "topic", "partition", "offset", "recorded_at", "data",
)  # fmt: skip
_TYPES: Final[Mapping[str, type]] = {
    **dict.fromkeys(_EVENT, str),
    **dict.fromkeys(("time", "recorded_time", "partition", "offset", "recorded_at"), int),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSummary:
    """What a whole ledger holds."""

    #: Of all lines but the last; the name of this ledger.
    sha256: str
    #: Lines by kind, the trailer not among them.
    counts: Mapping[str, int]
    #: Version of the product that wrote it.
    product_version: str
    #: Known time that the graph reached; None where nothing was recorded.
    recorded_at: int | None

    @property
    def records(self) -> int:
        """Events and dead letters: what takes time."""
        return self.counts.get("event", 0) + self.counts.get("dead_letter", 0)


class LedgerWriter:
    """Writes lines to an open binary file, and counts and hashes them."""

    def __init__(self, file: IO[bytes]) -> None:
        """The file stays the caller's to close."""
        self._file = file
        self._hash = sha256()
        self._counts: Counter[str] = Counter()

    def write(self, kind: str, values: Mapping[str, Any]) -> None:
        """One line; values that are None are left out."""
        line = _line(
            {"kind": kind, **{name: _packed(value) for name, value in values.items() if value is not None}}
        )
        self._hash.update(line)
        self._file.write(line)
        self._counts[kind] += 1

    def finish(self) -> tuple[str, dict[str, int]]:
        """The last line, without which the file is refused as cut. Returns the checksum, and the lines by kind."""
        digest, counts = self._hash.hexdigest(), dict(self._counts)
        self._file.write(_line({"kind": "trailer", "counts": counts, "sha256": digest}))
        return digest, counts


def read_ledger(path: Path) -> Iterator[dict[str, Any]]:
    """All lines, in order, while they are checked: who has seen the trailer knows that the whole is as it was written.

    Raises:
        BadInput: the file cannot be read, is cut, altered, or no ledger that this version understands.
    """
    total, counts = sha256(), Counter[str]()
    place = 0
    for number, line in _lines(path):
        plain = _parsed(path, number, line)
        kind = plain.pop("kind", None)
        if number == 1 and (kind != "header" or plain.get("format") != FORMAT):
            raise _no_ledger(path, plain if kind == "header" else {})
        if place == _PLACE["trailer"]:
            raise BadInput(f"{path}, line {number}: there is more after the end; export again")
        if kind not in _PLACE or _PLACE[kind] < place or (kind in _ONCE and counts[kind]):
            raise BadInput(f"{path}, line {number}: a line of kind {str(kind)[:40]!r} does not belong here")
        place = _PLACE[kind]
        if kind == "trailer" and (plain.get("sha256"), plain.get("counts")) != (total.hexdigest(), counts):
            raise BadInput(
                f"{path} was altered: its lines do not have the checksum that its end names; use another copy"
            )
        total.update(line)
        counts[kind] += 1
        yield {"kind": kind, **plain}
    if place != _PLACE["trailer"]:
        raise BadInput(f"{path} is cut: its last line is missing; use another copy")


def check_ledger(path: Path) -> LedgerSummary:
    """Read all of it and make an event of every event's line: what passes can be imported.

    Raises:
        BadInput: as `read_ledger`; or an event that is none, or out of order.
    """
    header: dict[str, Any] = {}
    trailer: dict[str, Any] = {}
    last: RecordOrder | None = None
    for plain in read_ledger(path):
        kind = plain["kind"]
        if kind == "header":
            header = plain
        elif kind == "trailer":
            trailer = plain
        elif kind == "event":
            order = mapped_event(plain).event.order
            if last is not None and order <= last:
                raise BadInput(f"{path}: the events are not in the order of the log; export again")
            last = order
    return LedgerSummary(
        sha256=trailer["sha256"],
        counts=trailer["counts"],
        product_version=str(header.get("version")),
        recorded_at=header.get("recorded_at"),
    )


def event_values(
    node: Mapping[str, Any], claims: list[str], retracts: list[tuple[int, str, str, str]]
) -> dict[str, Any]:
    """An event's line. `claims`: texts as ABOUT keeps them; `retracts`: [nth, rule, source, id] of each retraction."""
    numbered = [whole(one) for text in claims for one in json.loads(text)]
    retractions = [
        {"nth": nth, "op": "retract", "source": source, "id": id, "rule": rule}
        for nth, rule, source, id in retracts
    ]
    values = {name: node.get(name) for name in _EVENT}
    return {**values, "claims": sorted([*numbered, *retractions], key=lambda one: int(one["nth"]))}


def mapped_event(plain: Mapping[str, Any]) -> MappedEvent:
    """What the store writes, from an event's line.

    Raises:
        BadInput: the line does not hold an event.
    """
    try:
        return MappedEvent(
            event=_event(plain), assertions=_assertions(plain["claims"]), mapping=plain["mapping"]
        )
    except (KeyError, TypeError, ValueError, BadRecord) as error:
        raise BadInput(
            f"the ledger's event {plain.get('source')!r} {plain.get('id')!r} is no event ({error!r}); export again"
        ) from error


def _event(plain: Mapping[str, Any]) -> Event:
    wrong = [name for name in plain if name in _TYPES and type(plain[name]) is not _TYPES[name]]
    if wrong:
        raise ValueError(f"{wrong[0]} is not of type {_TYPES[wrong[0]].__name__}")
    return Event(
        identity=EventId(plain["source"], plain["id"]),
        type=plain["type"],
        subject=plain.get("subject"),
        time=plain["time"],
        sequence=plain.get("sequence"),
        correlation_id=plain.get("correlation_id"),
        causation_id=plain.get("causation_id"),
        recorded_time=plain.get("recorded_time"),
        traceparent=plain.get("traceparent"),
        data=plain["data"],
        content_hash=plain["content_hash"],
        order=RecordOrder(plain["recorded_at"], plain["topic"], plain["partition"], plain["offset"]),
    )


def _assertions(claims: list[dict[str, Any]]) -> tuple[Assertion, ...]:
    found: dict[int, Assertion] = {
        one["nth"]: EventRetracted(event=EventId(one["source"], one["id"]), rule=one["rule"])
        for one in claims
        if one["op"] == "retract"
    }
    found |= dict(numbered_of(one for one in claims if one["op"] != "retract"))
    for type in {one["type"] for one in claims if "type" in one}:
        # Types become part of queries, where values do not: a file from elsewhere must not bring others than a mapping can.
        if TYPE_NAME.fullmatch(type) is None or type in RESERVED_TYPES or type.endswith(PAST):
            raise ValueError(f"{type[:64]!r} is not a relationship type")
    if sorted(found) != list(range(len(claims))):
        raise ValueError("its claims are not numbered from 0 on")
    return tuple(found[nth] for nth in range(len(found)))


def unpacked(plain: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a line as the store keeps them."""
    return {
        name: b64decode(value["base64"]) if isinstance(value, dict) else value
        for name, value in plain.items()
        if name != "kind"
    }


def _packed(value: Any) -> Any:
    return {"base64": b64encode(value).decode()} if isinstance(value, (bytes, bytearray)) else value


def _line(plain: Mapping[str, Any]) -> bytes:
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with open(path, "rb") as found:
            packed = found.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else open(path, "rb") as file:
            number = 0
            while line := file.readline(LINE_BYTES_MAX):
                number += 1
                if not line.endswith(b"\n"):
                    raise BadInput(f"{path} is cut: line {number} has no end; use another copy")
                yield number, line
            if number == 0:
                raise BadInput(f"{path} is empty")
    except EOFError as error:
        raise BadInput(f"{path} is cut: {error}; use another copy") from error
    except (OSError, zlib.error) as error:
        raise BadInput(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _parsed(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        plain = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}, line {number}: this is not JSON; use another copy") from error
    if not isinstance(plain, dict):
        raise BadInput(f"{path}, line {number}: this is not a JSON object; use another copy")
    return plain


def _no_ledger(path: Path, header: Mapping[str, Any]) -> BadInput:
    if "format" in header:
        return BadInput(
            f"{path} has format {header['format']!r}; this version reads format {FORMAT}: "
            f"import it with version {header.get('version')} or newer"
        )
    return BadInput(f"{path} is no ledger: it was not written by `graph-service export`")
