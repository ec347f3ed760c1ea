"""Events from files into Kafka: checked first, keyed by what they are about, once each."""

from __future__ import annotations

import gzip
import zlib
from asyncio import Future
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, cast

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from graph_service.core.errors import BadInput, BadRecord
from graph_service.core.model import Json
from graph_service.core.time import parse_instant
from graph_service.mapping import RECORD_BYTES_MAX, encode_structured, record_key, validate_event_json
from ingest.kafka import Kafka

IN_FLIGHT_MAX = 1000


class Timestamps(StrEnum):
    """Where the timestamp of a record comes from; topics with LogAppendTime overrule it."""

    #: The moment of publishing.
    NOW = "now"
    #: The event's attribute `recordedtime`, where it has one: known time then follows the story that the events tell.
    RECORDEDTIME = "recordedtime"


def read_events(
    paths: Iterable[Path],
    *,
    on_bad: Callable[[str], None] | None = None,
    record_bytes_max: int = RECORD_BYTES_MAX,
) -> Iterator[dict[str, Json]]:
    """CloudEvents from files of JSON lines, plain or gzip (told by content, not by name). Empty lines are passed over.

    `on_bad` is called with "file:line: reason: message" for each line that is no event, which is then left out.

    Raises:
        BadInput: a file cannot be read; or, without `on_bad`, the first bad line.
    """
    for path in paths:
        try:
            with _opened(path) as file:
                number = 0
                while line := file.readline(2 * record_bytes_max):
                    number += 1
                    if not line.strip():
                        continue
                    try:
                        yield validate_event_json(line.strip(), record_bytes_max)
                    except BadRecord as bad:
                        _tell(f"{path}:{number}: {bad.reason}: {bad}", on_bad)
        except (OSError, EOFError, zlib.error) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise BadInput(f"{path} cannot be read: {reason}") from error


def _tell(what: str, on_bad: Callable[[str], None] | None) -> None:
    if on_bad is None:
        raise BadInput(f"{what}; mend the line, or pass --skip-bad to leave such lines out")
    on_bad(what)


def _opened(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    return cast(BinaryIO, gzip.open(path, "rb")) if zipped else path.open("rb")


async def publish(
    events: Iterable[Mapping[str, Any]],
    kafka: Kafka,
    topic: str,
    *,
    timestamps: Timestamps = Timestamps.NOW,
    record_bytes_max: int = RECORD_BYTES_MAX,
    on_sent: Callable[[int], None] | None = None,
) -> int:
    """Publish events in structured mode, in their order within each partition; returns how many.

    The producer is idempotent: a lost answer does not double a record. `on_sent` is called with how many more Kafka has.

    Raises:
        LogUnavailable: Kafka does not take them; what was sent so far stays. Publishing all again is safe: doubles are counted only.
        BadInput: Kafka refuses an event for its size.
    """
    producer = AIOKafkaProducer(
        **kafka.options(),
        enable_idempotence=True,
        acks="all",
        linger_ms=5,
        max_batch_size=256 * 1024,
        max_request_size=record_bytes_max + 256 * 1024,
    )
    total = 0
    try:
        await producer.start()
        waiting: list[Future[Any]] = []
        for event in events:
            headers, value = encode_structured(event)
            future = await producer.send(
                topic,
                value=value,
                key=record_key(event),
                headers=headers,
                timestamp_ms=_timestamp_ms(event, timestamps),
            )
            waiting.append(future)
            if len(waiting) >= IN_FLIGHT_MAX:
                total += await _arrived(waiting, on_sent)
        total += await _arrived(waiting, on_sent)
    except MessageSizeTooLargeError as error:
        raise BadInput(
            f"Kafka refuses an event for its size: {error}; raise max.message.bytes of {topic}"
        ) from error
    except (KafkaError, OSError) as error:
        raise kafka.unreachable(error) from error
    finally:
        await producer.stop()
    return total


async def _arrived(waiting: list[Future[Any]], on_sent: Callable[[int], None] | None) -> int:
    for future in waiting:
        await future
    count = len(waiting)
    waiting.clear()
    if on_sent is not None and count:
        on_sent(count)
    return count


def _timestamp_ms(event: Mapping[str, Any], timestamps: Timestamps) -> int | None:
    said = event.get("recordedtime")
    if timestamps is Timestamps.NOW or not isinstance(said, str):
        return None
    return parse_instant(said) // 1000
