"""Rules: what events of a type assert, with every kind of assertion, and every way in which an event cannot."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_service.core.assertions import (
    Assertion,
    EntityAsserted,
    EntityEnded,
    EventRetracted,
    RelationshipAsserted,
    RelationshipEnded,
    RelationshipsAsserted,
)
from graph_service.core.errors import BadRecord
from graph_service.core.model import Event, EventId, Properties
from graph_service.core.time import FOREVER, parse_instant
from graph_service.mapping import Mapping, Record, decode
from graph_service.mapping.check import check, render

TIME = parse_instant("2026-03-01T09:30:00Z")
WORDS = """\
kinds:
  service: {label: Service}
relationships:
  CALLS: {label: calls, depends: source}
events:
"""


def event(data: Any = None, type: str = "t", **attributes: Any) -> Event:
    """An event at `TIME` with this payload."""
    said = {
        "specversion": "1.0",
        "id": "e1",
        "source": "/s",
        "type": type,
        "time": "2026-03-01T09:30:00Z",
        "data": data,
        **attributes,
    }
    return decode(
        Record(topic="t", partition=0, offset=0, timestamp_ms=0, value=json.dumps(said).encode()), TIME + 5
    )


def load(folder: Path, rules: str) -> Mapping:
    """A mapping with these rules."""
    path = folder / "m.yaml"
    path.write_text(WORDS + indent(dedent(rules), "  "))
    return Mapping.load([path])


def mapped(
    folder: Path, item: str, data: Any = None, rule: str = "type: t", **attributes: Any
) -> tuple[Assertion, ...]:
    """What one item of one rule asserts."""
    rules = f"- name: r\n{indent(dedent(rule), '  ')}\n  assert:\n    -\n{indent(dedent(item), '      ')}"
    found = load(folder, rules).assertions(event(data, **attributes))
    assert found is not None
    return found


def refused(folder: Path, item: str, data: Any = None, rule: str = "type: t") -> tuple[str, str]:
    """Reason and message of the refusal of an event."""
    with pytest.raises(BadRecord) as error:
        mapped(folder, item, data, rule)
    return error.value.reason, str(error.value)


def entity(
    key: str, *, set: dict[str, Any] | None = None, valid_from: int = TIME, **rest: Any
) -> EntityAsserted:
    """What rule `r` asserts of an entity."""
    return EntityAsserted(
        key=key, set=Properties.of(set or {}), valid_from=valid_from, rule="m.yaml#r", **rest
    )


def test_an_entity_with_properties(tmp_path: Path) -> None:
    """Expressions and literals; each keeps its type; a null unsets."""
    item = """
        entity: {kind: service, name: data.name}
        properties: {a: data.a, b: "'text'", c: 5, d: 1.5, e: true, f: null, g: data.g, h: "[1, {'x': data.a}]", time: "timestamp(event.time)"}
        unset: [z, y]
    """
    assert mapped(tmp_path, item, {"name": "x", "a": 1, "g": None}) == (
        entity(
            "service:x",
            set={
                "a": 1,
                "b": "text",
                "c": 5,
                "d": 1.5,
                "e": True,
                "h": [1, {"x": 1}],
                "time": "2026-03-01T09:30:00Z",
            },
            unset=("f", "g", "y", "z"),
        ),
    )


def test_properties_from_one_expression(tmp_path: Path) -> None:
    """A whole map, and nothing but a map; null members unset."""
    item = "entity: data.key\nproperties: data.labels"
    found = mapped(tmp_path, item, {"key": "a:b", "labels": {"x": 1, "y": None, "z": {"deep": [1.0]}}})
    assert found == (entity("a:b", set={"x": 1, "z": {"deep": [1.0]}}, unset=("y",)),)
    for wrong in (None, "text", [1], 5):
        assert refused(tmp_path, item, {"key": "a:b", "labels": wrong})[0] == "mapping-failed"
    for name in ("", "x" * 129, "a\nb"):
        assert refused(tmp_path, item, {"key": "a:b", "labels": {name: 1}})[0] == "bad-property"


def test_replacing_all_properties(tmp_path: Path) -> None:
    """Nothing is left to unset then."""
    item = "entity: data.key\nreplace: true\nproperties: {x: 1, y: null}\nunset: [z]"
    assert mapped(tmp_path, item, {"key": "a:b"}) == (entity("a:b", set={"x": 1}, replace=True),)


def test_an_entity_ends(tmp_path: Path) -> None:
    """From the event's time on."""
    assert mapped(tmp_path, "end: {kind: service, name: data}", "x") == (
        EntityEnded(key="service:x", valid_from=TIME, rule="m.yaml#r"),
    )


