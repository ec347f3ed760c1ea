"""Errors as clients see them: those that are for them with code and next step, all others under a reference that only the log explains."""

from __future__ import annotations

import logging
import uuid
from typing import Any

from graphql import GraphQLError, GraphQLSyntaxError

from graph_service.core.errors import (
    BadInput,
    Changed,
    Forbidden,
    GraphServiceError,
    Overloaded,
    StoreTimeout,
    Unauthenticated,
    Unavailable,
)

MESSAGE_CHARS_MAX = 600
#: Their messages are written for whoever asks. Those of others may name addresses, queries or settings.
PUBLIC = (BadInput, Changed, Forbidden, Overloaded, StoreTimeout, Unauthenticated)

_log = logging.getLogger(__name__)


def coded(error: GraphQLError) -> dict[str, Any]:
    """An error of GraphQL: mistakes in the query as they are, all others as `shown`. Where it came from is logged if need be, and forgotten."""
    plain: dict[str, Any] = dict(error.formatted)
    cause = cause_of(error)
    if isinstance(cause, BadInput) and error.path is None:
        # What a scalar says of a literal or a variable stands within the sentence about the argument: that is kept.
        plain["extensions"] = shown(cause)["extensions"]
    elif cause is not None and error.path is None and error.nodes:
        # GraphQL itself stumbled over a value: a number of thousands of digits, for one. What it says then is about its insides.
        plain["message"] = "a value in the document or in the variables cannot be what is asked for there"
        plain["extensions"] = {"code": "GRAPHQL_VALIDATION_FAILED"}
    elif cause is not None:
        plain |= shown(cause)
    elif isinstance(error, GraphQLSyntaxError):
        plain["extensions"] = {"code": "GRAPHQL_PARSE_FAILED"}
    else:
        plain["extensions"] = {"code": "GRAPHQL_VALIDATION_FAILED"}
    plain["message"] = _cut(plain["message"])
    forgotten(error)
    return plain


def shown(error: BaseException) -> dict[str, Any]:
    """Message and extensions of any error."""
    if isinstance(error, PUBLIC):
        details = error.details() if isinstance(error, GraphServiceError) else {}
        said = {name: value for name, value in details.items() if value is not None}
        code = getattr(error, "code", GraphServiceError.code)
        return {"message": _cut(str(error)), "extensions": {"code": code, **said}}
    reference = uuid.uuid4().hex[:12]
    if isinstance(error, Unavailable):
        _log.warning("unavailable %s: %s", reference, error)
        told = f"what holds the graph cannot answer now; try again, and if it lasts, the log of the service says more under {reference}"
        return {"message": told, "extensions": {"code": error.code, "reference": reference}}
    _log.error("internal error %s", reference, exc_info=error)
    told = f"internal error; the log of the service says more under {reference}"
    return {"message": told, "extensions": {"code": GraphServiceError.code, "reference": reference}}


def cause_of(error: GraphQLError) -> BaseException | None:
    """What was raised within GraphQL; None where GraphQL itself found the mistake."""
    cause: BaseException | None = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return cause


def forgotten(error: BaseException) -> None:
    """Let go of what an error that was told holds on to: its frames know the request, and lead back to the error. Such circles would
    stay in memory until the collector comes by.
    """
    seen: set[int] = set()
    left: list[BaseException | None] = [error]
    while left:
        found = left.pop()
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        found.__traceback__ = None
        left += [found.__cause__, found.__context__, getattr(found, "original_error", None)]


def _cut(message: str) -> str:
    """Parts of a request may stand in a message; not all of a large one."""
    return message if len(message) <= MESSAGE_CHARS_MAX else message[: MESSAGE_CHARS_MAX - 1] + "…"
