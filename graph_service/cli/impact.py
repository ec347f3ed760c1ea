"""`graph-service impact`: what depends on something, what some events would change about that, and a gate for CI."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from graph_service.cli import flags

if TYPE_CHECKING:
    from graph_service.settings import Settings

_ASKED, _GATE = "What is asked", "What comes out"
FORMATS = ("table", "json", "sarif", "github")
DIRECTIONS = ("dependents", "dependencies")


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("impact")(impact_command)


def impact_command(
    keys: Annotated[
        list[str],
        typer.Argument(metavar="KEY…", help="What is asked about, such as service:cart.", show_default=False),
    ],
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="TIME", help="As it was then, RFC 3339. [default: now]", rich_help_panel=_ASKED
        ),
    ] = None,
    known: Annotated[
        str | None,
        typer.Option(
            "--known",
            metavar="TIME",
            help="As it was known then. [default: all that is recorded]",
            rich_help_panel=_ASKED,
        ),
    ] = None,
    direction: Annotated[
        str, typer.Option("--direction", help="dependents, or dependencies of it.", rich_help_panel=_ASKED)
    ] = DIRECTIONS[0],
    types: Annotated[
        list[str] | None,
        typer.Option(
            "--type",
            help="Follow only this relationship type; may be repeated.",
            rich_help_panel=_ASKED,
            show_default=False,
        ),
    ] = None,
    depth: Annotated[
        int, typer.Option("--depth", min=1, max=20, help="How many steps to go.", rich_help_panel=_ASKED)
    ] = 5,
    first: Annotated[
        int,
        typer.Option("--first", min=1, max=10_000, help="How many to find at most.", rich_help_panel=_ASKED),
    ] = 1000,
    criticality: Annotated[
        str | None,
        typer.Option(
            "--criticality",
            metavar="PROPERTY",
            help="Says how much an entity matters. [default: as its kind declares]",
            rich_help_panel=_ASKED,
        ),
    ] = None,
    what_if: Annotated[
        Path | None,
        typer.Option(
            "--what-if",
            metavar="FILE",
            help="CloudEvents as JSON lines or one JSON list, - for standard input: what they would change. Nothing is written.",
            rich_help_panel=_ASKED,
            show_default=False,
        ),
    ] = None,
    mapping: Annotated[
        list[Path] | None,
        typer.Option(
            "--mapping",
            help="What the events of --what-if mean; may be repeated. [default: as in the graph]",
            rich_help_panel=_ASKED,
        ),
    ] = None,
    format: Annotated[
        str,
        typer.Option(
            "--format",
            help="table, json, sarif, or github (annotations of a workflow run).",
            rich_help_panel=_GATE,
        ),
    ] = FORMATS[0],
    fail_on: Annotated[
        str | None,
        typer.Option(
            "--fail-on",
            metavar="CEL",
            help="Exit with 1 when this holds for what `--format json` prints, such as: count > 10",
            rich_help_panel=_GATE,
            show_default=False,
        ),
    ] = None,
    config: flags.Config = None,
    data: flags.Data = None,
    neo4j_uri: flags.Neo4jUri = None,
    neo4j_user: flags.Neo4jUser = None,
    neo4j_password_file: flags.Neo4jPasswordFile = None,
) -> None:
    """Say what depends on something, nearest first, each with the path that proves it; or what some events would change about that.

    Reads Neo4j, and writes nothing. With --fail-on it is a gate for CI: exit code 1 when the condition holds.

    Example: graph-service impact service:cart --what-if change.jsonl --fail-on 'entered.exists(e, e.kind == "service")'
    """
    from graph_service.cli.impact_answer import Asked, answered
    from graph_service.cli.impact_gate import Condition
    from graph_service.cli.impact_shown import shown
    from graph_service.core.errors import BadRequest
    from graph_service.core.time import parse_instant

    for flag, value, known_values in (("--format", format, FORMATS), ("--direction", direction, DIRECTIONS)):
        if value not in known_values:
            raise BadRequest(f"{flag}: {value!r} is not one of {', '.join(known_values)}")
    if what_if is not None and known is not None:
        raise BadRequest(
            "--known: a what-if is about events that come after all that is recorded; leave one of the two out"
        )
    condition = None if fail_on is None else Condition(fail_on)
    asked = Asked(
        keys=tuple(dict.fromkeys(keys)),
        valid=None if at is None else parse_instant(at),
        known=None if known is None else parse_instant(known),
        dependents=direction == DIRECTIONS[0],
        types=flags.repeated(types),
        depth=depth,
        first=first,
        criticality=criticality,
        what_if=what_if,
        mapping=tuple(mapping or ()),
    )
    found = asyncio.run(answered(_settings(config, data, neo4j_uri, neo4j_user, neo4j_password_file), asked))
    failed = condition is not None and condition.holds(found)
    typer.echo(shown(found, format, what_if, fail_on if failed else None))
    _warn(found, gated=condition is not None and not failed)
    if failed:
        typer.echo(f"graph-service: the condition holds: {fail_on}", err=True)
        raise typer.Exit(1)


def _warn(found: dict[str, Any], *, gated: bool) -> None:
    """A gate that saw only a part must not pass without a word."""
    if found["truncated"] is not None:
        typer.echo(
            f"graph-service: this is not all: {found['truncated']['detail']}"
            + ("; the condition was asked of what was found (`truncated != null` tells)" if gated else ""),
            err=True,
        )


def _settings(
    config: Path | None, data: Path | None, uri: str | None, user: str | None, password: Path | None
) -> Settings:
    from graph_service.cli.logs import set_up_logs
    from graph_service.cli.places import need_neo4j
    from graph_service.settings import load_settings

    found = load_settings(config, data=data, neo4j_uri=uri, neo4j_user=user, neo4j_password_file=password)
    set_up_logs(found.log_format, found.log_level)
    return need_neo4j(found)
