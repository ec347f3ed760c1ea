"""A real Chromium for tests of pages: found once, driven by a script of Node that says what it found."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environments import ROOT, SCRIPTS

#: Its packages have the driver and axe.
PACKAGES = ROOT / "portal" / "element"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True, kw_only=True)
class Browser:
    """A Chromium, and the Node that drives it."""

    node: str
    npm: str
    chromium: str
    variables: Mapping[str, str]


def find_browser() -> Browser:
    """The system's Chromium, or the one that GRAPH_SERVICE_TEST_CHROMIUM names; and the packages that portal/build.py installs."""
    named = os.environ.get("GRAPH_SERVICE_TEST_CHROMIUM")
    chromium = named or next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if chromium is None:
        pytest.skip("there is no Chromium: install it, or name it by GRAPH_SERVICE_TEST_CHROMIUM")
    variables = {**os.environ, "PATH": os.pathsep.join([str(SCRIPTS), os.environ.get("PATH", "")])}
    node, npm = (shutil.which(name, path=variables["PATH"]) for name in ("node", "npm"))
    assert node and npm, "there is no Node; install the development dependencies (`make environment`)"
    if not (PACKAGES / "node_modules" / "playwright-core").is_dir():
        options = ("--no-save", "--ignore-scripts", "--no-audit", "--no-fund")
        subprocess.run([npm, "install", *options], cwd=PACKAGES, env=variables, check=True, timeout=300)
    return Browser(node=node, npm=npm, chromium=chromium, variables=variables)


async def driven(
    browser: Browser,
    script: str,
    given: Mapping[str, str],
    told: Callable[[str], Awaitable[None]],
    *,
    timeout_s: float,
) -> dict[str, Any]:
    """What a script of tests/portal found: its last line `{"found": …}`. At each line `{"tell": …}` that is done, and answered."""
    variables = {"CHROMIUM": browser.chromium, "PACKAGES": str(PACKAGES), **given}
    process = await asyncio.create_subprocess_exec(
        browser.node,
        str(ROOT / "tests" / "portal" / script),
        env={**browser.variables, **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        limit=2**22,
    )
    assert process.stdin and process.stdout and process.stderr
    said = asyncio.create_task(process.stderr.read())
    result: dict[str, Any] | None = None
    try:
        async with asyncio.timeout(timeout_s):
            async for line in process.stdout:
                message = json.loads(line)
                result = message.get("found", result)
                if "tell" in message:
                    await told(message["tell"])
                    process.stdin.write(b"told\n")
                    await process.stdin.drain()
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert result is not None, (await said).decode()[-3000:]
    return result


def shots(part: str) -> Path:
    """Where the screenshots of a part are kept."""
    folder = ROOT / "test-output" / part
    folder.mkdir(parents=True, exist_ok=True)
    return folder
