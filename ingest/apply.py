"""Bring items into the store: in order, whatever it takes. Bad data is buried, an outage is waited for, a lost partition let go."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog

from graph_service.core.errors import Refused, StoreGaveUp, StoreSilent, TooCostly, Unavailable
from graph_service.store.write.batch import Batch, DeadLetter, Outcome
from graph_service.store.write.bisect import Ceiling, write_all
from ingest.decode import Item, Place, Rules, batch_of, refused
from ingest.holdings import Held, Holdings
from ingest.patience import Patience
from ingest.rate import Progress

log = structlog.get_logger("ingest")

STRIKES_MAX = 3
"""So often the store must give up on one event alone, while it does other work in between, before that event is to blame."""
OTHER_WORK_S = 2.0
"""A store that needs longer than this for a transaction without content is in trouble itself."""
NO_CONTENT = Batch(advances=(), events=(), dead_letters=(), unmapped=())
"""Takes the writers' lock, counts the transaction, and commits."""


class Writes(Protocol):
    """The part of the store's writer that is needed here."""

    async def write(self, batch: Batch) -> Outcome:
        """One transaction."""


class Buries(Protocol):
    """Where dead letters are sent."""

    async def send(self, letters: Sequence[DeadLetter]) -> None:
        """Returns when they are safe."""


class Stopped(Exception):
    """The wait for an outage was ended by the stop; nothing of the batch is lost, for it was not applied."""


class Applier:
    """Applies one list of items at a time."""

    def __init__(
        self,
        writer: Writes,
        dead_letters: Buries,
        *,
        rules: Rules,
        holdings: Holdings,
        progress: Progress,
        stop: asyncio.Event,
        patience: Patience | None = None,
    ) -> None:
        """Everything is shared with the consumer's loop; `progress` is written here."""
        self._writer = writer
        self._dead_letters = dead_letters
        self._rules = rules
        self._holdings = holdings
        self._progress = progress
        self._stop = stop
        self._patience = patience or Patience()
        self._ceiling = Ceiling()

    async def apply(self, items: Sequence[Item], of: Mapping[Place, Held]) -> None:
        """Apply items, which are in record order. `of`: the assignments that they were decoded under.

        Raises:
            Fenced: another writer owns one of the partitions.
            Stopped: an outage outlasted the service.
        """
        sent: set[str] = set()

        async def write(part: Sequence[Item]) -> Outcome | None:
            return await self._write(part, of, sent)

        def bury(item: Item, error: Refused) -> Item:
            log.warning(
                "the store refuses an event", place=item.place, offset=item.record.offset, error=str(error)
            )
            return refused(item, error.reason, str(error), self._rules)

        outcomes = await write_all(items, write, bury, self._ceiling)
        await self._send(
            [letter for outcome in outcomes for letter in (*outcome.displaced, *outcome.conflicts)]
        )

    async def _write(self, items: Sequence[Item], of: Mapping[Place, Held], sent: set[str]) -> Outcome | None:
        """One transaction, repeated through outages. What is repeated may be applied already: the store's position tells.

        Raises:
            StoreGaveUp: several items were too much for the store; try less.
            TooCostly: a single one was, again and again, and nothing else was.
        """
        strikes = 0
        while True:
            ours = [item for item in items if self._holdings.held.get(item.place) is of[item.place]]
            if not ours:
                return None
            letters = [
                item.content
                for item in ours
                if isinstance(item.content, DeadLetter) and item.content.id not in sent
            ]
            await self._send(letters)
            sent.update(letter.id for letter in letters)
            try:
                outcome = await self._writer.write(batch_of(ours, self._holdings.epochs()))
            except StoreGaveUp as error:
                if isinstance(error, StoreSilent):
                    # Maybe an outage. Were it only waited for, an event that takes this long by itself would block its partition for ever.
                    await self._wait(error)
                if len(ours) > 1:
                    log.warning("too much at once; trying less", items=len(ours), cause=str(error))
                    raise
                strikes = strikes + 1 if await self._other_work_goes_on() else 0
                if strikes >= STRIKES_MAX:
                    raise TooCostly(
                        f"Neo4j gave up {strikes} times on this event alone, while other work went on; allow more time or memory, "
                        f"or split the event: {error}"
                    ) from error
                await self._wait(error)
                continue
            except Unavailable as error:
                strikes = 0
                await self._wait(error)
                continue
            self._answered()
            self._count(ours, outcome)
            return outcome

    async def _other_work_goes_on(self) -> bool:
        """Whether the store is well: it does at once what has no content, under the same lock. An outage must bury nothing."""
        since_s = time.monotonic()
        try:
            await self._writer.write(NO_CONTENT)
        except Unavailable:
            return False
        return time.monotonic() - since_s <= OTHER_WORK_S

    async def _send(self, letters: Sequence[DeadLetter]) -> None:
        while letters:
            try:
                await self._dead_letters.send(letters)
            except Unavailable as error:
                await self._wait(error)
                continue
            self._answered()
            return

    async def _wait(self, error: Unavailable) -> None:
        if self._progress.trouble is None:
            log.warning("waiting", cause=str(error))
        self._progress.trouble = str(error)
        if await self._patience.wait(self._stop):
            raise Stopped

    def _answered(self) -> None:
        if self._progress.trouble is not None:
            log.info("going on", after=self._progress.trouble)
        self._progress.trouble = None
        self._patience.reset()

    def _count(self, items: Sequence[Item], outcome: Outcome) -> None:
        for item in items:
            if (held := self._holdings.held.get(item.place)) is not None:
                held.offset = max(held.offset, item.record.offset)
        progress = self._progress
        progress.applied += len(items)
        progress.batches += 1
        progress.events += outcome.events
        progress.duplicates += outcome.duplicates
        progress.unmapped += outcome.unmapped
        progress.dead_letters += outcome.dead_letters
        progress.conflicts += len(outcome.conflicts) + len(outcome.displaced)
