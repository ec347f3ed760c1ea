"""What a key, or a row, says of an entity by itself."""

from __future__ import annotations

import json
from functools import lru_cache

from graph_service.api.context import Context
from graph_service.core.model import kind_of
from graph_service.store.read.answers import EntityAt


@lru_cache(maxsize=20_000)
def bare_entity(key: str) -> EntityAt:
    """All that a key says."""
    return EntityAt(
        key=key, kind=kind_of(key), declared=False, ended=False, properties="{}",
        valid_from=None, valid_to=None, known_from=None, known_to=None, event=None,
    )  # fmt: skip


async def name_of(context: Context, row: EntityAt) -> str:
    """The name of an entity for people."""
    declared = (await context.vocabulary()).kinds.get(row.kind)
    shown = json.loads(row.properties).get(declared.display) if declared and declared.display else None
    return shown if isinstance(shown, str) and shown else row.key.partition(":")[2] or row.key
