"""How to reach Kafka, and the few things asked of it besides records: topics, their ids and their ends."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from graph_service.core.errors import BadSettings, LogUnavailable

REQUEST_TIMEOUT_S = 15.0
REPLICATION = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Kafka:
    """Where Kafka is, and how to sign in."""

    #: host:port, several separated by commas.
    bootstrap: str
    #: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.
    security_protocol: str = "PLAINTEXT"
    #: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; used with the SASL protocols.
    sasl_mechanism: str = "PLAIN"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    #: Certificates to trust; the system's own when None.
    ca_file: Path | None = None

    def options(self) -> dict[str, Any]:
        """Arguments that every client takes."""
        found: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": self.security_protocol,
            "request_timeout_ms": int(REQUEST_TIMEOUT_S * 1000),
        }
        if self.security_protocol.endswith("SSL"):
            found["ssl_context"] = ssl.create_default_context(cafile=self.ca_file)
        if self.security_protocol.startswith("SASL"):
            found |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password,
            }
        return found

    def unreachable(self, error: BaseException) -> LogUnavailable:
        """The error to raise when Kafka does not answer."""
        return LogUnavailable(
            f"Kafka at {self.bootstrap} does not answer ({type(error).__name__}: {error}); check the address and that it runs"
        )


def has_fast_records() -> bool:
    """Whether aiokafka reads records with its C extension; without it, it is a hundred times slower."""
    try:
        import_module("aiokafka.record._crecords")
    except ImportError:
        return False
    return True


def require_fast_records(*, slow_allowed: bool) -> None:
    """Refuse the slow way of reading records, unless it was asked for.

    Raises:
        BadSettings: the C extension is missing.
    """
    if not slow_allowed and not has_fast_records():
        raise BadSettings(
            "aiokafka is installed without its C extension and would read records a hundred times slower; "
            "install a wheel of it, or set GRAPH_SERVICE_SLOW_KAFKA_ALLOWED=true"
        )


@asynccontextmanager
async def admin(kafka: Kafka) -> AsyncIterator[AIOKafkaAdminClient]:
    """A started admin client.

    Raises:
        LogUnavailable: Kafka does not answer.
    """
    client = AIOKafkaAdminClient(**kafka.options())
    try:
        await client.start()
    except (KafkaError, OSError) as error:
        await client.close()
        raise kafka.unreachable(error) from error
    try:
        yield client
    finally:
        await client.close()


async def create_topic(
    kafka: Kafka,
    name: str,
    *,
    partitions: int = 1,
    replication: int | None = None,
    configs: Mapping[str, str] | None = None,
) -> bool:
    """Create a topic; False when it is there already, whatever its settings. `replication` None: 3, or as many as there are brokers.

    Raises:
        LogUnavailable: Kafka does not answer, or refuses.
    """
    async with admin(kafka) as client:
        if replication is None:
            replication = min(REPLICATION, len((await client.describe_cluster())["brokers"]))
        new = NewTopic(name, partitions, replication, topic_configs=dict(configs or {}))
        answer = await client.create_topics([new])
        for _, code, *text in answer.topic_errors:
            if code == TopicAlreadyExistsError.errno:
                return False
            if code:
                reason = next((str(one) for one in text if one), for_code(code).__name__)
                raise LogUnavailable(f"Kafka does not create the topic {name}: {reason}")
    return True


async def records_total(kafka: Kafka, topic: str) -> int:
    """How many offsets a topic holds, over all partitions; 0 when there is no such topic."""
    async with consumer_of(kafka) as consumer:
        numbers = await _partitions(kafka, topic)
        parts = [TopicPartition(topic, number) for number in numbers]
        if not parts:
            return 0
        first, last = await consumer.beginning_offsets(parts), await consumer.end_offsets(parts)
        return sum(last[part] - first[part] for part in parts)


@asynccontextmanager
async def consumer_of(kafka: Kafka, **more: Any) -> AsyncIterator[AIOKafkaConsumer]:
    """A started consumer without a group.

    Raises:
        LogUnavailable: Kafka does not answer.
    """
    consumer = AIOKafkaConsumer(**kafka.options(), **more)
    try:
        await consumer.start()
    except (KafkaError, OSError) as error:
        await consumer.stop()
        raise kafka.unreachable(error) from error
    try:
        yield consumer
    finally:
        await consumer.stop()


async def _partitions(kafka: Kafka, topic: str) -> list[int]:
    async with admin(kafka) as client:
        found = await client.describe_topics([topic])
    return (
        [one["partition"] for one in found[0]["partitions"]] if found and not found[0]["error_code"] else []
    )
