"""One subscriber: a bounded queue of messages that were made once for all who ask the same."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from graph_service.core.errors import GraphServiceError, SlowReader
from graph_service.store.read.feed import Place


class Message(NamedTuple):
    """One message, ready to be sent."""

    #: The JSON of an answer: `data`, and `errors` where there are any.
    text: str
    #: Where it stands in the change log, and the cursor to resume behind it; None where that means nothing.
    place: Place | None = None
    cursor: str | None = None


class Ended(Exception):
    """This process stops: the subscriber resumes elsewhere, or later."""


class Member:
    """Takes messages from a channel, as fast as whoever reads it lets it."""

    def __init__(self, *, place: Place | None, cursor: str | None, queue_max: int) -> None:
        """`place`: what stands at or before it is not taken. `cursor`: to resume from, as long as nothing was sent."""
        self.place, self.cursor = place, cursor
        self._max = queue_max
        self._waiting: deque[Message] = deque()
        self._wake = asyncio.Event()
        self._error: BaseException | None = None

    def put(self, messages: Sequence[Message]) -> None:
        """Queue messages, or cut the subscriber off when they are too many. Never waits."""
        if self._error is not None:
            return
        if self.place is not None:
            messages = [one for one in messages if one.place is None or one.place > self.place]
        if len(self._waiting) + len(messages) > self._max:
            self._waiting.clear()
            self.end(_too_slow(self._max))
        elif messages:
            self._waiting.extend(messages)
            self._wake.set()

    def end(self, error: BaseException) -> None:
        """Nothing more comes; whoever takes is told why."""
        if self._error is None:
            self._error = error
            self._wake.set()

    async def take(self) -> list[Message]:
        """All that waits, at least one message.

        Raises:
            SlowReader: with the cursor of the last message that was said to be sent.
            Ended, or what else `end` was given, once the queue is empty.
        """
        while not self._waiting:
            if isinstance(self._error, SlowReader):
                raise SlowReader(str(self._error), cursor=self.cursor)
            if self._error is not None:
                raise self._error
            self._wake.clear()
            await self._wake.wait()
        taken = list(self._waiting)
        self._waiting.clear()
        return taken

    def sent(self, message: Message) -> None:
        """A message has left: the subscriber may resume behind it."""
        if message.cursor is not None:
            self.cursor = message.cursor

    @property
    def cut_off(self) -> bool:
        """Whether what was taken need not be sent any more."""
        return isinstance(self._error, GraphServiceError)


def _too_slow(most: int) -> SlowReader:
    return SlowReader(
        f"more than {most} messages waited for this subscriber, so it was cut off; subscribe again with `after`: the cursor beside this, read faster, "
        "or filter more",
        cursor=None,
    )
