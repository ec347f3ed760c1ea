"""Promises of claims as text: canonical JSON, and the same claims when read again."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from graph_service.core.assertions import (
    EntityAsserted,
    EntityEnded,
    RelationshipAsserted,
    RelationshipEnded,
    RelationshipsAsserted,
    Spanned,
)
from graph_service.core.model import NOTHING, Properties, canonical
from graph_service.core.time import FOREVER
from graph_service.store.write.claims import numbered_of, to_text, whole

WORDS = st.text(max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
PROPERTIES = st.dictionaries(WORDS, VALUES, max_size=4).map(Properties.of)


@st.composite
def assertions(draw: st.DrawFn) -> Spanned:
    """One of each kind, with any text in it."""
    span = {"valid_from": draw(st.integers(-5, 5)), "valid_to": draw(st.integers(6, 9) | st.just(FOREVER))}
    edge = {name: draw(WORDS) for name in ("source", "type", "discriminator", "rule")}
    match draw(st.integers(0, 4)):
        case 0:
            unset = tuple(draw(st.lists(WORDS, max_size=2)))
            return EntityAsserted(
                key=draw(WORDS),
                set=draw(PROPERTIES),
                unset=unset,
                replace=draw(st.booleans()),
                rule=edge["rule"],
                **span,
            )
        case 1:
            return EntityEnded(key=draw(WORDS), rule=edge["rule"], **span)
        case 2:
            return RelationshipAsserted(target=draw(WORDS), properties=draw(PROPERTIES), **edge, **span)
        case 3:
            return RelationshipEnded(target=draw(WORDS), **edge, **span)
        case _:
            targets = draw(st.dictionaries(WORDS, PROPERTIES, max_size=3))
            return RelationshipsAsserted(targets=targets, **edge, **span)


@given(st.lists(st.tuples(st.integers(0, 12), assertions()), max_size=3))
def test_claims_are_canonical_and_come_back(numbered: list[tuple[int, Spanned]]) -> None:
    """Whatever is in them."""
    text = to_text(numbered)
    assert text == canonical(json.loads(text))
    assert numbered_of(json.loads(text)) == numbered


@given(st.lists(st.tuples(st.integers(0, 12), assertions()), max_size=3))
def test_what_is_not_in_the_text_is_as_most_say_it(numbered: list[tuple[int, Spanned]]) -> None:
    """A text of an earlier version, which says all of it, means the same; a ledger has all of it."""
    said = [whole(one) for one in json.loads(to_text(numbered))]
    assert numbered_of(said) == numbered
    assert [whole(one) for one in said] == said
    for one in said:
        assert {"nth", "op", "rule", "from", "to"} <= one.keys()


def test_what_most_say_is_not_in_the_text() -> None:
    """An edge of the only assertion of its event, without an end, properties or a discriminator."""
    edge = RelationshipAsserted(source="s:a", type="T", target="s:b", properties=NOTHING, valid_from=1)
    assert to_text([(0, edge)]) == '[{"from":1,"op":"relationship","source":"s:a","target":"s:b","type":"T"}]'
    whole_text = (
        '[{"discriminator":"","from":1,"nth":0,"op":"relationship","properties":{},"rule":"","source":"s:a","target":"s:b",'
        f'"to":{FOREVER},"type":"T"}}]'
    )
    assert numbered_of(json.loads(whole_text)) == [(0, edge)]


@given(PROPERTIES)
def test_properties_are_the_same_by_text_and_by_values(properties: Properties) -> None:
    """Made from one, they give the other."""
    again = Properties.parse(properties.text)
    assert again == properties and hash(again) == hash(properties)
    assert dict(again.texts) == dict(properties.texts)
    assert again.patched(properties, ()).text == properties.text
