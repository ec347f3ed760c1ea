"""The price of an operation: it follows what the arguments allow, is the same however the document is written, and lets through what people ask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, get_introspection_query, parse, validate

from graph_service.api.limits.bounds import Limits
from graph_service.api.limits.cost import cost_of
from graph_service.api.limits.measures import measured
from graph_service.api.limits.weights import WEIGHTS
from graph_service.api.schema import make_schema

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = make_schema()
LIMITS = Limits()
SAVED = sorted((ROOT / "queries" / "saved").glob("*.graphql"))


def price(text: str, **variables: Any) -> int:
    """Of the only operation; the document is valid and within the other limits."""
    document = parse(text)
    assert validate(SCHEMA._schema, document) == []
    measured(document, LIMITS)
    fragments = {
        one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
    }
    (operation,) = (one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    return cost_of(SCHEMA._schema, operation, fragments, variables)


def test_every_root_field_has_a_weight() -> None:
    """Say in `weights.py` what finding its answer takes, and which argument says how many items there are."""
    roots = [SCHEMA._schema.query_type, SCHEMA._schema.mutation_type, SCHEMA._schema.subscription_type]
    missing = [
        f"{root.name}.{name}"
        for root in roots
        if root
        for name in root.fields
        if f"{root.name}.{name}" not in WEIGHTS
    ]
    assert missing == []


@pytest.mark.parametrize("path", SAVED, ids=lambda path: path.stem)
def test_operations_that_ship_cost_less_than_half_of_the_most(path: Path) -> None:
    """So there is room for larger pages than their defaults."""
    assert 0 < price(path.read_text("utf-8")) <= LIMITS.query_cost_max / 2


@pytest.mark.parametrize("recent", [False, True])
def test_the_introspection_of_tools_goes_through(recent: bool) -> None:
    """GraphiQL, code generators and linters ask it."""
    text = get_introspection_query(
        specified_by_url=recent,
        directive_is_repeatable=recent,
        schema_description=recent,
        input_value_deprecation=recent,
    )
    assert price(text) <= LIMITS.query_cost_max


def test_it_grows_with_what_the_arguments_allow() -> None:
    """Pages in pages multiply; keys and steps multiply the search; a default counts as if it was written."""
    page = "query Q($n: Int, $m: Int) { entities(first: $n) { edges { node { relationships(first: $m) { edges { node { target { key } } } } } } } }"
    assert price(page, n=100, m=100) > 90 * price(page, n=1, m=100) > 8000 * price(page, n=1, m=1) / 200
    assert price("{ entities { edges { cursor } } }") == price("{ entities(first: 25) { edges { cursor } } }")
    impact = "query I($of: [String!]!, $d: Int) { impact(of: $of, maxDepth: $d, first: 1) { count } }"
    assert price(impact, of=["a"] * 10, d=10) >= 90 * price(impact, of=["a"], d=1) / 2
    assert price('{ entity(key: "a") { history(first: 200) { edges { node { properties } } } } }') > 400


def test_how_the_document_is_written_makes_no_difference() -> None:
    """Fragments, inline fragments, variables and their defaults."""
    plain = price('{ entity(key: "a") { key relationships(first: 7) { edges { node { type } } } } }')
    for text in (
        '{ entity(key: "a") { ...F } } fragment F on Entity { key relationships(first: 7) { edges { node { type } } } }',
        '{ entity(key: "a") { ... on Entity { key relationships(first: 7) { edges { node { type } } } } } }',
        '{ entity(key: "a") { ... { key relationships(first: 7) { edges { node { type } } } } } }',
        'query Q($n: Int = 7) { entity(key: "a") { key relationships(first: $n) { edges { node { type } } } } }',
    ):
        assert price(text) == plain, text


def test_what_is_left_out_for_certain_costs_nothing() -> None:
    """By `@skip` and `@include`, also with a variable."""
    text = (
        "query Q($all: Boolean!) { __typename entities(first: 200) @include(if: $all) { edges { cursor } } }"
    )
    assert price(text, all=False) == 1 and price(text, all=True) > 200
    assert price("{ __typename entities(first: 200) @skip(if: true) { edges { cursor } } }") == 1


@pytest.mark.parametrize("first", [0, -5, 10**12, None, "many", True, [1, 2, 3], {"a": 1}])
def test_nonsense_costs_no_more_than_the_most_of_its_field(first: Any) -> None:
    """Executing will refuse it, in words about that argument."""
    text = "query Q($n: Int) { entities(first: $n) { edges { cursor } } }"
    assert 0 < price(text, n=first) <= price(text, n=200)
