"""How differences are asked for."""

from __future__ import annotations

from graph_service.store.read.diff import TYPES_AT_ONCE, _of_valid


def test_many_types_are_asked_for_in_few_statements() -> None:
    """One statement for each side has the entities and so many types, what is present before what is past; what is not asked about has none."""
    types = tuple(f"T{n}" for n in range(TYPES_AT_ONCE + 1))
    texts = _of_valid(True, types)
    assert [text.count(" AS columns") for text in texts] == [1 + 2 * TYPES_AT_ONCE] * 2 + [2, 2]
    assert texts[0].rindex(f"`T{TYPES_AT_ONCE - 1}`]") < texts[0].index("`T0_PAST`]")
    assert "//" not in texts[0]
    assert [text.count("UNION ALL\nMATCH") for text in _of_valid(False, ("T0",))] == [1, 1]
    assert len(_of_valid(True, ())) == 2
    assert _of_valid(False, ()) == ()
