"""What an ingester is told: where from, as whom, and its limits."""

from __future__ import annotations

from dataclasses import dataclass

from graph_service.mapping import RECORD_BYTES_MAX
from ingest.kafka import Kafka


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestOptions:
    """How to consume. All limits have defaults that suit 2 cores and events of some kilobytes."""

    kafka: Kafka
    topics: tuple[str, ...]
    group_id: str = "graph-service"
    #: A name that stays the same over restarts, different for each process of the group: then a restart needs no rebalance.
    group_instance_id: str | None = None
    #: A process that is silent for so long loses its partitions to the others of the group.
    group_session_timeout_ms: int = 10_000
    #: Records in one transaction, however quick the store is (see `ingest.sizing`).
    batch_events_max: int = 8000
    #: How long a batch waits to fill up, from its first record on.
    batch_wait_ms: int = 50
    #: A batch takes no more records once it holds so many bytes; decoded they are some times as large.
    batch_bytes_max: int = 8 * 1024 * 1024
    record_bytes_max: int = RECORD_BYTES_MAX
    #: In one answer of Kafka, at most (a single larger record is fetched all the same).
    fetch_bytes_max: int = 16 * 1024 * 1024
    #: Fetched of one partition and not yet decoded, at most (with the same exception).
    partition_fetch_bytes_max: int = 1024 * 1024
    #: None: `<topic>.dead-letters`.
    dead_letter_topic: str | None = None
    unmapped_to_dead_letters: bool = False
    #: A partition counts as idle when it gave nothing for so long and is at its end.
    idle_after_ms: int = 1000
    #: How long the change log is kept, from the latest record back, and how many transactions of it at most.
    changes_kept_s: float = 7 * 86_400.0
    changes_kept_max: int = 500_000
    #: Whether to run without aiokafka's C extension.
    slow_kafka_allowed: bool = False
