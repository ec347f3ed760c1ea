"""One server with keys on a small graph, and scripts that are clients of it."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from neo4j import AsyncDriver

from graph_service.api.security.keys import new_key
from graph_service.api.security.roles import Role
from graph_service.mapping import Mapping
from tests.clients.environments import HERE, Environments
from tests.live.writing import write_events

HOST = "127.0.0.1"
READY_WITHIN_S = 60.0
SCRIPT_TIMEOUT_S = 90.0 + float(os.environ.get("GRAPH_SERVICE_TEST_FUZZ_S", "0"))
MAPPING = """
kinds: {service: {label: Service}, team: {label: Team}}
relationships:
  CALLS: {label: calls, depends: source}
  OWNED_BY: {label: is owned by, depends: nobody, owner: true}
events:
  - name: seen
    type: seen
    assert:
      - {entity: data.key, properties: data.properties}
      - relationships: CALLS
        source: data.key
        targets: {for_each: {one: data.calls}, target: one}
  - name: owned
    type: owned
    assert: [{relationship: OWNED_BY, source: data.key, target: data.by}]
  - name: gone
    type: gone
    assert: [{end: data.key}]
"""


def event(id: str, type: str, day: int, **data: Any) -> dict[str, Any]:
    """A CloudEvent of a day in January."""
    time = f"2026-01-{day:02}T00:00:00Z"
    return {"specversion": "1.0", "id": id, "source": "/t", "type": type, "time": time, "data": data}


def seen(id: str, day: int, key: str, *calls: str, **properties: Any) -> dict[str, Any]:
    """An entity, what it calls, and its properties."""
    return event(id, "seen", day, key=key, calls=list(calls), properties=properties)


EVENTS = [
    seen("1", 1, "service:cart", tier=2),
    seen("2", 2, "service:checkout", "service:cart", "service:payment", tier=1),
    seen("3", 3, "service:frontend", "service:checkout", "service:cart", tier=1),
    seen("4", 4, "service:payment", "service:bank", tier=1),
    event("5", "owned", 5, key="service:checkout", by="team:shop"),
    seen("6", 6, "team:shop", name="Shop"),
    seen("7", 20, "service:checkout", "service:cart", "service:payment", tier=2),
    seen("8", 21, "service:old"),
    event("9", "gone", 22, key="service:old"),
]


@dataclass(kw_only=True)
class Stage:
    """Where clients play: an address, keys by role, and a way to let events happen."""

    driver: AsyncDriver
    url: str
    keys: dict[str, str]
    log: Path
    environments: Environments
    _told: int = field(default=0)

    async def tell(self, count: int) -> list[str]:
        """Record events of new entities; returns their keys."""
        keys = [f"service:told-{self._told + n}" for n in range(count)]
        events = [seen(f"told-{key}", 25, key) for key in keys]
        # Later on the log's clock than all before.
        recorded_from = 2_000_000 + self._told * 1_000
        self._told += count
        await write_events(self.driver, mapping(), events, recorded_from=recorded_from)
        return keys

    async def node(self, script: str, **variables: str) -> tuple[dict[str, Any], list[list[str]]]:
        """What a script of Node found, and the keys that it had told, in turn."""
        return await self._script([self.environments.node, script], variables)

    async def python(self, script: str, **variables: str) -> tuple[dict[str, Any], list[list[str]]]:
        """The same of a script of Python."""
        return await self._script([self.environments.python, script], variables)

    async def ask(self, query: str, role: str = "reader", **variables: Any) -> dict[str, Any]:
        """The body of an answer."""
        async with httpx.AsyncClient(timeout=30) as client:
            headers = {"authorization": f"Bearer {self.keys[role]}"}
            response = await client.post(
                self.url, json={"query": query, "variables": variables}, headers=headers
            )
            found: dict[str, Any] = response.json()
            return found

    async def _script(
        self, command: list[str], variables: dict[str, str]
    ) -> tuple[dict[str, Any], list[list[str]]]:
        given = {"GRAPH_URL": self.url, "GRAPH_KEY": self.keys["reader"], **variables}
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=HERE,
            env={**self.environments.variables, **given},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stderr is not None
        said = asyncio.create_task(process.stderr.read())
        try:
            async with asyncio.timeout(SCRIPT_TIMEOUT_S):
                found, told = await self._conversation(process)
                code = await process.wait()
        except TimeoutError:
            raise AssertionError(f"{command[1]} did not end: {await _ended(process, said)}") from None
        finally:
            await _ended(process, said)
        assert code == 0 and found is not None, (
            f"{command[1]} ended with {code}: {said.result().decode()[-3000:]}\n{self.log.read_text()[-3000:]}"
        )
        return found, told

    async def _conversation(
        self, process: asyncio.subprocess.Process
    ) -> tuple[dict[str, Any] | None, list[list[str]]]:
        assert process.stdin is not None and process.stdout is not None
        found: dict[str, Any] | None = None
        told: list[list[str]] = []
        async for line in process.stdout:
            message = json.loads(line) if line.startswith(b"{") else {}
            found = message.get("found", found)
            if "tell" in message:
                told.append(await self.tell(message["tell"]))
                process.stdin.write(b"told\n")
                await process.stdin.drain()
        return found, told


async def _ended(process: asyncio.subprocess.Process, said: asyncio.Task[bytes]) -> str:
    """Stop a process that may have stopped; its last words."""
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()
    return (await said).decode()[-3000:]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def mapping() -> Mapping:
    """What the events mean."""
    return Mapping.parse([("clients.yaml", MAPPING)])


@contextmanager
def served(
    folder: Path, port: int, neo4j: tuple[str, str, str], kept: Path, **more: str
) -> Iterator[dict[str, str]]:
    """`graph-service serve` as a process; the keys that it lets in, by role. `more`: settings by name, in capitals."""
    made = {role.value: new_key(f"clients-{role.value}", role) for role in Role}
    keys_file = folder / "api-keys"
    keys_file.write_text("".join(f"{line}\n" for _, line in made.values()))
    uri, user, password = neo4j
    variables = {
        "NEO4J_URI": uri,
        "NEO4J_USER": user,
        "NEO4J_PASSWORD": password,
        "PORT": str(port),
        "API_KEYS_FILE": str(keys_file),
        "PERSISTED_FOLDER": str(kept),
        # One client asks what many would; that this is refused has tests of its own.
        "COST_PER_S": "100000000",
        "COST_BURST": "100000000",
        **more,
    }
    others = {name: value for name, value in os.environ.items() if not name.startswith("GRAPH_SERVICE_")}
    with (folder / "api.log").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", "from graph_service.cli import main; main()", "serve"],
            env={**others, **{f"GRAPH_SERVICE_{name}": value for name, value in variables.items()}},
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _until_ready(f"http://{HOST}:{port}/readyz", process, folder / "api.log")
            yield {role: key for role, (key, _) in made.items()}
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def _until_ready(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline_s = time.monotonic() + READY_WITHIN_S
    while process.poll() is None and time.monotonic() < deadline_s:
        with suppress(httpx.HTTPError):
            if httpx.get(address).status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError(f"the server is not ready: {log.read_text()[-3000:]}")
