"""One poller for all subscribers of a process: it follows the change log and hands what landed to the channels."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress

from graph_service.api.changes import place_text
from graph_service.api.limits.turns import RETRY_AFTER_S
from graph_service.api.live.channels import ChangesChannel, Channel
from graph_service.api.live.limits import LiveLimits
from graph_service.api.live.members import Ended, Member, Message
from graph_service.core.errors import Gone, Overloaded, Unavailable
from graph_service.store.read.feed import ChangeAt, Place
from graph_service.store.read.reader import Reader

BACK_OFF_S = (0.2, 5.0)
"""While the graph does not answer: at first, and at most."""
CATCHING_UP_AT_ONCE = 4
"""Subscribers that read the past: after a restart all come at once."""

_log = logging.getLogger(__name__)


class Hub:
    """Follows the log while somebody listens.

    Nobody misses anything or gets it twice: a subscriber reads the log by itself until it has come as far as the poller, and joins its channel at that
    very place, with nothing awaited in between; the poller hands a stretch of the log to all channels at once, and goes on only then.
    """

    def __init__(self, reader: Reader, limits: LiveLimits) -> None:
        """Nothing is read yet."""
        self._reader, self._limits = reader, limits
        self._channels: dict[str, Channel] = {}
        self._listeners: dict[str, int] = {}
        self._polling: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._catching_up = asyncio.Semaphore(CATCHING_UP_AT_ONCE)
        self._members: set[Member] = set()
        self._log = ""
        self._place = Place.after_all_of(-1)
        self._closed = False

    async def close(self) -> None:
        """End all subscriptions: this process stops."""
        self._closed = True
        for member in tuple(self._members):
            member.end(Ended())
        await self._rest()

    async def listen(
        self, key: str, make: Callable[[], Channel], after: str | None
    ) -> AsyncIterator[tuple[Member, list[Message]]]:
        """What comes for one subscriber of the channel of this key, in batches, each with the member to say what was sent.

        Raises:
            BadRequest, Gone: `after` is no place to go on from.
            Overloaded: there are too many different subscriptions.
            StoreUnavailable: the graph does not answer, at the beginning; later that is waited for.
            SlowReader: it took messages more slowly than they came.
            Ended: this process stops.
        """
        await self._awake()
        place = self._place if after is None else await self._resumed(after)
        channel = self._channels.get(key)
        if channel is None:
            if len(self._channels) >= self._limits.channels_max:
                raise Overloaded(
                    f"this process has as many different subscriptions as it takes; come again in {RETRY_AFTER_S} s, or ask what others ask",
                    retry_after_s=RETRY_AFTER_S,
                )
            channel = self._channels[key] = make()
        self._listeners[key] = self._listeners.get(key, 0) + 1
        changes = isinstance(channel, ChangesChannel)
        member = Member(
            place=place if changes else None,
            cursor=place_text(self._log, place) if changes else None,
            queue_max=self._limits.subscriber_queue_max,
        )
        self._members.add(member)
        try:
            if isinstance(channel, ChangesChannel):
                async for batch in self._caught_up(channel, member):
                    yield member, batch
            channel.live.add(member)
            while True:
                yield member, await member.take()
        finally:
            channel.live.discard(member)
            self._members.discard(member)
            await self._left(key, channel)

    async def _resumed(self, after: str) -> Place:
        """The place behind which a subscriber goes on."""
        place = await self._reader.feed.place(self._log, after)
        if place > self._place:
            # Another process may be a little ahead; a graph that was set back has lost what came after.
            _, end = await self._reader.feed.end()
            if place > end:
                raise Gone(
                    "the cursor is of a change that this graph does not have; begin without a cursor, and read what holds now"
                )
        return place

    async def _caught_up(self, channel: ChangesChannel, member: Member) -> AsyncIterator[list[Message]]:
        """What landed behind the member's place and before the poller's; when it ends, the member is to join at once."""
        wait_s, log = BACK_OFF_S[0], self._log
        assert member.place is not None
        while member.place < self._place:
            if self._closed:
                raise Ended
            try:
                async with self._catching_up:
                    stretch = await self._reader.feed.after(log, member.place)
                    changes = await self._reader.feed.changes(stretch.entries)
                    messages = await channel.messages(changes, log)
            except Unavailable:
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, BACK_OFF_S[1])
                continue
            wait_s = BACK_OFF_S[0]
            if messages:
                yield messages
            member.place = stretch.end

    async def _awake(self) -> None:
        """See to it that the poller runs, from where the log ends now."""
        async with self._starting:
            if self._closed:
                raise Ended
            if self._polling is None:
                self._log, self._place = await self._reader.feed.end()
                self._polling = asyncio.create_task(self._poll())

    async def _left(self, key: str, channel: Channel) -> None:
        self._listeners[key] -= 1
        if not self._listeners[key]:
            del self._listeners[key], self._channels[key]
            channel.close()
        if not self._listeners:
            await self._rest()

    async def _rest(self) -> None:
        polling, self._polling = self._polling, None
        if polling is not None:
            polling.cancel()
            with suppress(asyncio.CancelledError):
                await polling

    async def _poll(self) -> None:
        wait_s, trouble = BACK_OFF_S[0], False
        while True:
            try:
                await self._round()
            except Unavailable as error:
                if not trouble:
                    _log.warning("the change log cannot be followed, waiting: %s", error)
                trouble, wait_s = True, min(wait_s * 2, BACK_OFF_S[1])
                await asyncio.sleep(wait_s)
                continue
            except Exception as error:
                await self._give_up(error)
            if trouble:
                _log.info("the change log is followed again")
            trouble, wait_s = False, BACK_OFF_S[0]
            await asyncio.sleep(self._limits.changes_poll_ms / 1000)

    async def _give_up(self, error: Exception) -> None:
        """Nobody can be told what comes next: all are cut off, and begin anew from where they are, or are told that they cannot."""
        if not isinstance(error, Gone):
            _log.exception("the change log cannot be followed; all subscribers are cut off")
        for channel in self._channels.values():
            for member in tuple(channel.live):
                member.end(error)
            channel.live.clear()
        with suppress(Unavailable):
            self._log, self._place = await self._reader.feed.end()

    async def _round(self) -> None:
        """All that has landed since the last time."""
        log, end = await self._reader.feed.end()
        while self._place < end or log != self._log:
            stretch = await self._reader.feed.after(self._log, self._place)
            await self._hand_out(await self._reader.feed.changes(stretch.entries), stretch.end)

    async def _hand_out(self, changes: Sequence[ChangeAt], end: Place) -> None:
        ready: dict[str, list[Message]] = {}
        while True:
            # Whoever comes while messages are made is waited for: from here to the end of this function nothing else happens.
            missing = [key for key, one in self._channels.items() if one.live and key not in ready]
            if not missing:
                break
            for key in missing:
                channel = self._channels.get(key)
                ready[key] = [] if channel is None else await channel.messages(changes, self._log)
        for key, channel in self._channels.items():
            channel.note(changes)
            for member in tuple(channel.live):
                member.put(ready.get(key, ()))
        self._place = end
