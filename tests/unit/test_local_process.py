"""Promises of the supervisor, the data folder and the ports, kept without an engine: small programs stand
in for one.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from graph_service.core.errors import EngineError
from graph_service.local import folder, ports
from graph_service.local.folder import EngineState, lock_home, make_home, read_state, write_state
from graph_service.local.java import java_command
from graph_service.local.process import (
    Command,
    SupervisedProcess,
    command_line,
    is_running,
    last_lines,
    run_tool,
)

POLITE = "import time; print('ready', flush=True); time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {POLITE}"
FAILING = "import sys; print('no memory for 99 TB'); sys.exit(3)"
STATE = EngineState(token="secret", ports={"bolt": 1}, prepared=True, pid=0, supervisor_pid=0)


def until(condition: Callable[[], bool], timeout_s: float = 10.0) -> bool:
    """Whether the condition became true in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def says_ready(log_path: Path) -> bool:
    return log_path.exists() and "ready" in log_path.read_text()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return make_home(tmp_path / "engine")


@pytest.fixture
def run(home: Path) -> Iterator[Callable[[str], SupervisedProcess]]:
    """Starts a Python program under a supervisor; whatever still runs is stopped at the end."""
    started: list[SupervisedProcess] = []

    def start(program: str, stop_grace_s: float = 5.0) -> SupervisedProcess:
        lock_fd = lock_home(home, wait_s=5.0)
        command = Command(arguments=(sys.executable, "-c", program))
        process = SupervisedProcess(
            command, log_path=home / "console.log", lock_fd=lock_fd, stop_grace_s=stop_grace_s
        )
        os.close(lock_fd)
        started.append(process)
        return process

    yield start
    for process in started:
        process.stop()


def test_a_stop_is_ordered_and_final(run: Callable[..., SupervisedProcess], home: Path) -> None:
    """SIGTERM ends the program; afterwards neither it nor its supervisor is there, and a second stop is
    harmless.
    """
    process = run(POLITE)
    assert until(lambda: says_ready(home / "console.log"))
    process.stop()
    process.stop()
    assert process.exit_code() == 128 + signal.SIGTERM
    assert not is_running(process.pid)
    assert not is_running(process.supervisor_pid)


def test_a_program_that_ignores_sigterm_is_killed_after_its_grace_period(
    run: Callable[..., SupervisedProcess], home: Path
) -> None:
    """No program can refuse to end."""
    process = run(STUBBORN, stop_grace_s=0.3)
    assert until(lambda: says_ready(home / "console.log"))
    process.stop()
    assert process.exit_code() == 128 + signal.SIGKILL


def test_the_exit_code_and_the_log_of_a_failed_program_are_known(
    run: Callable[..., SupervisedProcess], home: Path
) -> None:
    """A program that ends by itself leaves its exit code, and its last words in the log."""
    process = run(FAILING)
    assert until(lambda: process.exit_code() is not None)
    assert process.exit_code() == 3
    assert "no memory for 99 TB" in (home / "console.log").read_text()


def test_ctrl_c_does_not_reach_the_program(run: Callable[..., SupervisedProcess]) -> None:
    """The supervisor and the program are in sessions of their own, and the supervisor ignores SIGINT."""
    process = run(POLITE)
    os.kill(process.supervisor_pid, signal.SIGINT)
    time.sleep(0.3)
    assert process.exit_code() is None
    assert len({os.getsid(0), os.getsid(process.pid), os.getsid(process.supervisor_pid)}) == 3


