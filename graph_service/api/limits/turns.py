"""How much this process does at once: so many requests are executed, so many wait for that, all others are told to come again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from graph_service.api.limits.bounds import Limits
from graph_service.core.errors import Overloaded

RETRY_AFTER_S = 1


class Turns:
    """The places of one process."""

    def __init__(self, limits: Limits) -> None:
        """As many as the limits say."""
        self._places = limits.requests_at_once_max + limits.requests_waiting_max
        self._at_once = asyncio.Semaphore(limits.requests_at_once_max)
        self._wait_s = limits.request_wait_s

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place for a request, from before its body is read, so that bodies that wait take bounded memory.

        Raises:
            Overloaded: all are taken.
        """
        if self._places <= 0:
            raise _overloaded()
        self._places -= 1
        try:
            yield
        finally:
            self._places += 1

    @asynccontextmanager
    async def turn(self, wait_s: float | None = None) -> AsyncIterator[None]:
        """The turn of a request to be executed; it is waited for as long as the limits say, or `wait_s`.

        Raises:
            Overloaded: it did not come in time.
        """
        try:
            async with asyncio.timeout(self._wait_s if wait_s is None else wait_s):
                await self._at_once.acquire()
        except TimeoutError:
            raise _overloaded() from None
        try:
            yield
        finally:
            self._at_once.release()


def _overloaded() -> Overloaded:
    return Overloaded(
        f"this process answers as many requests as it can; come again in {RETRY_AFTER_S} s",
        retry_after_s=RETRY_AFTER_S,
    )
