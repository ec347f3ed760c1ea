"""Erasure: a subject's values leave all history, and do not come back (docs/adr/0012-erasure.md).

First the erasure is noted, so that from then on every delivery of what it reaches is blanked on arrival; then what is stored is
blanked, one entity a transaction. Interrupted, it is asked for again, and goes on with what is left.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any

from neo4j import AsyncDriver, AsyncTransaction

from graph_service.core.erasure import blanked, keys_named
from graph_service.core.errors import BadInput, StoreUnavailable
from graph_service.core.model import canonical
from graph_service.store.neo4j_errors import translated
from graph_service.store.queries import ask, query
from graph_service.store.write.claims import numbered_of, to_text
from graph_service.store.write.erasing import ERASED, names
from graph_service.store.write.folding import Folding
from graph_service.store.write.refold import BEGINNING
from graph_service.store.write.talk import talking

#: Of one entity with all its history; writers wait meanwhile.
TRANSACTION_TIMEOUT_S = 300.0
LETTERS_PER_TRANSACTION = 100
#: Dead letters are large.
LETTERS_FETCHED = 20
REASON_CHARS_MAX = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """The receipt: whose values were erased, and up to when they had been recorded."""

    key: str
    known_to: int
    #: By the wall clock of whoever asked.
    requested_at: int
    reason: str | None
    #: Events that spoke about it.
    events: int
    #: Stored rows of history that held values before, and hold none or are gone now.
    versions: int
    dead_letters: int
    #: Whether all of it is blanked; what arrives is blanked from the start.
    done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """What an erasure would touch; about, for the ingester may be at work."""

    #: The entity itself, and those with relationships to it.
    entities: int
    events: int
    dead_letters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Eraser:
    """Erases through one driver."""

    driver: AsyncDriver
    database: str = "neo4j"

    async def mentions(self, key: str) -> Mentions:
        """How much speaks about an entity; nothing where the graph never heard of it.

        Raises:
            StoreUnavailable: Neo4j does not answer.
        """
        known_to = await self._recorded_at()
        owners = await self._owners(key, known_to)
        subject = await self._rows("read/events_of_subject", key=key, known_to=known_to)
        return Mentions(
            entities=len(owners),
            events=sum(owners.values()) + len(subject),
            dead_letters=len(await self._letters(key, known_to)),
        )

    async def erase(
        self,
        key: str,
        *,
        requested_at: int,
        reason: str | None = None,
        on_entity: Callable[[int, int], None] = lambda done, total: None,
    ) -> Erasure:
        """Take away all values of an entity that were recorded so far. `on_entity` hears of entities done, and of how many there are.

        Raises:
            BadInput: nothing was ever recorded, or the reason is too long.
            StoreUnavailable: Neo4j does not answer, or an import is not finished; asked again, it goes on.
        """
        if reason is not None and len(reason) > REASON_CHARS_MAX:
            raise BadInput(
                f"a reason of {len(reason)} characters is too long; it may have {REASON_CHARS_MAX}"
            )
        known_to = await self._note(key, requested_at, reason)
        owners = await self._owners(key, known_to)
        events: set[str] = set()
        for done, owner in enumerate(owners):
            on_entity(done, len(owners))
            async with self._locked() as (tx, recorded_at):
                events |= await _blank(tx, recorded_at, owner, key, known_to)
        on_entity(len(owners), len(owners))
        subject = {
            row["uid"] for row in await self._rows("read/events_of_subject", key=key, known_to=known_to)
        }
        events |= subject
        letters = await self._letters(key, known_to)
        for start in range(0, len(letters), LETTERS_PER_TRANSACTION):
            async with self._locked() as (tx, _):
                await _blank_letters(tx, letters[start : start + LETTERS_PER_TRANSACTION], key, known_to)
        async with self._locked() as (tx, _):
            await ask(tx, "write/events_erased", uids=sorted(subject), key=key)
            (row,) = await ask(tx, "write/erasure_done", key=key, known_to=known_to, events=len(events))
        return _erasure(row["erasure"])

    async def _note(self, key: str, requested_at: int, reason: str | None) -> int:
        """Put the erasure on the list; from here on deliveries are blanked. Returns the known time that it reaches."""
        async with self._locked() as (tx, recorded_at):
            if recorded_at is None:
                raise BadInput("nothing was recorded in this graph yet, so there is nothing to erase")
            await ask(tx, "write/erasure_noted", rows=[_new(key, recorded_at, requested_at, reason)])
            return recorded_at

    async def _owners(self, key: str, known_to: int) -> dict[str, int]:
        """The entities about which something was claimed that names `key`, with how often at most; it holds false friends."""
        rows = await self._rows("read/erasure_owners", needle=canonical(key), known_to=known_to)
        return {row["key"]: row["claims"] for row in rows}

    async def _letters(self, key: str, known_to: int) -> list[str]:
        """Ids of dead letters that name `key` and are not erased."""
        found = []
        with translated():
            async with self.driver.session(
                database=self.database, default_access_mode="READ", fetch_size=LETTERS_FETCHED
            ) as session:
                result = await session.run(query("read/dead_letter_contents"), known_to=known_to)
                async for row in result:
                    if names([key], key=row["key"], headers=row["headers"] or "[]", value=row["value"]):
                        found.append(row["id"])
        return found

    async def _recorded_at(self) -> int:
        rows = await self._rows("read/graph")
        graph = rows[0]["graph"] or {}
        return int(graph.get("recorded_at") or BEGINNING)

    async def _rows(self, name: str, **values: Any) -> list[dict[str, Any]]:
        with translated():
            result = await self.driver.execute_query(query(name), values, database_=self.database)
            return [record.data() for record in result.records]

    @asynccontextmanager
    async def _locked(self) -> AsyncIterator[tuple[AsyncTransaction, int | None]]:
        """A transaction under the writers' lock, and the known time that the graph reaches; committed at the end."""
        with translated():
            async with (
                self.driver.session(database=self.database) as session,
                await session.begin_transaction(timeout=TRANSACTION_TIMEOUT_S) as tx,
            ):
                (graph,) = await ask(tx, "write/graph_locked")
                if graph["importing"] is not None:
                    raise StoreUnavailable(
                        "an import into this graph is not finished; finish it first, then erase"
                    )
                yield tx, graph["recorded_at"]
                await tx.commit()


