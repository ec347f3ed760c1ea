"""What the shorter commands do."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from graph_service.cli.exposing import need_access
from graph_service.cli.loop import run_served
from graph_service.cli.places import kafka_of, local_engines, need_neo4j, with_running
from graph_service.cli.running import Running, driver_of, run
from graph_service.core.errors import BadInput, BadSettings
from graph_service.settings import PREFIX, Settings

UP_PARTITIONS = 3
INSTANCE = "graph-service-local"
"""Name of a process that has its Kafka to itself: a start after a crash need not wait for the group to forget it."""


def run_up(settings: Settings) -> None:
    """Engines, ingester and API until Ctrl-C."""
    from graph_service.cli.places import free_port
    from graph_service.mapping import Mapping

    settings.need("mapping", "topics")
    settings = need_access(settings, local=True)
    Mapping.load(settings.mapping)
    free_port(settings)
    own_kafka = settings.kafka_bootstrap is None
    if own_kafka and settings.group_instance_id is None:
        settings = settings.model_copy(update={"group_instance_id": INSTANCE})
    with local_engines(settings) as found:
        run_served(_up(found))


async def _up(settings: Settings) -> None:
    from ingest.kafka import create_topic

    for topic in settings.topics:
        await create_topic(kafka_of(settings), topic, partitions=UP_PARTITIONS)
    await run(settings, ingest=True, api=True, meanwhile=_say_addresses)


async def _say_addresses(running: Running) -> None:
    console = Console(stderr=True)
    console.print(
        f"Kafka    {running.settings.kafka_bootstrap}   topics {', '.join(running.settings.topics)}",
        highlight=False,
    )
    console.print(f"Neo4j    {running.settings.neo4j_uri}", highlight=False)
    console.print(
        f"GraphQL  {running.address}/graphql   by hand: {running.address}/graphiql/", highlight=False
    )
    console.print("Ctrl-C stops all of it.", highlight=False)


def run_publish(
    settings: Settings,
    files: Sequence[Path],
    topic: str,
    *,
    skip_bad: bool,
    timestamps: str,
    create: int | None,
) -> None:
    """Check all lines, then publish them with a bar. Exit code 1 when lines were left out."""
    from ingest.publish import Timestamps, read_events

    if timestamps not in list(Timestamps):
        raise BadSettings(f"--timestamps: {timestamps!r} is not one of {', '.join(Timestamps)}")
    found = with_running(settings)
    kafka = kafka_of(found)
    bad: list[str] = []
    total = sum(1 for _ in read_events(files, on_bad=bad.append if skip_bad else None))
    for line in bad:
        typer.echo(f"left out: {line}", err=True)

    async def go() -> int:
        from ingest.kafka import create_topic
        from ingest.publish import publish

        if create is not None:
            await create_topic(kafka, topic, partitions=create)
        with _bar() as bar:
            task = bar.add_task(f"to {topic}", total=total)
            events = read_events(files, on_bad=lambda _: None)
            return await publish(
                events,
                kafka,
                topic,
                timestamps=Timestamps(timestamps),
                on_sent=lambda count: bar.advance(task, count),
            )

    sent = asyncio.run(go())
    typer.echo(f"{sent} events published to {topic}" + (f", {len(bad)} lines left out" if bad else ""))
    if bad:
        raise typer.Exit(1)


def run_status(settings: Settings) -> None:
    """Print the status as JSON."""

    async def go() -> Any:
        from graph_service.store.read.reader import Reader

        async with driver_of(found) as driver:
            return await Reader(driver, database=found.neo4j_database).status()

    found = need_neo4j(settings)
    answer = asyncio.run(go())
    plain = (
        dataclasses.asdict(answer)
        if dataclasses.is_dataclass(answer) and not isinstance(answer, type)
        else answer
    )
    typer.echo(json.dumps(plain, indent=2, default=str))


def show_settings(settings: Settings) -> None:
    """Print all settings."""
    for name, value in settings.shown():
        described = type(settings).model_fields[name].description or ""
        typer.echo(f"# {described}\n{PREFIX}{name.upper()}={value}")


def sample_lines(path: Path) -> Iterator[bytes]:
    """The lines of a sample file, plain or gzip.

    Raises:
        BadInput: it cannot be read.
    """
    import gzip
    import zlib

    try:
        content = path.read_bytes()
        yield from (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).splitlines()
    except (OSError, EOFError, zlib.error) as error:
        raise BadInput(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
