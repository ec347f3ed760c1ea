"""The torture's own parts: equal seeds give equal runs, and the proxy does to connections what it is told."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import islice, pairwise

import pytest

from graph_service.core.errors import BadRecord
from graph_service.mapping import Mapping, Record, decode
from tests.torture.events import MAPPING, MIXES, Events, Publication
from tests.torture.faults import KINDS, schedule
from tests.torture.proxy import Proxy

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
COMMIT = b"commit"


def published(seed: int, count: int = 3000) -> list[Publication]:
    """The first ones of a seed."""
    return list(islice(iter(Events(seed, partitions=(4, 2))), count))


def test_equal_seeds_publish_the_same() -> None:
    """And other seeds something else."""
    assert published(1) == published(1)
    assert published(1) != published(4)


@pytest.mark.parametrize("seed", range(len(MIXES)))
def test_what_is_published_is_of_every_sort(seed: int) -> None:
    """Good and bad, all forms, over all partitions; doubles and conflicts; timestamps that go back."""
    mapping, sorts, said = Mapping.load([MAPPING]), Counter[str](), Counter[str]()
    publications = published(seed, 10_000)
    for one in publications:
        try:
            event = decode(Record(topic="t", partition=0, offset=0, timestamp_ms=0, value=one.value), 0)
            assertions = mapping.assertions(event)
            sorts["unmapped" if assertions is None else event.type] += 1
            said[event.identity.id] += 1
        except BadRecord as bad:
            sorts[bad.reason] += 1
    assert len({one.place for one in publications}) == 6
    assert {
        "unmapped",
        "not-json",
        "bad-time",
        "empty-span",
        "bad-key",
        "torture.withdrawn",
        "torture.listed",
    } <= set(sorts)
    assert max(said.values()) > 1
    assert any(late.timestamp_ms < one.timestamp_ms for one, late in pairwise(publications))


def test_equal_seeds_plan_the_same_faults() -> None:
    """Every kind comes before any comes twice; none begins in a break."""
    faults = schedule(1, duration_s=900, every_s=1.7, ingesters=3)
    assert faults == schedule(1, duration_s=900, every_s=1.7, ingesters=3)
    assert {one.kind for one in faults[: len(KINDS)]} == {kind for kind, _ in KINDS}
    assert len(faults) >= 500


@asynccontextmanager
async def echo() -> AsyncIterator[tuple[Proxy, list[bytes]]]:
    """A proxy to a server that answers with what it gets, and what the server got."""
    got: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            got.append(data)
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with Proxy("echo", target=server.sockets[0].getsockname()[:2]) as proxy:
        yield proxy, got
    server.close()


async def connected(proxy: Proxy) -> Ends:
    """A client that has had an answer."""
    ends = await asyncio.open_connection("127.0.0.1", proxy.port)
    assert await asked(ends, b"hello") == b"hello"
    return ends


async def asked(ends: Ends, data: bytes) -> bytes:
    """Send, and what comes back."""
    ends[1].write(data)
    return await asyncio.wait_for(ends[0].readexactly(len(data)), 5)


async def test_a_calm_proxy_forwards() -> None:
    """In both directions, also when it slices and delays."""
    async with echo() as (proxy, _):
        ends = await connected(proxy)
        proxy.slice_bytes, proxy.delay_s = 7, 0.05
        since_s = time.monotonic()
        assert await asked(ends, bytes(range(256))) == bytes(range(256))
        assert time.monotonic() - since_s >= 0.1


async def test_a_cut_is_a_reset() -> None:
    """Not an orderly end; and who is refused gets no further."""
    async with echo() as (proxy, _):
        ends = await connected(proxy)
        assert proxy.cut() == 1
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(ends[0].readexactly(1), 5)
        proxy.refusing = True
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await connected(proxy)


async def test_a_hole_swallows_until_it_flows() -> None:
    """Nobody is told anything; what was held back comes then."""
    async with echo() as (proxy, got):
        ends = await connected(proxy)
        proxy.hole()
        ends[1].write(b"later")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ends[0].read(10), 0.1)
        assert got == [b"hello"]
        proxy.calm()
        assert await asyncio.wait_for(ends[0].readexactly(5), 5) == b"later"


async def test_a_half_closed_connection_still_answers() -> None:
    """The server is told that nothing more comes; what it has to say arrives."""
    async with echo() as (proxy, _):
        ends = await connected(proxy)
        assert proxy.half_close(to_server=True) == 1
        assert await asyncio.wait_for(ends[0].read(10), 5) == b"", (
            "the server has nothing more to say, and ends"
        )


async def test_requests_and_answers_are_lost_or_late() -> None:
    """Only the awaited request, once: not done; done without answer; done after its client was cut off."""
    async with echo() as (proxy, got):
        for ambush, done in ((proxy.lose_request, 0), (proxy.lose_answer, 1)):
            ends = await connected(proxy)
            ambush(COMMIT)
            assert await asked(ends, b"begin") == b"begin"
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await asked(ends, COMMIT)
            assert (got.count(COMMIT), proxy.ambush) == (done, None)
        ends = await connected(proxy)
        proxy.delay_request(0.2, COMMIT)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asked(ends, COMMIT)
        assert got.count(COMMIT) == 1
        async with asyncio.timeout(5):
            while got.count(COMMIT) < 2:
                await asyncio.sleep(0.01)
