"""What most lines share: a graph with data, those who ask it, and how to make laps of questions."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from neo4j import READ_ACCESS, AsyncDriver

from bench.clients import BoltClients, HttpClients
from bench.harness import Side
from bench.server import api
from bench.shape import Choices, Data, Part, Shape
from bench.stores import MEMORY, Address, Memory, stored
from graph_service.store.read.reader import Reader

T = TypeVar("T")
TIMEOUT_S = 60.0


@dataclass(kw_only=True)
class World:
    """A graph that is measured, and everybody who asks it. Clients and servers start when they are first needed."""

    address: Address
    data: Data
    driver: AsyncDriver
    reader: Reader
    stack: ExitStack
    _ports: dict[bool, HttpClients] = field(default_factory=dict)
    _pids: dict[bool, int] = field(default_factory=dict)

    @property
    def part(self) -> Part:
        """The first, and mostly only, shape."""
        return self.data.parts[0]

    def choices(self, part: int = 0, count: int = 50) -> Choices:
        """Seeded choices; each call begins anew."""
        return Choices(self.data.parts[part], count)

    @cached_property
    def bolt(self) -> BoltClients:
        """Eight processes that ask Cypher."""
        clients = BoltClients(self.address)
        self.stack.callback(clients.close)
        return clients

    def http(self, *, fast: bool = True) -> HttpClients:
        """Connections to an API process."""
        if fast not in self._ports:
            port, self._pids[fast] = self.stack.enter_context(api(self.address, fast=fast))
            self._ports[fast] = HttpClients(port)
            self.stack.callback(self._ports[fast].close)
        return self._ports[fast]

    def served_by(self, *, fast: bool = True) -> int:
        """The process id of what `http` asks."""
        self.http(fast=fast)
        return self._pids[fast]

    async def records(self, cypher: str, **values: Any) -> list[list[Any]]:
        """All records of a bare statement, as the reader would fetch them: one way there and back."""
        async with self.driver.session(database="neo4j", default_access_mode=READ_ACCESS) as session:
            result = await session.run(cypher, values)
            return [record.values() async for record in result]


@asynccontextmanager
async def world(name: str, *shapes: Shape, memory: Memory = MEMORY) -> AsyncIterator[World]:
    """The graph of these shapes, running."""
    data = Data(*shapes)
    async with stored(name, data, memory) as address, address.driver() as driver:
        with ExitStack() as stack:
            reader = Reader(driver, timeout_s=TIMEOUT_S)
            yield World(address=address, data=data, driver=driver, reader=reader, stack=stack)


def each(ask: Callable[[T], Awaitable[object]], choices: Sequence[T]) -> Side:
    """A lap: every choice once, one after the other; the mean time in ms. The mean, so that the long answers count as what they cost."""

    async def lap() -> float:
        begun_s = time.perf_counter()
        for one in choices:
            await ask(one)
        return (time.perf_counter() - begun_s) / len(choices) * 1000

    return lap


def same(what: str, one: object, two: object) -> None:
    """Floor and measured side answer the same question, or nothing is measured.

    Raises:
        SystemExit: they do not.
    """
    if one != two:
        raise SystemExit(
            f"{what}: the floor and what is measured do not answer the same: {str(one)[:400]} | {str(two)[:400]}"
        )
