"""All settings: from flags, the environment (`GRAPH_SERVICE_…`), a TOML file, in this order; then the defaults.

A secret may also stand in a file of its own: `neo4j_password_file` instead of `neo4j_password`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from graph_service.core.errors import BadSettings
from graph_service.settings_api import LISTS as API_LISTS
from graph_service.settings_api import ApiSettings

PREFIX = "GRAPH_SERVICE_"
FILE_NAME = "graph-service.toml"
CONFIG_VARIABLE = PREFIX + "CONFIG"
#: Used by the tests and the tools, not settings of the service.
OTHER_VARIABLES = ("CONFIG", "CACHE", "TEST_")
SECRETS = ("neo4j_password", "kafka_password")
LISTS = ("topics", "mapping", *API_LISTS)

Port = Annotated[int, Field(ge=0, le=65535)]
TopicName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9._-]{1,249}$")]


class Settings(ApiSettings, BaseSettings):
    """Everything that can be set. Immutable."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    neo4j_uri: str | None = Field(
        None,
        pattern=r"^(bolt|neo4j)(\+s|\+ssc)?://.+",
        description="Address of Neo4j; none: `up` starts a local one.",
    )
    neo4j_user: str = Field("neo4j", description="User of Neo4j.")
    neo4j_password: SecretStr | None = Field(None, description="Password of Neo4j.")
    neo4j_password_file: Path | None = Field(None, description="File with the password of Neo4j.")
    neo4j_database: str = Field("neo4j", description="Database in Neo4j.")
    neo4j_transaction_timeout_s: float = Field(30.0, gt=0, description="Longest write transaction.")

    kafka_bootstrap: str | None = Field(
        None, min_length=1, description="host:port of Kafka; none: `up` starts a local one."
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How to connect to Kafka."
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "PLAIN", description="How to sign in to Kafka."
    )
    kafka_user: str | None = Field(None, description="User of Kafka.")
    kafka_password: SecretStr | None = Field(None, description="Password of Kafka.")
    kafka_password_file: Path | None = Field(None, description="File with the password of Kafka.")
    kafka_ca_file: Path | None = Field(
        None, description="Certificates to trust for Kafka; none: the system's."
    )
    slow_kafka_allowed: bool = Field(
        False, description="Run even without the C extension of the Kafka client."
    )

    topics: Annotated[tuple[TopicName, ...], NoDecode] = Field(
        (), description="Topics to ingest; in the environment separated by commas."
    )
    group_id: str = Field("graph-service", min_length=1, description="Consumer group.")
    group_instance_id: str | None = Field(
        None, description="Name of this process in the group that stays the same over restarts."
    )
    group_session_timeout_s: float = Field(
        10.0,
        ge=1,
        le=1800,
        description="A process of the group that is silent for so long loses its partitions.",
    )
    dead_letter_topic: TopicName | None = Field(
        None, description="Topic for dead letters; none: TOPIC.dead-letters."
    )
    unmapped_to_dead_letters: bool = Field(
        False, description="Whether events without a rule become dead letters; otherwise they are counted."
    )
    mapping: Annotated[tuple[Path, ...], NoDecode] = Field(
        (), description="Mapping files; in the environment separated by commas."
    )
    batch_events_max: int = Field(
        8000,
        ge=1,
        le=10_000,
        description="Records in one transaction, at most: so many come together only under lag.",
    )
    batch_wait_ms: int = Field(50, ge=0, le=60_000, description="How long a batch waits to fill up.")
    changes_kept_days: float = Field(
        7.0, gt=0, le=36_500, description="How long the change log is kept, from the latest record back."
    )
    changes_kept_max: int = Field(
        500_000, ge=1, description="Transactions whose changes are kept, at most; the oldest go first."
    )
    record_bytes_max: int = Field(
        1024 * 1024, ge=1024, le=64 * 1024 * 1024, description="Largest record that is accepted."
    )

    host: str = Field("127.0.0.1", description="Address that the API listens on; 0.0.0.0 for all.")
    port: Port = Field(8080, description="Port that the API listens on; 0: a free one.")

    data: Path = Field(Path(".data/up"), description="Folder with the data of local engines.")
    log_format: Literal["auto", "console", "json"] = Field(
        "auto", description="console for people, json for machines; auto: by terminal."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least level of what is logged."
    )

    @field_validator(*LISTS, mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        """Text is a list separated by commas."""
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @model_validator(mode="after")
    def _secrets_from_files(self) -> Self:
        for name in SECRETS:
            path: Path | None = getattr(self, f"{name}_file")
            if path is None:
                continue
            if getattr(self, name) is not None:
                raise ValueError(f"{name} and {name}_file are both given; leave one out")
            try:
                text = path.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise ValueError(f"{name}_file: {path} cannot be read: {error}") from error
            # The model is frozen for everybody else; this completes it.
            object.__setattr__(self, name, SecretStr(text))
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags over environment over file. Flags and file come in by `load_settings`."""
        assert isinstance(init_settings, InitSettingsSource)
        given = init_settings.init_kwargs
        return (
            InitSettingsSource(settings_cls, init_kwargs=dict(given.get("flags", {}))),
            env_settings,
            InitSettingsSource(settings_cls, init_kwargs=dict(given.get("file", {}))),
        )

    def need(self, *names: str) -> None:
        """Refuse to go on without these.

        Raises:
            BadSettings: one of them is not given; says how to.
        """
        for name in names:
            if not getattr(self, name):
                raise BadSettings(
                    f"{name} is not set; pass --{name.replace('_', '-')}, set {PREFIX}{name.upper()}, or write it into {FILE_NAME}"
                )

    def shown(self) -> Iterator[tuple[str, str]]:
        """Every setting as name and text, secrets masked."""
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, tuple):
                value = ",".join(map(str, value))
            yield name, "" if value is None else str(value)


def load_settings(config: Path | None = None, **flags: Any) -> Settings:
    """Read all sources. `config` None: the file of $GRAPH_SERVICE_CONFIG, else `graph-service.toml` in this folder, if it is there.
    Flags of None are not given.

    Raises:
        BadSettings: names every setting that is wrong, and where it comes from.
    """
    path = config or _default_file()
    file = {} if path is None else _read(path)
    given = {name: value for name, value in flags.items() if value is not None and value != ()}
    _check_names(file, path)
    try:
        return Settings(flags=given, file=file)  # type: ignore[call-arg]
    except ValidationError as error:
        raise BadSettings("; ".join(_sentences(error, given, file, path))) from error


def _default_file() -> Path | None:
    if named := os.environ.get(CONFIG_VARIABLE):
        return Path(named)
    path = Path(FILE_NAME)
    return path if path.exists() else None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadSettings(f"the settings file {path} cannot be read: {reason}") from error


def _check_names(file: Mapping[str, Any], path: Path | None) -> None:
    """A misspelt name must not be passed over: neither in the file nor in the environment."""
    known = set(Settings.model_fields)
    unknown = [f"{name} in {path}" for name in file if name not in known]
    for variable in os.environ:
        name = variable.removeprefix(PREFIX)
        if name != variable and name.lower() not in known and not name.startswith(OTHER_VARIABLES):
            unknown.append(f"the variable {variable}")
    if unknown:
        raise BadSettings(
            f"there is no setting of this name: {', '.join(unknown)}; see `graph-service settings`"
        )


def _sentences(
    error: ValidationError, flags: Mapping[str, Any], file: Mapping[str, Any], path: Path | None
) -> Iterator[str]:
    for one in error.errors(include_url=False, include_context=False, include_input=False):
        name = str(one["loc"][0]) if one["loc"] else ""
        message = one["msg"].removeprefix("Value error, ")
        if not name:
            yield message
        elif name in flags:
            yield f"--{name.replace('_', '-')}: {message}"
        elif f"{PREFIX}{name.upper()}" in os.environ:
            yield f"{PREFIX}{name.upper()}: {message}"
        else:
            yield f"{name} in {path}: {message}" if name in file else f"{name}: {message}"
