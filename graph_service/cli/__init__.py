"""The command line `graph-service`. Commands import what they need when they run, so that `--help` is quick."""

from __future__ import annotations


def main() -> None:
    """Entry point: runs the command and ends the process with its exit code.

    0 all is well; 1 the answer is no (a wrong answer, a failed check); 2 wrong input or settings; 3 Neo4j or Kafka does not answer;
    4 a local engine does not start; 130 Ctrl-C; 143 ended by SIGTERM.
    """
    from graph_service.cli.app import app

    app()


__all__ = ["main"]
