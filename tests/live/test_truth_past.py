"""The past is stable: what was answered at a known time up to the watermark is answered so for ever, to the byte."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from random import Random

import httpx
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from graph_service.api.app import create_app
from graph_service.store.answers import Point
from tests.histories import histories, picking
from tests.live.test_truth import DELIVERED, SmallGraph, graph
from tests.logs import Delivery, assigned, batch_of, delivery
from tests.questions import Asking

pytestmark = pytest.mark.asyncio(loop_scope="session")

__all__ = ["graph"]

ASKED_AFTER_EACH_BATCH = 3
KEYS = ("a", "b", "c", "d")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(graph: SmallGraph) -> AsyncIterator[httpx.AsyncClient]:
    """The GraphQL service over the small graph."""
    transport = httpx.ASGITransport(app=create_app(graph.reader))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as found:
        yield found


@st.composite
def delivered(draw: st.DrawFn) -> Delivery:
    """A history in batches, over few partitions: with many, the watermark stays low for long."""
    history = draw(histories())
    number = draw(st.integers(1, 2))
    fewer = [
        replace(one, order=one.order._replace(partition=one.order.partition % number)) for one in history
    ]
    return delivery(picking(draw), fewer)


@DELIVERED
@given(batches=delivered(), chance=st.integers(0, 2**32))
async def test_what_was_answered_up_to_the_watermark_stays(
    graph: SmallGraph, client: httpx.AsyncClient, batches: Delivery, chance: int
) -> None:
    """Generated questions after each batch, asked again when all has come: late events, retractions, doubles included."""
    pick = Random(chance).randrange
    await graph.empty()
    epochs = await assigned(graph.writer, (record for batch in batches for record in batch))
    answers: list[tuple[str, bytes]] = []
    for batch in batches:
        await graph.writer.write(batch_of(batch, epochs))
        watermark = (await graph.reader.basis(Point(valid=0, known=0))).watermark
        if watermark is None:
            continue
        origin = 98 * pick(2)
        points = [Point(valid=origin + pick(8), known=watermark - pick(4) // 2) for _ in range(2)]
        for _ in range(ASKED_AFTER_EACH_BATCH):
            document = Asking(pick, KEYS).document(points)
            answers.append((document, await _ask(client, document)))
    for document, answer in answers:
        assert await _ask(client, document) == answer, document


async def _ask(client: httpx.AsyncClient, document: str) -> bytes:
    response = await client.post("/graphql", json={"query": document})
    assert "errors" not in response.json(), (document, response.text)
    return response.content
