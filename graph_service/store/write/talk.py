"""The conversation with the database within one transaction: what nobody waits for is carried out while we compute."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, TypeVar

from neo4j import AsyncTransaction

from graph_service.store.queries import ask

Rows: TypeAlias = list[dict[str, Any]]
T = TypeVar("T")

BREATH = 64
"""After so many steps of computing the conversation goes on, and so do heartbeats and other questions."""


class Talk:
    """Statements of one transaction, carried out one after the other in the order in which they were said."""

    def __init__(self, tx: AsyncTransaction) -> None:
        self._tx = tx
        self._said: list[asyncio.Task[Rows]] = []

    async def say(self, name: str, *words: tuple[str, str], **values: Any) -> asyncio.Task[Rows]:
        """Have a query carried out after all that was said before; its rows come with the task. A mistake comes with it too, and with
        all that is said later.
        """
        before = self._said[-1] if self._said else None
        said = asyncio.create_task(self._carried_out(before, name, words, values))
        self._said.append(said)
        await asyncio.sleep(0)
        return said

    async def ask(self, name: str, *words: tuple[str, str], **values: Any) -> Rows:
        """The rows of a query, after all that was said before."""
        return await (await self.say(name, *words, **values))

    async def quiet(self) -> AsyncTransaction:
        """The transaction, once nothing is under way in it."""
        if self._said:
            await self._said[-1]
            self._said.clear()
        return self._tx

    async def each(self, things: Iterable[T]) -> AsyncIterator[T]:
        """The same things; now and then the conversation goes on meanwhile."""
        for number, thing in enumerate(things, 1):
            yield thing
            if number % BREATH == 0:
                await asyncio.sleep(0)

    async def _carried_out(
        self,
        before: asyncio.Task[Rows] | None,
        name: str,
        words: tuple[tuple[str, str], ...],
        values: dict[str, Any],
    ) -> Rows:
        if before is not None:
            await before
        return await ask(self._tx, name, *words, **values)

    async def end(self) -> None:
        """Nothing is under way afterwards, whatever came of it."""
        for said in self._said:
            said.cancel()
        await asyncio.gather(*self._said, return_exceptions=True)


@asynccontextmanager
async def talking(tx: AsyncTransaction) -> AsyncIterator[Talk]:
    """A conversation within a transaction; at its end, all that was said is done.

    Raises:
        Whatever a statement raised, also one that nobody waited for.
    """
    talk = Talk(tx)
    try:
        yield talk
        await talk.quiet()
    finally:
        await talk.end()
