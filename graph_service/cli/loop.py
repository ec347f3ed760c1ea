"""The event loop of what serves: uvloop where there is one, which takes about half of what asyncio's own takes for each read and each answer."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Found = TypeVar("Found")


def run_served(main: Coroutine[Any, Any, Found]) -> Found:
    """As `asyncio.run`."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)

    class Loop(uvloop.Loop):
        """Says of a connection that is gone what asyncio's own loops and every client expect: an OSError.

        uvloop raises RuntimeError for a write to a connection that the other side has closed. Neo4j's driver does not take that for the end of a
        connection: it would go on with it, and whoever asks would see a bug instead of a database that is away for a moment.
        """

        async def create_connection(self, *args: Any, **values: Any) -> Any:
            transport, protocol = await super().create_connection(*args, **values)
            return _Transport(transport), protocol

        async def start_tls(self, transport: Any, *args: Any, **values: Any) -> Any:
            own = transport.own if isinstance(transport, _Transport) else transport
            return _Transport(await super().start_tls(own, *args, **values))

    return uvloop.run(main, loop_factory=Loop)


class _Transport:
    """A transport that tells of writes that it cannot do."""

    def __init__(self, own: Any) -> None:
        self.own = own

    def write(self, data: bytes | bytearray | memoryview) -> None:
        try:
            self.own.write(data)
        except RuntimeError as error:
            raise self._gone(error) from error

    def writelines(self, lines: list[bytes]) -> None:
        try:
            self.own.writelines(lines)
        except RuntimeError as error:
            raise self._gone(error) from error

    def _gone(self, error: RuntimeError) -> Exception:
        return ConnectionResetError(str(error)) if self.own.is_closing() else error

    def __getattr__(self, name: str) -> Any:
        return getattr(self.own, name)
