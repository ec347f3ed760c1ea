"""How many records go into one transaction: what the store writes in about two seconds, so that batches are large only where they are quick.

A large batch costs less for each of its events: one commit, one look at each entity however often it is spoken of, one row for each
state of it that lasts. But whoever else waits for the writers' lock, or for the group to settle, waits for as long as it takes.
"""

from __future__ import annotations

TRANSACTION_S = 2.0
"""What a transaction should take."""
FIRST, LEAST = 2000, 500
"""Records at the beginning, and where the store is slow."""


class Sizing:
    """Learns from full batches; `size` is for the next one."""

    def __init__(self, most: int) -> None:
        """Never more than `most` records."""
        self._most = most
        self.size = min(FIRST, most)

    def took(self, records: int, seconds: float) -> None:
        """So many records took so long. What is not even half full says nothing: then there were no more."""
        if records * 2 >= self.size and seconds > 0:
            wanted = min(int(records * TRANSACTION_S / seconds), self.size * 2)
            self.size = min(max(wanted, LEAST), self._most)
