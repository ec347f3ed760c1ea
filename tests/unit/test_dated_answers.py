"""Instants as dashboards send them, and the small parts of dated answers that need no engine."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, cast

import pytest
from graphql import GraphQLError, GraphQLField, GraphQLObjectType, GraphQLScalarType

from graph_service.api.dated import ABOUT_NOW, DATED, Conditional
from graph_service.api.ids import Cursor, points_of, read_cursor, write_cursor
from graph_service.api.schema import make_schema
from graph_service.core.errors import BadRequest, BadTime
from graph_service.store.read.answers import Point
from graph_service.store.read.entities import ODD
from graph_service.store.read.trend import Buckets

SCHEMA = make_schema()._schema
INSTANT = cast("GraphQLScalarType", SCHEMA.type_map["DateTime"])
MARCH = 1_772_357_400_000_000
"""2026-03-01T09:30:00Z."""


def fields_of(type: str) -> dict[str, GraphQLField]:
    """The fields of an object type."""
    fields: dict[str, GraphQLField] = cast("GraphQLObjectType", SCHEMA.type_map[type]).fields
    return fields


@pytest.mark.parametrize(
    ("sent", "instant"),
    [
        pytest.param("2026-03-01T09:30:00Z", MARCH, id="RFC 3339"),
        pytest.param("2026-03-01T10:30:00+01:00", MARCH, id="another offset"),
        pytest.param(1_772_357_400_000, MARCH, id="milliseconds"),
        pytest.param("1772357400000", MARCH, id="milliseconds as digits"),
        pytest.param("999999999999", 999_999_999_999_000, id="twelve digits: 2001"),
        pytest.param(0, 0, id="the epoch"),
        pytest.param(-1, -1000, id="before the epoch"),
    ],
)
def test_an_instant_is_text_with_an_offset_or_milliseconds(sent: Any, instant: int) -> None:
    """As numbers, or as the digits that a dashboard puts into a document."""
    assert INSTANT.parse_value(sent) == instant


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param("2026-03-01T09:30:00", id="without an offset"),
        pytest.param("2026", id="a year"),
        pytest.param("20260301", id="a day"),
        pytest.param("1772357400", id="seconds as digits"),
        pytest.param("20260301093000", id="a day and a time in digits"),
        pytest.param("1772357400000000", id="microseconds as digits"),
        pytest.param("١٧٧٢٣٥٧٤٠٠٠٠٠", id="digits of another script"),
        pytest.param(1_772_357_400, id="seconds"),
        pytest.param(1_772_357_400_000_000, id="microseconds"),
        pytest.param(1.5, id="a fraction"),
        pytest.param(True, id="a truth"),
        pytest.param("", id="nothing"),
    ],
)
def test_what_could_mean_another_instant_is_refused(sent: Any) -> None:
    """Rather than to answer about 1970."""
    with pytest.raises((BadTime, GraphQLError)):
        INSTANT.parse_value(sent)


def test_all_that_changes_into_ascii_with_its_case_is_known() -> None:
    """A search leaves it to us where one of these stands; this Python may know more of them than the last one did."""
    found = {one for one in map(chr, range(128, 0x110000)) if any(each.isascii() for each in one.casefold())}
    assert set(ODD) == found


def test_questions_about_points_are_fields_with_these_arguments() -> None:
    """And fields about now are fields."""
    assert SCHEMA.query_type is not None
    for name, arguments in DATED.items():
        assert set(arguments) <= SCHEMA.query_type.fields[name].args.keys()
    for type, field in ABOUT_NOW:
        assert field in fields_of(type)


def test_every_connection_says_what_it_rests_on() -> None:
    """And so does every other answer that is a set."""
    sets = [name for name in SCHEMA.type_map if name.endswith("Connection")]
    assert len(sets) >= 7
    for name in (*sets, "Impact", "DriftSide", "NodeGraph"):
        assert str(fields_of(name)["basis"].type) == "Basis!"


def test_a_cursor_keeps_its_points_and_its_question() -> None:
    """One of a comparison has two."""
    one = Cursor(after="a", valid=1, known=2)
    two = Cursor(after="a", valid=1, known=2, earlier=Point(valid=3, known=4))
    for cursor, points in (
        (one, [Point(valid=1, known=2)]),
        (two, [Point(valid=1, known=2), Point(valid=3, known=4)]),
    ):
        text = write_cursor("q", cursor)
        assert read_cursor("q", text) == cursor and points_of(text) == points
        with pytest.raises(BadRequest, match="another query"):
            read_cursor("other", text)
    assert points_of("nonsense") == points_of(None) == []


@pytest.mark.parametrize(
    ("has", "matches"),
    [
        ('"a"', True),
        ('W/"a"', True),
        ('"b", "a"', True),
        ("*", False),
        ("a", False),
        ("", False),
        (None, False),
    ],
)
def test_a_tag_is_found_among_those_that_were_sent(has: str | None, matches: bool) -> None:
    """Weakened by a proxy or not."""
    assert Conditional(has=has, media_type="", tag='"a"').matches() is matches
    assert not Conditional(has=has, media_type="").matches()


@pytest.mark.parametrize(("span", "number"), [(10, 3), (10, 10), (3, 10), (1, 1), (86_400_000_000, 7)])
def test_buckets_cover_the_span_without_gap(span: int, number: int) -> None:
    """At most as many as were asked for, all but the last of one width."""
    edges = Buckets.of(5, 5 + span, number).edges()
    assert edges[0][0] == 5 and edges[-1][1] == 5 + span and 1 <= len(edges) <= number
    assert all(one[1] == other[0] for one, other in pairwise(edges))
    assert len({end - start for start, end in edges[:-1]}) <= 1
