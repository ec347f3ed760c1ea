"""Computing beside the conversation with the database, so that neither waits for the other.

Python has one thread compute at a time, but who waits for an answer needs no turn until it comes. Computing in the loop itself, in however small
steps, made each statement wait for a step at each of its dozens of turns of the loop: see docs/adr/0042.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

FEW = 64
"""So few steps are over sooner than a thread has begun."""
SWITCH_S = 0.0005
"""How long an answer that has come waits for whoever computes; Python's own 5 ms are for programs that compute only."""
_ASIDE = ThreadPoolExecutor(
    max_workers=1, thread_name_prefix="aside", initializer=sys.setswitchinterval, initargs=(SWITCH_S,)
)
"""One for all: who computes takes turns, in the order in which they came, so that nobody slows down somebody else in the middle of it."""


async def aside(work: Callable[[], T], *, steps: int) -> T:
    """What some computing comes to. `work` may change nothing that anybody else looks at meanwhile; `steps`: about how many things it goes through."""
    if steps < FEW:
        return work()
    return await asyncio.get_running_loop().run_in_executor(_ASIDE, work)
