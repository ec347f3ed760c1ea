"""Mapping files: what a mistake in one says, where, and what makes two of them one mapping."""

from __future__ import annotations

import json
import re
from pathlib import Path
from textwrap import dedent

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_service.core.errors import BadInput, BadMapping
from graph_service.core.vocabulary import Depends, KindDeclaration, RelationshipDeclaration, Vocabulary
from graph_service.mapping import Mapping
from graph_service.mapping.check import check
from graph_service.mapping.schema import json_schema, json_schema_text
from graph_service.mapping.yaml_tree import read_yaml

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted((ROOT / "deploy" / "mappings").glob("*.yaml"))

GOOD = """\
kinds:
  service: {label: Service, display: title, searchable: [title], criticality: tier}
relationships:
  CALLS: {label: calls, depends: source}
  OWNED_BY: {label: is owned by, depends: nobody, owner: true}
events:
  - name: deployed
    type: deployed.v1
    assert:
      - entity: {kind: service, name: data.service}
      - relationships: CALLS
        source: "'service:' + data.service"
        targets:
          for_each: {called: data.calls}
          target: "'service:' + called"
"""


def load(folder: Path, text: str, name: str = "m.yaml") -> Mapping:
    """The mapping of one file with this text."""
    path = folder / name
    path.write_text(dedent(text))
    return Mapping.load([path])


def refusal(folder: Path, text: str) -> str:
    """What is wrong with a file, without the folder before its name."""
    with pytest.raises(BadMapping) as error:
        load(folder, text)
    return str(error.value).replace(f"{folder}/", "")


def test_a_good_file(tmp_path: Path) -> None:
    """Its words and rules are there, as declared."""
    mapping = load(tmp_path, GOOD)
    assert mapping.kinds == {
        "service": KindDeclaration(
            name="service", label="Service", display="title", searchable=("title",), criticality="tier"
        )
    }
    assert mapping.relationships["CALLS"] == RelationshipDeclaration(
        type="CALLS", label="calls", depends=Depends.SOURCE
    )
    assert mapping.relationships["OWNED_BY"].owner
    assert mapping.rules == ("m.yaml#deployed",)
    assert [(file.name, file.text) for file in mapping.files] == [("m.yaml", GOOD)]
    assert len(mapping.version) == len(mapping.files[0].version) == 16


