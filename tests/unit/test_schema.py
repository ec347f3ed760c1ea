"""The schema: the committed text is what the code prints, it keeps the fixed names, and every part says what it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    parse,
    validate,
)

from graph_service.api.schema import printed

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = ROOT.parent / "shared" / "contract.graphql"
OURS = build_schema(printed())

NOT_YET: set[str] = set()
"""Names of the contract that are not built yet: this list only gets shorter."""

CONTRACT_ELSEWHERE = """
input PropertyFilter { a: Int } input EntityOrder { a: Int } input ChangeFilter { a: Int } input EventFilter { a: Int }
type EntityConnection { a: Int } type DifferenceConnection { a: Int } type ChangeConnection { a: Int }
type EventConnection { a: Int } type VersionConnection { a: Int } type RelationshipConnection { a: Int }
type ImpactDrift { a: Int } type WhatIf { a: Int } enum TrendMeasure { A } type TrendPoint { a: Int }
type Vocabulary { a: Int } type Truncation { a: Int } type KindCount { a: Int } type OwnerCount { a: Int }
"""
"""The contract names these without saying what is in them; what is said here is not compared."""

OPEN = set(build_schema("type Query { a: Int }" + CONTRACT_ELSEWHERE).type_map) - {
    "Query",
    "Int",
    "String",
    "Boolean",
}


def test_the_committed_schema_is_what_the_code_prints() -> None:
    """A difference is a reviewed change: `python -m graph_service.api.schema > schema.graphql`."""
    assert (ROOT / "schema.graphql").read_text("utf-8") == printed()


def test_what_the_contract_has_too_is_exactly_as_the_contract_says() -> None:
    """Types, nullability, arguments and defaults; what is not built yet is named."""
    if not CONTRACT.is_file():
        pytest.skip("shared data absent")
    theirs = build_schema(CONTRACT.read_text("utf-8") + CONTRACT_ELSEWHERE)
    missing, different = compared(OURS, theirs)
    assert different == []
    assert missing == NOT_YET


def compared(ours: GraphQLSchema, theirs: GraphQLSchema) -> tuple[set[str], list[str]]:
    """Names of theirs that ours lacks, and what both have with another shape."""
    missing: set[str] = set()
    different: list[str] = []
    for name, wanted in theirs.type_map.items():
        if name.startswith("__") or name in OPEN:
            continue
        found = ours.type_map.get(name)
        if found is None:
            missing.add(name)
        elif isinstance(wanted, GraphQLEnumType):
            assert isinstance(found, GraphQLEnumType)
            if set(wanted.values) - set(found.values):
                different.append(name)
        elif isinstance(wanted, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            assert type(found) is type(wanted), name
            for field, its in shapes(wanted).items():
                own = shapes(found).get(field)  # type: ignore[arg-type]
                if own is None:
                    missing.add(f"{name}.{field}")
                elif own[0] != its[0] or not fits(own[1], its[1]):
                    different.append(f"{name}.{field}: {own} where the contract has {its}")
    return missing, different


def fits(own: dict[str, tuple[str, str]], its: dict[str, tuple[str, str]]) -> bool:
    """Every argument of the contract as it says; others may be there where nobody has to give them."""
    more = own.keys() - its.keys()
    return all(own.get(name) == arg for name, arg in its.items()) and not any(
        own[name][0].endswith("!") for name in more
    )


def shapes(
    of: GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType,
) -> dict[str, tuple[str, dict[str, tuple[str, str]]]]:
    """Each field's type, and its arguments with type and default."""
    if isinstance(of, GraphQLInputObjectType):
        return {
            name: (str(field.type), {"": ("", repr(field.default_value))})
            for name, field in of.fields.items()
        }
    return {
        name: (
            str(field.type),
            {name: (str(arg.type), repr(arg.default_value)) for name, arg in field.args.items()},
        )
        for name, field in of.fields.items()
    }


def test_every_part_of_the_schema_has_a_description() -> None:
    """So that GraphiQL explains everything."""
    bare: list[str] = []
    for name, found in OURS.type_map.items():
        if name.startswith("__") or name in ("Int", "String", "Float", "Boolean", "ID"):
            continue
        bare += [] if found.description else [name]
        if isinstance(found, GraphQLEnumType):
            bare += [f"{name}.{value}" for value, its in found.values.items() if not its.description]
        elif isinstance(found, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for field, its in found.fields.items():
                bare += [] if its.description else [f"{name}.{field}"]
                bare += [
                    f"{name}.{field}({a})"
                    for a, arg in getattr(its, "args", {}).items()
                    if not arg.description
                ]
    assert bare == []


def test_the_saved_operations_are_valid() -> None:
    """What dashboards and the demo ask can be asked."""
    for file in sorted((ROOT / "queries" / "saved").glob("*.graphql")):
        assert validate(OURS, parse(file.read_text("utf-8"))) == [], file.name
