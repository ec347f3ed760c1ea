"""Promises of erasure over GraphQL that need no graph: who may, what confirms, and what goes on without whoever asked."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import httpx
import pytest

from graph_service.api.app import create_app
from graph_service.api.erasing import AT_ONCE_MAX, Erasing
from graph_service.api.exposure import Exposure
from graph_service.api.limits.bounds import Limits
from graph_service.api.security.access import Insecure
from graph_service.api.security.roles import Role
from graph_service.core.errors import BadInput, BadRequest, Overloaded
from graph_service.store.keep.erasure import Erasure, Mentions
from tests.unit.test_schema_answers import Few

KEY = "user:77"
ERASE = (
    "mutation ($key: String!, $confirm: String!) { erase(key: $key, confirm: $confirm) { key events done } }"
)


class Slow:
    """Stands for the store: erases when it is let."""

    def __init__(self) -> None:
        self.let = asyncio.Event()
        self.erased: list[str] = []
        self.known = {KEY}

    async def mentions(self, key: str) -> Mentions:
        return Mentions(entities=1, events=int(key in self.known), dead_letters=0)

    async def erase(self, key: str, *, requested_at: int, reason: str | None = None) -> Erasure:
        await self.let.wait()
        if reason == "bad":
            raise BadInput("no such reason")
        self.erased.append(key)
        return Erasure(
            key=key, known_to=1, requested_at=requested_at, reason=reason, events=1, versions=1, dead_letters=0, done=True
        )  # fmt: skip


def erasing(store: Slow) -> Erasing:
    return Erasing(cast("Any", store))


async def post(
    store: Slow, role: Role, query: str = ERASE, limits: Limits | None = None, **variables: Any
) -> dict[str, Any]:
    """The body of an answer to somebody of a role."""
    exposure = Exposure(limits=limits or Limits())
    app = create_app(cast("Any", Few()), access=Insecure(role), exposure=exposure, erasing=erasing(store))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.post("/graphql", json={"query": query, "variables": variables})
        found: dict[str, Any] = answer.json()
        return found


@pytest.mark.parametrize("role", [Role.READER, Role.OPERATOR])
@pytest.mark.parametrize(
    "query",
    [
        'mutation { erase(key: "user:77", confirm: "user:77") { done } }',
        '{ mentions(key: "user:77") { events } }',
        '{ erasures(key: "user:77") { done } }',
    ],
)
async def test_erasures_are_for_erasers(role: Role, query: str) -> None:
    """A coded error that names the role; nothing is read or erased."""
    store = Slow()
    store.let.set()
    (error,) = (await post(store, role, query))["errors"]
    assert error["extensions"] == {"code": "FORBIDDEN", "role": "eraser"}
    assert store.erased == []


async def test_a_process_that_does_not_erase_says_so() -> None:
    """Whatever the role."""
    app = create_app(cast("Any", Few()), access=Insecure(Role.ERASER))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answer = await client.post("/graphql", json={"query": '{ mentions(key: "a:b") { events } }'})
        assert answer.json()["errors"][0]["extensions"] == {"code": "FORBIDDEN"}


@pytest.mark.parametrize(
    ("confirm", "key"), [("user:7", KEY), ("", KEY), ("User:77", KEY), ("yes", KEY), ("user:78", "user:78")]
)
async def test_only_the_very_key_confirms_and_only_what_is_spoken_about_is_erased(
    confirm: str, key: str
) -> None:
    """Anything else is refused, and nothing is erased."""
    store = Slow()
    store.let.set()
    (error,) = (await post(store, Role.ERASER, key=key, confirm=confirm))["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    assert store.erased == []


async def test_who_confirms_gets_the_receipt() -> None:
    """With what it came to."""
    store = Slow()
    store.let.set()
    body = await post(store, Role.ERASER, key=KEY, confirm=KEY)
    assert body["data"] == {"erase": {"key": KEY, "events": 1, "done": True}}


async def test_an_erasure_goes_on_without_whoever_asked() -> None:
    """A request that takes too long says so; the erasure is done all the same, once, also when several ask."""
    store = Slow()
    service = erasing(store)
    waiting = [asyncio.create_task(service.erase(KEY, reason=None, by="a")) for _ in range(3)]
    await asyncio.sleep(0.01)
    waiting[0].cancel()
    await asyncio.sleep(0)
    store.let.set()
    receipts = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(receipts[0], asyncio.CancelledError)
    assert receipts[1] == receipts[2]
    assert store.erased == [KEY]
    await service.erase(KEY, reason=None, by="a")
    assert store.erased == [KEY, KEY], "later it is another erasure"


async def test_a_request_that_takes_too_long_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """TIMEOUT, with what to do."""
    store = Slow()
    body = await post(store, Role.ERASER, limits=Limits(request_timeout_s=0.2), key=KEY, confirm=KEY)
    assert body["errors"][0]["extensions"]["code"] == "TIMEOUT"
    store.let.set()
    async with asyncio.timeout(5):
        while store.erased != [KEY]:
            await asyncio.sleep(0.01)


async def test_few_are_under_way_at_once() -> None:
    """The next is refused with when to come again; one that fails makes room, and tells whoever asked."""
    store = Slow()
    keys = [f"user:{number}" for number in range(AT_ONCE_MAX)]
    store.known |= set(keys)
    service = erasing(store)
    waiting = [asyncio.create_task(service.erase(key, reason="bad", by="a")) for key in keys]
    await asyncio.sleep(0.01)
    with pytest.raises(Overloaded):
        await service.erase(KEY, reason=None, by="a")
    store.let.set()
    assert {type(one) for one in await asyncio.gather(*waiting, return_exceptions=True)} == {BadInput}
    assert (await service.erase(KEY, reason=None, by="a")).done
    with pytest.raises(BadRequest, match="nothing in the graph speaks about"):
        await service.erase("user:none", reason=None, by="a")