async def _blank(
    tx: AsyncTransaction, recorded_at: int | None, owner: str, key: str, known_to: int
) -> set[str]:
    """Blank what is claimed about one entity, and fold it anew. Returns the uids of the events that speak about `key` there."""
    events = set()
    changed = []
    for row in await ask(tx, "write/erasable_claims", key=owner, known_to=known_to):
        numbered = numbered_of(json.loads(row["assertions"]))
        if any(key in keys_named(assertion) for _, assertion in numbered):
            events.add(row["uid"])
            left = [(nth, blanked(assertion, (key,))) for nth, assertion in numbered]
            if left != numbered:
                changed.append({"uid": row["uid"], "assertions": to_text(left)})
    await ask(tx, "write/events_erased", uids=sorted(events), key=key)
    if changed:
        held = await _held(tx, owner)
        await ask(tx, "write/claims_blanked", key=owner, rows=changed)
        async with talking(tx) as talk:
            await Folding(talk).fold((), {owner}, BEGINNING if recorded_at is None else recorded_at)
        versions = max(0, held - await _held(tx, owner))
        await ask(tx, "write/erasure_counted", key=key, known_to=known_to, versions=versions, dead_letters=0)
    return events


async def _held(tx: AsyncTransaction, owner: str) -> int:
    (row,) = await ask(tx, "read/values_held", key=owner)
    return int(row["rows"])


async def _blank_letters(tx: AsyncTransaction, ids: list[str], key: str, known_to: int) -> None:
    await ask(tx, "write/dead_letters_erased", ids=ids, message=ERASED)
    await ask(tx, "write/erasure_counted", key=key, known_to=known_to, versions=0, dead_letters=len(ids))


async def erasures(driver: AsyncDriver, *, database: str = "neo4j") -> list[Erasure]:
    """Everything that was erased on request, by known time and key.

    Raises:
        StoreUnavailable: Neo4j does not answer.
    """
    with translated():
        result = await driver.execute_query(query("read/erasures"), database_=database)
    return [_erasure(record["erasure"]) for record in result.records]


async def keep_erasures(driver: AsyncDriver, kept: Iterable[Erasure], *, database: str = "neo4j") -> None:
    """Put erasures on the list of a graph that is still empty: what is ingested from then on is blanked as they say.

    So a rebuild from the log equals the graph whose list was given. The graph's node must be there (`Writer.migrate`).

    Raises:
        StoreUnavailable: Neo4j does not answer.
    """
    rows = [asdict(erasure) for erasure in kept]
    if rows:
        with translated():
            await driver.execute_query(query("write/erasure_noted"), rows=rows, database_=database)


def _new(key: str, known_to: int, requested_at: int, reason: str | None) -> dict[str, Any]:
    erasure = Erasure(
        key=key, known_to=known_to, requested_at=requested_at, reason=reason,
        events=0, versions=0, dead_letters=0, done=False,
    )  # fmt: skip
    return asdict(erasure)


def _erasure(plain: Mapping[str, Any]) -> Erasure:
    return Erasure(
        key=plain["key"],
        known_to=plain["known_to"],
        requested_at=plain["requested_at"],
        reason=plain.get("reason"),
        events=plain["events"],
        versions=plain["versions"],
        dead_letters=plain["dead_letters"],
        done=plain["done"],
    )
