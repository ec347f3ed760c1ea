"""Flags that several commands share; each one is a setting of the same name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeVar

import typer

T = TypeVar("T")
_CONNECTIONS, _INGEST, _API = "Where Neo4j and Kafka are", "What to ingest", "API"

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="Settings file (TOML). Without it: graph-service.toml in this folder, if it is there.",
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data", help="Folder with the data of the local engines. [default: .data/up]", show_default=False
    ),
]
Neo4jUri = Annotated[
    str | None,
    typer.Option(
        "--neo4j-uri", help="Address of Neo4j, such as bolt://localhost:7687.", rich_help_panel=_CONNECTIONS
    ),
]
Neo4jUser = Annotated[
    str | None, typer.Option("--neo4j-user", help="User of Neo4j.", rich_help_panel=_CONNECTIONS)
]
Neo4jPasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--neo4j-password-file",
        help="File with the password of Neo4j (or set GRAPH_SERVICE_NEO4J_PASSWORD).",
        rich_help_panel=_CONNECTIONS,
    ),
]
KafkaBootstrap = Annotated[
    str | None,
    typer.Option("--kafka", help="Address of Kafka, such as localhost:9092.", rich_help_panel=_CONNECTIONS),
]
Topics = Annotated[
    list[str] | None,
    typer.Option(
        "--topic", help="Topic to ingest; may be repeated.", rich_help_panel=_INGEST, show_default=False
    ),
]
MappingFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--mapping", help="Mapping file; may be repeated.", rich_help_panel=_INGEST, show_default=False
    ),
]
GroupId = Annotated[
    str | None, typer.Option("--group-id", help="Consumer group in Kafka.", rich_help_panel=_INGEST)
]
BatchEventsMax = Annotated[
    int | None,
    typer.Option("--batch-events-max", help="Records in one transaction.", rich_help_panel=_INGEST),
]
BatchWaitMs = Annotated[
    int | None,
    typer.Option("--batch-wait-ms", help="How long a batch waits to fill up.", rich_help_panel=_INGEST),
]
Host = Annotated[
    str | None, typer.Option("--host", help="Address to listen on; 0.0.0.0 for all.", rich_help_panel=_API)
]
Port = Annotated[
    int | None, typer.Option("--port", help="Port to listen on; 0 for a free one.", rich_help_panel=_API)
]
Insecure = Annotated[
    bool | None,
    typer.Option(
        "--insecure",
        help="Let everybody in who reaches the API, without log-in.",
        rich_help_panel=_API,
        show_default=False,
    ),
]
ApiKeysFile = Annotated[
    Path | None,
    typer.Option(
        "--api-keys-file",
        help="File of API keys, as `graph-service api-key` prints them.",
        rich_help_panel=_API,
    ),
]
OtherUser = Annotated[
    str | None,
    typer.Option(help="User of the other Neo4j. [default: the same]", show_default=False),
]
OtherPasswordFile = Annotated[
    Path | None,
    typer.Option(help="File with the password of the other Neo4j. [default: the same]", show_default=False),
]
First = Annotated[int, typer.Option("--first", min=0, help="Name at most so many of what differs.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def repeated(values: list[T] | None) -> tuple[T, ...] | None:
    """What a repeated flag gave; None when it was not given."""
    return tuple(values) if values else None