MISTAKES = [
    # text that replaces, with what, the message (line numbers are those of GOOD)
    ("label: Service", "lable: Service", "m.yaml:2: kinds.service.lable: there is no such field here"),
    ("label: Service, ", "", "m.yaml:2: kinds.service: the field 'label' is missing"),
    ("  service:", "  Service:", "m.yaml:2: kinds.Service: string should match pattern"),
    ("depends: source", "depends: both", "m.yaml:4: relationships.CALLS.depends: input should be 'source', 'target' or 'nobody'"),
    ("  CALLS:", "  calls:", "m.yaml:4: relationships.calls: string should match pattern"),
    ("  CALLS:", "  HAD:", "m.yaml:4: relationships.HAD: the store keeps this type for itself"),
    ("  CALLS:", "  CALLS_PAST:", "m.yaml:4: relationships.CALLS_PAST: the store keeps this type for itself"),
    ("owner: true", "owner: yes", "m.yaml:5: relationships.OWNED_BY.owner: input should be a valid boolean"),
    ("    type: deployed.v1\n", "", "m.yaml:7: events[0]: the field 'type' is missing"),
    ("name: deployed", "name: de/ployed", "m.yaml:7: events[0].name: string should match pattern"),
    ("type: deployed.v1", "type: 1.5", "m.yaml:8: events[0].type: input should be a valid string (found 1.5)"),
    ("type: deployed.v1", "type: deployed.v1\n    when: data..x", "m.yaml:9: events[0].when: not CEL: 1:6: Syntax error"),
    ("type: deployed.v1", "type: deployed.v1\n    when: dta.x", "m.yaml:9: events[0].when: there is no name 'dta' here; there are data, event"),
    ("type: deployed.v1", "type: deployed.v1\n    when: data.x.foo()", "m.yaml:9: events[0].when: there is no function 'foo'"),
    ("type: deployed.v1", "type: deployed.v1\n    let: {data: '1'}", "m.yaml:9: events[0].let.data: the name 'data' is taken"),
    ("type: deployed.v1", "type: deployed.v1\n    let: {in: '1'}", "m.yaml:9: events[0].let.in: the name 'in' is taken"),
    ("type: deployed.v1", "type: deployed.v1\n    let: {1a: '1'}", "m.yaml:9: events[0].let.1a: string should match pattern"),
    ("type: deployed.v1", "type: deployed.v1\n    let: {a: b, b: data}", "m.yaml:9: events[0].let.a: there is no name 'b' here"),
    ("kind: service", "kind: servise", "m.yaml:10: events[0].assert[0].entity.kind: the kind servise is not declared"),
    ("{kind: service, name: data.service}", "[a]", "m.yaml:10: events[0].assert[0].entity: must be a CEL expression that gives the key"),
    ("{kind: service, name: data.service}", "{kind: service}", "m.yaml:10: events[0].assert[0].entity: the field 'name' is missing"),
    ("relationships: CALLS", "relationships: CALSL", "m.yaml:11: events[0].assert[1].relationships: CALSL is not declared"),
    ("- relationships: CALLS", "- relationship: CALLS", "m.yaml:11: events[0].assert[1]: the field 'target' is missing"),
    ("- relationships: CALLS", "- foo: CALLS", "m.yaml:11: events[0].assert[1]: must have exactly one of the fields entity, end,"),
    ("- relationships: CALLS", "- relationships: CALLS\n        end: x", "m.yaml:11: events[0].assert[1]: must have exactly one of"),
    ("{called: data.calls}", "{a: data.calls, b: data.calls}", "m.yaml:14: events[0].assert[1].targets.for_each: "),
    ("{called: data.calls}", "{event: data.calls}", "m.yaml:14: events[0].assert[1].targets.for_each.event: the name 'event' is taken"),
    ("\"'service:' + called\"", "5", "m.yaml:15: events[0].assert[1].targets.target: must be a CEL expression"),
    ("\"'service:' + called\"", "other", "m.yaml:15: events[0].assert[1].targets.target: there is no name 'other' here; there are called, data"),
    ("\"'service:' + called\"", "called\n          properties: [1]", "m.yaml:16: events[0].assert[1].targets.properties: must be names"),
    ("\"'service:' + called\"", "called\n          properties: {a: [1]}", "m.yaml:16: events[0].assert[1].targets.properties.a: must be a CEL"),
    ("kinds:", "kindz:", "m.yaml:1: kindz: there is no such field here"),
    ("events:", "kinds:", "m.yaml:6: kinds: the field is there twice; the first is on line 1"),
    ("  CALLS:", "  OWNED_BY:", "m.yaml:5: relationships.OWNED_BY: the field is there twice; the first is on line 4"),
    ("label: Service", "label: !!python/name:os.system Service", "m.yaml:2: kinds.service.label: the tag"),
    ("label: Service", "label: Service, 1: x", "m.yaml:2: kinds.service: a field name must be text"),
    ("kinds:", "kinds: [", "m.yaml:3: not YAML"),
    ("kinds:", "\tkinds:", "m.yaml:1: not YAML"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES)
def test_a_mistake_names_file_line_and_field(tmp_path: Path, old: str, new: str, message: str) -> None:
    """One change to a good file, and the message for it."""
    assert GOOD.replace(old, new, 1) != GOOD
    assert any(line.startswith(message) for line in refusal(tmp_path, GOOD.replace(old, new, 1)).splitlines())


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    """One line each, in the order of the file, and a limit."""
    text = (
        GOOD.replace("kind: service", "kind: a").replace("data.calls", "dta").replace(" + called", " + clled")
    )
    assert [line.split(":")[1] for line in refusal(tmp_path, text).splitlines()] == ["10", "14", "15"]
    many = "kinds:\n" + "".join(f"  k{index}: {{}}\n" for index in range(30))
    lines = refusal(tmp_path, many).splitlines()
    assert len(lines) == 21
    assert lines[-1] == "and 10 more"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "m.yaml: the file is empty"),
        ("# nothing", "m.yaml: the file is empty"),
        ("a: 1\n---\nb: 2", "m.yaml:2: not YAML"),
        ("[]", "m.yaml:1: (top): input should be a valid dictionary or instance of MappingModel"),
        ("text", "m.yaml:1: (top): input should be"),
        ("a: &x [*x]", "m.yaml:1: "),
        ("a: " + "[" * 60 + "]" * 60, "m.yaml:1: too large"),
    ],
)
def test_files_that_are_no_mapping(tmp_path: Path, text: str, message: str) -> None:
    """Empty, several documents, no map, without end."""
    assert refusal(tmp_path, text).startswith(message)


