"""Running a read: one statement, read access, and a time limit that the server keeps; again where it failed of the moment only."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, TypeVar

from neo4j import READ_ACCESS, AsyncDriver, AsyncManagedTransaction, AsyncSession, Query, Record, unit_of_work
from neo4j.exceptions import DriverError, Neo4jError

from graph_service.core.errors import BadInput, StoreUnavailable, UnknownKind, UnknownType
from graph_service.core.vocabulary import RESERVED_TYPES, Vocabulary, near
from graph_service.store.neo4j_errors import translated
from graph_service.store.queries import PAST, TYPE_NAME, base_types, query, query_with, type_list
from graph_service.store.read.answers import Point
from graph_service.store.read.gathered import Gathered

#: How long a vocabulary that was read may be answered again.
VOCABULARY_FRESH_S = 1.0
#: How many keys or owners one statement takes.
CHUNK = 1000
#: How many statements of the same kind are under way at once before those who come are asked together, and how long they wait for that.
TOGETHER_AT_ONCE_MAX = 2
PATIENCE_S = 0.005
T = TypeVar("T")
Run: TypeAlias = Callable[..., Awaitable[list[Record]]]
"""Runs the text of a query with its values, as `Reads.run`."""


class Reads:
    """What all parts of the reader share: the driver, the time limit, and the stored vocabulary."""

    def __init__(self, driver: AsyncDriver, *, database: str, timeout_s: float) -> None:
        """Nothing is read yet."""
        self._driver, self._database, self.timeout_s = driver, database, timeout_s
        #: When they were read, and what was.
        self._known_words: tuple[float, tuple[Vocabulary, frozenset[str]]] | None = None
        self._reading_words = asyncio.Lock()
        self._gathered: Gathered[dict[str, Any], Any] = Gathered(
            self._asked_together, at_once_max=TOGETHER_AT_ONCE_MAX, patience_s=PATIENCE_S
        )

    async def run(self, text: str, *, timeout_s: float | None = None, **values: Any) -> list[Record]:
        """All records of a query.

        Raises:
            StoreTimeout: the server ended it after `timeout_s` (default: the reader's).
            StoreUnavailable: Neo4j does not answer.
        """

        with translated():
            async with self._session() as session:
                return await _asked(session, text, values, self.timeout_s if timeout_s is None else timeout_s)

    @asynccontextmanager
    async def chained(self) -> AsyncIterator[Run]:
        """A way to run queries, of which each sees all that the one before it could have seen a part of: a transaction is committed before it is
        applied, and only bookmarks, which one session hands on, tell a read to wait for that. Raises as `run`.
        """
        with translated():
            async with self._session() as session:

                async def run(text: str, **values: Any) -> list[Record]:
                    return await _asked(session, text, values, self.timeout_s)

                yield run

    def _session(self) -> AsyncSession:
        # Types that nobody has written yet are no news: notifications are off.
        return self._driver.session(
            database=self._database, default_access_mode=READ_ACCESS, notifications_min_severity="OFF"
        )

    async def one(self, name: str, **values: Any) -> Record:
        """The only record of a query that always returns one."""
        (record,) = await self.run(query(name), **values)
        return record

    async def together(self, text: str, asked: dict[str, Any], **values: int | tuple[str, ...]) -> Any:
        """What a query finds for one of many who ask the same with the same `values`: its only record, `found`, says it beside the number of who
        asked. None where it says nothing. `base` is given to it for `names`.
        """
        return await self._gathered.answer((text, tuple(sorted(values.items()))), asked)

    async def _asked_together(self, group: Any, asked: list[dict[str, Any]]) -> list[Any]:
        text, values = group[0], dict(group[1])
        names = values.pop("names", None)
        if names is not None:
            values["base"] = base_types(names)
        (record,) = await self.run(text, asked=asked, **values)
        found: list[Any] = [None] * len(asked)
        for number, its in record["found"]:
            found[number] = its
        return found

    async def graph(self) -> dict[str, Any]:
        """The properties of the (:Graph); empty before the first write."""
        return dict((await self.one("read/graph"))["graph"] or {})

    async def vocabulary(self) -> Vocabulary:
        """The stored vocabulary, at most a second old; empty before the first mapping.

        Raises:
            StoreUnavailable: Neo4j does not answer, or holds a vocabulary that cannot be read.
        """
        return (await self._words())[0]

    async def types(self, asked: Sequence[str] | None, *, suggest: bool = False) -> tuple[str, ...]:
        """The relationship types that are meant: for None all that are declared, and those that were, as long as the graph holds any of them.

        Raises:
            UnknownType: a type is neither; with `suggest` it says what is much like it. In a graph without any type nothing is refused.
        """
        declared, held = await self._words()
        every = held.union(declared.relationships)
        if asked is None or not every:
            return tuple(sorted(every))
        unknown = sorted(set(asked) - every)
        if unknown:
            raise UnknownType(unknown, near(unknown, every) if suggest else ())
        return tuple(sorted(set(asked)))

    async def kinds(self, asked: Sequence[str], *, suggest: bool = False) -> tuple[str, ...]:
        """The same kinds, sorted, each once. What is declared is not looked up; what is not costs one look into an index.

        Raises:
            UnknownKind: a kind that is not declared, and of which the graph never held an entity; with `suggest` it says what is much
                like it. In a graph without entities and declared kinds nothing is refused.
        """
        declared = (await self.vocabulary()).kinds
        unsure = sorted(set(asked) - declared.keys())
        if unsure:
            found = await self.one("read/kinds_held", kinds=unsure)
            unknown = [kind for kind in unsure if kind not in found["held"]]
            if unknown and (declared or found["inhabited"]):
                raise UnknownKind(unknown, near(unknown, declared) if suggest else ())
        return tuple(sorted(set(asked)))

    async def _words(self) -> tuple[Vocabulary, frozenset[str]]:
        """What is declared, and the other types of which the graph holds relationships, over or not."""
        # Of hundreds who ask at once, one reads.
        async with self._reading_words:
            if self._known_words is None or time.monotonic() - self._known_words[0] >= VOCABULARY_FRESH_S:
                self._known_words = (time.monotonic(), await self._words_read())
            return self._known_words[1]

    async def _words_read(self) -> tuple[Vocabulary, frozenset[str]]:
        stored = await self.one("read/words")
        text = stored["vocabulary"]
        try:
            found = Vocabulary.from_json(text) if text else Vocabulary()
        except BadInput as error:
            raise StoreUnavailable(
                f"the stored vocabulary cannot be read ({error}); load the mapping again"
            ) from error
        return found, await self._types_held(found, stored["types"])

    async def _types_held(self, declared: Vocabulary, stored: Sequence[str]) -> frozenset[str]:
        """The types that are not declared, and of which there are relationships, over or not; `stored` are all names that the database knows."""
        named = {name.removesuffix(PAST) for name in stored} - RESERVED_TYPES - declared.relationships.keys()
        unsure = sorted(name for name in named if TYPE_NAME.fullmatch(name))
        if not unsure:
            return frozenset()
        # The database remembers names also of what is all gone.
        checks = ", ".join(
            f"CASE WHEN EXISTS {{ ()-[:{type_list([name])}|{type_list([name], past=True)}]->() }} THEN '{name}' END"
            for name in unsure
        )
        (record,) = await self.run(query_with("read/types_in_use", ("checks", checks)))
        return frozenset(record["types"])


async def _asked(session: AsyncSession, text: str, values: dict[str, Any], limit_s: float) -> list[Record]:
    """All records of a query that the server ends after `limit_s`."""

    @unit_of_work(timeout=limit_s)
    async def work(transaction: AsyncManagedTransaction) -> list[Record]:
        result = await transaction.run(text, values)
        return [record async for record in result]

    try:
        # One way there and back; a transaction that is begun and committed takes three.
        result = await session.run(Query(text, timeout=limit_s), values)
        return [record async for record in result]
    except (DriverError, Neo4jError) as error:
        if not error.is_retryable():
            raise
    return await session.execute_read(work)


def at_values(at: Point) -> dict[str, int]:
    """A point as the parameters of a query."""
    return {"valid": at.valid, "known": at.known}


def in_chunks(items: Iterable[T]) -> Iterator[list[T]]:
    """The items in lists that one statement can take."""
    every = list(items)
    for start in range(0, len(every), CHUNK):
        yield every[start : start + CHUNK]
