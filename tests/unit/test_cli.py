"""Promises of the command line: help for strangers, one sentence for errors, exit codes for scripts."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEMO = str(ROOT / "deploy" / "mappings" / "demo.yaml")
COMMANDS = (
    "up", "demo", "ingest", "serve", "api-key", "publish", "mapping", "dead-letters", "digest", "status", "settings", "export", "import", "erase",
    "impact",
)  # fmt: skip


def run(*arguments: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command, in a process of its own and without settings from outside."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GRAPH_SERVICE_")}
    return subprocess.run(
        [sys.executable, "-c", "from graph_service.cli import main; main()", *arguments],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT), "COLUMNS": "120", **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_names_every_command_and_imports_nothing_heavy(tmp_path: Path) -> None:
    """So that it is there at once."""
    code = (
        "import sys; from graph_service.cli.app import app\n"
        "heavy = {'neo4j', 'aiokafka', 'fastapi', 'strawberry', 'pydantic', 'yaml', 'cel'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    found = run("--help", folder=tmp_path)
    assert found.returncode == 0
    assert all(f" {command} " in found.stdout for command in COMMANDS)


def test_an_api_starts_without_the_compiler_of_mappings() -> None:
    """Which takes a third of a second to import, and is for who ingests, replays or asks what if."""
    code = (
        "import sys, graph_service.api.app, graph_service.api.serve\n"
        "heavy = {'cel', 'prompt_toolkit', 'aiokafka', 'graph_service.mapping.files'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(tmp_path: Path, command: str) -> None:
    """With a sentence about what it does."""
    found = run(command, "--help", folder=tmp_path)
    assert (found.returncode, found.stderr) == (0, "")
    assert "Usage" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("up",), 2, "mapping is not set"),
        (("ingest", "--mapping", DEMO), 2, "topics is not set"),
        (("ingest", "--mapping", DEMO, "--topic", "t", "--kafka", "127.0.0.1:1"), 2, "neo4j_uri is not set"),
        (("up", "--mapping", "nowhere.yaml", "--topic", "t"), 2, "nowhere.yaml"),
        (("up", "--mapping", DEMO, "--topic", "a b"), 2, "--topics"),
        (("serve",), 2, "no Neo4j is configured"),
        (("up", "--mapping", DEMO, "--topic", "t", "--host", "0.0.0.0"), 2, "would let everybody in"),
        (("api-key", "laptop", "--role", "king"), 2, "--role: 'king' is not one of reader, operator, eraser"),
        (("api-key", "two words"), 2, "is not a name of a key"),
        (("digest",), 2, "no Neo4j is configured"),
        (("status", "--neo4j-uri", "http://x"), 2, "--neo4j-uri"),
        (("settings", "--config", "nowhere.toml"), 2, "nowhere.toml cannot be read"),
        (("mapping", "check", "nowhere.yaml"), 2, "nowhere.yaml"),
        (("dead-letters", "list"), 2, "no Neo4j is configured"),
        (("dead-letters", "list", "--state", "lost"), 2, "--state: 'lost' is not one of"),
        (("dead-letters", "replay"), 2, "say which dead letters to replay"),
        (("dead-letters", "replay", "t/0/1", "--all"), 2, "in one way"),
        (("dead-letters", "replay", "--all", "--mapping", "nowhere.yaml"), 2, "nowhere.yaml"),
        (("mapping", "check", DEMO, "--events", "nowhere"), 2, "nowhere cannot be read"),
        (("publish", "nowhere", "--topic", "t", "--kafka", "127.0.0.1:1"), 2, "nowhere cannot be read"),
        (("publish", DEMO, "--topic", "t"), 2, "kafka_bootstrap is not set"),
        (("impact", "service:x"), 2, "no Neo4j is configured"),
        (("impact", "service:x", "--format", "xml"), 2, "--format: 'xml' is not one of"),
        (("impact", "service:x", "--fail-on", "cuont > 1"), 2, "--fail-on: there is no name 'cuont'"),
        (("impact", "service:x", "--at", "yesterday"), 2, "not an RFC 3339 instant"),
    ],
)
def test_an_error_is_one_sentence_and_an_exit_code(
    tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """On standard error, without a stack trace."""
    found = run(*arguments, folder=tmp_path)
    assert said in found.stderr
    assert (found.returncode, found.stdout) == (code, "")
    assert "Traceback" not in found.stderr
    assert found.stderr.startswith("graph-service: ")


def test_serve_wants_to_know_who_is_let_in(tmp_path: Path) -> None:
    """Before it looks for Neo4j; --insecure, or a file of keys that can be read, says so."""
    serve = ("serve", "--neo4j-uri", "bolt://127.0.0.1:1")
    password = {"GRAPH_SERVICE_NEO4J_PASSWORD": "sesame"}
    found = run(*serve, folder=tmp_path, **password)
    assert (found.returncode, found.stdout) == (2, "")
    assert "the API would let everybody in" in found.stderr and "--insecure" in found.stderr
    assert found.stderr.count("\n") == 1
    found = run(*serve, "--api-keys-file", "nowhere", folder=tmp_path, **password)
    assert found.returncode == 2 and "api_keys_file: nowhere cannot be read" in found.stderr
    made = run("api-key", "laptop", "--role", "operator", folder=tmp_path)
    assert made.stdout.startswith("laptop operator sha256:") and "gsk_" in made.stderr
    (tmp_path / "keys").write_text(made.stdout)
    for given in (("--api-keys-file", "keys"), ("--insecure",)):
        assert run(*serve, *given, folder=tmp_path, **password).returncode == 3, given
    assert run(*serve, "--insecure", "--api-keys-file", "keys", folder=tmp_path, **password).returncode == 2


def test_a_used_port_is_said_before_anything_starts(tmp_path: Path) -> None:
    """One sentence with the next step."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        found = run("up", "--mapping", DEMO, "--topic", "t", "--port", port, folder=tmp_path)
    assert found.returncode == 2
    assert f"port {port} is used by another process" in found.stderr
    assert not (tmp_path / ".data").exists()


