"""Ports on the loopback interface that nobody uses."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from threading import Lock

from graph_service.core.errors import EngineError

LOOPBACK = "127.0.0.1"
_handed_out: set[int] = set()
_lock = Lock()


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def choose_ports(*, chosen: Mapping[str, int | None], remembered: Mapping[str, int]) -> dict[str, int]:
    """A port for every name in `chosen`: the one the user chose, else the remembered one if free, else any
    free one.

    Raises EngineError if a port that the user chose is in use.
    """
    with _lock:
        return {name: _choose(name, port, remembered.get(name)) for name, port in chosen.items()}


def _choose(name: str, chosen: int | None, remembered: int | None) -> int:
    if chosen is not None:
        if not is_free(chosen):
            raise EngineError(
                f"Port {chosen} ({name}) is used by another process; stop that one, or choose another "
                "port, or none."
            )
        return chosen
    if remembered is not None and is_free(remembered):
        return remembered
    while True:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port = int(probe.getsockname()[1])
        # Two engines that start at the same time must not be given the same port before either listens.
        if port not in _handed_out:
            _handed_out.add(port)
            return port
