"""The conversation with the database within one transaction: what nobody waits for is carried out while we compute."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeAlias

from neo4j import AsyncTransaction

from graph_service.store.queries import ask

Rows: TypeAlias = list[dict[str, Any]]


class _Said(NamedTuple):
    name: str
    words: tuple[tuple[str, str], ...]
    values: dict[str, Any]
    answer: asyncio.Future[Rows]


class Talk:
    """Statements of one transaction, carried out one at a time: those that are *said* in their order; those that are *left* for later, in
    theirs, whenever nothing that was said waits.
    """

    def __init__(self, tx: AsyncTransaction) -> None:
        self._tx = tx
        self._said: deque[_Said] = deque()
        self._left: deque[_Said] = deque()
        self._speaking: asyncio.Task[None] | None = None
        self._mistake: Exception | None = None

    async def say(self, name: str, *words: tuple[str, str], **values: Any) -> asyncio.Future[Rows]:
        """Have a query carried out after all that was said before; its rows come with the future. A mistake comes with it too, and with
        all that is said later.
        """
        return await self._put(self._said, name, words, values)

    async def leave(self, name: str, *words: tuple[str, str], **values: Any) -> None:
        """Have a query carried out before `quiet`, at a time when the database would wait for us: nothing that is said may depend on it."""
        await self._put(self._left, name, words, values)

    async def ask(self, name: str, *words: tuple[str, str], **values: Any) -> Rows:
        """The rows of a query, after all that was said before."""
        return await (await self.say(name, *words, **values))

    async def quiet(self) -> AsyncTransaction:
        """The transaction, once nothing is under way in it, nor left for later."""
        if self._speaking is not None:
            await self._speaking
        if self._mistake is not None:
            raise self._mistake
        return self._tx

    async def end(self) -> None:
        """Nothing is under way afterwards, whatever came of it."""
        if self._speaking is not None:
            self._speaking.cancel()
            await asyncio.gather(self._speaking, return_exceptions=True)

    async def _put(
        self, where: deque[_Said], name: str, words: tuple[tuple[str, str], ...], values: dict[str, Any]
    ) -> asyncio.Future[Rows]:
        if self._mistake is not None:
            raise self._mistake
        answer: asyncio.Future[Rows] = asyncio.get_running_loop().create_future()
        where.append(_Said(name, words, values, answer))
        if self._speaking is None or self._speaking.done():
            self._speaking = asyncio.create_task(self._speak())
        await asyncio.sleep(0)
        return answer

    async def _speak(self) -> None:
        """Until there is nothing more to carry out, or a mistake was made, which all get who wait."""
        while self._said or self._left:
            one = self._said.popleft() if self._said else self._left.popleft()
            try:
                rows = await ask(self._tx, one.name, *one.words, **one.values)
            except Exception as mistake:
                self._mistake = mistake
                for waiting in (one, *self._said, *self._left):
                    _told(waiting.answer, mistake)
                self._said.clear()
                self._left.clear()
            else:
                if not one.answer.done():
                    one.answer.set_result(rows)


def _told(answer: asyncio.Future[Rows], mistake: Exception) -> None:
    if not answer.done():
        answer.set_exception(mistake)
        answer.exception()  # nobody has to wait for it: `quiet` tells it, too


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