def test_anchors_cannot_blow_up(tmp_path: Path) -> None:
    """A small text that stands for a large one is refused before it is built."""
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
        for before, name in zip("abcdef", "bcdefg", strict=True)
    )
    assert "too large" in refusal(tmp_path, bomb)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """No file, no text, too much text, no files at all."""
    with pytest.raises(BadMapping, match=r"none\.yaml: cannot be read: No such file"):
        Mapping.load([tmp_path / "none.yaml"])
    (tmp_path / "raw.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadMapping, match="not text in UTF-8"):
        Mapping.load([tmp_path / "raw.yaml"])
    (tmp_path / "big.yaml").write_bytes(b"#" * (1024 * 1024 + 1))
    with pytest.raises(BadMapping, match="at most 1048576"):
        Mapping.load([tmp_path / "big.yaml"])
    with pytest.raises(BadMapping, match="at least one"):
        Mapping.load([])


def test_values_are_what_they_look_like() -> None:
    """No Norway problem: words and dates stay text, quoted numbers too."""
    text = "{a: yes, b: no, c: on, d: 2026-01-01, e: 012, f: 1.5, g: 7, h: '7', i: null, j: ~, k: true, l: 1_000, m: .5, n: 1e3, o: -0}"
    assert read_yaml("x", text).value == {
        "a": "yes", "b": "no", "c": "on", "d": "2026-01-01", "e": "012", "f": 1.5, "g": 7, "h": "7", "i": None, "j": None,
        "k": True, "l": "1_000", "m": ".5", "n": 1000.0, "o": 0,
    }  # fmt: skip


def test_rule_names_are_unique_in_a_file(tmp_path: Path) -> None:
    """Facts name their rule."""
    rule = "  - {name: deployed, type: x, assert: [{end: data.x}]}\n"
    assert refusal(tmp_path, GOOD + rule).startswith(
        "m.yaml:16: events[1].name: the rule on line 7 has the same name"
    )


def test_files_are_merged(tmp_path: Path) -> None:
    """Several files are one mapping, in whatever order they are given; a declaration may be in both if it is the same."""
    words, rules = GOOD.split("events:")
    (tmp_path / "words.yaml").write_text(words)
    (tmp_path / "rules.yaml").write_text("events:" + rules)
    (tmp_path / "more.yaml").write_text(
        "kinds:\n  service: {label: Service, display: title, searchable: [title], criticality: tier}\n"
    )
    paths = [tmp_path / name for name in ("words.yaml", "rules.yaml", "more.yaml")]
    one, other = Mapping.load(paths), Mapping.load(paths[::-1])
    assert one.version == other.version
    assert [file.name for file in one.files] == ["more.yaml", "rules.yaml", "words.yaml"]
    assert one.rules == ("rules.yaml#deployed",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "relationships: {CALLS: {label: calls, depends: target}}",
            "n.yaml:1: relationships.CALLS: m.yaml declares this type differently",
        ),
        (
            "kinds: {service: {label: Other}}",
            "n.yaml:1: kinds.service: m.yaml declares this kind differently",
        ),
    ],
)
def test_files_must_not_contradict_each_other(tmp_path: Path, text: str, message: str) -> None:
    """One word, one meaning."""
    (tmp_path / "m.yaml").write_text(GOOD)
    (tmp_path / "n.yaml").write_text(text)
    with pytest.raises(BadMapping) as error:
        Mapping.load([tmp_path / "m.yaml", tmp_path / "n.yaml"])
    assert str(error.value).replace(f"{tmp_path}/", "").startswith(message)


