"""`graph-service api-key`: a new key, and the line that lets it in."""

from __future__ import annotations

from typing import Annotated

import typer

from graph_service.core.errors import BadInput


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("api-key")(api_key)


def api_key(
    name: Annotated[str, typer.Argument(help="Whose key it is, as logs will say.", show_default=False)],
    role: Annotated[
        str, typer.Option("--role", help="What it may do: reader, operator or eraser.")
    ] = "reader",
) -> None:
    """Make an API key: prints it, once, and the line for the file that lets it in.

    The line goes to standard output, the key itself to standard error: graph-service api-key grafana >> api-keys
    """
    from graph_service.api.security.keys import new_key
    from graph_service.api.security.roles import Role

    if role not in {one.value for one in Role}:
        raise BadInput(f"--role: {role!r} is not one of {', '.join(one.value for one in Role)}")
    key, line = new_key(name, Role(role))
    typer.echo(line)
    typer.echo(
        f"{key}\nThis is the key. It is not kept: store it now. Send it as `Authorization: Bearer KEY`.",
        err=True,
    )
