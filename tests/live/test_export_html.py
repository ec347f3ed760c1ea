"""Promises of `graph-service export --html`: one file that is opened from the disk with the network off, in a real Chromium, and shows what was so
at every instant. What is done in the browser is in tests/portal/exported.mjs.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from neo4j import AsyncDriver

from graph_service.core.time import parse_instant
from graph_service.store.read.answers import Point
from graph_service.store.read.reader import Reader
from tests.clients.stage import EVENTS, event, mapping, seen
from tests.live.conftest import EngineAddresses, emptied
from tests.live.writing import write_events
from tests.portal_browser import find_browser, shots

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEY = "service:checkout"
TIMEOUT_S = 90.0
ODD = "service:</script><img src=x onerror=alert(1)><!--<script>"
STORY = [
    *EVENTS,
    # Something that was there for two days only, and names that would end a script.
    seen("10", 8, KEY, "service:cart", "service:payment", "service:brief", tier=1),
    seen("11", 11, KEY, "service:cart", "service:payment", tier=1, note="</script><b>bold</b>"),
    seen("12", 13, ODD, KEY, tier=9),
    event("13", "gone", 16, key=ODD),
]
INSTANTS = [
    f"2026-01-{day:02}T{hour}:00:00Z"
    for day in (1, 2, 5, 8, 9, 11, 13, 15, 16, 20, 22)
    for hour in ("00", "12")
]


async def exported(engines: EngineAddresses, *arguments: str) -> tuple[int, str]:
    """Exit code and output of the command."""
    given = {
        "GRAPH_SERVICE_NEO4J_URI": engines.neo4j_uri,
        "GRAPH_SERVICE_NEO4J_USER": engines.neo4j_user,
        "GRAPH_SERVICE_NEO4J_PASSWORD": engines.neo4j_password,
    }
    others = {name: value for name, value in os.environ.items() if not name.startswith("GRAPH_SERVICE_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from graph_service.cli import main; main()", "export", *arguments, env={**others, **given},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def file(
    engines: EngineAddresses, neo4j_driver: AsyncDriver, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Path]:
    """The file."""
    await emptied(neo4j_driver)
    await write_events(neo4j_driver, mapping(), STORY)
    path = tmp_path_factory.mktemp("exported") / "checkout.html"
    code, said = await exported(engines, "--html", KEY, str(path))
    assert code == 0 and KEY in said, said
    yield path


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def found(file: Path) -> dict[str, Any]:
    """All that was found in one run through the browser."""
    given = {"FILE": file.as_uri(), "INSTANTS": json.dumps(INSTANTS), "SHOTS": str(shots("exported"))}
    return await find_browser().run("exported.mjs", TIMEOUT_S, **given)


async def test_it_shows_what_was_so(found: dict[str, Any], neo4j_driver: AsyncDriver) -> None:
    """At every instant just what the graph itself says was around it, also what was there for two days only."""
    reader = Reader(neo4j_driver)
    for at in INSTANTS:
        point = Point(valid=parse_instant(at), known=2**60)
        there = await around(reader, point)
        drawn = {
            key
            for key, status in found["seen"][at].items()
            if status in ("present", "added", "changed", "undeclared", "ended")
        }
        assert drawn == there, at
    assert "service:brief" in found["seen"]["2026-01-09T00:00:00Z"]


async def around(reader: Reader, point: Point) -> set[str]:
    """Keys of what is one step away, and of itself; none where it is not there."""
    from graph_service.api.context import Context
    from graph_service.api.schema import make_schema
    from graph_service.api.security.roles import Principal, Role

    text = """query Q($key: String!, $valid: DateTime!) { entity(key: $key, at: {valid: $valid}) {
      relationships(direction: BOTH, first: 100) { edges { node { source { key } target { key } } } } } }"""
    context = Context(reader, principal=Principal(name="test", realm="insecure", role=Role.READER))
    from graph_service.core.time import format_instant

    found = await make_schema().execute(text, {"key": KEY, "valid": format_instant(point.valid)}, context)
    assert found.errors is None and found.data is not None, found.errors
    if found.data["entity"] is None:
        return set()
    edges = found.data["entity"]["relationships"]["edges"]
    return {KEY} | {edge["node"][end]["key"] for edge in edges for end in ("source", "target")}


async def test_it_asks_nobody(found: dict[str, Any]) -> None:
    """No request, no violation of its own policy, no error."""
    assert found["requests"] == []
    assert found["problems"] == []


async def test_time_moves_and_nothing_else(found: dict[str, Any]) -> None:
    """By pointer and by key; no card changes its place, and nothing that is in the file fails."""
    assert found["moved"] == [] and found["moves"] > 15
    assert (found["errors"], found["cause_errors"]) == (0, 0)
    assert found["event"] == "seen"


async def test_it_says_what_it_is(file: Path, found: dict[str, Any]) -> None:
    """When it was made, of how many instants, and what it leaves out; what is asked beyond that is not answered wrongly."""
    assert found["title"] == KEY
    assert "instants" in found["said"] and "asks no server" in found["said"]
    (told,) = found["not_there"]
    assert told.startswith("This is not in the file.")
    assert found["impact"][0] == "frontend"
    text = file.read_text("utf-8")
    assert "Not in it: what was known at other times" in text


async def test_names_are_only_text(file: Path, found: dict[str, Any]) -> None:
    """Whatever stands in events ends no script and makes no element."""
    text = file.read_text("utf-8")
    assert text.count("</script>") == 2 and "<img" not in text and "<b>" not in text
    assert found["markup"] == [0, 0]
    assert ODD in found["seen"]["2026-01-15T00:00:00Z"]


async def test_what_is_not_known_makes_no_file(engines: EngineAddresses, tmp_path: Path, file: Path) -> None:
    """Exit code 2, with a sentence."""
    code, said = await exported(engines, "--html", "service:nobody", str(tmp_path / "x.html"))
    assert code == 2 and "nothing is known of 'service:nobody'" in said, said
    code, said = await exported(engines, "--depth", "2", str(tmp_path / "x"))
    assert code == 2 and "--html" in said
    assert list(tmp_path.iterdir()) == []


async def test_an_earlier_belief_two_steps_around(
    engines: EngineAddresses, tmp_path: Path, file: Path
) -> None:
    """Depth 2 has the neighbours' own neighbourhoods; with `--since`, it says from when on."""
    path = tmp_path / "two.html"
    code, said = await exported(engines, "--html", KEY, "--depth", "2", "--since", "2026-01-10T00:00:00Z", "--at", "2026-01-20T00:00:00Z", str(path))  # fmt: skip
    assert code == 0, said
    text = path.read_text("utf-8")
    data = json.loads(text.split('id="recorded">', 1)[1].split("</script>", 1)[0])
    assert {KEY, "service:payment", "service:frontend"} <= data["entities"].keys()
    assert data["entities"][KEY]["from"] == "2026-01-10T00:00:00Z"
    assert len(data["entities"][KEY]["points"]) >= 8
