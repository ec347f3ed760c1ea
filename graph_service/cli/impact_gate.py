"""The condition of `--fail-on`: a CEL expression over the answer as JSON has it."""

from __future__ import annotations

from typing import Any

from graph_service.core.errors import BadRecord, BadRequest
from graph_service.mapping.expressions import Expression, ExpressionError, Scope
from graph_service.mapping.values import truth

NAMES = frozenset(
    (
        "of", "direction", "valid", "known", "count", "items", "by_kind", "owners", "unknown", "truncated",
        "entered", "left", "moved", "unchanged", "changes", "events",
    )
)  # fmt: skip
"""What a condition sees: all that `--format json` prints at its top."""


class Condition:
    """A condition, compiled."""

    def __init__(self, source: str) -> None:
        """Compile it.

        Raises:
            BadRequest: it is not CEL, or names what is not there.
        """
        try:
            self._expression = Expression(source, NAMES, "--fail-on")
        except ExpressionError as error:
            raise BadRequest(f"--fail-on: {error}") from error

    def holds(self, found: dict[str, Any]) -> bool:
        """Whether it holds for an answer.

        Raises:
            BadRequest: it fails, or gives neither true nor false.
        """
        try:
            return truth(self._expression, Scope({name: found[name] for name in NAMES}))
        except BadRecord as error:
            raise BadRequest(str(error)) from error
