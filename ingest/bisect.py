"""Find the bad event in a batch that the store refuses: by halves, in order, so that all the others are applied."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from graph_service.core.errors import Refused
from graph_service.store.batch import DeadLetter, Outcome
from ingest.decode import Item

Write = Callable[[Sequence[Item]], Awaitable[Outcome | None]]
"""Writes items in one transaction; None when none of them are ours any more."""
Bury = Callable[[Item, Refused], Item]
"""Makes a dead letter of an item."""


async def write_all(items: Sequence[Item], write: Write, bury: Bury) -> list[Outcome]:
    """Write items, halving what is refused; each bad event costs about 2·log2(N) transactions more.

    `items` are in record order; halves are written first to last, so positions only go forward.

    Raises:
        Refused: the store refuses even the plain dead letter of a record: that is not about the data.
    """
    try:
        outcome = await write(items)
        return [] if outcome is None else [outcome]
    except Refused as error:
        if len(items) == 1:
            return await _write_buried(items[0], write, bury, error)
    middle = len(items) // 2
    return [*await write_all(items[:middle], write, bury), *await write_all(items[middle:], write, bury)]


async def _write_buried(item: Item, write: Write, bury: Bury, error: Refused) -> list[Outcome]:
    buried = bury(item, error)
    if buried == item:
        raise error
    try:
        outcome = await write([buried])
    except Refused as again:
        if isinstance(item.content, DeadLetter):
            raise
        return await _write_buried(buried, write, bury, again)
    return [] if outcome is None else [outcome]