def test_a_relationship_holds_and_ends(tmp_path: Path) -> None:
    """With discriminator and properties, of which null ones are left out."""
    ends = "source: data.a\ntarget: data.b\ndiscriminator: data.d"
    data = {"a": "x:1", "b": "x:2", "d": "file"}
    assert mapped(tmp_path, f"relationship: CALLS\n{ends}\nproperties: {{p: 1, q: null}}", data) == (
        RelationshipAsserted(
            source="x:1", type="CALLS", target="x:2", discriminator="file", properties=Properties.of({"p": 1}),
            valid_from=TIME, rule="m.yaml#r",
        ),
    )  # fmt: skip
    assert mapped(tmp_path, f"end_relationship: CALLS\n{ends}", data) == (
        RelationshipEnded(
            source="x:1", type="CALLS", target="x:2", discriminator="file", valid_from=TIME, rule="m.yaml#r"
        ),
    )


SET = """
    relationships: CALLS
    source: data.a
    targets:
      for_each: {call: data.calls}
      when: "!has(call.off)"
      target: "'service:' + call.name"
      properties: {port: call.port}
"""


def test_a_complete_set(tmp_path: Path) -> None:
    """One target for each element that is wanted; saying one twice is saying it once; none at all is a set too."""
    calls = [
        {"name": "b", "port": 1},
        {"name": "c", "port": None},
        {"name": "d", "port": 1, "off": 1},
        {"name": "b", "port": 1},
    ]
    (found,) = mapped(tmp_path, SET, {"a": "service:a", "calls": calls})
    assert found == RelationshipsAsserted(
        source="service:a", type="CALLS", valid_from=TIME, rule="m.yaml#r",
        targets={"service:b": Properties.of({"port": 1}), "service:c": Properties.of({})},
    )  # fmt: skip
    (empty,) = mapped(tmp_path, SET, {"a": "service:a", "calls": []})
    assert isinstance(empty, RelationshipsAsserted)
    assert empty.targets == {}


def test_a_target_twice_with_different_properties_is_refused(tmp_path: Path) -> None:
    """Which of the two would be right? Nobody knows."""
    reason, message = refused(
        tmp_path, SET, {"a": "s:a", "calls": [{"name": "b", "port": 1}, {"name": "b", "port": 2}]}
    )
    assert reason == "doubled-target"
    assert "m.yaml#r assert[0].targets.target: 'service:b' is in the set twice" in message


def test_a_retraction(tmp_path: Path) -> None:
    """Of an event of the same source, unless another is named."""
    assert mapped(tmp_path, "retract: data.id", {"id": "e0"}) == (
        EventRetracted(event=EventId("/s", "e0"), rule="m.yaml#r"),
    )
    assert mapped(tmp_path, "retract: data.id\nsource: \"'/other'\"", {"id": "e0"}) == (
        EventRetracted(event=EventId("/other", "e0"), rule="m.yaml#r"),
    )
    for wrong in (5, None, ""):
        assert refused(tmp_path, "retract: data.id", {"id": wrong})[0] == "mapping-failed"


@pytest.mark.parametrize(
    ("valid_from", "expected"),
    [
        ("'2026-01-01T01:00:00+01:00'", parse_instant("2026-01-01T00:00:00Z")),
        ("'2026-01-01T00:00:00.1234567Z'", parse_instant("2026-01-01T00:00:00.123456Z")),
        ("timestamp('2026-01-01T00:00:00Z') + duration('1h')", parse_instant("2026-01-01T01:00:00Z")),
        ("timestamp('2026-01-01T02:00:00+02:00')", parse_instant("2026-01-01T00:00:00Z")),
        ("1767225600000", parse_instant("2026-01-01T00:00:00Z")),
        ("-1", -1000),
        ("null", TIME),
        ("event.time", TIME),
        ("optional.none()", TIME),
        ("optional.of('2026-01-01T00:00:00Z')", parse_instant("2026-01-01T00:00:00Z")),
    ],
)
def test_when_it_begins_to_hold(tmp_path: Path, valid_from: str, expected: int) -> None:
    """RFC 3339 text, a timestamp or epoch milliseconds; null is the event's time."""
    assert mapped(tmp_path, f'end: "\'a\'"\nvalid_from: "{valid_from}"')[0].valid_from == expected  # type: ignore[union-attr]


