"""How much a hostile request costs before it is refused: CPU time of each, and what the process keeps of all of them.

    .venv/bin/python -m bench.hostile

The target: a coded error in 50 ms of CPU time, and 20 MB. Memory is that of the whole process, after every request was sent five times.
"""

from __future__ import annotations

import asyncio
import gc
import time
from pathlib import Path
from typing import cast

import httpx

from graph_service.api.app import create_app
from graph_service.api.exposure import Exposure
from graph_service.api.security.access import Insecure
from graph_service.store.read.reader import Reader
from tests.hostile import HARMS, Harm, Nothing

TIMES = 5


def resident_kb() -> int:
    """Memory of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise SystemExit("this system does not tell how much memory a process has")


async def sent(client: httpx.AsyncClient, harm: Harm) -> tuple[float, str]:
    """CPU time in ms, and the code."""
    started_s = time.process_time()
    response = await client.post(
        "/graphql", content=harm.content, headers={"content-type": harm.content_type}
    )
    took_ms = (time.process_time() - started_s) * 1000
    errors = response.json().get("errors") or [{"extensions": {"code": "none"}}]
    return took_ms, str(errors[0]["extensions"]["code"])


async def main() -> None:
    """Send all of them."""
    app = create_app(cast("Reader", Nothing()), access=Insecure(), exposure=Exposure(audit=lambda _: None))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        await client.post("/graphql", json={"query": "{ __typename }"})
        gc.collect()
        before_kb, worst_ms = resident_kb(), 0.0
        for harm in HARMS:
            runs = [await sent(client, harm) for _ in range(TIMES)]
            took_ms = min(took for took, _ in runs)
            worst_ms = max(worst_ms, took_ms)
            print(
                f"{took_ms:7.1f} ms  {runs[0][1]:28} {harm.name}{'' if runs[0][1] in harm.codes else '   UNEXPECTED'}"
            )
        gc.collect()
        print(f"worst {worst_ms:.1f} ms of CPU; memory grew by {(resident_kb() - before_kb) / 1024:.1f} MB")


if __name__ == "__main__":
    asyncio.run(main())
