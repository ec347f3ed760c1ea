"""Ingesters as processes of their own, which do not outlive this one, and engines that are killed and come back."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

from graph_service.local import KafkaEngine, Neo4jEngine
from graph_service.local.jars import Jars

ROOT = Path(__file__).parents[2]
CLI = (sys.executable, "-c", "from graph_service.cli import main; main()")
PR_SET_PDEATHSIG = 1
LOOK_EVERY_S = 0.1
START_AGAIN_AFTER_S = 0.5
STOP_WITHIN_S = 20.0
EXPECTED_EXITS = {3}
"""Unasked: Neo4j or Kafka did not answer at the start, while one of them was away."""

E = TypeVar("E", Neo4jEngine, KafkaEngine)


def _die_with_parent() -> None:
    """The kernel ends it when this process is gone, however it went. Safe here: one thread, which forks."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class IngesterProcess:
    """One place for an ingester: a process is kept running in it while it is `wanted`."""

    def __init__(
        self, name: str, arguments: Callable[[], list[str]], *, variables: Mapping[str, str], log: Path
    ) -> None:
        """`arguments` of `graph-service ingest` are asked for at each start."""
        self.name = name
        self.wanted = False
        #: How often which exit code came unasked.
        self.exits: Counter[int] = Counter()
        self.starts = 0
        #: How often it did not end when it was asked to.
        self.forced = 0
        self._arguments, self._variables, self._log = arguments, variables, log
        self._process: subprocess.Popen[bytes] | None = None
        self._asked_to_end = False
        self._start_at_s = 0.0

    @property
    def running(self) -> bool:
        """Whether there is a process, stopped or not."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The id of the process; None when there is none."""
        return self._process.pid if self._process is not None and self.running else None

    async def keep(self) -> None:
        """Start it where it is wanted and missing, for ever."""
        while True:
            self._look()
            await asyncio.sleep(LOOK_EVERY_S)

    def send(self, number: signal.Signals) -> bool:
        """Send a signal; False when there is no process."""
        if not self.running:
            return False
        assert self._process is not None
        if number in (signal.SIGTERM, signal.SIGKILL):
            self._asked_to_end = True
        self._process.send_signal(number)
        return True

    def start_not_before(self, at_s: float) -> None:
        """Leave the place empty up to this instant of the monotonic clock."""
        self._start_at_s = at_s

    async def end(self) -> None:
        """End it in order, or after a while by force."""
        self.wanted = False
        process = self._process
        if process is None:
            return
        for number in (signal.SIGCONT, signal.SIGTERM):
            with suppress(ProcessLookupError):
                self.send(number)
        deadline_s = time.monotonic() + STOP_WITHIN_S
        while process.poll() is None and time.monotonic() < deadline_s:
            await asyncio.sleep(0.05)
        self.forced += process.poll() is None
        self.kill()
        self._process = None

    def kill(self) -> None:
        """End it by force, now."""
        self.wanted = False
        if self._process is not None and self._process.poll() is None:
            self._asked_to_end = True
            self._process.kill()
            self._process.wait()

    def _look(self) -> None:
        if self._process is not None and (code := self._process.poll()) is not None:
            if not self._asked_to_end:
                self.exits[code] += 1
                self._start_at_s = time.monotonic() + START_AGAIN_AFTER_S
            self._process = None
        if self.wanted and self._process is None and time.monotonic() >= self._start_at_s:
            self._asked_to_end = False
            self.starts += 1
            with self._log.open("ab") as log:
                log.write(f"--- start {self.starts}\n".encode())
                log.flush()
                self._process = subprocess.Popen(
                    [*CLI, "ingest", *self._arguments()],
                    cwd=ROOT,
                    env={**os.environ, **self._variables},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    preexec_fn=_die_with_parent,  # noqa: PLW1509
                )


class EngineProcess(Generic[E]):
    """An engine that may be killed, and is then started again on the same data."""

    def __init__(self, make: Callable[[], E], jars: Jars) -> None:
        """`make` makes an engine on always the same folder."""
        self._make: Callable[[], E] = make
        self._jars = jars
        self.engine: E = make()
        self._busy = asyncio.Lock()

    async def start(self) -> None:
        """Start it; blocks no other task."""
        await asyncio.to_thread(self.engine.start, self._jars)

    async def kill_and_restart(self, started: Callable[[E], None]) -> bool:
        """Kill it and start it again; `started` is called when it answers. False when that is under way already."""
        if self._busy.locked():
            return False
        async with self._busy:
            os.kill(self.engine.pid, signal.SIGKILL)
            await asyncio.to_thread(self.engine.stop)
            self.engine = self._make()
            await self.start()
            started(self.engine)
        return True

    async def stop_and_continue(self, for_s: float) -> bool:
        """Let it stand still for a while. False when it is away."""
        if self._busy.locked():
            return False
        async with self._busy:
            os.kill(self.engine.pid, signal.SIGSTOP)
            try:
                await asyncio.sleep(for_s)
            finally:
                os.kill(self.engine.pid, signal.SIGCONT)
        return True

    async def settled(self) -> None:
        """Wait until nothing is done to it any more."""
        async with self._busy:
            pass

    async def end(self) -> None:
        """Stop it, whatever its state."""
        with suppress(Exception):
            os.kill(self.engine.pid, signal.SIGCONT)
        await asyncio.to_thread(self.engine.stop)
