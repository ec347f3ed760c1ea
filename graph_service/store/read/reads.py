"""Running a read: one managed transaction, read access, and a time limit that the server keeps."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, TypeVar

from neo4j import READ_ACCESS, AsyncDriver, AsyncManagedTransaction, Record, unit_of_work

from graph_service.core.errors import BadInput, BadRequest, StoreUnavailable
from graph_service.core.vocabulary import Vocabulary
from graph_service.store.neo4j_errors import translated
from graph_service.store.queries import query
from graph_service.store.read.answers import Point

#: How long a vocabulary that was read may be answered again.
VOCABULARY_FRESH_S = 1.0
#: How many keys or owners one statement takes.
CHUNK = 1000
T = TypeVar("T")
Run: TypeAlias = Callable[..., Awaitable[list[Record]]]
"""Runs the text of a query with its values, as `Reads.run`."""


class Reads:
    """What all parts of the reader share: the driver, the time limit, and the stored vocabulary."""

    def __init__(self, driver: AsyncDriver, *, database: str, timeout_s: float) -> None:
        """Nothing is read yet."""
        self._driver, self._database, self.timeout_s = driver, database, timeout_s
        self._vocabulary: tuple[float, Vocabulary] | None = None

    async def run(self, text: str, *, timeout_s: float | None = None, **values: Any) -> list[Record]:
        """All records of a query.

        Raises:
            StoreTimeout: the server ended it after `timeout_s` (default: the reader's).
            StoreUnavailable: Neo4j does not answer.
        """

        @unit_of_work(timeout=self.timeout_s if timeout_s is None else timeout_s)
        async def work(transaction: AsyncManagedTransaction) -> list[Record]:
            result = await transaction.run(text, values)
            return [record async for record in result]

        with translated():
            # Types that nobody has written yet are no news: notifications are off.
            async with self._driver.session(
                database=self._database, default_access_mode=READ_ACCESS, notifications_min_severity="OFF"
            ) as session:
                return await session.execute_read(work)

    @asynccontextmanager
    async def chained(self) -> AsyncIterator[Run]:
        """A way to run queries, of which each sees all that the one before it could have seen a part of: a transaction is committed before it is
        applied, and only bookmarks, which one session hands on, tell a read to wait for that. Raises as `run`.
        """

        async def run(text: str, **values: Any) -> list[Record]:
            @unit_of_work(timeout=self.timeout_s)
            async def work(transaction: AsyncManagedTransaction) -> list[Record]:
                result = await transaction.run(text, values)
                return [record async for record in result]

            return await session.execute_read(work)

        with translated():
            async with self._driver.session(
                database=self._database, default_access_mode=READ_ACCESS, notifications_min_severity="OFF"
            ) as session:
                yield run

    async def one(self, name: str, **values: Any) -> Record:
        """The only record of a query that always returns one."""
        (record,) = await self.run(query(name), **values)
        return record

    async def graph(self) -> dict[str, Any]:
        """The properties of the (:Graph); empty before the first write."""
        return dict((await self.one("read/graph"))["graph"] or {})

    async def vocabulary(self) -> Vocabulary:
        """The stored vocabulary, at most a second old; empty before the first mapping.

        Raises:
            StoreUnavailable: Neo4j does not answer, or holds a vocabulary that cannot be read.
        """
        if self._vocabulary is not None and time.monotonic() - self._vocabulary[0] < VOCABULARY_FRESH_S:
            return self._vocabulary[1]
        text = (await self.graph()).get("vocabulary")
        try:
            found = Vocabulary.from_json(text) if text else Vocabulary()
        except BadInput as error:
            raise StoreUnavailable(
                f"the stored vocabulary cannot be read ({error}); load the mapping again"
            ) from error
        self._vocabulary = (time.monotonic(), found)
        return found

    async def types(self, asked: Sequence[str] | None) -> tuple[str, ...]:
        """The relationship types that are meant: all declared ones for None.

        Raises:
            BadRequest: a type is not declared. Before anything is declared nothing is refused.
        """
        declared = (await self.vocabulary()).relationships
        if asked is None or not declared:
            return tuple(sorted(declared))
        unknown = sorted(set(asked) - set(declared))
        if unknown:
            raise BadRequest(
                f"there is no relationship type {unknown[0][:64]!r}; the types are {', '.join(sorted(declared))}"
            )
        return tuple(sorted(set(asked)))


def at_values(at: Point) -> dict[str, int]:
    """A point as the parameters of a query."""
    return {"valid": at.valid, "known": at.known}


def in_chunks(items: Iterable[T]) -> Iterator[list[T]]:
    """The items in lists that one statement can take."""
    every = list(items)
    for start in range(0, len(every), CHUNK):
        yield every[start : start + CHUNK]
