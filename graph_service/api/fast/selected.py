"""What is selected below a field, from the document alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, SelectionNode


def names_below(
    nodes: Iterable[FieldNode], fragments: Mapping[str, FragmentDefinitionNode], path: tuple[str, ...]
) -> frozenset[str]:
    """The names of all fields at a place below the nodes of one field; never too few: what directives leave out counts."""
    here = _below(nodes, fragments)
    for name in path:
        here = _below([one for one in here if one.name.value == name], fragments)
    return frozenset(one.name.value for one in here)


def _below(nodes: Iterable[FieldNode], fragments: Mapping[str, FragmentDefinitionNode]) -> list[FieldNode]:
    found: list[FieldNode] = []
    # A fragment that is spread twice at a place says nothing new there.
    seen: set[str] = set()
    rest: list[SelectionNode] = [
        one for node in nodes if node.selection_set is not None for one in node.selection_set.selections
    ]
    while rest:
        one = rest.pop()
        if isinstance(one, FieldNode):
            found.append(one)
        elif isinstance(one, FragmentSpreadNode):
            name = one.name.value
            if name not in seen:
                seen.add(name)
                rest += fragments[name].selection_set.selections
        elif isinstance(one, InlineFragmentNode):
            rest += one.selection_set.selections
    return found
