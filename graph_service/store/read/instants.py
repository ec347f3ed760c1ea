"""When something around an entity became otherwise: for those who want to record all of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from neo4j import AsyncDriver, AsyncManagedTransaction

from graph_service.store.queries import query_with, type_list


async def instants_around(
    driver: AsyncDriver,
    key: str,
    *,
    types: Iterable[str],
    known: int,
    before: int,
    most: int,
    database: str | None = None,
) -> list[int]:
    """The instants (microseconds) before `before` at which a relationship of the entity begins or ends, of these types: the newest first, up to `most`.

    By all that was known until `known`, also by what was corrected since: there may be more than in any one belief, and never fewer.
    """
    names = sorted(types)
    words = "|".join((type_list(names), type_list(names, past=True)))
    text = query_with("read/instants_around", ("types", words))

    async def work(tx: AsyncManagedTransaction) -> list[dict[str, Any]]:
        result = await tx.run(text, key=key, known=known, before=before, size=most)
        return [record.data() async for record in result]

    async with driver.session(database=database) as session:
        rows = await session.execute_read(work)
    return [int(instant) for instant in rows[0]["instants"]]
