"""What a plan waits for. All that can begin begins together, so that each loader asks the store once for all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, NamedTuple

from graph_service.api.fast.plans import Given, Load, Plan, Waiting


class _Begun(NamedTuple):
    """A resolver that waits."""

    #: None where a task of its own carries it on.
    coroutine: Coroutine[Any, Any, Any] | None
    load: Load
    #: The object that its value is to be part of.
    written: dict[str, Any]


class Levels:
    """One place of one answer, as it is completed.

    Resolvers that wait for loaders only are carried on here, one after the other, as far as each gets: a task for each of hundreds would cost more
    than what it does. All others get one: what they await may count on that, as Neo4j's driver does.
    """

    def __init__(self, plan: Plan, given: Given) -> None:
        """Nothing is waited for yet."""
        self._plan, self._given = plan, given
        self.waiting: Waiting = [[] for _ in plan.loads]
        self._begun: dict[asyncio.Future[Any], list[_Begun]] = {}
        self._done: list[asyncio.Future[Any]] = []
        self._wake: asyncio.Future[None] | None = None

    async def complete(self) -> None:
        """All that is waited for is there, and written. Raises whatever a resolver raises; then all others are ended, but for loaders."""
        try:
            while True:
                while any(self.waiting):
                    self._begin()
                if not self._begun:
                    return
                if not self._done:
                    self._wake = asyncio.get_running_loop().create_future()
                    await self._wake
                self._go_on()
        except asyncio.CancelledError:
            for future in self._begun:
                future.cancel()
            raise
        finally:
            await self._end()

    def _begin(self) -> None:
        """All that waits now. What is there at once may have more below it that waits."""
        now = list(self.waiting)
        # In place: those who write know the list.
        self.waiting[:] = [[] for _ in now]
        for load, objects in zip(self._plan.loads, now, strict=True):
            if objects:
                arguments = self._given[load.call]
                for written, found in objects:
                    coroutine = load.resolver(found, **arguments)
                    if load.loads:
                        self._step(_Begun(coroutine, load, written))
                    else:
                        self._wait(asyncio.ensure_future(coroutine), _Begun(None, load, written))

    def _go_on(self) -> None:
        done, self._done = self._done, []
        for future in done:
            for one in self._begun.pop(future):
                if one.coroutine is None:
                    self._write(one, future.result())
                else:
                    self._step(one)

    def _step(self, one: _Begun) -> None:
        """A resolver, up to where it waits, or its end."""
        assert one.coroutine is not None
        try:
            future = one.coroutine.send(None)
        except StopIteration as ended:
            self._write(one, ended.value)
            return
        if future is None:
            # It lets others go first.
            future = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_soon(_let_go, future)
        # What a task does with a future that it is given to wait for.
        future._asyncio_future_blocking = False
        self._wait(future, one)

    def _wait(self, future: asyncio.Future[Any], one: _Begun) -> None:
        others = self._begun.get(future)
        if others is None:
            self._begun[future] = [one]
            future.add_done_callback(self._told)
        else:
            others.append(one)

    def _told(self, future: asyncio.Future[Any]) -> None:
        self._done.append(future)
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def _write(self, one: _Begun, value: Any) -> None:
        load = one.load
        one.written[load.name] = load.write(value, self.waiting, self._given)

    async def _end(self) -> None:
        tasks = []
        for future, begun in self._begun.items():
            future.remove_done_callback(self._told)
            for one in begun:
                if one.coroutine is not None:
                    one.coroutine.close()
                else:
                    future.cancel()
                    tasks.append(future)
        if tasks:
            await asyncio.gather(*tasks, return_exceptions=True)


def _let_go(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
