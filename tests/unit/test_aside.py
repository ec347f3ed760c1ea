"""Computing beside the conversation: the loop goes on meanwhile, and who computes takes turns."""

from __future__ import annotations

import asyncio
import sys
import threading
import time

import pytest

from graph_service.store.write.aside import FEW, SWITCH_S, aside


async def test_few_steps_are_computed_at_once() -> None:
    """A thread would cost more."""
    assert await aside(threading.get_ident, steps=FEW - 1) == threading.get_ident()
    assert await aside(threading.get_ident, steps=FEW) != threading.get_ident()


async def test_the_loop_goes_on_while_something_is_computed() -> None:
    """An answer that comes meanwhile need not wait for the end of it."""
    begun, told = threading.Event(), threading.Event()

    def work() -> bool:
        begun.set()
        return told.wait(10)

    computing = asyncio.create_task(aside(work, steps=FEW))
    while not begun.is_set():
        await asyncio.sleep(0)
    told.set()
    assert await computing
    assert sys.getswitchinterval() == pytest.approx(SWITCH_S)


async def test_who_computes_takes_turns() -> None:
    """One at a time, in the order in which they came."""
    under_way = 0
    seen: list[tuple[int, int]] = []

    def work(number: int) -> None:
        nonlocal under_way
        under_way += 1
        time.sleep(0.002)
        seen.append((number, under_way))
        under_way -= 1

    await asyncio.gather(*(aside(lambda n=n: work(n), steps=FEW) for n in range(8)))  # type: ignore[misc]
    assert seen == [(number, 1) for number in range(8)]


async def test_what_goes_wrong_is_told() -> None:
    """A mistake is that of who asked."""

    def work() -> None:
        raise ValueError("no")

    for steps in (1, FEW):
        with pytest.raises(ValueError, match="no"):
            await aside(work, steps=steps)
