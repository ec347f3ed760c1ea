"""Questions that are asked together: none is older than alone, none waits for long, none suffers from another."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable

import pytest

from graph_service.store.read.gathered import Gathered

pytestmark = pytest.mark.asyncio


class Store:
    """Answers with what was asked, when it is let."""

    def __init__(self) -> None:
        self.begun: list[tuple[Hashable, list[str]]] = []
        self.ended: list[list[str]] = []
        self.go_on = asyncio.Event()

    async def ask(self, group: Hashable, asked: list[str]) -> list[str]:
        """Fails for "bad"."""
        self.begun.append((group, asked))
        try:
            await self.go_on.wait()
            if "bad" in asked:
                raise ValueError(f"of {len(asked)}")
            return [one.upper() for one in asked]
        finally:
            self.ended.append(asked)


async def settled() -> None:
    """All that can go on has gone on."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_what_comes_meanwhile_is_asked_together() -> None:
    """The first at once, all others with one question, which is begun after each of them was asked; other groups beside them."""
    store = Store()
    gathered: Gathered[str, str] = Gathered(store.ask, at_once_max=1)
    asked = [asyncio.create_task(gathered.answer("one", word)) for word in "abcd"]
    other = asyncio.create_task(gathered.answer("two", "x"))
    await settled()
    assert store.begun == [("one", ["a"]), ("two", ["x"])]
    store.go_on.set()
    assert await asyncio.gather(*asked) == ["A", "B", "C", "D"] and await other == "X"
    assert store.begun[2:] == [("one", ["b", "c", "d"])]
    assert not gathered._groups, "what is idle is forgotten"


async def test_at_most_so_many_at_once() -> None:
    """The rest comes after."""
    store = Store()
    store.go_on.set()
    gathered: Gathered[str, str] = Gathered(store.ask, at_once_max=1, most=2)
    assert await asyncio.gather(*(gathered.answer(0, word) for word in "abcde")) == list("ABCDE")
    assert [asked for _, asked in store.begun] == [["a"], ["b", "c"], ["d", "e"]]


async def test_one_that_takes_long_holds_nobody_up() -> None:
    """Patience ends."""
    store = Store()
    gathered: Gathered[str, str] = Gathered(store.ask, at_once_max=1, patience_s=0.01)
    asked = [asyncio.create_task(gathered.answer(0, word)) for word in "abc"]
    await asyncio.sleep(0.05)
    assert [each for _, each in store.begun] == [["a"], ["b", "c"]]
    store.go_on.set()
    assert await asyncio.gather(*asked) == ["A", "B", "C"]


async def test_a_question_that_fails_fails_alone() -> None:
    """The others of its gathering are asked again, without it."""
    store = Store()
    gathered: Gathered[str, str] = Gathered(store.ask, at_once_max=1)
    asked = [asyncio.create_task(gathered.answer(0, word)) for word in ("a", "b", "bad", "c")]
    await settled()
    store.go_on.set()
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert [str(one) for one in found] == ["A", "B", "of 1", "C"]


async def test_who_leaves_takes_nothing_along_and_leaves_nothing_behind() -> None:
    """The question goes on while somebody waits, and ends with the last of them."""
    store = Store()
    gathered: Gathered[str, str] = Gathered(store.ask, at_once_max=1)
    first = asyncio.create_task(gathered.answer(0, "a"))
    await settled()
    second, third = (asyncio.create_task(gathered.answer(0, word)) for word in "bc")
    await settled()
    second.cancel()
    first.cancel()
    await settled()
    assert store.ended == [["a"]], "nobody waits for it any more"
    assert store.begun[1:] == [(0, ["c"])]
    store.go_on.set()
    assert await third == "C"
