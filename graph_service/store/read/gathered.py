"""Questions of the same kind that many ask at the same time, asked together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Found = TypeVar("Found")


@dataclass(slots=True)
class _Group(Generic[Asked, Found]):
    """Questions that can be asked together."""

    waiting: list[tuple[Asked, asyncio.Future[Found]]] = field(default_factory=list)
    under_way: int = 0
    #: Ends the patience of those who wait.
    timer: asyncio.TimerHandle | None = None


class Gathered(Generic[Asked, Found]):
    """Asks at once while few ask; what comes while that is under way is gathered, and asked together when it is answered, or when it takes long.

    No answer was begun before it was asked for: none is older than if everybody had asked alone.
    """

    def __init__(
        self,
        ask: Callable[[Hashable, list[Asked]], Awaitable[Sequence[Found]]],
        *,
        at_once_max: int,
        most: int = 100,
        patience_s: float | None = None,
    ) -> None:
        """`ask` answers questions of one group, in their order. Of a group `at_once_max` are under way at once, each of `most` questions; those
        who have waited `patience_s` are asked beside them (None: wait as long as it takes).
        """
        self._ask, self._at_once_max, self._most, self._patience_s = ask, at_once_max, most, patience_s
        self._groups: dict[tuple[asyncio.AbstractEventLoop, Hashable], _Group[Asked, Found]] = {}

    async def answer(self, group: Hashable, asked: Asked) -> Found:
        """The answer to one question. Raises what asking it raises."""
        place = asyncio.get_running_loop(), group
        found = self._groups.get(place)
        if found is None:
            found = self._groups[place] = _Group()
        future: asyncio.Future[Found] = place[0].create_future()
        found.waiting.append((asked, future))
        if found.under_way < self._at_once_max:
            self._begin(*place, found)
        elif self._patience_s is not None and found.timer is None:
            found.timer = place[0].call_later(self._patience_s, self._begin, *place, found)
        return await future

    def _begin(self, loop: asyncio.AbstractEventLoop, name: Hashable, group: _Group[Asked, Found]) -> None:
        if group.timer is not None:
            group.timer.cancel()
            group.timer = None
        # Who went away need not be answered.
        left = [one for one in group.waiting if not one[1].done()]
        now, group.waiting = left[: self._most], left[self._most :]
        if not now:
            if not group.under_way:
                self._groups.pop((loop, name), None)
            return
        group.under_way += 1
        task = loop.create_task(self._answer(name, now))

        def left_alone(_: asyncio.Future[Found]) -> None:
            # Nobody waits for it any more.
            if all(future.done() for _, future in now):
                task.cancel()

        def ended(_: asyncio.Task[None]) -> None:
            group.under_way -= 1
            if group.under_way < self._at_once_max:
                self._begin(loop, name, group)

        for _, future in now:
            future.add_done_callback(left_alone)
        task.add_done_callback(ended)

    async def _answer(self, name: Hashable, now: list[tuple[Asked, asyncio.Future[Found]]]) -> None:
        try:
            found = await self._ask(name, [asked for asked, _ in now])
        except asyncio.CancelledError:
            for _, future in now:
                future.cancel()
            raise
        except Exception as error:
            if len(now) == 1:
                if not now[0][1].done():
                    now[0][1].set_exception(error)
                return
            # It may be because of one of them.
            for one in now:
                await self._answer(name, [one])
            return
        for (_, future), answer in zip(now, found, strict=True):
            if not future.done():
                future.set_result(answer)
