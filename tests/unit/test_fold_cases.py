"""What design 2.2 and 2.3 mean, case by case: fold and oracle must both give exactly the versions written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.builders import facts, facts_of_case, folded, oracle_facts, records_of_case
from tests.fold_cases import CASES, Case
from tests.oracle import Oracle

SHARED = Path(__file__).parents[3] / "shared" / "data" / "fold-cases" / "cases.jsonl"


def shared_cases() -> list[dict[str, Any]]:
    """The cases that the design refers to; none where the shared data is absent."""
    return [json.loads(line) for line in SHARED.read_text().splitlines()] if SHARED.exists() else []


@pytest.mark.skipif(not SHARED.exists(), reason="shared data absent")
@pytest.mark.parametrize("case", shared_cases(), ids=lambda case: case["case"])
def test_shared_case(case: dict[str, Any]) -> None:
    """Each of the design's worked cases comes out as written, by the fold and by the oracle."""
    expected = sorted(facts_of_case(case))
    records = records_of_case(case)
    assert oracle_facts(Oracle(records)) == expected
    assert facts(folded(records)) == expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_own_case(case: Case) -> None:
    """Each case of this repository comes out as written, by the fold and by the oracle."""
    assert oracle_facts(Oracle(case.records)) == sorted(case.expected)
    assert facts(folded(case.records)) == sorted(case.expected)
