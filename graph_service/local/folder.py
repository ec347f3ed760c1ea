"""The data folder of one engine: what is remembered in it, and the lock that keeps a second engine out."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from graph_service.core.errors import EngineError
from graph_service.local.process import command_line, is_running

STATE_FILE = "engine.json"
LOCK_FILE = "engine.lock"
POLL_S = 0.1
LEFTOVER_GRACE_S = 10.0


@dataclass(frozen=True, kw_only=True)
class EngineState:
    """What must be known again at the next start."""

    #: Proves that a process is ours: the password of Neo4j, the cluster id of Kafka.
    token: str
    ports: Mapping[str, int]
    #: Whether the store has been made, with this token.
    prepared: bool
    #: The engine and its supervisor at the last start; 0 before the first.
    pid: int
    supervisor_pid: int


def read_state(home: Path) -> EngineState | None:
    """What the folder remembers; None for a new folder. Raises EngineError if it cannot be read."""
    path = home / STATE_FILE
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return EngineState(
            token=str(content["token"]),
            ports={str(name): int(port) for name, port in content["ports"].items()},
            prepared=bool(content["prepared"]),
            pid=int(content["pid"]),
            supervisor_pid=int(content["supervisor_pid"]),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise EngineError(
            f"{path} cannot be read ({type(error).__name__}), and without it the data beside it cannot be "
            f"opened; put it back, or move {home} away to start anew."
        ) from error


def write_state(home: Path, state: EngineState) -> None:
    """Remember the state: whole or not at all, and readable only by this user, for it holds a password."""
    part = home / f"{STATE_FILE}.part"
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(state), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    part.replace(home / STATE_FILE)


def make_home(home: Path) -> Path:
    """Make the folder, for this user only, and return its absolute path without links."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise EngineError(
            f"The data folder {home} cannot be made ({error.strerror}); choose another."
        ) from error
    return home.resolve()


def lock_home(home: Path, *, wait_s: float) -> int:
    """Take the folder for this process; returns the descriptor that holds the lock, to be passed on and
    closed.

    Where the last owner has died, waits up to `wait_s` for its engine to end. Raises EngineError if the owner
    lives.
    """
    descriptor = os.open(home / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _wait_for_lock(home, descriptor, time.monotonic() + wait_s)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return descriptor
    except BaseException:
        os.close(descriptor)
        raise


def _wait_for_lock(home: Path, descriptor: int, deadline: float) -> None:
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(descriptor, 32, 0).strip()
            if owner.isdigit() and is_running(int(owner)):
                raise EngineError(
                    f"The data folder {home} is in use by process {int(owner)}; stop that one, or "
                    "choose another folder."
                ) from None
            if time.monotonic() > deadline:
                raise EngineError(
                    f"The data folder {home} is still in use by an engine that is stopping; try again in "
                    "a moment."
                ) from None
            _end_leftover(home)
            time.sleep(POLL_S)


def _end_leftover(home: Path) -> None:
    """End an engine of this folder whose supervisor was killed.

    Never ends what is not provably this folder's engine.
    """
    state = read_state(home)
    if (
        state is None
        or not state.pid
        or is_running(state.supervisor_pid)
        or not _is_engine_of(home, state.pid)
    ):
        return
    os.kill(state.pid, signal.SIGTERM)
    deadline = time.monotonic() + LEFTOVER_GRACE_S
    while time.monotonic() < deadline and _is_engine_of(home, state.pid):
        time.sleep(POLL_S)
    if _is_engine_of(home, state.pid):
        os.kill(state.pid, signal.SIGKILL)


def _is_engine_of(home: Path, pid: int) -> bool:
    return str(home) in command_line(pid)
