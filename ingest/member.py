"""The consumer of a group as this service wants it, and where a partition begins and ends."""

from __future__ import annotations

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener

from graph_service.core.errors import BadInput
from ingest.options import IngestOptions

log = structlog.get_logger("ingest")

POLL_MS = 200
"""The longest time without a look at the stop, at assignments and at idle partitions."""
METADATA_MAX_AGE_MS = 15_000
"""New topics and partitions are seen after so long."""


def group_consumer(options: IngestOptions, listener: ConsumerRebalanceListener) -> AIOKafkaConsumer:
    """A consumer that is not started yet. It commits nothing by itself, and does not see what Kafka transactions took back."""
    consumer = AIOKafkaConsumer(
        **options.kafka.options(),
        group_id=options.group_id,
        group_instance_id=options.group_instance_id,
        session_timeout_ms=options.group_session_timeout_ms,
        heartbeat_interval_ms=options.group_session_timeout_ms // 4,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        fetch_max_bytes=options.fetch_bytes_max,
        max_partition_fetch_bytes=min(options.fetch_bytes_max, options.partition_fetch_bytes_max),
        fetch_max_wait_ms=POLL_MS,
        metadata_max_age_ms=METADATA_MAX_AGE_MS,
    )
    consumer.subscribe(list(options.topics), listener=listener)
    return consumer


async def ends_of(
    consumer: AIOKafkaConsumer, parts: list[TopicPartition]
) -> dict[TopicPartition, tuple[int, int]]:
    """First offset and end of each partition, as Kafka has them now."""
    first, end = await consumer.beginning_offsets(parts), await consumer.end_offsets(parts)
    return {part: (first[part], end[part]) for part in parts}


def next_offset(part: TopicPartition, applied: int, first: int, end: int) -> int:
    """Where to go on behind the last applied offset; says so when Kafka does not have it any more."""
    wanted = applied + 1
    if wanted > end:
        raise BadInput(
            f"{part.topic}/{part.partition} ends at offset {end}, but the graph holds it up to {applied}: Kafka has lost records. "
            "Ingest what is left into an empty graph, or go on under another topic"
        )
    if 0 < wanted < first:
        log.warning(
            "records are gone from Kafka before they were applied",
            partition=part,
            first_missing=wanted,
            first=first,
        )
    return max(wanted, first)
