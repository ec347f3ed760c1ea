"""GraphQL over HTTP: from a request to an answer with its media type, its status and a line in the audit log."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import Request
from fastapi.responses import Response
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.graphql import OperationType

from graph_service.api.audit import (
    NAME_CHARS_MAX,
    Audit,
    AuditLine,
    hash_of_variables,
    points_told,
    rows_of,
)
from graph_service.api.context import Context
from graph_service.api.dated import Conditional
from graph_service.api.errors import cause_of, coded, shown
from graph_service.api.kept import Kept, hash_of
from graph_service.api.limits.bounds import Limits
from graph_service.api.limits.turns import RETRY_AFTER_S, Turns
from graph_service.api.requests import JSON_TYPE, Asked, NotARequest, asked_by_get, asked_by_post
from graph_service.api.schema import Schema
from graph_service.api.security.access import CHALLENGE, Access, bearer
from graph_service.api.security.roles import Principal
from graph_service.core.errors import (
    BadRequest,
    Forbidden,
    LimitExceeded,
    Overloaded,
    RateLimited,
    RequestTimeout,
    Unauthenticated,
    Unavailable,
)

GRAPHQL_TYPE = "application/graphql-response+json"
#: Refusals that are not about the document have a status of their own, whatever the client accepts.
STATUS: tuple[tuple[type[Exception], int], ...] = (
    (Unauthenticated, 401),
    (Forbidden, 403),
    (RateLimited, 429),
    (Overloaded, 503),
    (Unavailable, 503),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Answers GraphQL requests."""

    schema: Schema
    access: Access
    limits: Limits
    turns: Turns
    kept: Kept
    audit: Audit
    #: What a request of somebody knows.
    context: Callable[[Principal], Context]

    async def answer(self, request: Request, *, may_stream: bool = False) -> Response:
        """The response to GET or POST. `may_stream`: the client would also take a stream of events, if that is what it asks for.

        Clients that accept `application/graphql-response+json` get status 400 and no `data` when nothing was executed; clients of
        `application/json` get 200 for all that is a GraphQL request.

        Raises:
            Subscribes: it is a subscription, from a client that may be answered by a stream; nothing was begun.
        """
        started_s = time.perf_counter()
        line = AuditLine(transport=request.method)
        media_type = response_type(request.headers.get("accept"))
        try:
            response = await self._answered(request, media_type, line)
        except Exception as error:
            if may_stream and isinstance(error, Subscribes):
                raise
            response = refusal(error, media_type)
            line.outcome = getattr(error, "code", "INTERNAL")
        line.status = response.status_code
        line.duration_ms = round((time.perf_counter() - started_s) * 1000, 2)
        self.audit(line)
        response.headers.setdefault("cache-control", "no-store")
        return response

    async def _answered(self, request: Request, media_type: str, line: AuditLine) -> Response:
        principal = await self.access.authenticate(bearer(request.headers.raw))
        line.who, line.realm = principal.name, principal.realm
        line.role = None if principal.role is None else principal.role.value
        with self.turns.place():
            by_get = request.method == "GET"
            asked = (
                asked_by_get(request, self.limits) if by_get else await asked_by_post(request, self.limits)
            )
            text = self.kept.document(
                text=asked.text, document_id=asked.document_id, extension=asked.persisted
            )
            context = self.context(principal)
            if by_get:
                has = request.headers.get("if-none-match")
                context.conditional = Conditional(has=has, media_type=media_type)
            try:
                async with self.turns.turn():
                    body = await self._executed(text, asked, context, changes=not by_get)
            finally:
                note(line, context, text, asked)
        keeping = self._keeping(context)
        if context.conditional is not None and context.conditional.unchanged:
            return Response(status_code=304, headers=keeping)
        errors = body.get("errors", ())
        if errors:
            line.outcome = errors[0]["extensions"]["code"]
        line.rows = rows_of(body.get("data"))
        # Without data nothing was executed: parsing, validation, the gate or the variables refused.
        status = 400 if "data" not in body and media_type == GRAPHQL_TYPE else 200
        whole = not errors and not context.cut_short
        return _json(body, status, media_type, keeping if whole else None)

    def _keeping(self, context: Context) -> dict[str, str]:
        """The headers of an answer that may be kept. It is asked for again each time, by its tag, so that an erasure reaches every copy."""
        if context.conditional is None or context.conditional.tag is None:
            return {}
        whose = "public" if self.access.insecure else "private"
        return {
            "etag": context.conditional.tag,
            "cache-control": f"{whose}, no-cache",
            "vary": "authorization, accept, origin",
        }

    async def _executed(self, text: str, asked: Asked, context: Context, *, changes: bool) -> dict[str, Any]:
        """The body of the answer.

        Raises:
            NotARequest: an operation that may not come this way.
            RateLimited, Forbidden, Overloaded: it was not executed, and not because of what it is.
        """
        allowed = [OperationType.QUERY, *([OperationType.MUTATION] if changes else [])]
        try:
            async with asyncio.timeout(self.limits.request_timeout_s):
                result = await self.schema.execute(
                    text,
                    variable_values=asked.variables,
                    operation_name=asked.operation_name,
                    context_value=context,
                    allowed_operation_types=allowed,
                )
        except CannotGetOperationTypeError as error:
            raise BadRequest(
                "the document has no such operation: name one of its operations in `operationName`"
            ) from error
        except InvalidOperationTypeError as error:
            raise _wrong_way(error.operation_type, context.principal, asked) from error
        except TimeoutError:
            raise RequestTimeout(
                f"the answer was not complete after {self.limits.request_timeout_s:g} s; ask for less at once, or come again later",
                retry_after_s=RETRY_AFTER_S,
            ) from None
        body: dict[str, Any] = {"data": result.data}
        if result.errors:
            for found in result.errors:
                cause = cause_of(found)
                if found.path is None and isinstance(cause, Overloaded | Forbidden):
                    raise cause
            body["errors"] = [coded(found) for found in result.errors]
            if result.data is None and not any("path" in error for error in body["errors"]):
                del body["data"]
        if result.extensions:
            body["extensions"] = result.extensions
        return body


