"""One question that many ask at the same time, and that is worth asking once for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, TypeVar

Found = TypeVar("Found")


class Joined(Generic[Found]):
    """Asks one at a time. Who comes while one is under way gets the next: no answer was begun before it was asked for, so none is older than
    if everybody had asked alone. Only waiting for the one under way comes on top.
    """

    def __init__(self, ask: Callable[[], Awaitable[Found]]) -> None:
        """Nothing is asked yet."""
        self._ask = ask
        self._under_way: asyncio.Task[Found] | None = None
        self._next: asyncio.Task[Found] | None = None

    async def answer(self) -> Found:
        """An answer that is begun from now on. Raises what asking raises, for all who share it."""
        loop = asyncio.get_running_loop()
        if self._next is None or self._next.done() or self._next.get_loop() is not loop:
            before = self._under_way
            if before is not None and (before.done() or before.get_loop() is not loop):
                before = None
            self._next = loop.create_task(self._after(before))
        # Others wait for it, too.
        return await asyncio.shield(self._next)

    async def _after(self, before: asyncio.Task[Found] | None) -> Found:
        if before is not None:
            # Whoever asked for it is told.
            with suppress(Exception):
                await asyncio.shield(before)
        self._under_way, self._next = self._next, None
        return await self._ask()
