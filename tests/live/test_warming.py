"""What is asked once when a process begins to serve can be asked: every question of it has an answer."""

from __future__ import annotations

import pytest
from neo4j import AsyncDriver

from graph_service.api import warming
from graph_service.api.context import Context
from graph_service.api.schema import make_schema
from graph_service.store.read.reader import Reader
from tests.live.conftest import emptied
from tests.live.story import write_story

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_each_question_has_an_answer(neo4j_driver: AsyncDriver) -> None:
    """On the demo story; and all of them together end in silence where nothing is prepared."""
    await emptied(neo4j_driver)
    schema, reader = make_schema(), Reader(neo4j_driver)
    await warming.warm_up(schema, reader)
    await write_story(neo4j_driver)
    for question in warming.QUESTIONS:
        found = await schema.execute(question, context_value=Context(reader, principal=warming.NOBODY))
        assert found.errors is None, (question, found.errors)
        assert found.data, question
