"""CEL in mappings: what it gives, what it refuses, and that it gives the same on every run."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import cel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_service.core.errors import BadRecord
from graph_service.mapping.expressions import Expression, ExpressionError, Scope

DATA: dict[str, Any] = {
    "i": 1,
    "f": 1.0,
    "big": 2**63,
    "neg": -3,
    "t": True,
    "n": None,
    "s": "text",
    "l": [{"name": "a", "v": "1"}, {"name": "b"}],
    "m": {"b": 1, "a": 2},
    "dash-ed": 5,
    "type": "z",
    "time": "2026-01-01T00:00:00Z",
}
NAMES = frozenset(("event", "data", "item"))


def scope() -> Scope:
    """A scope as rules have it, with a loop item."""
    return Scope({"event": {"id": "1", "type": "t"}, "data": DATA, "item": {"key": "k"}})


def value(source: str) -> Any:
    """What an expression gives."""
    return Expression(source, NAMES, "here").evaluate(scope())


def engine_only(source: str) -> Any:
    """What the engine alone gives: a value, or the class of the error."""
    try:
        return cel.compile(source).execute(
            {"event": {"id": "1", "type": "t"}, "data": DATA, "item": {"key": "k"}}
        )
    except Exception as error:
        return type(error)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("data.i", 1),
        ("data.f", 1.0),
        ("data.big", 2**63),
        ("data.t", True),
        ("data.n", None),
        ("data.l", DATA["l"]),
        ("data", DATA),
        ("data['dash-ed']", 5),
        ("data.type", "z"),
        ("'literal'", "literal"),
        ('"it\'s"', "it's"),
        ("'a\\nb'", "a\nb"),
        ("r'a\\nb'", "a\\nb"),
        ("'service:' + data.s", "service:text"),
        ("data.s + '/' + event.id + \"!\"", "text/1!"),
        ("data.i + 1", 2),
        ("data.i / 2", 0),
        ("data.f / 2.0", 0.5),
        ("1 + 2 // a comment with .map(x", 3),
        ("3u", 3),
        ("true", True),
        ("null", None),
        ("has(data.s)", True),
        ("has(data.missing)", False),
        ("has(data.missing) ? data.missing : 'default'", "default"),
        ("data.n == null", True),
        ("data.l[0].name", "a"),
        ("data.l.map(x, x.name)", ["a", "b"]),
        ("data.l.filter(x, has(x.v))", [{"name": "a", "v": "1"}]),
        ("data.l.map(x, has(x.v), x.name)", ["a"]),
        ("data.l.all(x, x.name != '')", True),
        ("data.l.exists(x, x.name == 'b')", True),
        ("data.l.exists_one(x, x.name == 'b')", True),
        ("data.m.map(k, k)", ["a", "b"]),
        ("data.m.map(k, data.m[k])", [2, 1]),
        ("{'z': 1, 'y': 2}.map(k, k)", ["y", "z"]),
        ("data['m'].filter(k, true)", ["a", "b"]),
        ("data.l.map(x, x.map(k, k))", [["name", "v"], ["name"]]),
        ("(data.m).map(k, k)", ["a", "b"]),
        ("{'b': 1, 'a': 2}.filter(k, true).map(k, k + '!')", ["a!", "b!"]),
        ("data.m", {"a": 2, "b": 1}),
        ("size(data.l)", 2),
        ("'a' in data.m", True),
        ("'x,y'.split(',')", ["x", "y"]),
        ("'ABC'.lowerAscii()", "abc"),
        ("['b', 'a'].sort()", ["a", "b"]),
        ("['b', 'a'].join('-')", "b-a"),
        ("math.greatest(1, 3)", 3),
        ("data.s.contains('ex')", True),
        ("data.s.matches('^t.*t$')", True),
        ("string(data.i)", "1"),
        ("int('5')", 5),
        ("timestamp(data.time)", datetime(2026, 1, 1, tzinfo=UTC)),
        ("timestamp(data.time) + duration('1h')", datetime(2026, 1, 1, 1, tzinfo=UTC)),
        ("duration('90s')", timedelta(seconds=90)),
        ("type(data.i) == int", True),
        ("item.key", "k"),
    ],
)
def test_values(source: str, expected: Any) -> None:
    """Whole numbers stay whole, floats stay floats, and everything keeps its type."""
    found = value(source)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("data.missing", "there is no field 'missing'; ask with has(…)"),
        ("data.m.x.y", "there is no field 'x'"),
        ("data.s.x", "'x' is asked of text, which has no fields"),
        ("data.n.x", "'x' is asked of null"),
        ("data.l.x", "'x' is asked of a list"),
        ("'a' + data.i", "text + a value of type int; convert it with string(…)"),
        ("'a' + data.n", "text + null"),
        ("data.i + 1.0", "No such overload"),
        ("data.i / 0", "division by zero"),
        ("data.l[5]", "index out of bounds"),
        ("9223372036854775807 + data.i", "overflow"),
        ("timestamp('2026-01-01')", "Function 'timestamp' error"),
        ("data.l.map(x, x.v)", "there is no field 'v'"),
        ("data.s ? 1 : 2", "No such overload"),
        ("data.s.map(x, x)", "No such overload"),
    ],
)
def test_failures_name_the_expression_and_the_cause(source: str, cause: str) -> None:
    """Nothing is guessed: what cannot be evaluated is a bad record."""
    with pytest.raises(BadRecord) as refusal:
        value(source)
    assert refusal.value.reason == "mapping-failed"
    assert str(refusal.value).startswith(f"here: `{source}`: ")
    assert cause in str(refusal.value)


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("", "not CEL"),
        ("1 +", "not CEL: 1:4: "),
        ("data..x", "not CEL: 1:6: "),
        ("data.?x", "not CEL: 1:5: unsupported syntax"),
        ("data.in", "not CEL"),
        ("'abc", "not CEL"),
        ("other", "there is no name 'other' here; there are data, event, item"),
        ("'a' + othr.x", "there is no name 'othr'"),
        ("data.l.map(x, y)", "there is no name 'y'"),
        ("now()", "there is no function 'now'"),
        ("data.s.frobnicate()", "there is no function 'frobnicate'"),
    ],
)
def test_what_cannot_be_compiled(source: str, cause: str) -> None:
    """A name that does not exist is found when the mapping is loaded."""
    with pytest.raises(ExpressionError) as error:
        Expression(source, NAMES, "here")
    assert cause in str(error.value)


def test_a_name_that_changes_is_handed_over_again() -> None:
    """A loop binds its item anew each time, with and without the engine."""
    plain, engine = Expression("item.key", NAMES, ""), Expression("size(item.key)", NAMES, "")
    seen = scope()
    for key in ("a", "bb", "ccc"):
        seen.bind("item", {"key": key})
        assert plain.evaluate(seen) == key
        assert engine.evaluate(seen) == len(key)


def test_maps_have_one_order_on_every_run() -> None:
    """The engine's own order differs from run to run; here it must not: the graph is a function of the log."""
    program = (
        "from graph_service.mapping.expressions import Expression, Scope;"
        "m = {f'k{i}': i for i in range(20)};"
        "e = Expression('data.map(k, k) + data.m.filter(k, true).map(k, k) + data.l[0].map(k, k)', frozenset(('data',)), '');"
        "print(e.evaluate(Scope({'data': {**m, 'm': m, 'l': [m]}})))"
    )
    runs = {
        subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout
        for _ in range(3)
    }
    assert len(runs) == 1


names = st.sampled_from(
    ["data", "event", "item", "i", "s", "m", "l", "n", "a", "b", "id", "key", "missing", "name"]
)
paths = st.lists(names, min_size=1, max_size=4).map(".".join)
texts = st.text(st.characters(codec="utf-8", exclude_characters="'\\\n\r\x00"), max_size=5).map(
    lambda text: f"'{text}'"
)


@given(st.lists(paths | texts, min_size=1, max_size=3))
def test_the_fast_way_gives_what_the_engine_gives(terms: list[str]) -> None:
    """Paths, literal text and their sums: same value and type, or both refuse."""
    source = " + ".join(terms)
    expected = engine_only(source)
    try:
        found = value(source)
    except (BadRecord, ExpressionError):
        assert isinstance(expected, type) and issubclass(expected, Exception), source
    else:
        assert found == expected, source
        assert type(found) is type(expected), source


@given(st.text(max_size=30))
def test_no_text_breaks_the_compiler(source: str) -> None:
    """Whatever the text: an expression or a refusal, nothing else."""
    try:
        Expression(source, NAMES, "here")
    except ExpressionError as error:
        assert str(error)
