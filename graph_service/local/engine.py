"""What Neo4j and Kafka have in common as child processes: folder, ports, a proven start, an ordered stop."""

from __future__ import annotations

import os
import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Self

from graph_service.core.errors import EngineError
from graph_service.local.folder import EngineState, lock_home, make_home, read_state, write_state
from graph_service.local.jars import Jars
from graph_service.local.ports import choose_ports, is_free
from graph_service.local.process import Command, SupervisedProcess, is_running, log_end

START_TIMEOUT_S = 120.0
STOP_GRACE_S = 9.0
LOCK_WAIT_S = 2 * STOP_GRACE_S
PREPARE_TIMEOUT_S = 60.0
PREPARE_HEAP_MB = 128
POLL_S = 0.05
PORT_ATTEMPTS_MAX = 3
#: For every Java program of ours. An engine out of memory must end and say so, not linger.
JAVA_OPTIONS = (
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",
    "-Djava.awt.headless=true",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)


class Engine(ABC):
    """One engine in one data folder. `start` and `stop` block; they may be called from different threads."""

    #: For people.
    title: ClassVar[str]
    #: In the lock of jars.
    name: ClassVar[str]

    def __init__(self, home: Path, *, heap_mb: int, start_timeout_s: float, stop_grace_s: float) -> None:
        self._home = home
        self._heap_mb = heap_mb
        self._start_timeout_s = start_timeout_s
        self._stop_grace_s = stop_grace_s
        self._state: EngineState | None = None
        self._process: SupervisedProcess | None = None
        self._stopped = False

    @property
    def home(self) -> Path:
        """The data folder."""
        return self._home

    @property
    def log_path(self) -> Path:
        """What the process itself prints; of the start before this one, beside it with the ending `.1`."""
        return self._home / "console.log"

    @property
    def pid(self) -> int:
        """The process id of the engine. Raises EngineError if it was not started."""
        if self._process is None:
            raise EngineError(f"{self.title} was not started.")
        return self._process.pid

    @property
    def state(self) -> EngineState:
        """Ports and token of the running engine. Raises EngineError if it was not started."""
        if self._state is None:
            raise EngineError(f"{self.title} was not started.")
        return self._state

    def start(self, jars: Jars) -> Self:
        """Start the engine and return when it has proven that it is ours and answers.

        Finds the data, the ports (where still free) and the password of the last start again. Raises
        EngineError, with nothing left running, if the folder is in use, a chosen port is used, or the engine
        ends or does not answer.
        """
        if self._stopped or self._process is not None:
            raise EngineError(
                f"{self.title} was started or stopped before; make a new engine on the same folder."
            )
        self._home = make_home(self._home)
        lock_fd = lock_home(self._home, wait_s=LOCK_WAIT_S)
        try:
            state = self._remembered_state()
            for attempt in range(1, PORT_ATTEMPTS_MAX + 1):
                state = replace(
                    state, ports=choose_ports(chosen=self._chosen_ports(), remembered=state.ports)
                )
                write_state(self._home, state)
                state = self._prepared(state, jars)
                if self._run(state, jars, lock_fd, last_attempt=attempt == PORT_ATTEMPTS_MAX):
                    return self
        finally:
            os.close(lock_fd)
        raise EngineError(f"{self.title} found no free port; close some programs, or choose a port.")

    def stop(self) -> None:
        """Stop the engine in order, or by force after its grace period. Harmless if it does not run."""
        self._stopped = True
        if self._process is not None:
            self._process.stop()

    def is_running(self) -> bool:
        """Whether the process is there; whether it answers is another question."""
        process = self._process
        return process is not None and process.exit_code() is None and is_running(process.pid)

    def __enter__(self) -> Self:
        """Nothing: `with` only promises the stop at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def _remembered_state(self) -> EngineState:
        state = read_state(self._home)
        if state is not None:
            return state
        if self._data_path().exists():
            raise EngineError(
                f"{self._home} holds data of {self.title}, but not the file engine.json that opens it; "
                "put that file back, or move the folder away to start anew."
            )
        return EngineState(token=self._new_token(), ports={}, prepared=False, pid=0, supervisor_pid=0)

    def _prepared(self, state: EngineState, jars: Jars) -> EngineState:
        """Make the store where that was not done to its end.

        The token is written down before the store knows it.
        """
        shutil.rmtree(self._home / "tmp", ignore_errors=True)
        for folder in ("conf", "tmp"):
            (self._home / folder).mkdir(exist_ok=True)
        self._write_settings(state)
        if state.prepared:
            return state
        self._make_store(state, jars)
        state = replace(state, prepared=True)
        write_state(self._home, state)
        return state

    def _run(self, state: EngineState, jars: Jars, lock_fd: int, *, last_attempt: bool) -> bool:
        """Start the process and wait until it is ready.

        False if somebody else took a port just before it did.
        """
        if self.log_path.exists():
            self.log_path.replace(self.log_path.with_suffix(".log.1"))
        self._process = SupervisedProcess(
            self._command(jars), log_path=self.log_path, lock_fd=lock_fd, stop_grace_s=self._stop_grace_s
        )
        try:
            self._state = replace(state, pid=self._process.pid, supervisor_pid=self._process.supervisor_pid)
            write_state(self._home, self._state)
            self._wait_until_ready(self._process, self._state)
        except BaseException as error:
            self._process.stop()
            lost_port = isinstance(error, EngineError) and not all(map(is_free, state.ports.values()))
            if lost_port and not self._stopped and not last_attempt:
                return False
            raise
        return True

    def _wait_until_ready(self, process: SupervisedProcess, state: EngineState) -> None:
        deadline = time.monotonic() + self._start_timeout_s
        while True:
            code = process.exit_code()
            if self._stopped:
                raise EngineError(f"{self.title} was stopped while it started.")
            if code is not None:
                raise EngineError(
                    f"{self.title} ended while it started (exit code {code}); check that {self._heap_mb} MB "
                    f"of heap fit into free memory, or see {self.log_path}, which ends: {self._log_end()}"
                )
            if self._is_ours(state):
                return
            if time.monotonic() > deadline:
                raise EngineError(
                    f"{self.title} did not answer within {self._start_timeout_s:.0f} s; allow it more "
                    f"time, or see {self.log_path}, which ends: {self._log_end()}"
                )
            time.sleep(POLL_S)

    def _java_options(self, heap_mb: int) -> tuple[str, ...]:
        folder = self._home / "tmp"
        return (*JAVA_OPTIONS, f"-Xmx{heap_mb}m", f"-Djava.io.tmpdir={folder}", f"-Djna.tmpdir={folder}")

    def _log_end(self) -> str:
        return log_end(self.log_path)

    @abstractmethod
    def _chosen_ports(self) -> Mapping[str, int | None]:
        """A name for every port that it listens on, with the port that the user chose, or None."""

    @abstractmethod
    def _new_token(self) -> str:
        """The token of a new store."""

    @abstractmethod
    def _data_path(self) -> Path:
        """Where the store is, once it was made."""

    @abstractmethod
    def _write_settings(self, state: EngineState) -> None:
        """Write the engine's own settings file."""

    @abstractmethod
    def _make_store(self, state: EngineState, jars: Jars) -> None:
        """Make a store that knows the token; may be repeated until the engine has run."""

    @abstractmethod
    def _command(self, jars: Jars) -> Command:
        """What runs the engine."""

    @abstractmethod
    def _is_ours(self, state: EngineState) -> bool:
        """Whether the process that listens knows the token and is ready for work. Never raises."""
