"""Waiting for something that is away: longer each time, never in step with others, and no longer than it is asked to."""

from __future__ import annotations

import asyncio
import random

FIRST_S = 0.2
MOST_S = 30.0


class Patience:
    """Exponential back-off with jitter, from 0.2 s up to 30 s."""

    def __init__(self, *, first_s: float = FIRST_S, most_s: float = MOST_S) -> None:
        """Nothing has been waited for yet."""
        self._next_s = self._first_s = first_s
        self._most_s = most_s

    def next_s(self) -> float:
        """How long to wait this time: between half and all of what is due."""
        due_s, self._next_s = self._next_s, min(self._next_s * 2, self._most_s)
        return due_s * random.uniform(0.5, 1.0)

    async def wait(self, stop: asyncio.Event) -> bool:
        """Wait; True if it was the stop that ended it."""
        try:
            await asyncio.wait_for(stop.wait(), self.next_s())
        except TimeoutError:
            return False
        return True

    def reset(self) -> None:
        """It answered: start small again the next time."""
        self._next_s = self._first_s
