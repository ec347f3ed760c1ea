"""Who stands retracted when, in the order of knowing."""

from __future__ import annotations

import pytest

from graph_service.core.model import RecordOrder
from graph_service.core.retraction import believed_spans
from graph_service.core.time import FOREVER


def orders(**known: int) -> dict[str, RecordOrder]:
    """Where events were recorded; of equal known times the earlier named comes first."""
    return {uid: RecordOrder(at, "events", 0, offset) for offset, (uid, at) in enumerate(known.items())}


@pytest.mark.parametrize(
    ("known", "retractors", "expected"),
    [
        pytest.param({"a": 100}, {}, {}, id="nobody retracts: nothing to say"),
        pytest.param({"a": 100, "r": 110}, {"a": ["r"]}, {"a": ((100, 110),)}, id="retracted"),
        pytest.param({"r": 100, "a": 110}, {"a": ["r"]}, {"a": ()}, id="the retraction came first"),
        pytest.param({"r": 100}, {"a": ["r"]}, {}, id="what it retracts never came"),
        pytest.param({"a": 100}, {"a": ["r"]}, {"a": ((100, FOREVER),)}, id="the retraction is not recorded"),
        pytest.param(
            {"a": 100, "r": 110, "s": 120},
            {"a": ["r"], "r": ["s"]},
            {"a": ((100, 110), (120, FOREVER)), "r": ((110, 120),)},
            id="a retracted retraction",
        ),
        pytest.param(
            {"a": 100, "s": 105, "r": 110},
            {"a": ["r"], "r": ["s"]},
            {"a": ((100, FOREVER),), "r": ()},
            id="a retraction retracted before it came",
        ),
        pytest.param(
            {"a": 100, "r": 110, "q": 115, "s": 120},
            {"a": ["r", "q"], "r": ["s"]},
            {"a": ((100, 110),), "r": ((110, 120),)},
            id="two retract, one of them retracted",
        ),
        pytest.param({"a": 100}, {"a": ["a"]}, {"a": ((100, FOREVER),)}, id="itself"),
        pytest.param(
            {"a": 100, "b": 110},
            {"a": ["b"], "b": ["a"]},
            {"a": ((100, 110),), "b": ((110, FOREVER),)},
            id="each other: the later stands",
        ),
        pytest.param(
            {"a": 100, "b": 100},
            {"a": ["b"], "b": ["a"]},
            {"a": (), "b": ((100, FOREVER),)},
            id="each other at one known time: the log decides",
        ),
        pytest.param(
            {"a": 100, "b": 110, "c": 120},
            {"b": ["a"], "c": ["b"], "a": ["c"]},
            {"a": ((100, 120),), "b": ((120, FOREVER),), "c": ((120, FOREVER),)},
            id="a circle of three, closed by the last",
        ),
        pytest.param({"a": 100, "r": 100}, {"a": ["r"]}, {"a": ()}, id="at one known time"),
    ],
)
def test_believed_spans(
    known: dict[str, int], retractors: dict[str, list[str]], expected: dict[str, tuple[tuple[int, int], ...]]
) -> None:
    """Spans are ascending, half-open, and as long as they can be."""
    assert believed_spans(orders(**known), retractors) == expected


def test_a_long_chain_of_retractions() -> None:
    """Each event retracts the one before: every record changes what stands, and no stack runs out."""
    length = 600
    known = {f"e{n}": 100 + n for n in range(length)}
    spans = believed_spans(orders(**known), {f"e{n}": [f"e{n + 1}"] for n in range(length - 1)})
    assert spans["e0"] == tuple((100 + n, 101 + n) for n in range(0, length, 2))
