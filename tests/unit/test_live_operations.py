"""Promises of shared answers: who asks the same shares them, wherever each resumes, and nobody else does."""

from __future__ import annotations

from typing import Any

import pytest

from graph_service.api.gate import Admitted
from graph_service.api.live.operations import Operation, operation_of
from graph_service.api.schema import make_schema
from graph_service.api.security.roles import Principal, Role

SCHEMA = make_schema()
SOMEBODY = Principal(name="one", realm="insecure", role=Role.READER)


def operation(text: str, **variables: Any) -> Operation:
    """As it is executed for each change."""
    admitted: Admitted = SCHEMA.gate.admit(text, None, variables, SOMEBODY)
    return operation_of(admitted, variables)


SAME = (
    'subscription S($a: String) { changes(after: $a, filter: {kinds: ["x"]}) { id } }',
    'subscription S($b: String) { changes(filter: {kinds: ["x"]}, after: $b) { id } }',
    'subscription S { changes(filter: {kinds: ["x"]}, after: "c") { id } }',
    'subscription S { changes(filter: {kinds: ["x"]}) { id } }',
)


@pytest.mark.parametrize("text", SAME)
def test_where_somebody_resumes_is_no_part_of_what_is_asked(text: str) -> None:
    """However the cursor is passed."""
    found = operation(text, **({"a": "1"} if "$a" in text else {"b": "2"} if "$b" in text else {}))
    assert found.key == operation(SAME[-1]).key
    assert found.variables == {}


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ('subscription S { changes(filter: {kinds: ["y"]}) { id } }', {}),
        ('subscription S { changes(filter: {kinds: ["x"]}) { id kind } }', {}),
        ("subscription S($k: [String!]) { changes(filter: {kinds: $k}) { id } }", {"k": ["x"]}),
        ("subscription S($k: [String!]) { changes(filter: {kinds: $k}) { id } }", {"k": ["y"]}),
        ("subscription S($k: String, $i: Boolean!) { changes(after: $k) { id kind @include(if: $i) } }", {"i": True}),
    ],
)  # fmt: skip
def test_everything_else_is(text: str, variables: dict[str, Any]) -> None:
    """Filters, fields and variables that are used."""
    assert operation(text, **variables).key != operation(SAME[-1]).key


def test_a_variable_that_is_used_twice_stays() -> None:
    """It is no longer only about where to resume."""
    text = "subscription S($k: String!) { changes(after: $k) { entity { property(name: $k) } } }"
    assert operation(text, k="a").key != operation(text, k="b").key


def test_within_a_fragment_nothing_is_taken_away() -> None:
    """It is answered all the same, and shared with nobody."""
    text = "subscription S($k: String) { ...F } fragment F on Subscription { changes(after: $k) { id } }"
    assert operation(text, k="a").key != operation(text, k="b").key
