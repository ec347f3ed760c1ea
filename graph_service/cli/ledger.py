"""Backup that restores, and erasure: `export`, `import` and `erase`."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, cast

import typer

from graph_service.cli import flags
from graph_service.core.errors import BadInput

if TYPE_CHECKING:
    from graph_service.settings import Settings
    from graph_service.store.keep.erasure import Erasure, Mentions
    from graph_service.store.keep.ledger_file import LedgerSummary

STDOUT = Path("-")
_VIEW = "A view, with --html"
PART = ".part"
"""Ends the name of a file that is not whole yet."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("export")(export_command)
    app.command("import")(import_command)
    app.command("erase")(erase_command)


def export_command(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Where to; compressed when it ends in .gz; - for standard output."
        ),
    ] = STDOUT,
    html: Annotated[
        str | None,
        typer.Option(
            "--html",
            metavar="KEY",
            help="Not a backup: one HTML file with what is around this entity, that moves through time and asks no server.",
            rich_help_panel=_VIEW,
            show_default=False,
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="TIME", help="What is shown first. [default: now]", rich_help_panel=_VIEW
        ),
    ] = None,
    known: Annotated[
        str | None,
        typer.Option(
            "--known",
            metavar="TIME",
            help="As it was known then. [default: all that is recorded]",
            rich_help_panel=_VIEW,
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="TIME",
            help="How far back it goes. [default: the beginning]",
            rich_help_panel=_VIEW,
        ),
    ] = None,
    depth: Annotated[
        int, typer.Option("--depth", min=1, max=3, help="How many steps around it.", rich_help_panel=_VIEW)
    ] = 1,
    config: flags.Config = None,
    data: flags.Data = None,
    neo4j_uri: flags.Neo4jUri = None,
    neo4j_user: flags.Neo4jUser = None,
    neo4j_password_file: flags.Neo4jPasswordFile = None,
) -> None:
    """Write a backup: all events with what they claim, dead letters, positions and erasures, as JSON lines.

    The graph at one moment, while ingesters go on. A file that exists is replaced once the new one is whole. `import` makes a graph
    with the same digest of it.

    With --html it writes a view for people instead: for a ticket, a review after an incident, or a mail.

    Example: graph-service export backup.ndjson.gz

    Example: graph-service export --html service:checkout checkout.html
    """
    if html is None and (at or known or since or depth != 1):
        raise BadInput("--at, --known, --since and --depth are of a view: name its entity with --html")
    settings = _settings(config, data, neo4j_uri, neo4j_user, neo4j_password_file)
    if html is not None:
        _export_view(settings, file, html, (at, known, since), depth)
        return
    if file == STDOUT and sys.stdout.isatty():
        raise BadInput("a backup is not for the eyes: name a file, or send the output of this command to one")
    with _written(file) as out, _bar("exported") as on_record:
        summary = asyncio.run(_export(settings, out, on_record))
    typer.echo(f"{_said(summary)}{'' if file == STDOUT else f', written to {file}'}", err=file == STDOUT)


def _export_view(
    settings: Settings, file: Path, key: str, times: tuple[str | None, str | None, str | None], depth: int
) -> None:
    from graph_service.cli.view import ViewAsked, element_text, view_of
    from graph_service.cli.view_page import page
    from graph_service.core.time import parse_instant

    at, known, since = (None if text is None else parse_instant(text) for text in times)
    asked = ViewAsked(key=key, at=at, known=known, since=since, depth=depth)
    view = asyncio.run(view_of(settings, asked))
    text = page(view, element_text()).encode()
    with _written(file) as out:
        out.write(text)
    instants = len(view["entities"][key]["points"])
    said = f"{key} at {instants} instants, {len(text) // 1000} kB{'' if file == STDOUT else f', written to {file}'}"
    typer.echo("\n".join((said, *(f"left out: {one}" for one in view["leftOut"]))), err=file == STDOUT)


def import_command(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="What `export` wrote, plain or gzip.", show_default=False)
    ],
    check: Annotated[
        bool, typer.Option("--check", help="Only see whether the file is whole; needs no Neo4j.")
    ] = False,
    erasures: Annotated[
        Path | None,
        typer.Option(
            "--erasures",
            metavar="FILE",
            help="A newer backup, whose erasures count too: what was erased since does not come back.",
            show_default=False,
        ),
    ] = None,
    config: flags.Config = None,
    data: flags.Data = None,
    neo4j_uri: flags.Neo4jUri = None,
    neo4j_user: flags.Neo4jUser = None,
    neo4j_password_file: flags.Neo4jPasswordFile = None,
) -> None:
    """Make the graph of a backup in an empty database; the ingester goes on where the backed-up graph was.

    The file is checked whole before anything is written. When it is interrupted, give the same command again: it goes on where it was,
    and ingesters wait until it is done.
    """
    if file == STDOUT:
        raise BadInput("the file is read twice, first to check it: write the backup to a file and name that")
    if check:
        from graph_service.store.keep.ledger_file import check_ledger

        typer.echo(f"{file} is whole: {_said(check_ledger(file))}")
        return
    settings = _settings(config, data, neo4j_uri, neo4j_user, neo4j_password_file)
    with _bar("imported") as on_record:
        summary = asyncio.run(_import(settings, file, erasures, on_record))
    typer.echo(f"{_said(summary)}, imported from {file}")


