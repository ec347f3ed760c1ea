"""An app asked without a server: a WebSocket and an event stream whose other end is the test, which may be as slow as it likes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

WAIT_S = 5.0
PROTOCOL = "graphql-transport-ws"
Headers = Sequence[tuple[bytes, bytes]]


class Socket:
    """One WebSocket, from the client's side."""

    def __init__(self, room: int | None = None) -> None:
        """`room`: how many messages are taken from the server before the test takes them itself; None: all."""
        self.sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue(0 if room is None else room)
        self._given: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._given.put_nowait({"type": "websocket.connect"})

    async def receive(self) -> dict[str, Any]:
        """For the app."""
        return await self._given.get()

    async def send(self, message: dict[str, Any]) -> None:
        """For the app."""
        await self.sent.put(message)

    def tell(self, message: object) -> None:
        """Send JSON, or text as it is."""
        text = message if isinstance(message, str) else json.dumps(message)
        self._given.put_nowait({"type": "websocket.receive", "text": text})

    def tell_bytes(self, content: bytes) -> None:
        """Send a binary message."""
        self._given.put_nowait({"type": "websocket.receive", "bytes": content})

    def leave(self) -> None:
        """Close the connection."""
        self._given.put_nowait({"type": "websocket.disconnect", "code": 1000})

    async def next(self) -> dict[str, Any]:
        """What the server does next, as ASGI says it."""
        return await asyncio.wait_for(self.sent.get(), WAIT_S)

    async def hear(self) -> Any:
        """The next message."""
        message = await self.next()
        assert message["type"] == "websocket.send", message
        return json.loads(message["text"])

    async def closed(self) -> int:
        """The code with which the server closes it, next."""
        message = await self.next()
        assert message["type"] == "websocket.close", message
        return int(message["code"])

    async def begin(self, payload: dict[str, Any] | None = None) -> None:
        """Say who this is, and be let in."""
        self.tell({"type": "connection_init"} | ({} if payload is None else {"payload": payload}))
        assert await self.hear() == {"type": "connection_ack"}

    def subscribe(self, id: str, query: str, **variables: Any) -> None:
        """Begin an operation."""
        self.tell({"id": id, "type": "subscribe", "payload": {"query": query, "variables": variables}})


@asynccontextmanager
async def connected(
    app: Any, *, protocols: Sequence[str] = (PROTOCOL,), headers: Headers = (), room: int | None = None
) -> AsyncIterator[Socket]:
    """A socket that the app has accepted, or closed."""
    socket = Socket(room)
    scope = {
        "type": "websocket",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"test"), *headers],
        "subprotocols": list(protocols),
        "scheme": "ws",
        "client": ("127.0.0.1", 1),
        "server": ("test", 80),
    }
    task = asyncio.create_task(app(scope, socket.receive, socket.send))
    try:
        first = await socket.next()
        assert first["type"] == "websocket.accept", first
        yield socket
        socket.leave()
        while not task.done():
            # What is still on its way must not hold the app up.
            await asyncio.wait(
                {task, asyncio.ensure_future(asyncio.sleep(0.01))}, return_when="FIRST_COMPLETED"
            )
            while not socket.sent.empty():
                socket.sent.get_nowait()
        await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Stream:
    """One response, while it goes on."""

    def __init__(self, body: bytes) -> None:
        self.chunks: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.status = 0
        self.headers: dict[str, str] = {}
        self._body, self._left = body, asyncio.Event()
        self._text, self._over = "", False

    async def receive(self) -> dict[str, Any]:
        """For the app."""
        if self._body:
            body, self._body = self._body, b""
            return {"type": "http.request", "body": body, "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        """For the app."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            await self.chunks.put(message)

    def leave(self) -> None:
        """Hang up."""
        self._left.set()

    async def event(self) -> dict[str, str] | None:
        """The next event, by its fields; None at the end of the response."""
        while "\n\n" not in self._text:
            if self._over:
                return None
            message = await asyncio.wait_for(self.chunks.get(), WAIT_S)
            self._text += message.get("body", b"").decode()
            self._over = not message.get("more_body")
        found, _, self._text = self._text.partition("\n\n")
        fields = dict(line.split(":", 1) for line in found.split("\n"))
        if set(fields) == {""}:
            return await self.event()
        return {name: value.removeprefix(" ") for name, value in fields.items()}

    async def data(self) -> Any:
        """The JSON of the next event, which is a result."""
        event = await self.event()
        assert event is not None and event["event"] == "next", event
        return json.loads(event["data"])


@asynccontextmanager
async def streaming(
    app: Any, query: str, *, headers: Headers = (), accept: bytes = b"text/event-stream", **variables: Any
) -> AsyncIterator[Stream]:
    """The response to a request for events."""
    stream = Stream(json.dumps({"query": query, "variables": variables}).encode())
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "root_path": "",
        "query_string": b"",
        "headers": [
            (b"host", b"test"),
            (b"accept", accept),
            (b"content-type", b"application/json"),
            *headers,
        ],
        "scheme": "http",
        "client": ("127.0.0.1", 1),
        "server": ("test", 80),
        "http_version": "1.1",
    }
    task = asyncio.create_task(app(scope, stream.receive, stream.send))
    try:
        yield stream
        stream.leave()
        await asyncio.wait_for(task, WAIT_S)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
