"""Promises of the fixture that brings engines to the live tests: which way it goes, and that CI skips
nothing silently.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live import conftest as live

ADDRESSES = {
    "GRAPH_SERVICE_TEST_NEO4J_URI": "bolt://example:7687",
    "GRAPH_SERVICE_TEST_NEO4J_PASSWORD": "x",
    "GRAPH_SERVICE_TEST_KAFKA_BOOTSTRAP": "example:9092",
}
SKIPPING = """
import pytest
def test_skips():
    pytest.skip("no engine")
@pytest.mark.skipif(True, reason="too slow")
def test_is_skipped():
    pass
@pytest.mark.xfail(reason="known")
def test_is_expected_to_fail():
    assert False
def test_lacks_data():
    pytest.skip("shared data absent: ../shared")
"""
SKIPPING_FILE = 'import pytest\npytest.skip("not here", allow_module_level=True)\n'


@pytest.mark.parametrize(
    ("environment", "docker", "backend"),
    [
        ({}, False, "local"),
        ({}, True, "containers"),
        (ADDRESSES, True, "external"),
        ({**ADDRESSES, "GRAPH_SERVICE_TEST_NEO4J_PASSWORD": ""}, False, "local"),
        ({**ADDRESSES, "GRAPH_SERVICE_TEST_BACKEND": "local"}, True, "local"),
        ({"GRAPH_SERVICE_TEST_BACKEND": "containers"}, False, "containers"),
    ],
)
def test_the_first_way_that_is_there_is_taken(
    environment: dict[str, str], docker: bool, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Configured addresses, else containers, else local jars; unless one way is asked for."""
    monkeypatch.setattr(live, "docker_answers", lambda: docker)
    assert live.chosen_backend(environment) == backend


def test_configured_addresses_are_used_as_they_are() -> None:
    """The user name has a default; a missing address is named."""
    found = live.external_engines(ADDRESSES)
    assert (found.neo4j_uri, found.neo4j_user, found.kafka_bootstrap) == (
        "bolt://example:7687",
        "neo4j",
        "example:9092",
    )
    with pytest.raises(pytest.UsageError, match="GRAPH_SERVICE_TEST_NEO4J_URI"):
        live.external_engines({})


def test_an_unknown_way_is_refused() -> None:
    """A typing mistake does not silently become `auto`."""
    with pytest.raises(pytest.UsageError, match="must be one of auto, external, containers, local"):
        live.chosen_backend({"GRAPH_SERVICE_TEST_BACKEND": "podman"})


@pytest.mark.parametrize("ci", ["true", ""])
def test_a_skip_fails_in_ci_and_only_there(ci: str, tmp_path: Path) -> None:
    """A skipped test or file is a failure in CI, except where shared data is absent; an expected failure
    stays one.
    """
    shutil.copy(Path(live.__file__), tmp_path / "conftest.py")
    (tmp_path / "test_some.py").write_text(SKIPPING)
    (tmp_path / "test_file.py").write_text(SKIPPING_FILE)
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-rA",
            "--continue-on-collection-errors",
            "-p",
            "no:cacheprovider",
            str(tmp_path),
        ],
        env={**os.environ, "CI": ci, "PYTHONPATH": str(root)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    end = done.stdout.splitlines()[-1]
    counts = {what.rstrip("s"): int(number) for number, what in re.findall(r"(\d+) (\w+)", end)}
    if ci:
        # A mark speaks before the test runs, so pytest calls that failure an error, as it does for a file.
        expected = {"failed": 1, "error": 2, "skipped": 1, "xfailed": 1}
        assert "A live test must not be skipped in CI: no engine" in done.stdout
    else:
        expected = {"skipped": 4, "xfailed": 1}
    assert {what: counts.get(what) for what in expected} == expected, done.stdout
    assert (done.returncode == 0) == (not ci)
