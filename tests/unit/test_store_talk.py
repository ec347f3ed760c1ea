"""The conversation of a transaction: one statement at a time, what is asked before what is left, and no mistake unheard."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from graph_service.store.write import talk as module
from graph_service.store.write.talk import Rows, talking


class Heard:
    """Stands for the database: notes what comes, answers with the name, and fails where it is told to."""

    def __init__(self, failing: str = "") -> None:
        self.names: list[str] = []
        self.under_way = 0
        self._failing = failing

    async def ask(self, tx: Any, name: str, *words: tuple[str, str], **values: Any) -> Rows:
        self.under_way += 1
        assert self.under_way == 1, "one statement at a time"
        self.names.append(name)
        await asyncio.sleep(0.001)
        self.under_way -= 1
        if name == self._failing:
            raise ValueError(name)
        return [{"name": name}]


def heard(monkeypatch: pytest.MonkeyPatch, failing: str = "") -> Heard:
    """A database that is asked from here on."""
    found = Heard(failing)
    monkeypatch.setattr(module, "ask", found.ask)
    return found


async def test_what_is_said_goes_before_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each in its own order; what is under way is not interrupted."""
    database = heard(monkeypatch)
    async with talking(None) as talk:  # type: ignore[arg-type]
        for name in ("left 1", "left 2", "left 3"):
            await talk.leave(name)
        first, second = await talk.say("said 1"), await talk.say("said 2")
        assert (await first, await second) == ([{"name": "said 1"}], [{"name": "said 2"}])
        await talk.leave("left 4")
    assert database.names == ["left 1", "said 1", "said 2", "left 2", "left 3", "left 4"]


async def test_quiet_waits_for_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the conversation may go on after it."""
    database = heard(monkeypatch)
    async with talking(None) as talk:  # type: ignore[arg-type]
        await talk.leave("left")
        await talk.quiet()
        assert database.names == ["left"]
        await talk.ask("asked")
    assert database.names == ["left", "asked"]


async def test_a_mistake_in_what_is_left_is_told_to_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits gets it, whoever says more gets it, and nothing more is carried out."""
    database = heard(monkeypatch, failing="left 1")
    with pytest.raises(ValueError, match="left 1"):
        async with talking(None) as talk:  # type: ignore[arg-type]
            await talk.leave("left 1")
            await talk.leave("left 2")
            said = await talk.say("said")
            with pytest.raises(ValueError, match="left 1"):
                await said
            with pytest.raises(ValueError, match="left 1"):
                await talk.say("more")
    assert database.names == ["left 1"]


async def test_a_mistake_that_nobody_waits_for_ends_the_conversation(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no transaction is committed without a part of it."""
    heard(monkeypatch, failing="left")
    with pytest.raises(ValueError, match="left"):
        async with talking(None) as talk:  # type: ignore[arg-type]
            await talk.leave("left")


async def test_nothing_is_under_way_after_a_conversation_that_was_broken_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What waited is not carried out."""
    database = heard(monkeypatch)
    with pytest.raises(KeyError):
        async with talking(None) as talk:  # type: ignore[arg-type]
            await talk.leave("left 1")
            await talk.leave("left 2")
            raise KeyError
    await asyncio.sleep(0.01)
    assert database.names == ["left 1"]
