"""Write a list in as few transactions as possible, whatever is in it: the bad one is found by halves, and all others are applied.

Two things can go wrong with a transaction that are not an outage. The store *refuses* it: then something in it is bad, and stays bad.
Or the store *gives up* on it, for time or memory: then less at once may work, and nothing is called bad because it was in large company.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from graph_service.core.errors import Refused, StoreGaveUp, TooCostly
from graph_service.store.write.batch import Outcome

T = TypeVar("T")
Write = Callable[[Sequence[T]], Awaitable[Outcome | None]]
"""Writes items in one transaction; None when none of them are ours any more. It may raise StoreGaveUp for several items; what becomes
of a single one that the store gives up on is its own affair."""
Bury = Callable[[T, Refused], T]
"""Makes something of a refused item that can be written; the same item when nothing is left to take away from it."""

#: Larger than any list.
UNLIMITED = 1 << 62
#: To find out that something is too much takes as long as a transaction may: it is not tried often.
RISE_AFTER = 32


class Ceiling:
    """How many items one transaction may hold, as learnt from those that the store gave up on.

    Falls by half at once; doubles when 32 transactions of its size went well.
    """

    def __init__(self) -> None:
        """Nothing is too much yet."""
        self.items_max = UNLIMITED
        self._well = 0

    def too_much(self, items: int) -> None:
        """So many were too much."""
        self.items_max, self._well = max(1, items // 2), 0

    def went_well(self, items: int) -> None:
        """So many were not."""
        if items >= self.items_max:
            self._well += 1
            if self._well >= RISE_AFTER:
                self.items_max, self._well = min(self.items_max * 2, UNLIMITED), 0

    def was_not_the_size(self, before: int) -> None:
        """One item was to blame for what looked like too many: as it was before."""
        self.items_max, self._well = before, 0


async def write_all(
    items: Sequence[T], write: Write[T], bury: Bury[T], ceiling: Ceiling | None = None
) -> list[Outcome]:
    """Write items in their order. One bad item among N costs at most log2(N) + 3 transactions in all.

    Items are written first to last, so positions only go forward. Where several are bad, each further one costs about
    2·log2(distance from the one before).

    Raises:
        Refused: the store refuses even what `bury` leaves of an item: that is not about the data.
    """
    ceiling = ceiling or Ceiling()
    before = ceiling.items_max
    outcomes: list[Outcome] = []
    todo, buried = list(items), 0
    #: So many of the first items were refused together; 0: nothing is known against them.
    suspect = 0
    #: Nothing larger is tried after a second bad item: where many are bad, large attempts are wasted.
    stride = UNLIMITED
    while todo:
        wanted = max(1, suspect // 2) if suspect else min(stride, len(todo))
        size = min(wanted, ceiling.items_max)
        try:
            outcome = await write(todo[:size])
        except Refused as error:
            suspect = size
            if size == 1:
                todo[0] = _buried(todo[0], bury, error)
                suspect, buried = 0, buried + 1
                stride = UNLIMITED if buried == 1 else 2
                if isinstance(error, TooCostly):
                    ceiling.was_not_the_size(before)
            continue
        except StoreGaveUp:
            if size == 1:
                raise
            ceiling.too_much(size)
            continue
        ceiling.went_well(size)
        if outcome is not None:
            outcomes.append(outcome)
        todo = todo[size:]
        suspect = max(0, suspect - size)
        stride = min(stride * 2, UNLIMITED)
    return outcomes


def _buried(item: T, bury: Bury[T], error: Refused) -> T:
    rest = bury(item, error)
    if rest == item:
        raise error
    return rest
