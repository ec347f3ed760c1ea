"""A TCP port that forwards to another one, and misbehaves when it is told to."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

LOOPBACK = "127.0.0.1"
READ_BYTES_MAX = 64 * 1024
#: The request of a Bolt client that ends a transaction, as it goes over the wire: one chunk with the message COMMIT.
BOLT_COMMIT = b"\x00\x02\xb0\x12\x00\x00"
SENT_BYTES_MAX = 4 * 1024 * 1024
"""Of what a client has sent, so much is remembered."""
RESET = struct.pack("ii", 1, 0)


class Connection:
    """One client and the connection to the target that was made for it."""

    def __init__(
        self,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self.client, self.server = client, server
        #: Whether the next answer ends the connection instead of reaching the client.
        self.swallow = False
        #: What the client has sent since the last request that an ambush could have been for.
        self.sent = b""

    def cut(self) -> None:
        """Reset both sides, at once."""
        self.cut_client()
        self.cut_server()

    def cut_client(self) -> None:
        """Reset the client; the target does not learn of it."""
        _reset(self.client[1])

    def cut_server(self) -> None:
        """Reset the target; the client does not learn of it."""
        _reset(self.server[1])

    def half_close(self, *, to_server: bool) -> None:
        """Say to one side that nothing more will come, while the other direction goes on."""
        with suppress(OSError, RuntimeError):
            (self.server if to_server else self.client)[1].write_eof()


@dataclass(frozen=True)
class Ambush:
    """Waits for one request of a connection that has sent `after` before it, since the last such request.

    `deal` says whether the request is still to be forwarded.
    """

    request: bytes
    after: bytes
    deal: Callable[[Connection, bytes], bool]


class Proxy:
    """Forwards from `port` to `target`. Use as `async with`; the attributes may be changed at any time."""

    def __init__(self, name: str, *, target: tuple[str, int] | None = None) -> None:
        """Nothing listens yet. While `target` is None, clients are turned away."""
        self.name = name
        #: Host and port that clients are forwarded to.
        self.target = target
        self.port = 0
        #: Every piece waits for so long before it is forwarded.
        self.delay_s = 0.0
        #: 0: as it comes; else at most so many bytes are written at a time.
        self.slice_bytes = 0
        #: Whether new clients are turned away.
        self.refusing = False
        #: What happens to the next request of a kind; None: nothing.
        self.ambush: Ambush | None = None
        #: What the clients received so far.
        self.delivered_bytes = 0
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._accept, LOOPBACK, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let go of everything."""
        if self._server is not None:
            self._server.close()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def connections(self) -> int:
        """How many clients there are."""
        return len(self._connections)

    def cut(self) -> int:
        """Reset all connections; returns how many there were."""
        found = list(self._connections)
        for connection in found:
            connection.cut()
        return len(found)

    def half_close(self, *, to_server: bool) -> int:
        """Half-close all connections; returns how many there were."""
        for connection in self._connections:
            connection.half_close(to_server=to_server)
        return len(self._connections)

    def hole(self) -> None:
        """From now on nothing comes through, and nobody is told; also not to those that connect now."""
        self._flowing.clear()

    def flow(self) -> None:
        """Everything comes through again, also what was held back."""
        self._flowing.set()

    def calm(self) -> None:
        """No faults from now on."""
        self.delay_s, self.slice_bytes, self.refusing, self.ambush = 0.0, 0, False, None
        self.flow()

    def lose_answer(self, request: bytes = BOLT_COMMIT, after: bytes = b"") -> None:
        """The next such request reaches the target, which does what it says; but the client is cut off from the answer."""

        def deal(connection: Connection, data: bytes) -> bool:
            connection.swallow = True
            return True

        self.ambush = Ambush(request, after, deal)

    def lose_request(self, request: bytes = BOLT_COMMIT, after: bytes = b"") -> None:
        """The next such request does not reach the target, and the connection is cut."""

        def deal(connection: Connection, data: bytes) -> bool:
            connection.cut()
            return False

        self.ambush = Ambush(request, after, deal)

    def delay_request(self, late_s: float, request: bytes = BOLT_COMMIT, after: bytes = b"") -> None:
        """The next such request reaches the target `late_s` after its client was cut off, who may have tried again by then."""

        def deal(connection: Connection, data: bytes) -> bool:
            connection.swallow = True
            connection.cut_client()
            self._spawn(_later(connection, data, late_s))
            return False

        self.ambush = Ambush(request, after, deal)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._spawn(self._serve(reader, writer))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server = None
        if not self.refusing and self.target is not None:
            with suppress(OSError):
                server = await asyncio.open_connection(*self.target)
        if server is None:
            _reset(writer)
            return
        for one in (writer, server[1]):
            one.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection((reader, writer), server)
        self._connections.add(connection)
        try:
            await asyncio.gather(self._upstream(connection), self._downstream(connection))
        except (OSError, RuntimeError):
            pass  # one side is gone, or was told that nothing more comes: then the other one goes, too
        finally:
            self._connections.discard(connection)
            connection.cut()

    async def _upstream(self, connection: Connection) -> None:
        reader, writer = connection.client[0], connection.server[1]
        while data := await reader.read(READ_BYTES_MAX):
            await self._conditions()
            ambush = self.ambush
            if ambush is not None and self._falls_for(ambush, connection, data):
                self.ambush = None
                if not ambush.deal(connection, data):
                    continue
            await self._write(writer, data)
        if not connection.swallow:
            with suppress(OSError, RuntimeError):
                writer.write_eof()

    def _falls_for(self, ambush: Ambush, connection: Connection, data: bytes) -> bool:
        if ambush.request not in data:
            connection.sent = (connection.sent + data)[-SENT_BYTES_MAX:]
            return False
        sent, connection.sent = connection.sent + data, b""
        return ambush.after in sent

    async def _downstream(self, connection: Connection) -> None:
        reader, writer = connection.server[0], connection.client[1]
        while data := await reader.read(READ_BYTES_MAX):
            await self._conditions()
            if connection.swallow:
                connection.cut()
                return
            await self._write(writer, data)
            self.delivered_bytes += len(data)
        with suppress(OSError, RuntimeError):
            writer.write_eof()

    async def _conditions(self) -> None:
        await self._flowing.wait()
        if self.delay_s:
            await asyncio.sleep(self.delay_s)

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        at = 0
        while at < len(data):
            size = self.slice_bytes or len(data) - at
            writer.write(data[at : at + size])
            await writer.drain()
            at += size
            if at < len(data):
                await asyncio.sleep(0)


async def _later(connection: Connection, data: bytes, after_s: float) -> None:
    await asyncio.sleep(after_s)
    with suppress(OSError, RuntimeError):
        connection.server[1].write(data)
        await connection.server[1].drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close without the usual words, so that the other side gets a reset."""
    with suppress(OSError, AttributeError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()