def test_until_when_it_holds(tmp_path: Path) -> None:
    """Null is open; an end that is not after the beginning is refused."""
    item = "entity: \"'a'\"\nvalid_from: data.a\nvalid_to: data.b"
    a, b = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
    assert mapped(tmp_path, item, {"a": a, "b": b}) == (
        entity("a", valid_from=parse_instant(a), valid_to=parse_instant(b)),
    )
    assert mapped(tmp_path, item, {"a": a, "b": None}) == (
        entity("a", valid_from=parse_instant(a), valid_to=FOREVER),
    )
    for end in (a, "2025-01-01T00:00:00Z"):
        reason, message = refused(tmp_path, item, {"a": a, "b": end})
        assert (reason, message.startswith("m.yaml#r: ")) == ("empty-span", True)


@pytest.mark.parametrize(
    "wrong", ["2026-01-01", "2026-01-01T00:00:00", "2026-02-30T00:00:00Z", "", 1.5, True, [], {}, 10**17]
)
def test_times_that_cannot_be(tmp_path: Path, wrong: Any) -> None:
    """No offset, no such day, no time at all."""
    reason, message = refused(tmp_path, "end: \"'a'\"\nvalid_from: data", wrong)
    assert (reason, "assert[0].valid_from: `data`" in message) == ("bad-time", True)


@pytest.mark.parametrize("wrong", [None, 5, 1.5, True, [], {}, "", " ", "a\nb", "x" * 1025])
@pytest.mark.parametrize("item", ["end: data.k", "relationship: CALLS\nsource: \"'a'\"\ntarget: data.k"])
def test_keys_that_cannot_be(tmp_path: Path, wrong: Any, item: str) -> None:
    """Only text that names something is a key."""
    reason, message = refused(tmp_path, item, {"k": wrong})
    assert (reason, "`data.k`" in message) == ("bad-key", True)


def test_a_kind_without_a_name_is_no_key(tmp_path: Path) -> None:
    """Neither in two parts nor joined."""
    assert refused(tmp_path, "end: {kind: service, name: data}", "")[0] == "bad-key"
    assert refused(tmp_path, "end: \"'service:' + data\"", "")[0] == "bad-key"


def test_conditions(tmp_path: Path) -> None:
    """On the rule, on the item, on the element; what is neither true nor false is refused."""
    item = "when: data.on\nend: \"'a'\""
    assert len(mapped(tmp_path, item, {"on": True})) == 1
    assert mapped(tmp_path, item, {"on": False}) == ()
    assert mapped(tmp_path, "end: \"'a'\"", {"on": False}, rule="type: t\nwhen: data.on") == ()
    wrongs: list[Any] = [None, 1, "true", []]
    for wrong in wrongs:
        assert refused(tmp_path, item, {"on": wrong})[0] == "mapping-failed"
        assert (
            refused(tmp_path, "end: \"'a'\"", {"on": wrong}, rule="type: t\nwhen: data.on")[0]
            == "mapping-failed"
        )


def test_local_names_see_those_before(tmp_path: Path) -> None:
    """And are the same in every item of the rule."""
    rule = "type: t\nlet:\n  a: data.x + '!'\n  b: a + a\n  n: size(b)"
    assert mapped(tmp_path, "entity: b\nproperties: {a: a, n: n}", {"x": "k"}, rule) == (
        entity("k!k!", set={"a": "k!", "n": 4}),
    )


def test_a_loop_over_a_list(tmp_path: Path) -> None:
    """One assertion for each element, in the list's order."""
    item = "for_each: {name: data}\nwhen: name != 'b'\nend: {kind: service, name: name}"
    assert [found.key for found in mapped(tmp_path, item, ["c", "b", "a"])] == ["service:c", "service:a"]  # type: ignore[union-attr]


def test_a_loop_over_a_map(tmp_path: Path) -> None:
    """Elements have `key` and `value`, in the order of the keys."""
    item = "for_each: {pair: data}\nentity: pair.key\nproperties: {v: pair.value}"
    assert mapped(tmp_path, item, {"b": 1, "a": 2}) == (entity("a", set={"v": 2}), entity("b", set={"v": 1}))


@pytest.mark.parametrize("wrong", [None, 5, "text", True])
def test_loops_over_nothing_that_can_be_gone_through(tmp_path: Path, wrong: Any) -> None:
    """A missing list is a mistake, not an empty one."""
    assert refused(tmp_path, "for_each: {x: data}\nend: x", wrong)[0] == "mapping-failed"


