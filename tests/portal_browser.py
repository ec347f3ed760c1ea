"""A real Chromium for tests of pages, and the Node that drives it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environments import ROOT, SCRIPTS

PORTAL = ROOT / "portal" / "element"
STATIC = ROOT / "graph_service" / "static"
ELEMENT = STATIC / "element" / "knowledge-graph.js"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True, kw_only=True)
class Browser:
    """A Chromium, and the Node that drives it."""

    node: str
    npm: str
    chromium: str
    variables: dict[str, str]

    async def run(
        self,
        script: str,
        timeout_s: float,
        /,
        *told: Callable[[str], Awaitable[None]],
        **given: str,
    ) -> dict[str, Any]:
        """What a script of tests/portal prints at last as `found`, which is kept with its screenshots. At each line `{"tell": …}` that is done by each of `told`, and answered.

        Raises:
            AssertionError: it did not come to that; the message has its last words.
        """
        known = {"CHROMIUM": self.chromium, "ELEMENT": str(ELEMENT), "PACKAGES": str(PORTAL)}
        process = await asyncio.create_subprocess_exec(
            self.node, str(ROOT / "tests" / "portal" / script), env={**self.variables, **known, **given},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, limit=2**22,
        )  # fmt: skip
        assert process.stdin and process.stdout and process.stderr
        said = asyncio.create_task(process.stderr.read())
        found: dict[str, Any] | None = None
        try:
            async with asyncio.timeout(timeout_s):
                async for line in process.stdout:
                    message = json.loads(line) if line.startswith(b"{") else {}
                    found = message.get("found", found)
                    if "tell" in message:
                        for do in told:
                            await do(message["tell"])
                        process.stdin.write(b"told\n")
                        await process.stdin.drain()
                await process.wait()
        except TimeoutError:
            process.kill()
            raise AssertionError(f"{script} did not end: {(await said).decode()[-4000:]}") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0 and found is not None, (await said).decode()[-4000:]
        kept = shots(Path(script).stem) / "found.json"
        kept.write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")
        return found


def find_browser() -> Browser:
    """The system's Chromium, or the one that GRAPH_SERVICE_TEST_CHROMIUM names; and the packages that portal/build.py installs.

    Skips where there is none.
    """
    named = os.environ.get("GRAPH_SERVICE_TEST_CHROMIUM")
    chromium = named or next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if chromium is None:
        pytest.skip("there is no Chromium: install it, or name it by GRAPH_SERVICE_TEST_CHROMIUM")
    variables = {**os.environ, "PATH": os.pathsep.join([str(SCRIPTS), os.environ.get("PATH", "")])}
    node, npm = (shutil.which(name, path=variables["PATH"]) for name in ("node", "npm"))
    assert node and npm, "there is no Node; install the development dependencies (`make environment`)"
    assert ELEMENT.is_file(), "the element is not built: run `make build-portal`"
    if not (PORTAL / "node_modules" / "playwright-core").is_dir():
        options = ("--no-save", "--ignore-scripts", "--no-audit", "--no-fund")
        subprocess.run([npm, "install", *options], cwd=PORTAL, env=variables, check=True, timeout=300)
    return Browser(node=node, npm=npm, chromium=chromium, variables=variables)


def shots(name: str) -> Path:
    """A folder for screenshots, which is there."""
    folder = ROOT / "test-output" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder
