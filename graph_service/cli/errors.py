"""How commands end: an error in one sentence and the exit code of its class, Ctrl-C without a word."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Any

import typer
from typer.core import TyperGroup

from graph_service.core.errors import GraphServiceError

INTERRUPTED = 130
TERMINATED = 143


class Commands(TyperGroup):
    """The group of all commands."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command; errors raised on purpose end in one sentence, never in a stack trace."""
        signal.signal(signal.SIGTERM, _terminate)
        try:
            return super().invoke(ctx)
        except GraphServiceError as error:
            typer.echo(f"graph-service: {error}", err=True)
            raise SystemExit(error.exit_code) from None
        except KeyboardInterrupt:
            raise SystemExit(INTERRUPTED) from None
        except BrokenPipeError:
            # Whoever read our output has seen enough; nothing more can be said to them, at exit neither.
            sys.stdout = None
            raise SystemExit(0) from None


def _terminate(_: int, __: FrameType | None) -> None:
    raise SystemExit(TERMINATED)
