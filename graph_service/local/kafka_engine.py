"""A real Kafka as a child process: one node that is broker and controller (KRaft)."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from graph_service.local.engine import (
    PREPARE_HEAP_MB,
    PREPARE_TIMEOUT_S,
    START_TIMEOUT_S,
    STOP_GRACE_S,
    Engine,
)
from graph_service.local.folder import EngineState
from graph_service.local.jars import Jars
from graph_service.local.java import java_command
from graph_service.local.kafka_wire import cluster_id_at
from graph_service.local.ports import LOOPBACK
from graph_service.local.process import Command, run_tool

MAIN = "kafka.Kafka"
STORAGE_TOOL = "kafka.tools.StorageTool"
#: A quick compiler and collector: it starts in half the time, and a broker mostly moves bytes.
QUICK_OPTIONS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
LOG_OPTIONS = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)
MESSAGE_BYTES_MAX = 1_048_588
SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
controller.listener.names=CONTROLLER
listeners={listeners},CONTROLLER://{host}:{controller}
advertised.listeners={advertised}
listener.security.protocol.map={protocols},CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
# Known time comes from the log, and the log is the truth: it stamps, and it forgets nothing.
log.message.timestamp.type=LogAppendTime
log.retention.ms=-1
offsets.retention.minutes=2147483647
auto.create.topics.enable=false
num.partitions=1
message.max.bytes={message_bytes_max}
# One node, few clients.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
num.network.threads=2
num.io.threads=2
background.threads=2
log.cleaner.dedupe.buffer.size=4194304
broker.heartbeat.interval.ms=500
"""


class KafkaEngine(Engine):
    """Kafka in one data folder, on the loopback interface.

    Its topics keep everything, and stamp it when it is appended.
    """

    title: ClassVar[str] = "Kafka"
    name: ClassVar[str] = "kafka"

    def __init__(
        self,
        home: Path,
        *,
        heap_mb: int = 256,
        port: int | None = None,
        message_bytes_max: int = MESSAGE_BYTES_MAX,
        advertised: Mapping[str, int] | None = None,
        start_timeout_s: float = START_TIMEOUT_S,
        stop_grace_s: float = STOP_GRACE_S,
    ) -> None:
        """Nothing is started yet.

        A port of None is chosen; `message_bytes_max` holds for topics that do not say else. `advertised` adds listeners for clients
        that come through something in between, such as a proxy: by name (upper case), the port at which those clients are told
        to find this broker. Where the broker itself listens for them: `port_of`.
        """
        super().__init__(home, heap_mb=heap_mb, start_timeout_s=start_timeout_s, stop_grace_s=stop_grace_s)
        self._port = port
        self._message_bytes_max = message_bytes_max
        self._advertised = dict(advertised or {})

    def port_of(self, listener: str) -> int:
        """The port on which the running broker listens for clients of this advertised listener."""
        return self.state.ports[listener]

    @property
    def bootstrap(self) -> str:
        """For a client: `host:port`."""
        return f"{LOOPBACK}:{self.state.ports['broker']}"

    @property
    def cluster_id(self) -> str:
        """The id that the store was formatted with."""
        return self.state.token

    def _chosen_ports(self) -> Mapping[str, int | None]:
        return {"broker": self._port, "controller": None, **dict.fromkeys(self._advertised)}

    def _new_token(self) -> str:
        return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")

    def _data_path(self) -> Path:
        return self._home / "data"

    def _settings_path(self) -> Path:
        return self._home / "conf" / "server.properties"

    def _write_settings(self, state: EngineState) -> None:
        listens = {"PLAINTEXT": state.ports["broker"]} | {
            name: state.ports[name] for name in self._advertised
        }
        told = {"PLAINTEXT": state.ports["broker"]} | self._advertised
        text = SETTINGS.format(
            host=LOOPBACK,
            listeners=",".join(f"{name}://{LOOPBACK}:{port}" for name, port in listens.items()),
            advertised=",".join(f"{name}://{LOOPBACK}:{port}" for name, port in told.items()),
            protocols=",".join(f"{name}:PLAINTEXT" for name in told),
            controller=state.ports["controller"],
            data=self._data_path(),
            message_bytes_max=self._message_bytes_max,
        )
        self._settings_path().write_text(text, encoding="utf-8")

    def _make_store(self, state: EngineState, jars: Jars) -> None:
        chosen = (f"--config={self._settings_path()}", f"--cluster-id={state.token}")
        command = java_command(
            options=(*self._java_options(PREPARE_HEAP_MB), *QUICK_OPTIONS, *LOG_OPTIONS),
            class_path=jars.class_path(self.name),
            program=(STORAGE_TOOL, "format", "--ignore-formatted", *chosen),
            arguments_path=self._home / "java.args",
        )
        run_tool(command, what="Making the store of Kafka", timeout_s=PREPARE_TIMEOUT_S)

    def _command(self, jars: Jars) -> Command:
        return java_command(
            options=(*self._java_options(self._heap_mb), *QUICK_OPTIONS, *LOG_OPTIONS),
            class_path=jars.class_path(self.name),
            program=(MAIN, str(self._settings_path())),
            arguments_path=self._home / "java.args",
        )

    def _is_ours(self, state: EngineState) -> bool:
        return cluster_id_at(state.ports["broker"]) == state.token
