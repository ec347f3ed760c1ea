"""Where things are: files that come with the service, and the addresses of engines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

import graph_service
from graph_service.core.errors import BadSettings, EngineError
from graph_service.settings import Settings

if TYPE_CHECKING:
    from ingest.kafka import Kafka

NEO4J_ADDRESS = re.compile(r"(bolt|neo4j)(\+s|\+ssc)?://.+")
_PACKAGE = Path(graph_service.__file__).parent


def demo_mapping() -> Path:
    """The mapping of the demo story: in the wheel, or in the source tree."""
    return _first(_PACKAGE / "_mappings" / "demo.yaml", _PACKAGE.parent / "deploy" / "mappings" / "demo.yaml")


def saved_query(operation: str) -> str:
    """The text of `queries/saved/<operation>.graphql`."""
    return (saved_folder() / f"{operation}.graphql").read_text(encoding="utf-8")


def saved_folder() -> Path:
    """The folder of the operations that ship: in the wheel, or in the source tree."""
    return _first(_PACKAGE / "_queries" / "saved", _PACKAGE.parent / "queries" / "saved")


def page_operations() -> list[Path]:
    """What the pages that are built here ask: one manifest for each."""
    return sorted((_PACKAGE / "static").glob("*/operations.json"))


def _first(*paths: Path) -> Path:
    for path in paths:
        if path.exists():
            return path
    raise EngineError(f"{paths[0]} is missing: the installation is not complete; install graph-service again")


def kafka_of(settings: Settings) -> Kafka:
    """How to reach the Kafka of the settings.

    Raises:
        BadSettings: there is none.
    """
    from ingest.kafka import Kafka

    settings.need("kafka_bootstrap")
    secret = settings.kafka_password
    return Kafka(
        bootstrap=settings.kafka_bootstrap or "",
        security_protocol=settings.kafka_security_protocol,
        sasl_mechanism=settings.kafka_sasl_mechanism,
        user=settings.kafka_user,
        password=secret.get_secret_value() if secret else None,
        ca_file=settings.kafka_ca_file,
    )


def with_running(settings: Settings) -> Settings:
    """The settings with the addresses of engines that run on the data folder, where none are configured.

    Raises:
        BadSettings: Neo4j is configured without a password.
    """
    from graph_service.local.folder import read_state
    from graph_service.local.process import is_running

    found: dict[str, object] = {}
    neo4j, kafka = read_state(settings.data / "neo4j"), read_state(settings.data / "kafka")
    if not settings.neo4j_uri and neo4j and neo4j.pid and is_running(neo4j.pid):
        found |= _neo4j_address(f"bolt://127.0.0.1:{neo4j.ports['bolt']}", "neo4j", neo4j.token)
    if not settings.kafka_bootstrap and kafka and kafka.pid and is_running(kafka.pid):
        found["kafka_bootstrap"] = f"127.0.0.1:{kafka.ports['broker']}"
    return settings.model_copy(update=found)


def need_neo4j(settings: Settings) -> Settings:
    """The settings with the address of a Neo4j: the configured one, or the one that runs on the data folder.

    Raises:
        BadSettings: there is neither.
    """
    found = with_running(settings)
    if not found.neo4j_uri:
        raise BadSettings(
            f"no Neo4j is configured, and none runs on {settings.data}; pass --neo4j-uri, or --data with the folder of a running "
            "`graph-service up` or `demo`"
        )
    found.need("neo4j_password")
    return found


def other_neo4j(settings: Settings, uri: str, user: str | None, password_file: Path | None) -> Settings:
    """The settings with the address of another Neo4j; user and password stay the same where they are not given.

    Raises:
        BadSettings: the address is none, or the file cannot be read.
    """
    if NEO4J_ADDRESS.fullmatch(uri) is None:
        raise BadSettings(f"{uri!r} is not the address of a Neo4j, such as bolt://localhost:7687")
    changed: dict[str, object] = {"neo4j_uri": uri}
    if user is not None:
        changed["neo4j_user"] = user
    if password_file is not None:
        try:
            changed["neo4j_password"] = SecretStr(password_file.read_text(encoding="utf-8").strip())
        except (OSError, UnicodeDecodeError) as error:
            raise BadSettings(f"the password file {password_file} cannot be read: {error}") from error
    return settings.model_copy(update=changed)


@contextmanager
def local_engines(settings: Settings) -> Iterator[Settings]:
    """Start those engines that are not configured; gives the settings with all addresses, and stops what it started.

    Raises:
        EngineError: one does not start; nothing is left running.
    """
    if settings.neo4j_uri:
        settings.need("neo4j_password")
    if settings.neo4j_uri and settings.kafka_bootstrap:
        yield settings
        return
    try:
        from graph_service.local import KafkaEngine, Neo4jEngine, ensure_jars, start_all
    except ImportError as error:
        raise EngineError(
            f"local engines need the extra `local` ({error}); install graph-service[local], or configure neo4j_uri and kafka_bootstrap"
        ) from error
    if settings.neo4j_uri:
        with KafkaEngine(settings.data / "kafka").start(ensure_jars()) as kafka:
            yield settings.model_copy(update={"kafka_bootstrap": kafka.bootstrap})
    elif settings.kafka_bootstrap:
        with Neo4jEngine(settings.data / "neo4j").start(ensure_jars()) as neo4j:
            yield settings.model_copy(update=_neo4j_address(neo4j.uri, neo4j.user, neo4j.password))
    else:
        with start_all(settings.data) as engines:
            address = _neo4j_address(engines.neo4j.uri, engines.neo4j.user, engines.neo4j.password)
            yield settings.model_copy(update={**address, "kafka_bootstrap": engines.kafka.bootstrap})


def _neo4j_address(uri: str, user: str, password: str) -> dict[str, object]:
    return {
        "neo4j_uri": uri,
        "neo4j_user": user,
        "neo4j_password": SecretStr(password),
        "neo4j_database": "neo4j",
    }


def free_port(settings: Settings, *, fall_back: bool = False) -> int:
    """The port for the API: as set, or a free one for 0, or where it is used and `fall_back`.

    Raises:
        BadSettings: the port is used.
    """
    from graph_service.local.ports import choose_ports, is_free

    if settings.port and is_free(settings.port):
        return settings.port
    if settings.port and not fall_back:
        raise BadSettings(
            f"port {settings.port} is used by another process; stop that one, or choose another with --port"
        )
    return choose_ports(chosen={"api": None}, remembered={})["api"]
