"""Promises of publishing: every line is checked, and a bad one is named by file and line."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from graph_service.core.errors import BadInput
from ingest.publish import Timestamps, _timestamp_ms, read_events
from tests.unit.test_ingest_records import event


def test_plain_and_gzip_files_are_read(tmp_path: Path) -> None:
    """Told by content, not by name; empty lines and a missing last newline do not matter."""
    lines = event("1") + b"\n\n" + event("2")
    plain, zipped = tmp_path / "plain.gz", tmp_path / "zipped.jsonl"
    plain.write_bytes(lines)
    zipped.write_bytes(gzip.compress(lines))
    assert [one["id"] for one in read_events([plain, zipped])] == ["1", "2", "1", "2"]


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    """By file, line number and reason; on demand it is left out, and the rest goes on."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(event("1") + b"\n{\n" + event("3", time="2026-01-01") + b"\n" + event("4") + b"\n")
    with pytest.raises(BadInput, match=r"events\.jsonl:2: not-json: .*--skip-bad"):
        list(read_events([path]))
    bad: list[str] = []
    assert [one["id"] for one in read_events([path], on_bad=bad.append)] == ["1", "4"]
    assert [one.split(": ")[0].rpartition(":")[2] for one in bad] == ["2", "3"]
    assert "bad-time" in bad[1]


@pytest.mark.parametrize("content", [None, gzip.compress(event())[:-9], b"\x1f\x8bnonsense"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    """Missing, cut off, or not what it seems."""
    path = tmp_path / "events.gz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadInput, match=r"events\.gz cannot be read"):
        list(read_events([path]))


def test_timestamps_follow_the_story_on_demand() -> None:
    """In whole milliseconds; without the attribute it is the moment of publishing."""
    said = {"recordedtime": "1970-01-01T00:00:01.2345Z"}
    assert _timestamp_ms(said, Timestamps.RECORDEDTIME) == 1234
    assert _timestamp_ms(said, Timestamps.NOW) is None
    assert _timestamp_ms({}, Timestamps.RECORDEDTIME) is None