def test_files_of_the_same_name_are_refused(tmp_path: Path) -> None:
    """Facts name their file without its folder."""
    (tmp_path / "a").mkdir()
    for path in (tmp_path / "m.yaml", tmp_path / "a" / "m.yaml"):
        path.write_text(GOOD)
    with pytest.raises(BadMapping, match="have the same name"):
        Mapping.load([tmp_path / "m.yaml", tmp_path / "a" / "m.yaml"])


def test_the_version_is_that_of_the_content(tmp_path: Path) -> None:
    """Comments and layout do not count; everything else does, the file's name too."""
    first = load(tmp_path, GOOD)
    assert (
        load(tmp_path, "# a comment\n" + GOOD.replace("{label: Service,", "{label:   'Service',")).version
        == first.version
    )
    assert load(tmp_path, GOOD.replace("label: calls", "label: call")).version != first.version
    assert load(tmp_path, GOOD.replace("+ called", "+  called")).version != first.version
    assert load(tmp_path, GOOD, "other.yaml").version != first.version


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_mappings_load_and_fit_the_schema(path: Path) -> None:
    """What comes along must work, and be right in an editor too."""
    assert Mapping.load([path]).rules
    jsonschema.Draft202012Validator(json_schema()).validate(read_yaml(path.name, path.read_text()).value)


def test_the_schema_for_editors_is_current() -> None:
    """`docs/mapping.schema.json` is what `python -m graph_service.mapping.schema` prints."""
    assert (ROOT / "docs" / "mapping.schema.json").read_text() == json_schema_text()
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize(("old", "new"), [
    (old, new) for old, new, message in MISTAKES
    if any(part in message for part in ("no such field", "is missing", "string should match", "input should be", ": must "))
])  # fmt: skip
def test_the_schema_finds_what_can_be_found_without_loading(old: str, new: str) -> None:
    """Mistakes of form are underlined by an editor as well."""
    value = read_yaml("m.yaml", GOOD.replace(old, new, 1)).value
    assert not jsonschema.Draft202012Validator(json_schema()).is_valid(value)


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever the text: values or a refusal, nothing else."""
    try:
        read_yaml("m.yaml", text)
    except BadMapping as error:
        assert str(error).startswith("m.yaml")


def test_the_vocabulary_goes_through_the_store_and_back(tmp_path: Path) -> None:
    """`to_json` and `from_json` are inverse, and the text is the same for the same words."""
    vocabulary = load(tmp_path, GOOD).vocabulary
    assert Vocabulary.from_json(vocabulary.to_json()) == vocabulary
    assert json.loads(vocabulary.to_json())["relationships"][0]["type"] == "CALLS"
    assert vocabulary.types_depending(Depends.SOURCE) == ("CALLS",)
    assert vocabulary.owner_types() == ("OWNED_BY",)
    for text in (
        "",
        "[]",
        "{}",
        '{"kinds":[{}],"relationships":[]}',
        '{"kinds":[],"relationships":[{"depends":"x"}]}',
    ):
        with pytest.raises(BadInput):
            Vocabulary.from_json(text)


def test_the_example_of_the_documentation_is_true(tmp_path: Path) -> None:
    """The whole file of `docs/mapping.md`, with the payload given there, asserts what is printed there."""
    text = (ROOT / "docs" / "mapping.md").read_text()
    _, file, rest = re.split(r"```yaml\n(kinds:.*?)```", text, maxsplit=1, flags=re.DOTALL)
    data = re.search(r"Given `(\{.*?\})` it asserts", rest)
    printed = re.search(r"```text\n(.*?)```", rest, flags=re.DOTALL)
    assert data is not None
    assert printed is not None
    (tmp_path / "m.yaml").write_text(file)
    said = {
        "specversion": "1.0",
        "id": "1",
        "source": "/s",
        "type": "shop.deployment.v1",
        "time": "2026-03-01T09:30:00Z",
    }
    report = check([tmp_path / "m.yaml"], [json.dumps({**said, "data": json.loads(data[1])}).encode()])
    assert "\n".join(report.events[0].assertions) == printed[1].strip()
