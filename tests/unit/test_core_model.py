"""The values of the core: properties equal only as JSON, rows that unpack into versions, fixed identities."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_service.core.assertions import EntityAsserted, owner_of
from graph_service.core.errors import BadRecord
from graph_service.core.model import NOTHING, EventId, Properties, Row, canonical, event_uid, kind_of
from graph_service.core.time import FOREVER
from tests.builders import end, entity, link, links, unlink

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=5)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = st.text(st.characters(codec="utf-8"), max_size=4)


def row(
    *, valid_to: int = FOREVER, known_from: int = 100, known_to: int = FOREVER, end_known: int = FOREVER
) -> Row:
    """A row that holds from 10 on."""
    return Row(
        item="",
        properties=NOTHING,
        event="begin",
        valid_from=10,
        valid_to=valid_to,
        known_from=known_from,
        known_to=known_to,
        end_known=end_known,
        ended_by=None if valid_to == FOREVER else "end",
    )


def test_1_and_1_0_and_true_are_three_values() -> None:
    """Python calls them equal, JSON does not, and the log speaks JSON."""
    values = [Properties.of({"x": value}) for value in (1, 1.0, True, "1", None)]
    assert all((a == b) == (a is b) for a in values for b in values)
    assert len(set(values)) == len(values)


def test_properties_are_equal_whatever_the_order_of_names() -> None:
    """Neither the order in which names came nor that of nested objects counts; the order of a list does."""
    assert Properties.of({"a": 1, "b": {"c": 1, "d": 2}}) == Properties.of({"b": {"d": 2, "c": 1}, "a": 1})
    assert hash(Properties.of({"a": 1, "b": 2})) == hash(Properties.of({"b": 2, "a": 1}))
    assert Properties.of({"a": [1, 2]}) != Properties.of({"a": [2, 1]})
    assert Properties.of({}) == NOTHING != Properties.of({"a": None})
    assert NOTHING != {}


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_properties_round_trip(values: dict[str, object]) -> None:
    """To text and back, equal, with one text only; plain values come back as they were."""
    properties = Properties.of(values)
    assert Properties.parse(properties.text) == properties
    assert Properties.parse(properties.text).text == properties.text == canonical(values)
    assert canonical(properties.values()) == canonical(values)


def test_a_patch_takes_away_before_it_lays_over() -> None:
    """A name in both stays, with its new value; what was there is not touched."""
    before = Properties.of({"a": 1, "b": 2, "c": 3})
    after = before.patched(Properties.of({"b": 9, "d": 4}), ("b", "c", "none"))
    assert after.values() == {"a": 1, "b": 9, "d": 4}
    assert before.values() == {"a": 1, "b": 2, "c": 3}


def test_canonical_is_one_short_text() -> None:
    """Sorted, without spaces, and letters as they are."""
    assert canonical({"b": [1, 1.0, True, None], "a": "ü\n"}) == '{"a":"ü\\n","b":[1,1.0,true,null]}'


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, [math.nan], {"a": {"b": math.inf}}])
def test_canonical_refuses_what_json_cannot_say(value: object) -> None:
    """NaN and infinity have no JSON text."""
    with pytest.raises(ValueError, match="JSON"):
        canonical(value)


@given(VALUES)
def test_canonical_reads_back(value: object) -> None:
    """A JSON reader gets the same value, and the text of that is the same again."""
    assert canonical(json.loads(canonical(value))) == canonical(value)


def test_event_uid_is_fixed_for_good() -> None:
    """Stores hold these: another number here would make every rebuilt event a stranger."""
    assert event_uid("/orders", "e-1") == EventId("/orders", "e-1").uid == "988d0bada4855c194c7928962afccdca"
    assert event_uid("/ü", "日本") == "ed592f5e25910b86918c7d4b53cd39cc"


@given(st.tuples(NAMES, NAMES), st.tuples(NAMES, NAMES))
def test_event_uid_tells_identities_apart(one: tuple[str, str], other: tuple[str, str]) -> None:
    """The border between source and id counts, also where either holds colons and digits."""
    assert (event_uid(*one) == event_uid(*other)) == (one == other)
    assert len(event_uid(*one)) == 32 and set(event_uid(*one)) <= set("0123456789abcdef")


def test_event_uid_keeps_the_border() -> None:
    """The same letters, cut at another place, are another event."""
    assert (
        len({event_uid("ab", "c"), event_uid("a", "bc"), event_uid("", "abc"), event_uid("1:a", "bc")}) == 4
    )


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("service:shop", "service"),
        ("service:a:b", "service"),
        ("shop", "thing"),
        (":shop", "thing"),
        ("", "thing"),
        ("a:", "a"),
    ],
)
def test_kind_of(key: str, kind: str) -> None:
    """What stands before the first colon, or `thing`."""
    assert kind_of(key) == kind


def spans(some: Row) -> list[tuple[int, int, int, int, str | None]]:
    """A row's versions as plain numbers."""
    return [(v.valid_from, v.valid_to, v.known_from, v.known_to, v.ended_by) for v in some.versions()]


