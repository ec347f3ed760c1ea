"""A driver whose connection breaks at a chosen step of a transaction: before a statement, before the commit, or after it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Self, TypeVar

from neo4j import AsyncDriver
from neo4j.exceptions import ServiceUnavailable

T = TypeVar("T")


class CrashingDriver:
    """Hands out sessions whose transactions fail at step `at`, counted from 0 over all statements and commits.

    The commit that is step `at` is done, and its answer lost, when `answer_lost`; everything else that is step `at` is not done.
    What was begun is rolled back by the server, as after a real break.
    """

    def __init__(self, driver: AsyncDriver, at: int, *, answer_lost: bool) -> None:
        self._driver, self._left, self._answer_lost = driver, at, answer_lost

    def session(self, **settings: Any) -> _Session:
        """A session of the real driver."""
        return _Session(self, self._driver.session(**settings))

    async def step(self, work: Callable[[], Awaitable[T]], *, commits: bool = False) -> T:
        """Do the next step, or fail."""
        self._left -= 1
        if self._left == -1:
            if commits and self._answer_lost:
                await work()
            raise ServiceUnavailable("the connection broke")
        return await work()


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
        return await self._driver.step(lambda: self._transaction.run(*question, **values))

    async def commit(self) -> None:
        await self._driver.step(self._transaction.commit, commits=True)
