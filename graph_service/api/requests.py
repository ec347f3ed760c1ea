"""What a request asks for, read from POST or GET within the limits."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from fastapi import Request
from starlette.requests import ClientDisconnect

from graph_service.api.limits.bounds import Limits
from graph_service.core.errors import BadRequest, LimitExceeded

JSON_TYPE = "application/json"
#: Half of a surrogate pair, escaped in JSON: maybe without its other half.
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A GraphQL request, as it was sent."""

    text: str | None
    document_id: str | None
    #: `extensions.persistedQuery`.
    persisted: object
    variables: dict[str, Any] | None
    operation_name: str | None


class NotARequest(BadRequest):
    """Something that is no GraphQL request; `status` is the HTTP status that says so."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def asked_by_post(request: Request, limits: Limits) -> Asked:
    """From a body of JSON. Types that a form of a page could send are refused: a browser asks before it sends JSON elsewhere.

    Raises:
        NotARequest, LimitExceeded.
    """
    if not _is_json(request.headers.get("content-type", "")):
        raise NotARequest(415, f"send the question as {JSON_TYPE} in UTF-8")
    if request.headers.get("content-encoding", "identity") != "identity":
        raise NotARequest(415, "send the question without a content encoding")
    return asked_of(_one(json_of(await _body(request, limits), limits, "the request body")))


def asked_by_get(request: Request, limits: Limits) -> Asked:
    """From the parameters of the address: `query`, `operationName`, `documentId`, and as JSON `variables` and `extensions`.

    Raises:
        NotARequest, LimitExceeded.
    """
    plain: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if name in plain:
            raise NotARequest(400, f"the parameter {name!r:.40} is there twice")
        plain[name] = value
    for name in ("variables", "extensions"):
        if plain.get(name):
            plain[name] = json_of(plain[name].encode("utf-8", "replace"), limits, f"`{name}`")
        else:
            plain.pop(name, None)
    return asked_of(plain)


def _is_json(content_type: str) -> bool:
    name, *parameters = content_type.lower().split(";")
    charsets = [text.strip()[8:].strip('"') for text in parameters if text.strip().startswith("charset=")]
    return name.strip() == JSON_TYPE and all(charset in ("utf-8", "utf8") for charset in charsets)


def _one(plain: Any) -> dict[str, Any]:
    if not isinstance(plain, dict):
        raise NotARequest(
            400,
            "the request body must be one JSON object with `query`; batches are not taken: send each on its own",
        )
    return plain


async def _body(request: Request, limits: Limits) -> bytes:
    """All of the body, which is cut off as soon as it is too large, whether or not it says how large it is."""
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said[:20]) > limits.body_bytes_max:
        raise _too_large(limits)
    collected = bytearray()
    try:
        async with asyncio.timeout(limits.body_timeout_s):
            async for piece in request.stream():
                collected += piece
                if len(collected) > limits.body_bytes_max:
                    raise _too_large(limits)
    except ClientDisconnect:
        raise NotARequest(400, "the request ended before its body did; send it again") from None
    except TimeoutError:
        raise NotARequest(
            408, f"the request body did not arrive within {limits.body_timeout_s:g} s"
        ) from None
    return bytes(collected)


def json_of(content: bytes, limits: Limits, what: str) -> Any:
    """A JSON value within the limits; `what` it is, for the message.

    Raises:
        NotARequest, LimitExceeded.
    """
    # Every value but the first follows one of these. Some stand in texts, so this counts too many, never too few.
    values = content.count(b",") + content.count(b"[") + content.count(b"{")
    if values > limits.body_values_max:
        raise LimitExceeded(
            "body_values_max",
            limits.body_values_max,
            f"{what} has more than {limits.body_values_max} values; send fewer at once",
            found=values,
        )
    try:
        plain = json.loads(content.decode("utf-8"), parse_constant=_no_number)
        if _SURROGATE.search(content) is not None:
            json.dumps(plain, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise NotARequest(400, f"{what} is not JSON") from error
    return plain


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def asked_of(plain: dict[str, Any]) -> Asked:
    """From the JSON object that a request is.

    Raises:
        NotARequest: a part of it has the wrong type.
    """
    for name in ("query", "operationName", "documentId"):
        if not isinstance(plain.get(name), str | None):
            raise NotARequest(400, f"`{name}` must be text")
    for name in ("variables", "extensions"):
        if not isinstance(plain.get(name), dict | None):
            raise NotARequest(400, f"`{name}` must be a JSON object")
    text: str | None = plain.get("query")
    if text is not None and not text.strip():
        raise NotARequest(400, "`query` must be the text of a GraphQL document")
    persisted = (plain.get("extensions") or {}).get("persistedQuery")
    if text is None and plain.get("documentId") is None and persisted is None:
        raise NotARequest(400, "there is no document: send `query`, or name a kept one with `documentId`")
    return Asked(
        text=text,
        document_id=plain.get("documentId"),
        persisted=persisted,
        variables=plain.get("variables"),
        operation_name=plain.get("operationName") or None,
    )


def _too_large(limits: Limits) -> LimitExceeded:
    return LimitExceeded(
        "body_bytes_max",
        limits.body_bytes_max,
        f"the request is larger than {limits.body_bytes_max} bytes; send less at once",
    )
