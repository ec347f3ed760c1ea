"""Loaders whose waiters come and go: who is cancelled takes nothing from others that wait for the same."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

from strawberry.dataloader import DataLoader

Key = TypeVar("Key")
Found = TypeVar("Found")


class Loader(DataLoader[Key, Found]):
    """Turns the look-ups of one moment into one, and answers each key once.

    An error in a field cancels those beside it. With strawberry's own loader that would cancel what they wait for, and with it everybody else who
    waits for the same key: the whole request. Here it is cancelled once nobody waits for it any more, and what is asked for after that is not put
    with what nobody will load.
    """

    def load(self, key: Key) -> asyncio.Future[Found]:
        """What belongs to the key, together with all others that are asked for meanwhile."""
        found: asyncio.Future[Found] | None = self.cache_map.get(key)
        if found is not None and found.done() and not found.cancelled():
            return found
        if self.batch is not None and all(task.future.cancelled() for task in self.batch.tasks):
            # Whoever was to load it is cancelled as well, perhaps before it began.
            self.batch = None
        shared: asyncio.Future[Found] = asyncio.ensure_future(super().load(key))
        return shared if shared.done() else _Waiter(shared)


class _Waiter(asyncio.Future[Any]):
    """One of those who wait for something."""

    def __init__(self, shared: asyncio.Future[Any]) -> None:
        super().__init__(loop=shared.get_loop())
        self._shared = shared
        # Counted where all can see it: the future lives as long as any of them.
        shared.waiters = getattr(shared, "waiters", 0) + 1  # type: ignore[attr-defined]
        shared.add_done_callback(self._told)

    def cancel(self, msg: Any | None = None) -> bool:
        """Wait no longer."""
        if not super().cancel(msg):
            return False
        shared = self._shared
        shared.remove_done_callback(self._told)
        shared.waiters -= 1  # type: ignore[attr-defined]
        if not shared.waiters:  # type: ignore[attr-defined]
            shared.cancel(msg)
        return True

    def _told(self, shared: asyncio.Future[Any]) -> None:
        if self.done():
            return
        if shared.cancelled():
            super().cancel()
        elif (error := shared.exception()) is not None:
            self.set_exception(error)
            # Whoever still waits is told; who went away need not be missed.
            self.exception()
        else:
            self.set_result(shared.result())
