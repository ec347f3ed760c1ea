"""The pictures of the README: the demo story in a real Neo4j, in a real Chromium. `make screenshots` writes docs/images.

.venv/bin/python -m tests.screenshots
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

from neo4j import AsyncGraphDatabase

from graph_service.story.questions import NOW
from tests.clients.environments import ROOT
from tests.clients.stage import HOST, free_port, served
from tests.live.conftest import EngineAddresses, chosen_backend, emptied, external_engines, local_engines
from tests.live.story import write_story
from tests.portal_browser import find_browser

IMAGES = ROOT / "docs" / "images"
BYTES_MAX = 150_000
TIMEOUT_S = 120.0


async def taken(engines: EngineAddresses, folder: Path) -> None:
    """Write the story, serve it, and take all pictures."""
    auth = (engines.neo4j_user, engines.neo4j_password)
    async with AsyncGraphDatabase.driver(
        engines.neo4j_uri, auth=auth, notifications_min_severity="OFF"
    ) as driver:
        await emptied(driver)
        await write_story(driver)
    port, host = free_port(), free_port()
    kept = folder / "kept"
    kept.mkdir()
    more = {"EMBED_ORIGINS": f"http://{HOST}:{host}"}
    with served(folder, port, (engines.neo4j_uri, *auth), kept, **more) as keys:
        found = await find_browser().run(
            "screenshots.mjs", TIMEOUT_S, GRAPH_URL=f"http://{HOST}:{port}/graphql", GRAPH_KEY=keys["reader"],
            HOST_PORT=str(host), IMAGES=str(IMAGES), NOW=NOW,
        )  # fmt: skip
    assert found["problems"] == [], found["problems"]


def main() -> int:
    """Take them; 1 if one is too large to be in a repository."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        external = chosen_backend(os.environ) == "external"
        with nullcontext(external_engines(os.environ)) if external else local_engines(folder) as engines:
            asyncio.run(taken(engines, folder))
    large = 0
    for path in sorted(IMAGES.glob("*.png")):
        size = path.stat().st_size
        large += size > BYTES_MAX
        print(f"{path.relative_to(ROOT)}: {size // 1000} kB{', too large' if size > BYTES_MAX else ''}")
    return 1 if large else 0


if __name__ == "__main__":
    sys.exit(main())