def test_the_number_of_assertions_is_limited(tmp_path: Path) -> None:
    """Targets count; so do the assertions of all rules together."""
    names = [f"s:{index}" for index in range(10_000)]
    assert len(mapped(tmp_path, "for_each: {x: data}\nend: x", names)) == 10_000
    assert refused(tmp_path, "for_each: {x: data}\nend: x", [*names, "s:x"])[0] == "too-many-assertions"
    a_set = "relationships: CALLS\nsource: \"'a'\"\ntargets: {for_each: {x: data}, target: x}"
    assert len(mapped(tmp_path, a_set, names[1:])) == 1
    assert refused(tmp_path, a_set, names)[0] == "too-many-assertions"


def test_the_size_of_a_value_is_limited(tmp_path: Path) -> None:
    """256 KiB of text each, and a thousand of them."""
    item = "entity: \"'a'\"\nproperties: data"
    assert len(mapped(tmp_path, item, {"v": "x" * (256 * 1024 - 2)})) == 1
    assert refused(tmp_path, item, {"v": "x" * (256 * 1024 - 1)})[0] == "too-large"
    assert refused(tmp_path, item, {"v": "é" * (128 * 1024)})[0] == "too-large"
    assert refused(tmp_path, item, {str(index): 1 for index in range(1001)})[0] == "too-large"


@pytest.mark.parametrize(
    "source", ["duration('1s')", "b'abc'", "double('nan')", "{1: 2}", "[duration('1s')]", "{'a': b'x'}"]
)
def test_values_that_json_cannot_say(tmp_path: Path, source: str) -> None:
    """They are refused, not turned into something else."""
    assert refused(tmp_path, f'entity: "\'a\'"\nproperties: {{v: "{source}"}}')[0] == "mapping-failed"


def test_an_event_of_an_unknown_type_is_not_mapped(tmp_path: Path) -> None:
    """None, which is not the same as nothing asserted."""
    mapping = load(tmp_path, "- {name: r, type: t, when: 'false', assert: [{end: data.x}]}")
    assert mapping.assertions(event(type="other")) is None
    assert mapping.assertions(event()) == ()


@pytest.mark.parametrize(
    ("pattern", "type", "matches"),
    [
        ("a.b.v1", "a.b.v1", True),
        ("a.b.v1", "a.b.v12", False),
        ("a.b.v1", "aXb.v1", False),
        ("a.*.v1", "a.b.c.v1", True),
        ("a.*", "a.b\nc", True),
        ("a.*", "b.a.c", False),
        ("*", "anything", True),
        ("*.deleted.*", "x.deleted.v1", True),
        ("A", "a", False),
    ],
)
def test_types_exact_and_with_wildcards(tmp_path: Path, pattern: str, type: str, matches: bool) -> None:
    """A star stands for any run of characters; nothing else is special."""
    mapping = load(tmp_path, f"- {{name: r, type: '{pattern}', assert: [{{end: \"'a'\"}}]}}")
    assert (mapping.rules_for(type) != ()) is matches


def test_all_rules_that_fit_apply_in_order(tmp_path: Path) -> None:
    """And each assertion names its own; names of one rule are not seen by another."""
    mapping = load(tmp_path, """
        - {name: one, type: 't*', let: {x: "'k1'"}, assert: [{end: x}]}
        - {name: two, type: t, let: {x: "'k2'"}, assert: [{end: x}]}
    """)  # fmt: skip
    assert mapping.assertions(event()) == (
        EntityEnded(key="k1", valid_from=TIME, rule="m.yaml#one"),
        EntityEnded(key="k2", valid_from=TIME, rule="m.yaml#two"),
    )


def test_expressions_see_the_attributes_that_are_there(tmp_path: Path) -> None:
    """`has` tells the others; the time is in UTC."""
    item = "entity: event.id\nproperties: event"
    (found,) = mapped(
        tmp_path,
        item,
        time="2026-03-01T11:30:00+02:00",
        sequence=7,
        correlationid="c",
        subject="s",
        other="x",
    )
    assert isinstance(found, EntityAsserted)
    assert found.set.values() == {
        "id": "e1", "source": "/s", "type": "t", "subject": "s", "sequence": "7", "correlationid": "c", "time": "2026-03-01T09:30:00Z",
    }  # fmt: skip
    assert refused(tmp_path, "entity: event.subject")[0] == "mapping-failed"
    assert len(mapped(tmp_path, "entity: \"has(event.subject) ? event.subject : 'none'\"")) == 1


def test_set_and_unset_at_once_is_a_mistake_of_the_mapping(tmp_path: Path) -> None:
    """It is told when the mapping is loaded."""
    with pytest.raises(Exception, match="'a' is both set and unset"):
        mapped(tmp_path, "entity: \"'a'\"\nproperties: {a: 1}\nunset: [a]")


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
ANY_DATA = Mapping.load([Path(__file__).resolve().parents[2] / "deploy" / "mappings" / "demo.yaml"])


