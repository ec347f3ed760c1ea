"""Runs the app in the loop of the caller, so that all parts of one process stop in order."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from graph_service.api.live.service import Live
from graph_service.api.wire import Wire
from graph_service.core.errors import BadSettings

STOP_TIMEOUT_S = 5
MESSAGE_BYTES_MAX = 1_000_000
"""Of a WebSocket, where the app does not say."""


class _Server(uvicorn.Server):
    """Leaves signals to the caller, who stops all parts together."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing."""
        yield


async def serve(app: FastAPI, host: str, port: int) -> None:
    """Serve until cancelled; then take no more requests, finish the open ones (at most 5 s) and return.

    Raises:
        BadSettings: nobody can listen there.
    """
    live: Live | None = getattr(app.state, "live", None)
    listener = _listen(host, port)
    config = uvicorn.Config(
        app,
        http=Wire,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=STOP_TIMEOUT_S,
        ws_max_size=MESSAGE_BYTES_MAX if live is None else live.endpoint.limits.body_bytes_max,
        # What is sent once and shared would be compressed for each subscriber alone.
        ws_per_message_deflate=False,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    warming = asyncio.create_task(app.state.warm_up()) if hasattr(app.state, "warm_up") else None
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        if warming is not None:
            warming.cancel()
        if live is not None:
            await live.stop()
        server.should_exit = True
        await serving
        raise
    finally:
        listener.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise BadSettings(
            f"the API cannot listen on {host}: {error.strerror}; choose another host"
        ) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise BadSettings(
            f"the API cannot listen on {host}:{port}: {error.strerror}; stop what uses that port or choose another"
        ) from error
    listener.setblocking(False)
    return listener
