"""What all who ask the same share: messages are made once, whether one listens or five hundred."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeAlias

from graph_service.api.changes import Change, place_text
from graph_service.api.context import Moment
from graph_service.api.impacts import ImpactDrift
from graph_service.api.live.asked import ImpactAsked
from graph_service.api.live.members import Member, Message
from graph_service.core.errors import Unavailable
from graph_service.core.vocabulary import Depends
from graph_service.store.read.answers import ImpactAt, Point
from graph_service.store.read.feed import ChangeAt, ChangeFilter, Place
from graph_service.store.read.reader import Reader

REMEMBERED_MAX = 500
"""Messages of one channel that were made lately, for those who resume at about the same time."""
IMPACT_EVERY_S = 1.0
IMPACT_AGAIN_S = 60.0
"""What holds changes with time, too: a planned end comes. Nobody is told of that by an event."""
IMPACT_ITEMS_MAX = 1000

Render: TypeAlias = Callable[[Sequence[object]], Awaitable[list[str]]]
"""The JSON of the answers for things that happened."""

_log = logging.getLogger(__name__)


class ChangesChannel:
    """Changes that fulfil one filter, answered to one operation."""

    def __init__(self, wanted: ChangeFilter, render: Render) -> None:
        """Nobody listens yet."""
        self.live: set[Member] = set()
        self._wanted, self._render = wanted, render
        self._made: OrderedDict[Place, Message] = OrderedDict()

    async def messages(self, changes: Sequence[ChangeAt], feed: str) -> list[Message]:
        """The messages for those of the changes that are wanted, in their order.

        Raises:
            Unavailable: the graph does not answer.
        """
        wanted = [one for one in changes if self._wanted.wants(one)]
        missing = [one for one in wanted if one.entry.place not in self._made]
        if missing:
            texts = await self._render([Change(row=one, feed=feed) for one in missing])
            for one, text in zip(missing, texts, strict=True):
                place = one.entry.place
                self._made[place] = Message(text, place, place_text(feed, place))
        found = [self._made[one.entry.place] for one in wanted]
        while len(self._made) > REMEMBERED_MAX:
            self._made.popitem(last=False)
        return found

    def note(self, changes: Sequence[ChangeAt]) -> None:
        """Nothing: its messages come by `messages`."""

    def close(self) -> None:
        """Nobody listens any more."""


class ImpactChannel:
    """How the impact of something changes, answered to one operation. Compares what it found with what it had found before, so that also what a
    late record says is noticed.
    """

    def __init__(self, asked: ImpactAsked, reader: Reader, render: Render) -> None:
        """Begins with the impact as it is; to be made within a running loop."""
        self.live: set[Member] = set()
        self._asked, self._reader, self._render = asked, reader, render
        self._types: set[str] = set()
        self._dirty = asyncio.Event()
        self._following = asyncio.create_task(self._follow())

    async def messages(self, changes: Sequence[ChangeAt], feed: str) -> list[Message]:
        """None: it has its own time."""
        return []

    def note(self, changes: Sequence[ChangeAt]) -> None:
        """Look again when something changed that may matter: an entity, or a relationship in which one end depends on the other."""
        if any(not one.entry.owner.type or one.entry.owner.type in self._types for one in changes):
            self._dirty.set()

    def close(self) -> None:
        """Nobody listens any more."""
        self._following.cancel()

    async def _follow(self) -> None:
        found: tuple[ImpactAt, Point] | None = None
        wait_s = IMPACT_EVERY_S
        while True:
            try:
                found = await self._looked(found)
                wait_s = IMPACT_EVERY_S
            except Unavailable as error:
                _log.warning("an impact that is subscribed to cannot be looked at: %s", error)
                self._dirty.set()
                wait_s = min(wait_s * 2, IMPACT_AGAIN_S)
            except Exception as error:
                _log.exception("an impact that is subscribed to cannot be looked at")
                for member in tuple(self.live):
                    member.end(error)
            await asyncio.sleep(wait_s)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._dirty.wait(), IMPACT_AGAIN_S)
            self._dirty.clear()

    async def _looked(self, before: tuple[ImpactAt, Point] | None) -> tuple[ImpactAt, Point]:
        """The impact now; what differs from before is told."""
        words = await self._reader.vocabulary()
        self._types = {
            *words.types_depending(Depends.SOURCE),
            *words.types_depending(Depends.TARGET),
        }
        asked, at = self._asked, await self._reader.point(None, None)
        now = await self._reader.impact(
            asked.of, at=at, dependents=asked.dependents, max_depth=asked.max_depth, limit=IMPACT_ITEMS_MAX
        )
        if before is not None:
            drift = await self._reader.drift_between(before[0], before[1], now, at)
            if drift.entered or drift.left or drift.moved:
                told = ImpactDrift(found=drift, moments=(_moment(before[1]), _moment(at)))
                message = Message((await self._render([told]))[0])
                for member in tuple(self.live):
                    member.put([message])
        return now, at


def _moment(point: Point) -> Moment:
    return Moment(point=point, valid=point.valid, known=point.known)


Channel: TypeAlias = ChangesChannel | ImpactChannel
