"""The demo story in a graph, through the real decoding, mapping and writer, recorded at the times that it tells."""

from __future__ import annotations

import json

from neo4j import AsyncDriver

from graph_service.cli.places import demo_mapping
from graph_service.core.time import parse_instant
from graph_service.mapping import Mapping, Record
from graph_service.store.write.batch import Advance, Batch, DeadLetter, MappedEvent
from graph_service.store.write.records import Rules, content_of
from graph_service.store.write.writer import Writer
from graph_service.story import events
from tests.live.writing import BATCH

TOPIC = "story"


async def write_story(driver: AsyncDriver, *, unreadable: int = 0) -> int:
    """All of it, over one partition, then so many records that nobody can read; returns the known time of the last."""
    mapping = Mapping.load([demo_mapping()])
    writer, rules = Writer(driver), Rules(mapping=mapping)
    await writer.migrate()
    await writer.declare(
        mapping.vocabulary, mapping.version, [(f.name, f.version, f.text) for f in mapping.files]
    )
    position = await writer.assign(TOPIC, 0, topic_id=TOPIC)
    told = [(json.dumps(one).encode(), parse_instant(str(one["recordedtime"]))) for one in events()]
    told += [(b"no event", told[-1][1] + number) for number in range(1, unreadable + 1)]
    records = [
        (offset, known, content_of(Record(topic=TOPIC, partition=0, offset=offset, timestamp_ms=known // 1000, value=value), known, rules))
        for offset, (value, known) in enumerate(told)
    ]  # fmt: skip
    for start in range(0, len(records), BATCH):
        some = records[start : start + BATCH]
        offset, known, _ = some[-1]
        contents = [content for _, _, content in some]
        await writer.write(
            Batch(
                advances=(
                    Advance(topic=TOPIC, partition=0, epoch=position.epoch, offset=offset, recorded_at=known),
                ),
                events=tuple(one for one in contents if isinstance(one, MappedEvent)),
                dead_letters=tuple(one for one in contents if isinstance(one, DeadLetter)),
                unmapped=(),
            )
        )
    return records[-1][1]
