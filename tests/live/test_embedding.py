"""Promises of embedding: pages of other origins with strict policies, in a real Chromium, with the element itself and with the frame that talks
by messages. What is done in the browser is in tests/portal/embedding.mjs; docs/embedding.md says it for people.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from neo4j import AsyncDriver

from tests.clients.stage import EVENTS, HOST, free_port, mapping, served
from tests.live.conftest import EngineAddresses, emptied
from tests.live.writing import write_events
from tests.portal_browser import STATIC, find_browser, shots

pytestmark = pytest.mark.asyncio(loop_scope="session")

FRAME = STATIC / "frame" / "frame.js"
BYTES_MAX = 8_000
TIMEOUT_S = 120.0


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def found(
    engines: EngineAddresses, neo4j_driver: AsyncDriver, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, Any]]:
    """All that was found in one run through the browser."""
    browser = find_browser()
    assert FRAME.is_file(), "the page for frames is not built: run `make build-portal`"
    await emptied(neo4j_driver)
    await write_events(neo4j_driver, mapping(), EVENTS)
    folder, port, host, stranger = tmp_path_factory.mktemp("embedding"), free_port(), free_port(), free_port()
    kept = folder / "kept"
    kept.mkdir()
    origin = f"http://{HOST}:{host}"
    neo4j = (engines.neo4j_uri, engines.neo4j_user, engines.neo4j_password)
    more = {"EMBED_ORIGINS": f"https://portal.example.org,{origin}", "CORS_ORIGINS": origin}
    server = served(folder, port, neo4j, kept, **more)
    keys = await asyncio.to_thread(server.__enter__)
    given = {
        "GRAPH_URL": f"http://{HOST}:{port}/graphql",
        "GRAPH_KEY": keys["reader"],
        "SHOTS": str(shots("embedding")),
    }
    try:
        yield await browser.run(
            "embedding.mjs", TIMEOUT_S, HOST_PORT=str(host), STRANGER_PORT=str(stranger), **given
        )
    finally:
        await asyncio.to_thread(server.__exit__, None, None, None)


async def test_a_frame_tells_its_host_what_happens(found: dict[str, Any]) -> None:
    """That it is there, how high it is, what was selected, and where in time it is."""
    assert found["ready"]["kg"] == found["ready"]["version"] == 1
    assert found["fits"]
    assert found["selected"] == "service:frontend"
    assert found["time"] == "2026-01-20T00:00:00Z"
    assert found["hello"] == 1


async def test_a_host_says_what_is_shown(found: dict[str, Any]) -> None:
    """The token, which is in memory only; attributes; and an instant."""
    assert found["before_token"] == "expired"
    assert found["attributes_with_token"] is False
    assert found["compare"] == "2026-01-02T12:00:00Z"
    assert found["configured"] == ["2", None]


async def test_what_means_nothing_has_no_effect(found: dict[str, Any]) -> None:
    """The host hears that it was wrong; others are not even answered."""
    assert set(found["malformed"]) == {"protocol"} and len(found["malformed"]) == 10
    assert found["foreign"] == {"same": True, "unanswered": True}


async def test_a_page_that_is_not_named_gets_no_frame(found: dict[str, Any]) -> None:
    """The browser refuses, since the page says who may."""
    assert found["refused"] == [0, 0]
    assert found["refused_because"]


async def test_the_element_asks_from_another_origin(found: dict[str, Any]) -> None:
    """Under a policy that lets it connect to the service, and do nothing else."""
    assert found["element"] == 5


async def test_no_policy_is_violated(found: dict[str, Any]) -> None:
    """Neither the host's nor the frame's; and nothing fails."""
    assert found["violations"] == []
    assert found["problems"] == []


async def test_the_frame_is_small() -> None:
    """Its program, beside the element."""
    assert sum(path.stat().st_size for path in FRAME.parent.glob("*.js")) <= BYTES_MAX
