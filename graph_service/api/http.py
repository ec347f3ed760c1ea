"""GraphQL over HTTP: what may be sent, which media type comes back with which status, and which errors people see."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable
from typing import Any

import orjson
from fastapi import Request
from fastapi.responses import Response
from graphql import GraphQLError
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.graphql import OperationType

from graph_service.api.context import Context
from graph_service.api.schema import Schema
from graph_service.core.errors import BadRequest, GraphServiceError

JSON_TYPE = "application/json"
GRAPHQL_TYPE = "application/graphql-response+json"
BODY_BYTES_MAX = 1_000_000

_log = logging.getLogger(__name__)


class _Refused(Exception):
    """A request that is not a GraphQL request: the status and a sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def answer(request: Request, schema: Schema, context: Callable[[], Context]) -> Response:
    """The response to POST /graphql.

    Clients that accept `application/graphql-response+json` get status 400 and no `data` when nothing was executed;
    clients of `application/json` get 200 for all that is a GraphQL request.
    """
    media_type = response_type(request.headers.get("accept"))
    try:
        query, variables, operation = _asked(await _body(request))
        result = await schema.execute(
            query,
            variable_values=variables,
            operation_name=operation,
            context_value=context(),
            allowed_operation_types=[OperationType.QUERY, OperationType.MUTATION],
        )
    except _Refused as refused:
        return _refusal(refused.status, str(refused), media_type)
    except (CannotGetOperationTypeError, InvalidOperationTypeError, MissingQueryError):
        status = 400 if media_type == GRAPHQL_TYPE else 200
        return _refusal(
            status, "the document has no such operation: name one of its queries or mutations", media_type
        )
    body: dict[str, Any] = {"data": result.data}
    errors = [coded(error) for error in result.errors or ()]
    status = 200
    if errors:
        body["errors"] = errors
        # Without a path nothing was executed: parsing, validation or the variables failed.
        if result.data is None and not any("path" in error for error in errors):
            del body["data"]
            status = 400 if media_type == GRAPHQL_TYPE else 200
    return Response(orjson.dumps(body, option=orjson.OPT_PASSTHROUGH_DATETIME), status, media_type=media_type)


def response_type(accept: str | None) -> str:
    """The better of the two media types that the client accepts; `application/json` when it does not say."""
    qualities: dict[str, float] = {}
    for part in (accept or JSON_TYPE).lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        quality = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        try:
            qualities[name] = float(quality)
        except ValueError:
            qualities[name] = 0.0
    wanted = qualities.get(GRAPHQL_TYPE, 0.0)
    plain = max(qualities.get(name, 0.0) for name in (JSON_TYPE, "application/*", "*/*"))
    return GRAPHQL_TYPE if wanted > 0 and (GRAPHQL_TYPE in qualities and wanted >= plain) else JSON_TYPE


def coded(error: GraphQLError) -> dict[str, Any]:
    """An error as clients see it: those of this service with their code, mistakes in the query as they are, and
    anything else masked, with a reference that the log has too."""
    shown: dict[str, Any] = dict(error.formatted)
    cause: BaseException | None = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    if isinstance(cause, GraphServiceError):
        shown["extensions"] = {"code": cause.code}
        if error.path is not None:
            shown["message"] = str(cause)
    elif cause is None or error.path is None:
        shown["extensions"] = {"code": "GRAPHQL_VALIDATION_FAILED" if cause is None else BadRequest.code}
    else:
        reference = uuid.uuid4().hex[:12]
        _log.error("internal error %s at %s", reference, error.path, exc_info=cause)
        shown["message"] = f"internal error; the log of the service says more under {reference}"
        shown["extensions"] = {"code": GraphServiceError.code, "reference": reference}
    return shown


async def _body(request: Request) -> dict[str, Any]:
    content_type, *parameters = request.headers.get("content-type", "").lower().split(";")
    if content_type.strip() != JSON_TYPE or any(
        text.strip().startswith("charset=")
        and text.strip().strip('"') not in ("charset=utf-8", 'charset="utf-8')
        for text in parameters
    ):
        raise _Refused(415, f"send the question as {JSON_TYPE} in UTF-8")
    collected = bytearray()
    async for piece in request.stream():
        collected += piece
        if len(collected) > BODY_BYTES_MAX:
            raise _Refused(413, f"the request is larger than {BODY_BYTES_MAX} bytes")
    try:
        plain = json.loads(bytes(collected).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _Refused(400, "the request body is not JSON") from error
    if not isinstance(plain, dict):
        raise _Refused(400, "the request body must be one JSON object with `query`; batches are not taken")
    return plain


def _asked(plain: dict[str, Any]) -> tuple[str, dict[str, Any] | None, str | None]:
    query, variables, operation = (plain.get(name) for name in ("query", "variables", "operationName"))
    if not isinstance(query, str) or not query.strip():
        raise _Refused(400, "`query` must be the text of a GraphQL document")
    if not isinstance(variables, dict | None):
        raise _Refused(400, "`variables` must be a JSON object")
    if not isinstance(operation, str | None):
        raise _Refused(400, "`operationName` must be text")
    if not isinstance(plain.get("extensions"), dict | None):
        raise _Refused(400, "`extensions` must be a JSON object")
    return query, variables, operation


def _refusal(status: int, message: str, media_type: str) -> Response:
    body = {"errors": [{"message": message, "extensions": {"code": BadRequest.code}}]}
    return Response(orjson.dumps(body), status, media_type=media_type)
