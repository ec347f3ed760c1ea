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
