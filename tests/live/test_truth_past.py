"""The past is stable: what was answered at a known time up to the watermark is answered so for ever, to the byte."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import chain
from random import Random

import httpx
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from graph_service.api.app import create_app
from graph_service.api.security.access import Insecure
from graph_service.core.assertions import EventRetracted
from graph_service.store.read.answers import Point
from tests.histories import histories, picking
from tests.live.comparing import LATER
from tests.live.small_graph import DELIVERED, SmallGraph
from tests.logs import Delivery, assigned, batch_of, delivery
from tests.questions import Asking

pytestmark = pytest.mark.asyncio(loop_scope="session")

ASKED_AFTER_EACH_BATCH = 3
#: Most of what histories say is about the first.
KEYS = ("a", "a", "a", "b", "c")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(small_graph: SmallGraph) -> AsyncIterator[httpx.AsyncClient]:
    """The GraphQL service over the small graph."""
    transport = httpx.ASGITransport(app=create_app(small_graph.reader, access=Insecure()))
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
    small_graph: SmallGraph, client: httpx.AsyncClient, batches: Delivery, chance: int
) -> None:
    """Generated questions after each batch, asked again when all has come: late events, retractions, doubles included. Answers have tags, and these
    stay, too: whoever has an answer is not sent it again.
    """
    pick = Random(chance).randrange
    await small_graph.empty()
    epochs = await assigned(small_graph.writer, (record for batch in batches for record in batch))
    instants = sorted(
        {a.valid_from for one in chain(*batches) for a in one.assertions if not isinstance(a, EventRetracted)}
    )
    answers: list[tuple[str, tuple[str, bytes]]] = []
    for batch in batches:
        await small_graph.writer.write(batch_of(batch, epochs))
        watermark = (await small_graph.reader.basis(Point(valid=0, known=0))).watermark
        if watermark is None:
            continue
        valids = (*instants, LATER)
        points = [Point(valid=valids[pick(len(valids))], known=watermark - pick(4) // 3) for _ in range(2)]
        for _ in range(ASKED_AFTER_EACH_BATCH):
            document = Asking(pick, KEYS).document(points)
            if (answer := await _ask(client, document)) is not None:
                answers.append((document, answer))
    for document, answer in answers:
        assert await _ask(client, document) == answer, document
        again = await client.get(
            "/graphql", params={"query": document}, headers={"if-none-match": f'"x", W/{answer[0]}'}
        )
        assert (again.status_code, again.content) == (304, b""), document


async def _ask(client: httpx.AsyncClient, document: str) -> tuple[str, bytes] | None:
    """The tag and the body; None where the question is too large to be answered."""
    response = await client.get("/graphql", params={"query": document})
    codes = [error["extensions"]["code"] for error in response.json().get("errors", ())]
    assert codes in ([], ["LIMIT_EXCEEDED"]), (document, response.text)
    return None if codes else (response.headers["etag"], response.content)