def test_kafka_that_does_not_answer_is_exit_code_3(tmp_path: Path) -> None:
    """So that a script can try again."""
    events = tmp_path / "events.jsonl"
    events.write_text('{"specversion":"1.0","id":"1","source":"/s","type":"t"}\n')
    found = run("publish", str(events), "--topic", "t", "--kafka", "127.0.0.1:1", folder=tmp_path)
    assert found.returncode == 3
    assert "Kafka at 127.0.0.1:1 does not answer" in found.stderr
    assert "Traceback" not in found.stderr


def test_settings_are_printed_without_secrets(tmp_path: Path) -> None:
    """Each with the variable that sets it."""
    found = run("settings", folder=tmp_path, GRAPH_SERVICE_NEO4J_PASSWORD="sesame")
    assert found.returncode == 0
    assert "GRAPH_SERVICE_NEO4J_PASSWORD=**********" in found.stdout
    assert "sesame" not in found.stdout + found.stderr


def test_mapping_check_shows_assertions_and_fails_on_bad_events(tmp_path: Path) -> None:
    """0: all right; 1: an event would become a dead letter."""
    good = {
        "specversion": "1.0",
        "id": "1",
        "source": "/s",
        "type": "example.larkspur.team.formed.v1",
        "time": "2026-01-01T00:00:00Z",
        "data": {"team": "a", "title": "A", "mission": "M"},
    }
    events = tmp_path / "events.jsonl"
    events.write_text(json.dumps(good) + "\n")
    found = run("mapping", "check", DEMO, "--events", str(events), folder=tmp_path)
    assert found.returncode == 0, found.stderr
    assert "team:a is" in found.stdout
    events.write_text(json.dumps({**good, "time": "yesterday"}) + "\n")
    found = run("mapping", "check", DEMO, "--events", str(events), folder=tmp_path)
    assert found.returncode == 1
    assert "bad-time" in found.stdout


def test_the_schema_of_mappings_is_printed(tmp_path: Path) -> None:
    """As JSON."""
    found = run("mapping", "schema", folder=tmp_path)
    assert "$schema" in json.loads(found.stdout) or "properties" in json.loads(found.stdout)


def test_the_version_is_said(tmp_path: Path) -> None:
    """By its flag."""
    assert run("--version", folder=tmp_path).stdout.startswith("graph-service ")