def response_type(accept: str | None) -> str:
    """The better of the two media types that the client accepts; `application/json` when it does not say."""
    qualities = _qualities(accept or JSON_TYPE)
    wanted = qualities.get(GRAPHQL_TYPE, 0.0)
    plain = max(qualities.get(name, 0.0) for name in (JSON_TYPE, "application/*", "*/*"))
    return GRAPHQL_TYPE if wanted > 0 and wanted >= plain else JSON_TYPE


def accepts_one_answer(accept: str | None) -> bool:
    """Whether the client names a media type of single answers, perhaps among others."""
    qualities = _qualities(accept or "")
    return any(qualities.get(name, 0.0) > 0 for name in (GRAPHQL_TYPE, JSON_TYPE))


def _qualities(accept: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in accept.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        quality = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        try:
            found[name] = float(quality)
        except ValueError:
            found[name] = 0.0
    return found


class Subscribes(NotARequest):
    """A subscription, where one response was to be the answer."""

    def __init__(self, principal: Principal, asked: Asked) -> None:
        super().__init__(
            405, "subscriptions are not answered by one response: use a connection that stays open"
        )
        self.principal, self.asked = principal, asked


def _wrong_way(operation: OperationType, principal: Principal, asked: Asked) -> NotARequest:
    if operation is OperationType.MUTATION:
        return NotARequest(405, "what changes something is asked with POST, not with GET")
    return Subscribes(principal, asked)


def note(line: AuditLine, context: Context, text: str, asked: Asked) -> None:
    """What is known of an operation once it was tried."""
    line.document = hash_of(text)
    line.variables = hash_of_variables(line.document, asked.variables)
    line.operation = None if asked.operation_name is None else asked.operation_name[:NAME_CHARS_MAX]
    line.at = points_told(context.points)
    if context.admitted is not None:
        operation = context.admitted.operation
        line.cost, line.kind = context.admitted.cost, operation.operation.value
        line.operation = None if operation.name is None else operation.name.value[:NAME_CHARS_MAX]


def refusal(error: Exception, media_type: str) -> Response:
    """The answer to what was not executed."""
    headers: dict[str, str] = {}
    status = next((status for kind, status in STATUS if isinstance(error, kind)), None)
    if isinstance(error, NotARequest):
        status = error.status
        if status == 405:
            headers["allow"] = "POST"
    elif isinstance(error, LimitExceeded) and error.limit.startswith("body_"):
        status = 413
    elif isinstance(error, BadRequest):
        # About the document: the client's media type decides.
        status = 400 if media_type == GRAPHQL_TYPE else 200
    if isinstance(error, Unauthenticated):
        headers["www-authenticate"] = CHALLENGE
    if isinstance(error, Overloaded):
        headers["retry-after"] = str(error.retry_after_s)
    return _json({"errors": [shown(error)]}, status or 500, media_type, headers)


def _json(
    body: dict[str, Any], status: int, media_type: str, headers: dict[str, str] | None = None
) -> Response:
    content = orjson.dumps(body, option=orjson.OPT_PASSTHROUGH_DATETIME)
    return Response(content, status, headers=headers, media_type=media_type)
