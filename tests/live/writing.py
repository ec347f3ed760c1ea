"""CloudEvents straight into the graph, through the real decoding, mapping and writer: for tests to which Kafka adds nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

from neo4j import AsyncDriver

from graph_service.mapping import Mapping as EventMapping
from graph_service.mapping import Record
from graph_service.store.write.batch import Advance, Batch, DeadLetter, MappedEvent
from graph_service.store.write.records import Rules, content_of
from graph_service.store.write.writer import Writer

BATCH = 500


async def write_events(
    driver: AsyncDriver,
    mapping: EventMapping,
    events: Iterable[Mapping[str, Any] | bytes],
    *,
    recorded_from: int = 1_000_000,
    topic: str = "tests",
    letters: bool = False,
) -> int:
    """Record each event (bytes as they are) one microsecond after the one before; returns the known time of the last. None may be a dead
    letter, but with `letters`.
    """
    writer = Writer(driver)
    await writer.migrate()
    files = [(file.name, file.version, file.text) for file in mapping.files]
    await writer.declare(mapping.vocabulary, mapping.version, files)
    position = await writer.assign(topic, 0, topic_id=topic)
    offsets, known = count(position.offset + 1), recorded_from
    contents = []
    for event in events:
        offset = next(offsets)
        value = event if isinstance(event, bytes) else json.dumps(event).encode()
        record = Record(topic=topic, partition=0, offset=offset, timestamp_ms=0, value=value)
        content = content_of(record, known, Rules(mapping=mapping))
        assert letters or not isinstance(content, DeadLetter), content
        contents.append((offset, known, content))
        known += 1
    for start in range(0, len(contents), BATCH):
        some = contents[start : start + BATCH]
        offset, recorded_at, _ = some[-1]
        advance = Advance(
            topic=topic, partition=0, epoch=position.epoch, offset=offset, recorded_at=recorded_at
        )
        mapped = tuple(content for _, _, content in some if isinstance(content, MappedEvent))
        dead = tuple(content for _, _, content in some if isinstance(content, DeadLetter))
        await writer.write(Batch(advances=(advance,), events=mapped, dead_letters=dead, unmapped=()))
    return known - 1
