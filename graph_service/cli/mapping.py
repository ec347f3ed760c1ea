"""`graph-service mapping`: try mapping files out before events depend on them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from graph_service.mapping.check import Report

mapping_app = typer.Typer(no_args_is_help=True, help="Check mapping files: what your events mean, as YAML.")


@mapping_app.command("check")
def check_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Mapping files.", show_default=False)],
    events: Annotated[
        Path | None,
        typer.Option(
            "--events",
            help="CloudEvents as JSON lines (plain or gzip) to run the mapping on.",
            show_default=False,
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print only what is wrong, and the summary.")
    ] = False,
) -> None:
    """Check mapping files, and show what they make of sample events.

    Exit code 0: all is well; 1: an event would become a dead letter; 2: a mapping file has mistakes (each with file, line and field).
    """
    from graph_service.cli.commands import sample_lines
    from graph_service.mapping.check import check

    report = check(files, sample_lines(events) if events else ())
    _print(report, quiet=quiet, sampled=events is not None)
    raise typer.Exit(0 if report.ok else 1)


@mapping_app.command()
def schema() -> None:
    """Print the JSON Schema of mapping files, for editors."""
    import json

    from graph_service.mapping.schema import json_schema

    typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


def _print(report: Report, *, quiet: bool, sampled: bool) -> None:
    for event in report.events:
        if event.error is not None:
            typer.echo(f"{event.line}: {event.event}\n    BAD {event.error}")
        elif not quiet:
            said = event.assertions or (
                ("no rule is for this type",) if event.unmapped else ("asserts nothing",)
            )
            typer.echo("\n    ".join((f"{event.line}: {event.event}", *said)))
    if sampled:
        for type, count in report.types_without_rule.items():
            typer.echo(f"no rule for {count} events of type {type}")
        for rule in report.rules_never_hit:
            typer.echo(f"never used by these events: {rule}")
    summary = f"{', '.join(report.files)}: all right, version {report.version}"
    if sampled:
        summary += f"; {len(report.events)} events, {len(report.bad)} bad"
    typer.echo(summary)
