"""GraphQL over WebSocket, by the protocol graphql-transport-ws.

The protocol: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md. Every code with which a connection is closed is from there, but for 1009
(too large), 1012 (this process stops) and 1013 (too many), which every client knows.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any

import orjson
from fastapi import WebSocket, WebSocketDisconnect

from graph_service.api.errors import shown
from graph_service.api.live.members import Ended
from graph_service.api.live.service import Answer, Batches, Live
from graph_service.api.requests import NotARequest, asked_of, json_of
from graph_service.api.security.access import bearer
from graph_service.api.security.roles import Principal
from graph_service.core.errors import (
    LimitExceeded,
    Overloaded,
    Unauthenticated,
    Unavailable,
)

PROTOCOL = "graphql-transport-ws"
REASON_BYTES_MAX = 120

BAD_MESSAGE = 4400
NOT_INITIALISED = 4401
FORBIDDEN = 4403
BAD_PROTOCOL = 4406
TOO_SLOW_TO_BEGIN = 4408
ID_IN_USE = 4409
INITIALISED_TWICE = 4429
TOO_LARGE = 1009
STOPPING = 1012
TRY_AGAIN = 1013

_log = logging.getLogger(__name__)


async def serve(websocket: WebSocket, live: Live) -> None:
    """One connection, from the handshake to the end."""
    offered = PROTOCOL in websocket.scope.get("subprotocols", ())
    connection = Connection(websocket, live)
    try:
        with live.connection():
            await websocket.accept(PROTOCOL if offered else None)
            if offered:
                await connection.run()
            else:
                await connection.close(BAD_PROTOCOL, "Subprotocol not acceptable")
    except Overloaded as error:
        await websocket.accept(PROTOCOL if offered else None)
        await connection.close(TRY_AGAIN, str(error))
    except WebSocketDisconnect:
        pass


class _Refused(Exception):
    """The connection is to be closed."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class Connection:
    """One WebSocket: its messages, and the operations that run over it."""

    def __init__(self, websocket: WebSocket, live: Live) -> None:
        """Not yet accepted."""
        self._socket, self._live = websocket, live
        self._principal: Principal | None = None
        self._initialised = asyncio.Event()
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._stuck: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Until either side closes it."""
        loop = asyncio.create_task(self._take())
        guard = asyncio.create_task(self._guarded())
        try:
            await asyncio.wait((loop, guard, self._stuck), return_when=asyncio.FIRST_COMPLETED)
            for task in (loop, guard, self._stuck):
                if task.done() and not task.cancelled() and isinstance(refused := task.exception(), _Refused):
                    await self.close(refused.code, refused.reason)
                    break
        finally:
            self._stuck.cancel()
            tasks = (loop, guard, *self._operations.values())
            for one in tasks:
                one.cancel()
            for found in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(found, Exception) and not isinstance(found, _Refused | WebSocketDisconnect):
                    _log.error("a connection failed", exc_info=found)

    async def close(self, code: int, reason: str) -> None:
        """Close it, as far as the other side lets us."""
        short = reason.encode()[:REASON_BYTES_MAX].decode(errors="ignore")
        try:
            async with asyncio.timeout(self._live.limits.send_timeout_s):
                await self._socket.close(code, short)
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            pass

    async def _guarded(self) -> None:
        """Raises when the connection has to end by itself: who it is was not said in time, or holds no more; or this process stops."""
        limits, live = self._live.limits, self._live
        if not await _within(limits.connection_init_timeout_s, self._initialised, live.stopping):
            raise _Refused(TOO_SLOW_TO_BEGIN, "Connection initialisation timeout")
        while not live.stopping.is_set():
            await _within(limits.keepalive_s, live.stopping)
            if self._principal is not None and not live.endpoint.access.holds(self._principal):
                raise _Refused(FORBIDDEN, "The credentials have ended; connect again with new ones")
        raise _Refused(STOPPING, "Service restart")

    async def _take(self) -> None:
        """All messages of the other side, until it leaves."""
        while True:
            received = await self._socket.receive()
            if received["type"] == "websocket.disconnect":
                return
            await self._message(received.get("text"))

    async def _message(self, text: str | None) -> None:
        limits = self._live.endpoint.limits
        if text is None:
            raise _Refused(BAD_MESSAGE, "WebSocket message type must be text")
        if len(text) > limits.body_bytes_max:
            raise _Refused(TOO_LARGE, f"A message may have {limits.body_bytes_max} bytes")
        try:
            plain = json_of(text.encode("utf-8", "surrogatepass"), limits, "the message")
        except (NotARequest, LimitExceeded) as error:
            raise _Refused(BAD_MESSAGE, str(error)) from error
        match plain:
            case {"type": "connection_init", **rest}:
                await self._begin(rest.get("payload"))
            case {"type": "ping", **rest}:
                await self._send(
                    {"type": "pong", **({"payload": rest["payload"]} if "payload" in rest else {})}
                )
            case {"type": "pong"}:
                pass
            case {"type": "subscribe", "id": str(id), "payload": dict(payload)} if id:
                self._subscribe(id, payload)
            case {"type": "complete", "id": str(id)}:
                if (task := self._operations.pop(id, None)) is not None:
                    task.cancel()
            case _:
                raise _Refused(BAD_MESSAGE, "Invalid message received")

    async def _begin(self, payload: object) -> None:
        if self._initialised.is_set():
            raise _Refused(INITIALISED_TWICE, "Too many initialisation requests")
        if not isinstance(payload, dict | None):
            raise _Refused(BAD_MESSAGE, "Invalid message received")
        self._initialised.set()
        try:
            credentials = credentials_of(self._socket.headers.raw, payload or {})
            self._principal = await self._live.endpoint.access.authenticate(credentials)
        except Unauthenticated as error:
            raise _Refused(FORBIDDEN, str(error)) from error
        except Unavailable as error:
            raise _Refused(TRY_AGAIN, "Who this is cannot be told at the moment") from error
        await self._send({"type": "connection_ack"})

    def _subscribe(self, id: str, payload: dict[str, Any]) -> None:
        if self._principal is None:
            raise _Refused(NOT_INITIALISED, "Unauthorized")
        if id in self._operations:
            raise _Refused(ID_IN_USE, f"Subscriber for {id} already exists")
        self._operations[id] = asyncio.create_task(self._operation(id, payload, self._principal))

    async def _operation(self, id: str, payload: dict[str, Any], principal: Principal) -> None:
        """One operation, from the first to the last message about it."""
        try:
            most = self._live.limits.subscriptions_per_connection_max
            if len(self._operations) > most:
                raise LimitExceeded(
                    "subscriptions_per_connection_max",
                    most,
                    f"a connection may have {most} operations at once; complete some, or open another connection",
                )
            started = await self._live.start(asked_of(payload), principal, "websocket")
            last = (
                await self._answered(id, started)
                if isinstance(started, Answer)
                else await self._told(id, started)
            )
        except Ended:
            return  # the connection is closed, and says so
        except WebSocketDisconnect:
            return
        except TimeoutError:
            if not self._stuck.done():
                self._stuck.set_exception(_Refused(TRY_AGAIN, "Messages are not received"))
            return
        except Exception as error:
            last = {"id": id, "type": "error", "payload": [shown(error)]}
        # From here on the id may be used again.
        self._operations.pop(id, None)
        await self._send(last)

    async def _answered(self, id: str, answer: Answer) -> dict[str, Any]:
        """Send an answer; returns the last message about it."""
        body = answer.body
        errors = body.get("errors", [])
        if body["data"] is None and errors and not any("path" in error for error in errors):
            return {"id": id, "type": "error", "payload": errors}
        await self._send({"id": id, "type": "next", "payload": body})
        return {"id": id, "type": "complete"}

    async def _told(self, id: str, batches: Batches) -> dict[str, Any]:
        """Send what comes; returns the last message about it, if there ever is one."""
        head = f'{{"id":{orjson.dumps(id).decode()},"type":"next","payload":'
        async with aclosing(batches) as listening:  # type: ignore[type-var]
            async for member, messages in listening:
                async with asyncio.timeout(self._live.limits.send_timeout_s):
                    for message in messages:
                        if member.cut_off:
                            break
                        await self._socket.send({"type": "websocket.send", "text": f"{head}{message.text}}}"})
                        member.sent(message)
        return {"id": id, "type": "complete"}

    async def _send(self, message: Mapping[str, Any]) -> None:
        text = orjson.dumps(message, option=orjson.OPT_PASSTHROUGH_DATETIME).decode()
        async with asyncio.timeout(self._live.limits.send_timeout_s):
            await self._socket.send({"type": "websocket.send", "text": text})


async def _within(timeout_s: float, *events: asyncio.Event) -> bool:
    """Wait until one of the events has come; whether one has, in time."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        done, _ = await asyncio.wait(waiting, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        return bool(done)
    finally:
        for one in waiting:
            one.cancel()


def credentials_of(headers: list[tuple[bytes, bytes]], payload: Mapping[str, Any]) -> str | None:
    """The credentials of a connection: from the payload of its first message (`Authorization` as in the header, or `token`), else from its headers.

    Raises:
        Unauthenticated: they cannot be read.
    """
    for name, value in payload.items():
        if name.lower() == "authorization" and isinstance(value, str):
            return bearer([(b"authorization", value.encode("utf-8", "replace"))])
        if name == "token" and isinstance(value, str):
            return value
    return bearer(headers)
