"""What of an answer is asked for: for fields that find cheaper ways when part of it is not."""

from __future__ import annotations

from collections.abc import Iterable

from strawberry.types.nodes import SelectedField, Selection

from graph_service.api.context import Info


def asked_below(info: Info, *path: str) -> frozenset[str]:
    """The names of all fields at a place below this one, such as ("items", "entity"); never too few: what directives leave out counts."""
    here = _below(_fields(info.selected_fields))
    for name in path:
        here = _below(one for one in here if one.name == name)
    return frozenset(one.name for one in here)


def _below(fields: Iterable[SelectedField]) -> list[SelectedField]:
    return _fields(each for one in fields for each in one.selections)


def _fields(selections: Iterable[Selection]) -> list[SelectedField]:
    """The fields, those of fragments with them."""
    found: list[SelectedField] = []
    for one in selections:
        if isinstance(one, SelectedField):
            found.append(one)
        else:
            found += _fields(one.selections)
    return found
