"""Server-sent events: one operation a request, as graphql-sse has it for distinct connections. Each change has its cursor as the id of its event, so
that a browser's EventSource resumes by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import aclosing
from typing import Any

import orjson
from fastapi import Request
from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

from graph_service.api.errors import shown
from graph_service.api.http import refusal
from graph_service.api.live.members import Ended, Message
from graph_service.api.live.service import Answer, Batches, Live
from graph_service.api.requests import JSON_TYPE, Asked, asked_by_get, asked_by_post
from graph_service.api.security.access import bearer
from graph_service.api.security.roles import Principal
from graph_service.core.errors import Unauthenticated

STREAM_TYPE = "text/event-stream"
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    # Proxies that gather answers would keep events back.
    (b"x-accel-buffering", b"no"),
]
_ALIVE = b":\n\n"
_COMPLETE = b"event: complete\ndata:\n\n"


def asks_for_stream(request: Request) -> bool:
    """Whether a request wants events rather than one answer."""
    accepted = request.headers.get("accept", "").lower().split(",")
    return any(part.split(";")[0].strip() == STREAM_TYPE for part in accepted)


class EventStream(Response):
    """The response to a request that wants events."""

    def __init__(self, request: Request, live: Live, known: tuple[Principal, Asked] | None = None) -> None:
        """Everything is done when it is sent. `known`: who asks and what, where the request was read already."""
        super().__init__()
        self._request, self._live, self._known = request, live, known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or answer until nothing more comes."""
        try:
            principal, asked = self._known or await self._asked()
            with self._live.connection():
                resume = self._request.headers.get("last-event-id")
                started = await self._live.start(asked, principal, "sse", resume)
                await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
                await _Sending(self._live, principal, receive, send).run(started)
        except Exception as error:
            await refusal(error, JSON_TYPE)(scope, receive, send)

    async def _asked(self) -> tuple[Principal, Asked]:
        endpoint, request = self._live.endpoint, self._request
        principal = await endpoint.access.authenticate(bearer(request.headers.raw))
        if request.method == "GET":
            return principal, asked_by_get(request, endpoint.limits)
        return principal, await asked_by_post(request, endpoint.limits)


class _Sending:
    """A response that has begun; never raises."""

    def __init__(self, live: Live, principal: Principal, receive: Receive, send: Send) -> None:
        self._live, self._principal, self._receive, self._send = live, principal, receive, send

    async def run(self, started: Answer | Batches) -> None:
        """Until the operation is complete, the client leaves, its credentials end, or this process stops."""
        last = b""
        try:
            if isinstance(started, Answer):
                last = _event(orjson.dumps(started.body, option=orjson.OPT_PASSTHROUGH_DATETIME)) + _COMPLETE
            else:
                await self._first(
                    self._told(started), self._alive(), self._left(), self._live.stopping.wait()
                )
        except (Ended, TimeoutError, OSError):
            pass
        except Exception as error:
            # The client knows that this is the end, and from the cursor where to resume.
            last = _event(orjson.dumps({"errors": [shown(error)]})) + _COMPLETE
        await self._chunk(last, more=False)

    async def _first(self, *parts: Coroutine[Any, Any, object]) -> None:
        """Run all until the first one ends; raises its error."""
        tasks = [asyncio.ensure_future(part) for part in parts]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    async def _told(self, batches: Batches) -> None:
        async with aclosing(batches) as listening:  # type: ignore[type-var]
            async for member, messages in listening:
                await self._chunk(b"".join(map(_event_of, messages)))
                member.sent(messages[-1])

    async def _alive(self) -> None:
        """Say so, so that nobody in between thinks otherwise; and look whether the credentials still hold."""
        access = self._live.endpoint.access
        while access.holds(self._principal):
            await asyncio.sleep(self._live.limits.keepalive_s)
            await self._chunk(_ALIVE)
        raise Unauthenticated("the credentials of this connection have ended; come again with new ones")

    async def _left(self) -> None:
        message: Mapping[str, Any] = {}
        while message.get("type") != "http.disconnect":
            message = await self._receive()

    async def _chunk(self, content: bytes, *, more: bool = True) -> None:
        async with asyncio.timeout(self._live.limits.send_timeout_s):
            await self._send({"type": "http.response.body", "body": content, "more_body": more})


def _event(content: bytes) -> bytes:
    return b"event: next\ndata: " + content + b"\n\n"


def _event_of(message: Message) -> bytes:
    id = "" if message.cursor is None else f"id: {message.cursor}\n"
    return f"event: next\n{id}data: {message.text}\n\n".encode()
