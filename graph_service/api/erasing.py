"""Erasure in the schema: what it would touch, doing it, and its receipts. Only for erasers."""

from __future__ import annotations

import asyncio
from typing import Annotated

import strawberry
import structlog

from graph_service.api.context import Info
from graph_service.api.fields import resolved
from graph_service.api.limits.turns import RETRY_AFTER_S
from graph_service.api.scalars import DateTime
from graph_service.core.errors import BadRequest, GraphServiceError, Overloaded
from graph_service.core.time import now
from graph_service.store.keep.erasure import Eraser, erasures
from graph_service.store.keep.erasure import Erasure as Receipt
from graph_service.store.keep.erasure import Mentions as Found

AT_ONCE_MAX = 4
"""Erasures under way in one process; each searches all claims."""

_log = structlog.get_logger("graph_service.api.erasing")


class Erasing:
    """The erasures of one process. One may take longer than a request: it goes on without whoever asked, and who asks again waits for it."""

    def __init__(self, eraser: Eraser) -> None:
        """`eraser` stays the caller's."""
        self._eraser = eraser
        self._under_way: dict[str, asyncio.Task[Receipt]] = {}

    async def mentions(self, key: str) -> Found:
        """How much speaks about an entity.

        Raises:
            StoreUnavailable: Neo4j does not answer.
        """
        return await self._eraser.mentions(key)

    async def receipts(self, key: str) -> list[Receipt]:
        """Its erasures, by known time.

        Raises:
            StoreUnavailable: Neo4j does not answer.
        """
        found = await erasures(self._eraser.driver, database=self._eraser.database)
        return [one for one in found if one.key == key]

    async def erase(self, key: str, *, reason: str | None, by: str) -> Receipt:
        """Erase, or wait for the erasure of this key that is under way, whose reason counts.

        Raises:
            BadInput: nothing speaks about the key, or the reason is too long.
            Overloaded: too many others are under way.
            StoreUnavailable: Neo4j does not answer; asked again, it goes on.
        """
        task = self._under_way.get(key)
        if task is None:
            if len(self._under_way) >= AT_ONCE_MAX:
                raise Overloaded(
                    f"{AT_ONCE_MAX} erasures are under way here, which is the most; come again when one of them is done",
                    retry_after_s=RETRY_AFTER_S,
                )
            task = self._under_way[key] = asyncio.create_task(self._erased(key, reason, by))
            task.add_done_callback(lambda done: self._over(key, by, done))
        return await asyncio.shield(task)

    async def _erased(self, key: str, reason: str | None, by: str) -> Receipt:
        mentions = await self._eraser.mentions(key)
        if not (mentions.events or mentions.dead_letters):
            raise BadRequest(f"nothing in the graph speaks about {key!r:.100}; check the key")
        _log.info("erasure begins", who=by, events=mentions.events, dead_letters=mentions.dead_letters)
        return await self._eraser.erase(key, requested_at=now(), reason=reason)

    def _over(self, key: str, by: str, task: asyncio.Task[Receipt]) -> None:
        """Said here, since nobody may wait for it any more. The key is in the receipt, and in no log."""
        del self._under_way[key]
        if task.cancelled():
            _log.warning("erasure not finished: it goes on when it is asked for again", who=by)
            return
        error = task.exception()
        if error is None:
            receipt = task.result()
            _log.info("erased", who=by, events=receipt.events, dead_letters=receipt.dead_letters)
        elif isinstance(error, BadRequest):
            _log.info("nothing erased", who=by)
        else:
            code = error.code if isinstance(error, GraphServiceError) else GraphServiceError.code
            _log.warning(
                "erasure not finished: it goes on when it is asked for again",
                who=by,
                code=code,
                exc_info=error,
            )


@strawberry.type(description="The receipt of an erasure. It is part of the graph, and of every export.")
class Erasure:
    receipt: strawberry.Private[Receipt]

    @resolved("The key of the entity whose values were taken.")
    def key(self) -> str:
        return self.receipt.key

    @resolved("Everything that was recorded up to then is reached; what is recorded later is kept.")
    def known_to(self) -> DateTime:
        return DateTime(self.receipt.known_to)

    @resolved("When it was asked for.")
    def requested_at(self) -> DateTime:
        return DateTime(self.receipt.requested_at)

    @resolved("Why, where somebody said so.")
    def reason(self) -> str | None:
        return self.receipt.reason

    @resolved("How many events spoke about it, and lost their data.")
    def events(self) -> int:
        return self.receipt.events

    @resolved("How many stored rows of history held values, and hold none or are gone now.")
    def versions(self) -> int:
        return self.receipt.versions

    @resolved("How many dead letters lost their records.")
    def dead_letters(self) -> int:
        return self.receipt.dead_letters

    @resolved("Whether all of it is done; if not, ask for it again.")
    def done(self) -> bool:
        return self.receipt.done


@strawberry.type(description="What an erasure would touch; about, for the ingester may be at work.")
class Mentions:
    found: strawberry.Private[Found]

    @resolved("Entities: the one of the key, and those with relationships to it.")
    def entities(self) -> int:
        return self.found.entities

    @resolved("Events that speak about it.")
    def events(self) -> int:
        return self.found.events

    @resolved("Dead letters that name it.")
    def dead_letters(self) -> int:
        return self.found.dead_letters


Key = Annotated[
    str, strawberry.argument(description="The natural key of the entity, for instance user:4711.")
]


@strawberry.type
class ErasureQueries:
    @resolved("How much in the graph speaks about an entity: what an erasure would touch. Only for erasers.")
    async def mentions(self, info: Info, key: Key) -> Mentions:
        return Mentions(found=await info.context.eraser().mentions(key))

    @resolved("The receipts of all erasures of an entity, oldest first. Only for erasers.")
    async def erasures(self, info: Info, key: Key) -> list[Erasure]:
        return [Erasure(receipt=receipt) for receipt in await info.context.eraser().receipts(key)]


@strawberry.type
class ErasureMutations:
    @resolved(
        "Take all values of an entity out of all history: its properties, those of its relationships, and what its events said. The key stays, and "
        "that something was and when. It cannot be undone, and does not come back, whatever is delivered again. Only for erasers; `mentions` "
        "tells before what it would touch."
    )
    async def erase(
        self,
        info: Info,
        key: Key,
        confirm: Annotated[
            str,
            strawberry.argument(description="The key once more, typed by whoever means it."),
        ],
        reason: Annotated[
            str | None,
            strawberry.argument(description="Kept with the receipt; name nobody here."),
        ] = None,
    ) -> Erasure:
        erasing = info.context.eraser()
        if confirm != key:
            raise BadRequest(
                "nothing was erased: `confirm` is not the same as `key`; an erasure cannot be undone, so give the very key twice"
            )
        receipt = await erasing.erase(key, reason=reason, by=info.context.principal.name)
        return Erasure(receipt=receipt)
