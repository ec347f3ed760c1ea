"""A driver whose connection breaks at a chosen step of a transaction: before a statement, before the commit, or after it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Self, TypeVar

from neo4j import AsyncDriver
from neo4j.exceptions import ServiceUnavailable

T = TypeVar("T")


class CrashingDriver:
    """Hands out sessions whose transactions fail: before statement `at`, counted from 0 over all, or, where that is None, at the commit.

    The commit is done, and only its answer lost, when `answer_lost`. What was begun is rolled back by the server, as after a real
    break.
    """

    def __init__(self, driver: AsyncDriver, at: int | None, *, answer_lost: bool) -> None:
        """Breaks once; a number beyond all statements never."""
        self._driver, self._at, self._answer_lost, self._done = driver, at, answer_lost, 0

    def session(self, **settings: Any) -> _Session:
        """A session of the real driver."""
        return _Session(self, self._driver.session(**settings))

    async def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do the next statement, or fail before it."""
        self._done += 1
        if self._at is not None and self._done == self._at + 1:
            raise ServiceUnavailable("the connection broke")
        return await work()

    async def commit(self, work: Callable[[], Awaitable[None]]) -> None:
        """Commit, or fail, or both."""
        if self._at is not None or self._answer_lost:
            await work()
        if self._at is None:
            raise ServiceUnavailable("the connection broke")


class _Session:
    def __init__(self, driver: CrashingDriver, session: Any) -> None:
        self._driver, self._session = driver, session

    async def __aenter__(self) -> Self:
        await self._session.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._session.__aexit__(*error)

    async def begin_transaction(self, **settings: Any) -> _Transaction:
        return _Transaction(self._driver, await self._session.begin_transaction(**settings))


class _Transaction:
    def __init__(self, driver: CrashingDriver, transaction: Any) -> None:
        self._driver, self._transaction = driver, transaction

    async def __aenter__(self) -> Self:
        await self._transaction.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._transaction.__aexit__(*error)

    async def run(self, *question: Any, **values: Any) -> Any:
        return await self._driver.run(lambda: self._transaction.run(*question, **values))

    async def commit(self) -> None:
        await self._driver.commit(self._transaction.commit)