def erase_command(
    key: Annotated[
        str, typer.Argument(metavar="KEY", help="Key of the entity, such as user:4711.", show_default=False)
    ],
    reason: Annotated[
        str | None,
        typer.Option("--reason", help="Kept with the receipt; name nobody here.", show_default=False),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: flags.Config = None,
    data: flags.Data = None,
    neo4j_uri: flags.Neo4jUri = None,
    neo4j_user: flags.Neo4jUser = None,
    neo4j_password_file: flags.Neo4jPasswordFile = None,
) -> None:
    """Take all values of an entity out of all history: its properties, those of its relationships, and what its events said.

    The key stays, and that something was and when. What was recorded until now does not come back, whatever is delivered again; it is
    part of every later export. Prints a receipt as JSON. Kafka's topics, earlier backups and Neo4j's own logs are not reached.
    """
    settings = _settings(config, data, neo4j_uri, neo4j_user, neo4j_password_file)
    mentions = asyncio.run(_mentions(settings, key))
    if not (mentions.events or mentions.dead_letters):
        raise BadInput(f"nothing in the graph speaks about {key!r}; check the key")
    if not yes:
        _confirm(key, mentions)
    from dataclasses import asdict

    from graph_service.core.time import format_instant

    with _bar("entities") as on_entity:
        receipt = asyncio.run(_erase(settings, key, reason, on_entity))
    plain = asdict(receipt)
    plain |= {name: format_instant(plain[name]) for name in ("known_to", "requested_at")}
    typer.echo(json.dumps(plain, indent=2, ensure_ascii=False))


def _confirm(key: str, mentions: Mentions) -> None:
    about = f"{mentions.events} events about {mentions.entities} entities, and {mentions.dead_letters} dead letters"
    if not sys.stdin.isatty():
        raise BadInput(f"{about} would lose what they say of {key}; pass --yes if that is meant")
    if not typer.confirm(f"{about} lose what they say of {key}. This cannot be undone. Go on?", err=True):
        raise typer.Exit(1)


async def _export(settings: Settings, out: IO[bytes], on_record: Callable[[int, int], None]) -> LedgerSummary:
    from graph_service.cli.running import driver_of
    from graph_service.store.keep.ledger import export_ledger

    async with driver_of(settings) as driver:
        return await export_ledger(driver, out, database=settings.neo4j_database, on_record=on_record)


async def _import(
    settings: Settings, file: Path, newer: Path | None, on_record: Callable[[int, int], None]
) -> LedgerSummary:
    from graph_service.cli.running import driver_of
    from graph_service.store.keep.ledger import erasures_in, import_ledger

    async with driver_of(settings) as driver:
        return await import_ledger(
            driver,
            file,
            database=settings.neo4j_database,
            erasures=erasures_in(newer) if newer else (),
            batch_events_max=settings.batch_events_max,
            on_record=on_record,
        )


async def _mentions(settings: Settings, key: str) -> Mentions:
    from graph_service.cli.running import driver_of
    from graph_service.store.keep.erasure import Eraser

    async with driver_of(settings) as driver:
        return await Eraser(driver=driver, database=settings.neo4j_database).mentions(key)


async def _erase(
    settings: Settings, key: str, reason: str | None, on_entity: Callable[[int, int], None]
) -> Erasure:
    from graph_service.cli.running import driver_of
    from graph_service.core.time import now
    from graph_service.store.keep.erasure import Eraser

    async with driver_of(settings) as driver:
        eraser = Eraser(driver=driver, database=settings.neo4j_database)
        return await eraser.erase(key, requested_at=now(), reason=reason, on_entity=on_entity)


def _settings(
    config: Path | None, data: Path | None, uri: str | None, user: str | None, password: Path | None
) -> Settings:
    from graph_service.cli.logs import set_up_logs
    from graph_service.cli.places import need_neo4j
    from graph_service.settings import load_settings

    found = load_settings(config, data=data, neo4j_uri=uri, neo4j_user=user, neo4j_password_file=password)
    set_up_logs(found.log_format, found.log_level)
    return need_neo4j(found)


def _said(summary: LedgerSummary) -> str:
    counts = {kind: summary.counts.get(kind, 0) for kind in ("event", "dead_letter", "erasure")}
    return f"{counts['event']} events, {counts['dead_letter']} dead letters, {counts['erasure']} erasures, sha256 {summary.sha256}"


@contextmanager
def _written(file: Path) -> Iterator[IO[bytes]]:
    """The open file, which takes its name only when all went well."""
    if file == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    part = file.with_name(file.name + PART)
    try:
        with open(part, "wb") as plain:
            if file.suffix == ".gz":
                with gzip.GzipFile(filename="", fileobj=plain, mode="wb", compresslevel=6, mtime=0) as packed:
                    yield cast(IO[bytes], packed)
            else:
                yield plain
            plain.flush()
            os.fsync(plain.fileno())
        part.replace(file)
    except OSError as error:
        raise BadInput(f"{file} cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns: tuple[Any, ...] = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
