"""Promises of `export`, `import` and `erase` that need no database: a file is judged on its own, and nothing starts on a wrong word."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.test_cli import run
from tests.unit.test_ledger_file import ledger


def test_a_file_is_checked_without_neo4j(tmp_path: Path) -> None:
    """Exit code 0 with what it holds; 2, in one sentence, when it is damaged."""
    path = tmp_path / "backup.ndjson"
    path.write_bytes(ledger())
    found = run("import", "--check", str(path), folder=tmp_path)
    assert (found.returncode, found.stderr) == (0, "")
    assert "is whole: 3 events, 1 dead letters, 0 erasures, sha256 " in found.stdout
    path.write_bytes(ledger()[:-30])
    found = run("import", "--check", str(path), folder=tmp_path)
    assert found.returncode == 2
    assert found.stderr.startswith("graph-service: ")
    assert found.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [("import", "-"), ("export", "x"), ("erase", "user:1", "--yes")])
def test_what_cannot_be_done_is_said(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Exit code 2, one sentence, and no file is left."""
    found = run(*arguments, folder=tmp_path)
    assert found.returncode == 2
    assert found.stderr.startswith("graph-service: ")
    assert list(tmp_path.iterdir()) == []
