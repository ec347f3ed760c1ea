"""A process of ours: under a supervisor that ends it with us, and with a log whose end explains a failure."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from graph_service.core.errors import EngineError

SUPERVISOR = Path(__file__).with_name("supervise.py")
SUPERVISOR_EXTRA_S = 5.0
LOG_LINES_SHOWN_MAX = 4
LOG_BYTES_READ_MAX = 16_384
# Variables that would slip options of other Java programs into ours.
FOREIGN_VARIABLES = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH", "JAVA_HOME")


@dataclass(frozen=True, kw_only=True)
class Command:
    """A program, its arguments, and the variables it needs beside those of this process."""

    arguments: tuple[str, ...]
    variables: tuple[tuple[str, str], ...] = ()

    def environment(self) -> dict[str, str]:
        """The variables of this process without those that change other Java programs, and with its own."""
        kept = {name: value for name, value in os.environ.items() if name not in FOREIGN_VARIABLES}
        return kept | dict(self.variables)


class SupervisedProcess:
    """One running command that does not outlive this process, even if this process is killed.

    `lock_fd` is a descriptor that the command inherits, and keeps open as long as it lives.
    """

    def __init__(self, command: Command, *, log_path: Path, lock_fd: int, stop_grace_s: float) -> None:
        self.log_path = log_path
        self._stop_grace_s = stop_grace_s
        self._lock = Lock()
        self._supervisor = subprocess.Popen(
            [
                *(sys.executable, "-I", "-S", str(SUPERVISOR)),
                *(str(os.getpid()), str(stop_grace_s), str(log_path), str(lock_fd)),
                *command.arguments,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=command.environment(),
            pass_fds=(lock_fd,),
            start_new_session=True,
        )
        self.supervisor_pid = self._supervisor.pid
        self.pid = self._read_pid()

    def _read_pid(self) -> int:
        assert self._supervisor.stdout is not None and self._supervisor.stderr is not None
        line = self._supervisor.stdout.readline()
        if not line.strip().isdigit():
            cause = self._supervisor.stderr.read().decode(errors="replace").strip().splitlines()[-1:]
            self._supervisor.wait()
            raise EngineError(
                f"A process cannot be started ({' '.join(cause)}); check memory and process limits."
            )
        return int(line)

    def exit_code(self) -> int | None:
        """None while it runs; then its exit code, or 128 + n if signal n ended it."""
        return self._supervisor.poll()

    def stop(self) -> None:
        """End it: SIGTERM, after the grace period SIGKILL.

        Returns when it is gone; harmless when it is already.
        """
        with self._lock:
            assert self._supervisor.stdin is not None
            self._supervisor.stdin.close()
            try:
                self._supervisor.wait(self._stop_grace_s + SUPERVISOR_EXTRA_S)
            except subprocess.TimeoutExpired:
                self._supervisor.kill()
                self._supervisor.wait()
            if self._supervisor.returncode < 0 and is_running(self.pid):
                # The supervisor was killed, and this system does not end orphans.
                with suppress(ProcessLookupError):
                    os.killpg(self.pid, signal.SIGKILL)
            for pipe in (self._supervisor.stdout, self._supervisor.stderr):
                assert pipe is not None
                pipe.close()


def run_tool(command: Command, *, what: str, timeout_s: float) -> str:
    """Run a short-lived program to its end and return what it printed. Raises EngineError if it fails."""
    try:
        done = subprocess.run(
            command.arguments,
            env=command.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout_s,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"{what} failed ({type(error).__name__}); check memory and try again.") from error
    text = done.stdout.decode(errors="replace")
    if done.returncode != 0:
        raise EngineError(
            f"{what} failed with exit code {done.returncode}; check memory and disk: {last_lines(text)}"
        )
    return text


def log_end(path: Path) -> str:
    """The last lines of a log file, on one line."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LOG_BYTES_READ_MAX))
            return last_lines(file.read().decode(errors="replace"))
    except FileNotFoundError:
        return "(no log)"


def last_lines(text: str) -> str:
    """The last lines of a text that say something, on one line: no stack frames, no empty ones."""
    lines = [line.strip() for line in text.splitlines()]
    telling = [line for line in lines if line and not line.startswith(("at ", "... ", "WARNING:"))]
    return " | ".join(telling[-LOG_LINES_SHOWN_MAX:]) or "(nothing was printed)"


def is_running(pid: int) -> bool:
    """Whether a process has this id. It may be somebody else's by now: see `command_line`."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Whether it has ended and only waits to be reaped, which some first processes of containers never do."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False


def command_line(pid: int) -> str:
    """The command line of a process, empty if there is none or it cannot be seen."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        pass
    try:
        shown = subprocess.run(
            ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return shown.stdout.strip()
