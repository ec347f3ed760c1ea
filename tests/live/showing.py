"""`<knowledge-graph>` in a browser, over a story in a real Neo4j behind a real API."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from neo4j import AsyncDriver

from tests.clients.stage import HOST, free_port, mapping, served
from tests.live.conftest import EngineAddresses, emptied
from tests.live.writing import write_events
from tests.portal_browser import Browser, shots


async def shown(
    browser: Browser,
    script: str,
    timeout_s: float,
    *,
    story: Sequence[Mapping[str, Any]],
    live: Mapping[str, Any] | None = None,
    engines: EngineAddresses,
    driver: AsyncDriver,
    folder: Path,
) -> dict[str, Any]:
    """What a script of tests/portal found. `live` is written when the script asks for something to land.

    Raises:
        AssertionError: it did not come to its end.
    """
    await emptied(driver)
    await write_events(driver, mapping(), [dict(one) for one in story])
    port, kept = free_port(), folder / "kept"
    kept.mkdir()
    server = served(folder, port, (engines.neo4j_uri, engines.neo4j_user, engines.neo4j_password), kept)
    keys = await asyncio.to_thread(server.__enter__)

    async def told(_: str) -> None:
        assert live is not None, "the script waits for something that nobody writes"
        await write_events(driver, mapping(), [dict(live)], recorded_from=2_000_000)

    try:
        return await browser.run(
            script, timeout_s, told, GRAPH_URL=f"http://{HOST}:{port}/graphql",
            GRAPH_KEY=keys["reader"], SHOTS=str(shots(Path(script).stem)),
        )  # fmt: skip
    finally:
        await asyncio.to_thread(server.__exit__, None, None, None)