@pytest.mark.parametrize("forked_child_keeps_the_pipe", [False, True])
def test_nothing_outlives_a_parent_that_was_killed(home: Path, forked_child_keeps_the_pipe: bool) -> None:
    """After kill -9 of the parent the program ends, even where a forked child still holds the parent's
    pipe open.
    """
    parent = textwrap.dedent(
        f"""
        import os, sys, time
        from pathlib import Path
        from graph_service.local.folder import lock_home
        from graph_service.local.process import Command, SupervisedProcess
        home = Path({str(home)!r})
        command = Command(arguments=(sys.executable, "-c", {POLITE!r}))
        lock_fd = lock_home(home, wait_s=0)
        process = SupervisedProcess(command, log_path=home / "console.log", lock_fd=lock_fd, stop_grace_s=2)
        forked = {forked_child_keeps_the_pipe} and os.fork()
        if {forked_child_keeps_the_pipe} and not forked:
            time.sleep(8)
            os._exit(0)
        print(process.pid, process.supervisor_pid, flush=True)
        time.sleep(600)
        """
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        pids = [int(word) for word in child.stdout.readline().split()]
        assert all(map(is_running, pids))
        child.kill()
        assert until(lambda: not any(map(is_running, pids)))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends orphans on Linux only")
def test_nothing_outlives_a_supervisor_that_was_killed(run: Callable[..., SupervisedProcess]) -> None:
    """On Linux the program ends even with its supervisor."""
    process = run(POLITE)
    os.kill(process.supervisor_pid, signal.SIGKILL)
    assert until(lambda: not is_running(process.pid))


def test_a_folder_in_use_is_refused_with_the_process_that_uses_it(home: Path) -> None:
    """Two engines never share a folder; the error names the owner."""
    descriptor = lock_home(home, wait_s=0)
    with pytest.raises(EngineError, match=f"is in use by process {os.getpid()}; stop that one"):
        lock_home(home, wait_s=5)
    os.close(descriptor)
    os.close(lock_home(home, wait_s=0))


def test_the_lock_is_held_as_long_as_the_program_lives(
    run: Callable[..., SupervisedProcess], home: Path
) -> None:
    """The program inherits the lock, so the folder is free only when the program itself is gone."""
    process = run(POLITE)
    with pytest.raises(EngineError, match="in use"):
        lock_home(home, wait_s=0)
    process.stop()
    os.close(lock_home(home, wait_s=0))


def test_an_engine_left_behind_is_ended_by_the_next_start(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where owner and supervisor are dead but the engine of this very folder is not, the next start ends
    it.
    """
    descriptor = lock_home(home, wait_s=0)
    program = [sys.executable, "-c", POLITE, str(home)]
    with subprocess.Popen(program, pass_fds=(descriptor,), stdout=subprocess.DEVNULL) as leftover:
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait()
        os.pwrite(descriptor, f"{gone.pid}\n".encode().ljust(16), 0)
        os.close(descriptor)
        write_state(home, replace(STATE, pid=leftover.pid, supervisor_pid=gone.pid))
        # The test is the parent of what was left: a parent must reap it before it is gone for good.
        monkeypatch.setattr(
            folder, "_is_engine_of", lambda _, pid: leftover.poll() is None and is_running(pid)
        )
        os.close(lock_home(home, wait_s=5))
        assert leftover.returncode == -signal.SIGTERM


def test_the_command_line_of_a_process_can_be_seen() -> None:
    """It is how a process that was left is told from a stranger with the same number."""
    assert "python" in command_line(os.getpid()) or "pytest" in command_line(os.getpid())
    assert command_line(2**22 + 1) == ""


def test_the_state_is_remembered_and_private(home: Path) -> None:
    """What is written is read again, and no other user can read it."""
    assert read_state(home) is None
    write_state(home, STATE)
    assert read_state(home) == STATE
    assert (home / folder.STATE_FILE).stat().st_mode & 0o777 == 0o600
    assert home.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps({"token": "x", "ports": 1})])
def test_a_broken_state_is_an_error_with_a_next_step(home: Path, content: str) -> None:
    """Never guessed: a new password on an old store would lock everybody out."""
    (home / folder.STATE_FILE).write_text(content)
    with pytest.raises(EngineError, match=r"cannot be read .* move .* away to start anew"):
        read_state(home)


def test_ports_are_found_again_unless_taken() -> None:
    """The remembered port where it is free, another one where it is not, and never the same one twice."""
    first = ports.choose_ports(chosen={"bolt": None, "http": None}, remembered={})
    assert len(set(first.values())) == 2
    assert ports.choose_ports(chosen={"bolt": None, "http": None}, remembered=first) == first
    with socket.socket() as taken:
        taken.bind((ports.LOOPBACK, first["bolt"]))
        taken.listen()
        second = ports.choose_ports(chosen={"bolt": None}, remembered=first)
        assert second["bolt"] not in first.values()
        with pytest.raises(EngineError, match=f"Port {first['bolt']} \\(bolt\\) is used by another process"):
            ports.choose_ports(chosen={"bolt": first["bolt"]}, remembered={})


def test_a_tool_that_fails_says_why() -> None:
    """The end of what it printed is in the error."""
    with pytest.raises(
        EngineError, match="Trying failed with exit code 3; check memory and disk: no memory for 99 TB"
    ):
        run_tool(Command(arguments=(sys.executable, "-c", FAILING)), what="Trying", timeout_s=10)


def test_only_telling_lines_are_shown() -> None:
    """Stack frames, warnings and empty lines say nothing to a user."""
    text = "WARNING: x\nError: heap too big\n\n\tat java.base/Foo(Bar.java)\n\t... 3 more\n"
    assert last_lines(text) == "Error: heap too big"
    assert last_lines("") == "(nothing was printed)"


def test_foreign_java_options_do_not_reach_our_java(monkeypatch: pytest.MonkeyPatch) -> None:
    """Options that the user set for other Java programs change nothing here."""
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Xmx1k")
    assert "JAVA_TOOL_OPTIONS" not in Command(arguments=()).environment()


def test_a_password_is_not_in_the_list_of_processes(tmp_path: Path) -> None:
    """Everything but the place of the argument file is in that file, which only this user can read."""
    path = tmp_path / "tool.args"
    command = java_command(
        options=("-Xmx1m",), class_path=(Path("a b.jar"),), program=("Main", 'se"cret\\'), arguments_path=path
    )
    assert command.arguments[1:] == (f"@{path}",)
    assert path.read_text().splitlines() == ['"-Xmx1m"', '"-cp"', '"a b.jar"', '"Main"', '"se\\"cret\\\\"']
    assert path.stat().st_mode & 0o777 == 0o600
