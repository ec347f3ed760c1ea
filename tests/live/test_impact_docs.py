"""`docs/impact.md` keeps its word: its commands print what it says, on the events that it says."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shlex
import sys
from pathlib import Path

import pytest
import pytest_asyncio
import typer
from neo4j import AsyncDriver
from typer.testing import CliRunner

from graph_service.cli.impact import register
from graph_service.cli.impact_gate import NAMES, Condition
from graph_service.core.errors import GraphServiceError
from graph_service.mapping import Mapping
from tests.live.conftest import EngineAddresses, emptied
from tests.live.writing import write_events

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "impact.md").read_text("utf-8")
FILES = dict(
    re.findall(r"[Ss]ave (?:its mapping|this) as `(\S+)`:\n\n```\w+\n(.*?)```", PAGE, re.DOTALL)
) | dict(re.findall(r"what happened as `(\S+)`:\n\n```json\n(.*?)```", PAGE, re.DOTALL))
COMMANDS = re.findall(r"```console\n\$ graph-service (.*?)\n(.*?)```", PAGE, re.DOTALL)
CONDITIONS = re.findall(r"^\| `([^`]+)` \| (?!kind)", PAGE, re.MULTILINE)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def folder(neo4j_driver: AsyncDriver, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of the page, whose events are in the graph."""
    found = tmp_path_factory.mktemp("impact")
    for name, text in FILES.items():
        (found / name).write_text(text)
    await emptied(neo4j_driver)
    events = [json.loads(line) for line in FILES["shop.jsonl"].splitlines()]
    await write_events(neo4j_driver, Mapping.load([found / "shop.yaml"]), events)
    return found


def settings(engines: EngineAddresses) -> dict[str, str | None]:
    """Where Neo4j is, as variables; none of those that are set here."""
    unset = dict.fromkeys(name for name in os.environ if name.startswith("GRAPH_SERVICE_"))
    return {
        **unset, "COLUMNS": "80", "GRAPH_SERVICE_NEO4J_URI": engines.neo4j_uri,
        "GRAPH_SERVICE_NEO4J_USER": engines.neo4j_user, "GRAPH_SERVICE_NEO4J_PASSWORD": engines.neo4j_password,
    }  # fmt: skip


async def run(folder: Path, engines: EngineAddresses, *arguments: str) -> tuple[int, str, str]:
    """The command in this process, in a thread with a loop of its own: a process takes seconds to start."""
    app = typer.Typer()
    register(app)
    # With a second command beside it the name of the first one is given, as on the command line.
    app.command("other")(lambda: None)

    def go() -> tuple[int, str, str]:
        with contextlib.chdir(folder):
            found = CliRunner().invoke(app, arguments, env=settings(engines))
        if isinstance(found.exception, GraphServiceError):
            return found.exception.exit_code, found.stdout, str(found.exception)
        return found.exit_code, found.stdout, found.stderr

    return await asyncio.to_thread(go)


async def test_the_command_line_ends_with_the_code_of_the_gate(
    folder: Path, engines: EngineAddresses
) -> None:
    """In a process of its own: 1 where the condition holds, and a sentence on standard error."""
    given = {name: value for name, value in settings(engines).items() if value is not None}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GRAPH_SERVICE_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from graph_service.cli import main; main()",
        "impact", "service:payment", "--format", "json", "--fail-on", "count == 4", "--at", "2026-06-01T00:00:00Z",
        cwd=folder, env={**kept, **given, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert (process.returncode, json.loads(out)["count"]) == (1, 4), err
    assert err.decode() == "graph-service: the condition holds: count == 4\n"


async def test_the_commands_print_what_the_page_says(folder: Path, engines: EngineAddresses) -> None:
    """`graph-service: …` is what they say beside their output."""
    assert len(FILES) == 3 and len(COMMANDS) == 3
    for command, expected in COMMANDS:
        code, out, err = await run(folder, engines, *shlex.split(command))
        assert (out + err).strip() == expected.strip(), f"{command}\n{out}{err}"
        assert code == (1 if "--fail-on" in command else 0)


async def test_conditions_see_what_json_prints(folder: Path, engines: EngineAddresses) -> None:
    """Every condition of the page can be asked of it; SARIF and annotations are made from the same answer."""
    question = ("impact", "service:payment", "--what-if", "change.jsonl", "--at", "2026-06-02T09:00:00Z")
    code, out, err = await run(folder, engines, *question, "--format", "json")
    _, sarif, _ = await run(folder, engines, *question, "--format", "sarif")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found.keys() == NAMES
    held = {condition for condition in CONDITIONS if Condition(condition).holds(found)}
    assert len(CONDITIONS) == 7 and held == {'items.exists(i, i.kind == "service" && i.distance == 1)'}
    assert [(change["kind"], change["key"], change["type"]) for change in found["changes"]] == [
        ("ENDED", "service:mailer", None),
        ("ENDED", "service:mailer", "CONSUMES"),
        ("ENDED", "service:mailer", "OWNED_BY"),
        ("APPEARED", "service:web", "CALLS"),
    ]
    (report,) = json.loads(sarif)["runs"]
    results = [(one["ruleId"], one["level"], one["locations"][0]) for one in report["results"]]
    assert [(rule, level) for rule, level, _ in results] == [
        ("impact-moved", "note"),
        ("impact-left", "note"),
    ]
    assert results[1][2]["physicalLocation"] == {
        "artifactLocation": {"uri": "change.jsonl"}, "region": {"startLine": 2},
    }  # fmt: skip
    assert {rule["id"] for rule in report["tool"]["driver"]["rules"]} >= {rule for rule, _, _ in results}


async def test_wrong_questions_end_with_two(folder: Path, engines: EngineAddresses) -> None:
    """A gate that cannot be right never passes; the sentence names file and line."""
    (folder / "bad.jsonl").write_text(
        '\n{"specversion":"1.0","id":"x","source":"/d","type":"shop.removed","data":{}}\n'
    )
    (folder / "broken.jsonl").write_text("{\n")
    wrong = {
        ("service:payemnt",): "nothing is known of service:payemnt at that point",
        ("service:payment", "--what-if", "bad.jsonl"): "bad.jsonl:2: mapping-failed: shop.yaml#removed",
        ("service:payment", "--what-if", "broken.jsonl"): "broken.jsonl:1: not-json",
        ("service:payment", "--fail-on", "cuont > 1"): "--fail-on: there is no name 'cuont' here",
        ("service:payment", "--type", "CALS"): "no relationship type 'CALS'",
    }  # fmt: skip
    for arguments, said in wrong.items():
        code, out, err = await run(folder, engines, "impact", *arguments)
        assert (code, out) == (2, "") and said in err, (arguments, code, out, err)
