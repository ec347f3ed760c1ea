"""A real Neo4j Community as a child process."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from graph_service.local.bolt import lives_in
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
from graph_service.local.ports import LOOPBACK
from graph_service.local.process import Command, log_end, run_tool

USER = "neo4j"
MAIN = "org.neo4j.server.Neo4jCommunity"
ADMIN = "org.neo4j.cli.AdminTool"
OPENED_PACKAGES = ("java.nio", "java.io", "sun.nio.ch")
#: Below this heap the serial collector needs less memory and starts sooner, at pauses of some 10 ms.
SERIAL_HEAP_MB_MAX = 1024
SETTINGS = """\
server.default_listen_address={host}
server.bolt.listen_address={host}:{bolt}
server.bolt.advertised_address={host}:{bolt}
server.http.enabled={http_enabled}
server.http.listen_address={host}:{http}
server.https.enabled=false
server.memory.pagecache.size={pagecache_mb}m
# A new store is 2 MB so, and half a gigabyte else.
db.tx_log.preallocate=false
db.tx_log.rotation.retention_policy=256M size
db.logs.query.enabled=OFF
# Tell nobody.
dbms.usage_report.enabled=false
dbms.fleet_manager.enabled=false
server.fleet_discovery.enabled=false
client.allow_telemetry=false
server.bolt.telemetry.enabled=false
dbms.security.allow_csv_import_from_file_urls=false
# A stop waits for nobody: 0.3 s, and 10 s else.
internal.dbms.bolt.netty_server_shutdown_quiet_period_duration=0s
internal.dbms.bolt.netty_server_shutdown_timeout=2s
internal.server.bolt.thread_pool_shutdown_wait_time=1s
internal.server.bolt.connection_shutdown_wait_time=1s
"""


class Neo4jEngine(Engine):
    """Neo4j in one data folder, on the loopback interface, with a random password that the folder
    remembers.
    """

    title: ClassVar[str] = "Neo4j"
    name: ClassVar[str] = "neo4j"

    def __init__(
        self,
        home: Path,
        *,
        heap_mb: int = 768,
        pagecache_mb: int = 256,
        bolt_port: int | None = None,
        http: bool = False,
        http_port: int | None = None,
        short_lived: bool = False,
        start_timeout_s: float = START_TIMEOUT_S,
        stop_grace_s: float = STOP_GRACE_S,
    ) -> None:
        """Nothing is started yet.

        Ports of None are chosen. `http` adds the HTTP endpoints. `short_lived`
        compiles quickly rather than well: half the CPU time for the start, and slower once it has run for
        minutes.
        """
        super().__init__(home, heap_mb=heap_mb, start_timeout_s=start_timeout_s, stop_grace_s=stop_grace_s)
        self._pagecache_mb = pagecache_mb
        self._bolt_port = bolt_port
        self._http_port = http_port
        self._http = http
        self._short_lived = short_lived

    @property
    def uri(self) -> str:
        """For a driver: `bolt://host:port`."""
        return f"bolt://{LOOPBACK}:{self.state.ports['bolt']}"

    @property
    def user(self) -> str:
        """The only user."""
        return USER

    @property
    def password(self) -> str:
        """The user's password. A secret: do not print it unasked."""
        return self.state.token

    @property
    def http_url(self) -> str | None:
        """The address of the HTTP endpoint; None where it was not asked for."""
        return f"http://{LOOPBACK}:{self.state.ports['http']}" if self._http else None

    def _chosen_ports(self) -> Mapping[str, int | None]:
        return {"bolt": self._bolt_port} | ({"http": self._http_port} if self._http else {})

    def _new_token(self) -> str:
        return secrets.token_urlsafe(24)

    def _data_path(self) -> Path:
        return self._home / "data"

    def _write_settings(self, state: EngineState) -> None:
        text = SETTINGS.format(
            host=LOOPBACK,
            bolt=state.ports["bolt"],
            http_enabled=str(self._http).lower(),
            http=state.ports.get("http", 0),
            pagecache_mb=self._pagecache_mb,
        )
        (self._home / "conf" / "neo4j.conf").write_text(text, encoding="utf-8")

    def _make_store(self, state: EngineState, jars: Jars) -> None:
        """The admin tool leaves the password, hashed, where the first start of the server finds it."""
        arguments_path = self._home / "admin.args"
        # "--": a random password may begin with a dash.
        program = (ADMIN, "dbms", "set-initial-password", "--", state.token)
        command = java_command(
            options=(*self._java_options(PREPARE_HEAP_MB), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
            class_path=jars.class_path(self.name),
            program=program,
            arguments_path=arguments_path,
            variables=self._variables(),
        )
        try:
            run_tool(command, what="Setting the password of Neo4j", timeout_s=PREPARE_TIMEOUT_S)
        finally:
            arguments_path.unlink(missing_ok=True)

    def _command(self, jars: Jars) -> Command:
        opened = tuple(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED_PACKAGES)
        collector = "-XX:+UseSerialGC" if self._heap_mb <= SERIAL_HEAP_MB_MAX else "-XX:+UseG1GC"
        compiler = ("-XX:TieredStopAtLevel=1",) if self._short_lived else ()
        return java_command(
            options=(*self._java_options(self._heap_mb), collector, *compiler, *opened),
            class_path=jars.class_path(self.name),
            program=(MAIN, f"--home-dir={self._home}", f"--config-dir={self._home / 'conf'}"),
            arguments_path=self._home / "java.args",
            variables=self._variables(),
        )

    def _variables(self) -> tuple[tuple[str, str], ...]:
        return (("NEO4J_HOME", str(self._home)), ("NEO4J_CONF", str(self._home / "conf")))

    def _is_ours(self, state: EngineState) -> bool:
        return lives_in(self._home, port=state.ports["bolt"], user=USER, password=state.token)

    def _log_end(self) -> str:
        return f"{log_end(self.log_path)} | {log_end(self._home / 'logs' / 'neo4j.log')}"
