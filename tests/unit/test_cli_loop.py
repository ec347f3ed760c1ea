"""The loop of what serves, where a connection goes away under a client."""

from __future__ import annotations

import asyncio
import sys

import pytest

from graph_service.cli.loop import run_served

GONE_WITHIN_S = 5.0


async def written_after_the_end() -> list[str]:
    """What a client that only writes is told after the other side has closed, until it is told something."""
    gone = asyncio.Event()

    async def closed_at_once(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()
        gone.set()

    server = await asyncio.start_server(closed_at_once, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()[:2]
        reader, writer = await asyncio.open_connection(host, port)
        await gone.wait()
        until_s = asyncio.get_running_loop().time() + GONE_WITHIN_S
        told: list[str] = []
        while not told and asyncio.get_running_loop().time() < until_s:
            try:
                writer.write(b"x")
                await asyncio.sleep(0.01)
                if reader.exception() is not None or reader.at_eof():
                    writer.writelines([b"x", b"y"])
                    await writer.drain()
            except Exception as error:
                told.append(type(error).__name__)
                assert isinstance(error, OSError), error
        return told


def test_a_connection_that_is_gone_is_an_os_error() -> None:
    assert run_served(written_after_the_end()) in (["ConnectionResetError"], ["BrokenPipeError"])


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop is not made for Windows")
def test_it_is_uvloop() -> None:
    async def module() -> str:
        return [kind.__module__ for kind in type(asyncio.get_running_loop()).__mro__][1]

    assert run_served(module()).startswith("uvloop")


async def echoed() -> tuple[bytes, bool, str]:
    """A connection that stays behaves as any."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()[:2]
        reader, writer = await asyncio.open_connection(host, port)
        writer.writelines([b"there ", b"and back\n"])
        await writer.drain()
        line, peer = await reader.readline(), writer.get_extra_info("peername")
        writer.close()
        await writer.wait_closed()
        return line, writer.is_closing(), peer[0]


def test_what_is_written_arrives() -> None:
    assert run_served(echoed()) == (b"there and back\n", True, "127.0.0.1")
