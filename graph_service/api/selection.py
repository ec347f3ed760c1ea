"""What of an answer is asked for: for fields that find cheaper ways when part of it is not."""

from __future__ import annotations

from graph_service.api.context import Info
from graph_service.api.fast.selected import names_below
from graph_service.api.fast.sources import Info as PlannedInfo

OF_KEYS = frozenset({"__typename", "id", "key", "kind"})
"""What of an entity its key tells."""


def asked_below(info: Info | PlannedInfo, *path: str) -> frozenset[str]:
    """The names of all fields at a place below this one, such as ("items", "entity"); never too few: what directives leave out counts."""
    if isinstance(info, PlannedInfo):
        return info.asked_below(path)
    return names_below(info._raw_info.field_nodes, info._raw_info.fragments, path)