def test_an_open_row_is_one_version() -> None:
    """Believed open since `known_from`."""
    assert spans(row()) == [(10, FOREVER, 100, FOREVER, None)]


def test_a_row_that_was_closed_is_two_versions() -> None:
    """Believed open until its end became known, and to end there since then."""
    assert spans(row(valid_to=20, end_known=110)) == [
        (10, FOREVER, 100, 110, None),
        (10, 20, 110, FOREVER, "end"),
    ]


def test_a_row_that_was_born_closed_is_one_version() -> None:
    """Its end was known as soon as its beginning."""
    assert spans(row(valid_to=20, end_known=100)) == [(10, 20, 100, FOREVER, "end")]


def test_a_row_no_longer_believed() -> None:
    """Belief ends on the known axis for the last of its versions only."""
    assert spans(row(known_to=120)) == [(10, FOREVER, 100, 120, None)]
    assert spans(row(valid_to=20, end_known=110, known_to=120)) == [
        (10, FOREVER, 100, 110, None),
        (10, 20, 110, 120, "end"),
    ]
    assert spans(row(valid_to=20, end_known=100, known_to=120)) == [(10, 20, 100, 120, "end")]


@pytest.mark.parametrize(
    "some",
    [
        row(),
        row(valid_to=20, end_known=110),
        row(valid_to=20, end_known=110, known_to=120),
        row(valid_to=20, end_known=100),
    ],
)
def test_a_row_holds_where_one_of_its_versions_does(some: Row) -> None:
    """`holds` and `versions` are two views of the same stretch; all spans are half-open."""
    for valid in (9, 10, 19, 20, 21):
        for known in (99, 100, 109, 110, 119, 120, 121):
            covering = [
                v
                for v in some.versions()
                if v.valid_from <= valid < v.valid_to and v.known_from <= known < v.known_to
            ]
            assert some.holds(valid, known) == (len(covering) == 1)


@pytest.mark.parametrize("valid_to", [10, 9, -FOREVER])
def test_an_empty_span_is_refused(valid_to: int) -> None:
    """What ends before it begins is a bad record, whatever it claims."""
    for make in (
        lambda: entity("a", 10, valid_to),
        lambda: end("a", 10, valid_to),
        lambda: link("a", "CALLS", "b", 10, valid_to),
        lambda: unlink("a", "CALLS", "b", 10, valid_to),
        lambda: links("a", "CALLS", {}, 10, valid_to),
    ):
        with pytest.raises(BadRecord, match="valid_to"):
            make()


def test_assertions_cannot_be_changed() -> None:
    """A value that exists is valid, and stays so."""
    claim = entity("a", 10)
    assert isinstance(claim, EntityAsserted)
    with pytest.raises(AttributeError):
        claim.key = "b"  # type: ignore[misc]


def test_owner_of() -> None:
    """The entity itself, or the source of a relationship."""
    claims = (
        entity("a", 1),
        end("a", 1),
        link("a", "T", "b", 1),
        unlink("a", "T", "b", 1),
        links("a", "T", {}, 1),
    )
    assert {owner_of(claim) for claim in claims} == {"a"}