@given(st.sampled_from([rule.partition("#")[2] for rule in ANY_DATA.rules]), json_values)
def test_no_payload_breaks_a_mapping(rule: str, data: Any) -> None:
    """Whatever the payload: assertions or a reason, nothing else; and the same twice."""
    said = event(data, type=f"example.larkspur.{rule.replace('-', '.', 1)}.v1")
    try:
        found = ANY_DATA.assertions(said)
    except BadRecord as refusal:
        assert refusal.reason
        assert "demo.yaml#" in str(refusal)
    else:
        assert found == ANY_DATA.assertions(said)


@given(json_values)
def test_values_go_through_unchanged(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    """A property is what the payload says, to the last digit: by a path, and through the engine."""
    folder = tmp_path_factory.getbasetemp()
    path = folder / "through.yaml"
    path.write_text(
        WORDS + "  - {name: r, type: t, assert: [{entity: \"'a'\", properties: {x: 'data[0]', y: data}}]}"
    )
    found = Mapping.load([path]).assertions(event([value]))
    assert found is not None
    assert isinstance(found[0], EntityAsserted)
    expected = {} if value is None else {"x": value}
    assert found[0].set == Properties.of({**expected, "y": [value]})


# --- trying a mapping out -------------------------------------------------------------------------------------------


def line(**said: Any) -> bytes:
    """A line of a sample file."""
    return json.dumps(
        {"specversion": "1.0", "id": "e1", "source": "/s", "time": "2026-03-01T09:30:00Z", **said}
    ).encode()


def test_a_check_tells_what_events_assert_and_what_is_left_over(tmp_path: Path) -> None:
    """Assertions in words, bad events with their reason, rules never hit, types without a rule."""
    load(
        tmp_path,
        "- {name: r, type: t, assert: [{end: data}]}\n- {name: never, type: u, assert: [{end: data}]}",
    )
    lines = [
        line(type="t", data="service:a"),
        b"",
        line(type="t", data=5),
        line(type="x"),
        line(type="x"),
        b"{",
    ]
    report = check([tmp_path / "m.yaml"], lines)
    assert [(event.line, event.assertions, event.unmapped) for event in report.events] == [
        (1, ("service:a ends from 2026-03-01T09:30:00Z",), False),
        (3, (), False),
        (4, (), True),
        (5, (), True),
        (6, (), False),
    ]
    assert [(event.line, (event.error or "").split(":")[0]) for event in report.bad] == [
        (3, "bad-key"),
        (6, "not-json"),
    ]
    assert (report.rules_never_hit, report.types_without_rule, report.ok) == (
        ("m.yaml#never",),
        {"x": 2},
        False,
    )
    assert check([tmp_path / "m.yaml"]).ok


@pytest.mark.parametrize(
    ("assertion", "text"),
    [
        (
            entity("a:b", set={"x": 1, "long": "y" * 99}),
            'a:b is {long: "' + "y" * 58 + "…, x: 1} from 2026-03-01T09:30:00Z",
        ),
        (entity("a:b"), "a:b is there from 2026-03-01T09:30:00Z"),
        (entity("a:b", unset=("x",)), "a:b is without x from 2026-03-01T09:30:00Z"),
        (entity("a:b", set={"x": 1}, replace=True), "a:b is now only {x: 1} from 2026-03-01T09:30:00Z"),
        (
            entity("a:b", valid_to=TIME + 1_000_000),
            "a:b is there from 2026-03-01T09:30:00Z to 2026-03-01T09:30:01Z",
        ),
        (
            RelationshipAsserted(
                source="a", type="CALLS", target="b", properties=Properties.of({"p": 1}), valid_from=TIME
            ),
            "a -CALLS-> b {p: 1} from 2026-03-01T09:30:00Z",
        ),
        (
            RelationshipEnded(source="a", type="CALLS", target="b", discriminator="d", valid_from=TIME),
            "a -CALLS[d]-> b ends from 2026-03-01T09:30:00Z",
        ),
        (
            RelationshipsAsserted(
                source="a",
                type="CALLS",
                targets={f"t{index:02}": Properties.of({}) for index in range(14)},
                valid_from=TIME,
            ),
            f"a -CALLS-> exactly [{', '.join(f't{index:02}' for index in range(12))}, and 2 more] from 2026-03-01T09:30:00Z",
        ),
        (EventRetracted(event=EventId("/s", "e0")), "event e0 of /s is retracted"),
    ],
)
def test_assertions_in_words(assertion: Assertion, text: str) -> None:
    """One line each."""
    assert render(assertion) == text
