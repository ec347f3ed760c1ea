"""One hash of all that the graph knows, the same wherever the same log was folded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

from neo4j import AsyncDriver

from graph_service.core.model import canonical
from graph_service.core.time import FOREVER
from graph_service.store.neo4j_errors import translated
from graph_service.store.queries import PAST, query
from graph_service.store.rows import Owner, StoredRow


async def digest(driver: AsyncDriver, *, valid: bool = False, database: str = "neo4j") -> str:
    """SHA-256 over every version on both clocks, with events and positions, canonically ordered.

    With `valid`: over what is believed now, on the valid axis alone: spans and states, without events and positions.
    """
    lines: list[str] = []
    async for owner, row in _rows(driver, database):
        for version in row.versions(owner, FOREVER, corrections=True):
            stream = [version.owner, version.type, version.target, version.discriminator]
            span = [version.valid_from, version.valid_to, version.properties]
            if not valid:
                lines.append(canonical([*stream, *span, version.known_from, version.known_to, version.event]))
            elif version.known_to == FOREVER:
                lines.append(canonical([*stream, *span]))
    if not valid:
        lines += [canonical(event) async for event in _events(driver, database)]
    total = sha256()
    for line in sorted(lines):
        total.update(line.encode() + b"\n")
    return total.hexdigest()


async def _rows(driver: AsyncDriver, database: str) -> AsyncIterator[tuple[Owner, StoredRow]]:
    async for record in _stream(driver, database, "read/digest_rows"):
        name = record["type"]
        base = "" if name == "HAD" else name.removesuffix(PAST)
        owner = Owner(
            key=record["source"],
            type=base,
            target=record["target"] if base else "",
            discriminator=record["row"].get("discriminator", ""),
        )
        yield owner, StoredRow.of(record["row"])
    async for record in _stream(driver, database, "read/digest_nodes"):
        yield Owner(key=record["key"]), StoredRow.of(record["row"])


async def _events(driver: AsyncDriver, database: str) -> AsyncIterator[list[Any]]:
    async for record in _stream(driver, database, "read/digest_events"):
        yield list(record["event"])


async def _stream(driver: AsyncDriver, database: str, name: str) -> AsyncIterator[dict[str, Any]]:
    with translated():
        async with driver.session(database=database, default_access_mode="READ", fetch_size=2000) as session:
            async for record in await session.run(query(name)):
                yield record.data()
