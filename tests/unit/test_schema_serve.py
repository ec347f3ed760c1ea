"""The server in the loop of the caller: it answers, stops when cancelled, and refuses a used port in words."""

from __future__ import annotations

import asyncio
import socket

import httpx
import pytest
from fastapi import FastAPI

from graph_service.api.serve import serve
from graph_service.core.errors import BadSettings

LOOPBACK = "127.0.0.1"


def app() -> FastAPI:
    """Answers one path."""
    made = FastAPI(openapi_url=None)

    @made.get("/")
    async def root() -> str:
        return "here"

    return made


async def test_it_serves_until_it_is_cancelled() -> None:
    """And then lets go of the port."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port = probe.getsockname()[1]
    serving = asyncio.create_task(serve(app(), LOOPBACK, port))
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(retries=5)) as client:
        assert (await client.get(f"http://{LOOPBACK}:{port}/")).json() == "here"
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(serving, 10)
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind((LOOPBACK, port))


async def test_a_used_port_is_said_in_one_sentence() -> None:
    """With the address and what to do."""
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        with pytest.raises(BadSettings, match="choose another"):
            await serve(app(), LOOPBACK, other.getsockname()[1])


async def test_headers_have_an_end() -> None:
    """Whoever sends headers for ever is told so, and cut off; what comes before in the same connection is answered."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port = probe.getsockname()[1]
    serving = asyncio.create_task(serve(app(), LOOPBACK, port))
    await asyncio.sleep(0.2)
    try:
        for endless in (b"x-long: " + b"a" * 8_000, b"x-a: 1\r\n" * 1_000):
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            for _ in range(3):
                writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nx-some: " + b"b" * 30_000 + b"\r\n\r\n")
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200"), head
                assert await reader.readexactly(6) == b'"here"'
            writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
            for _ in range(10):
                writer.write(endless)
            told = await asyncio.wait_for(reader.read(), 5)
            assert told.startswith(b"HTTP/1.1 400") and told.endswith(b"The headers are too large."), told
            writer.close()
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
