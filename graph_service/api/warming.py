"""What is asked once when a process begins to serve: the database makes its plans for what people ask first, and nobody waits for that.

Neo4j takes a tenth of a second and more to plan a statement that it never saw, and a page asks a dozen at once. It remembers them for all processes.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from graph_service.api.context import Context
from graph_service.api.security.roles import Principal, Role

if TYPE_CHECKING:
    from graph_service.api.schema import Schema
    from graph_service.store.read.reader import Reader

AFTER_S = 0.5
"""Whoever waits for the first answer of a process that has just begun is not to wait longer for this."""
NOBODY = Principal(name="warming", realm="insecure", role=Role.READER)
#: What the first pages ask: small, of a graph of any size.
QUESTIONS = (
    "{ vocabulary { kinds { count } relationshipTypes { count } } }",
    "{ changes(first: 12) { edges { node { kind event { type } entity { name ended } relationship { source { name } target { name } } } } } }",
    """{ entities(first: 1) { edges { node {
      key name event { type } events(first: 1) { edges { node { time } } } history(first: 1) { edges { node { event { type } } } }
      relationships(first: 5) { edges { node { source { name } target { name } event { type } } } }
    } } } }""",
)

_log = logging.getLogger(__name__)


async def warm_up(schema: Schema, reader: Reader) -> None:
    """Ask them, one after the other. It never fails: whoever asks the same will be told what is wrong."""
    await asyncio.sleep(AFTER_S)
    for question in QUESTIONS:
        try:
            found = await schema.execute(question, context_value=Context(reader, principal=NOBODY))
        except Exception as error:
            _log.debug("not warmed up: %s", error)
            return
        if found.errors:
            _log.debug("not warmed up: %s", found.errors[0].message)
            return
