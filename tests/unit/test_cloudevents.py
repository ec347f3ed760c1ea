"""CloudEvents over Kafka: what is accepted, in both modes, and what is refused with which reason."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.bindings import kafka
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from graph_service.core.errors import BadRecord
from graph_service.core.model import Event, canonical
from graph_service.core.time import parse_instant
from graph_service.mapping import Record, decode, encode_structured, record_key, validate_event_json
from graph_service.mapping.cloudevents import ATTRIBUTE_CHARS_MAX, Headers
from graph_service.mapping.json_text import DEPTH_MAX, canonical_text, parse

RECORDED_AT = 1_767_225_600_000_000
MINIMAL: dict[str, Any] = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}
STRUCTURED: Headers = [("content-type", b"application/cloudevents+json; charset=UTF-8")]

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def record(value: bytes | None, headers: Headers = STRUCTURED) -> Record:
    """A record at offset 7 of partition 2 of the topic `events`."""
    return Record(topic="events", partition=2, offset=7, timestamp_ms=0, headers=headers, value=value)


def structured(**attributes: Any) -> Event:
    """The minimal event with other attributes, decoded from structured mode."""
    return decode(record(json.dumps({**MINIMAL, **attributes}).encode()), RECORDED_AT)


def binary(
    value: bytes | None = b"{}", content_type: bytes | None = b"application/json", **attributes: str
) -> Event:
    """The minimal event with other attributes, decoded from binary mode."""
    headers: list[tuple[str, bytes | None]] = [
        (f"ce_{name}", text.encode()) for name, text in {**MINIMAL, **attributes}.items()
    ]
    return decode(record(value, [*headers, ("content-type", content_type)]), RECORDED_AT)


def reason(value: bytes | None, headers: Headers = STRUCTURED, **limits: int) -> str:
    """The reason for which a record is refused."""
    with pytest.raises(BadRecord) as refusal:
        decode(record(value, headers), RECORDED_AT, **limits)
    assert str(refusal.value)
    return refusal.value.reason


def event_reason(**attributes: Any) -> str:
    """The reason for which the minimal event with these attributes is refused; an attribute that is ... is left out."""
    event = {name: value for name, value in {**MINIMAL, **attributes}.items() if value is not ...}
    return reason(json.dumps(event).encode())


def test_every_attribute_and_the_place_of_the_record_are_kept() -> None:
    """All that `Event` has comes from the record."""
    event = structured(
        subject="sub",
        time="2026-01-02T03:04:05.123456789+02:00",
        sequence=12,
        correlationid="c",
        causationid="k",
        recordedtime="2026-01-02T01:04:06Z",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        partitionkey="p",
        data={"b": 1.5, "a": [1, None, "é"]},
    )
    assert event.identity == ("/s", "1")
    assert (event.type, event.subject, event.sequence) == ("t", "sub", "12")
    assert event.time == parse_instant("2026-01-02T01:04:05.123456Z")
    assert (event.correlation_id, event.causation_id) == ("c", "k")
    assert event.recorded_time == parse_instant("2026-01-02T01:04:06Z")
    assert event.traceparent is not None
    assert event.data == '{"a":[1,null,"é"],"b":1.5}'
    assert event.order == (RECORDED_AT, "events", 2, 7)


def test_what_an_event_does_not_say() -> None:
    """Time defaults to when it was recorded; null and empty attributes are as good as absent."""
    event = structured(subject=None, sequence="", correlationid="")
    assert event.time == RECORDED_AT
    assert (event.subject, event.sequence, event.correlation_id, event.recorded_time) == (
        None,
        None,
        None,
        None,
    )
    assert event.data == "null"
    assert event.content_hash == structured().content_hash


@pytest.mark.parametrize(
    "content_type",
    [
        "application/cloudevents+json",
        "APPLICATION/CloudEvents+JSON; Charset=utf-8",
        'application/cloudevents+json;charset="UTF-8"',
        "application/cloudevents",
    ],
)
def test_structured_mode_is_known_by_its_content_type(content_type: str) -> None:
    """In any case, with or without parameters; the header's name in any case."""
    value = json.dumps(MINIMAL).encode()
    for name in ("content-type", "Content-Type", "CONTENT-TYPE"):
        assert decode(record(value, [(name, content_type.encode())]), 0).identity.id == "1"


@pytest.mark.parametrize(
    "headers", [[], [("trace", b"x")], [("content-type", b"application/json")], [("content-type", None)]]
)
def test_a_bare_event_is_read_as_structured(headers: Headers) -> None:
    """A JSON object with `specversion` needs no header."""
    assert decode(record(json.dumps(MINIMAL).encode(), headers), 0).type == "t"


def test_structured_mode_ignores_ce_headers() -> None:
    """The value says what the event is; the binding allows the headers to be repeated."""
    value = json.dumps(MINIMAL).encode()
    assert decode(record(value, [*STRUCTURED, ("ce_id", b"other")]), 0).identity.id == "1"


@pytest.mark.parametrize(
    ("content_type", "value", "data"),
    [
        (b"application/json", b'{"a": 1}', '{"a":1}'),
        (b"application/json; charset=utf-8", b'"x"', '"x"'),
        (b"application/vnd.shop+json", b"[1]", "[1]"),
        (None, b"[1]", "[1]"),
        (b"application/json", b"", "null"),
        (b"application/json", None, "null"),
        (b"text/plain", "é".encode(), '"é"'),
        (b"application/avro", b"\x00\xff", '{"base64":"AP8="}'),
    ],
)
def test_data_of_binary_mode(content_type: bytes | None, value: bytes | None, data: str) -> None:
    """JSON is JSON, text is text, the rest is marked as base64; no value means no data."""
    assert binary(value, content_type).data == data


def test_binary_mode_takes_headers_as_they_are() -> None:
    """Names in any case; nothing is percent-decoded."""
    headers = [
        ("CE_Id", b"a%20b"),
        ("Ce_Source", b"/s"),
        ("ce_TYPE", "té".encode()),
        ("ce_specversion", b"1.0"),
        ("x", None),
    ]
    event = decode(record(b"1", headers), 0)
    assert (event.identity.id, event.type, event.data) == ("a%20b", "té", "1")


def test_data_base64() -> None:
    """JSON in base64 is decoded; anything else keeps its base64 under that name."""
    encoded = base64.b64encode(b'{"b":1,"a":2}').decode()
    assert structured(data_base64=encoded).data == '{"a":2,"b":1}'
    assert structured(data_base64=encoded, datacontenttype="application/json").data == '{"a":2,"b":1}'
    assert structured(data_base64="AP8=", datacontenttype="image/png").data == '{"base64":"AP8="}'
    assert event_reason(data_base64="!") == "not-a-cloudevent"
    assert event_reason(data_base64="AP8=") == "not-text"
    assert event_reason(data_base64="ZQ==") == "not-json"
    assert event_reason(data_base64="AP8=", data=1) == "not-a-cloudevent"
    assert event_reason(data_base64=1) == "not-a-cloudevent"


def test_both_modes_say_the_same() -> None:
    """An event that is sent again in the other mode is a double, not a conflict."""
    attributes: dict[str, Any] = {"time": "2026-01-01T00:00:00Z", "subject": "x", "own": "true"}
    one = structured(**{**attributes, "own": True}, sequence=5, data={"a": 1.0})
    other = binary(b'{ "a" : 1.0 }', **attributes, sequence="5")
    assert one == other
    assert (
        one.content_hash
        == structured(
            **attributes, sequence="5", data={"a": 1.0}, datacontenttype="Application/JSON"
        ).content_hash
    )


@pytest.mark.parametrize(
    "different",
    [
        {"id": "2"},
        {"source": "/t"},
        {"type": "u"},
        {"subject": "s"},
        {"time": "2026-01-01T00:00:00Z"},
        {"data": None, "sequence": "1"},
        {"data": 1},
        {"data": 1.0},
        {"data": "1"},
        {"data": True},
        {"unknownextension": "x"},
        {"datacontenttype": "text/plain"},
    ],
)
def test_the_content_hash_tells_events_apart(different: dict[str, Any]) -> None:
    """All attributes and the data count."""
    assert structured(**different).content_hash != structured().content_hash


def test_the_content_hash_knows_an_instant_in_other_words() -> None:
    """A client that writes the same time differently says the same; the record's place says nothing."""
    same = ["2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00.000Z"]
    assert len({structured(time=text).content_hash for text in same}) == 1
    elsewhere = replace(record(json.dumps(MINIMAL).encode()), offset=8, partition=0)
    assert decode(elsewhere, 5).content_hash == structured().content_hash


@pytest.mark.parametrize(
    ("value", "headers", "expected"),
    [
        (None, [], "null-value"),
        (None, STRUCTURED, "null-value"),
        (None, [("content-type", b"application/json")], "null-value"),
        (b"", STRUCTURED, "not-json"),
        (b"{", STRUCTURED, "not-json"),
        (b'{"a":NaN}', STRUCTURED, "not-json"),
        (b"\xef\xbb\xbf{}", STRUCTURED, "not-json"),
        (b"hello", [], "not-json"),
        (b"[]", STRUCTURED, "not-a-cloudevent"),
        (b"{}", STRUCTURED, "not-a-cloudevent"),
        (b"{}", [], "not-a-cloudevent"),
        (b"x", [("content-type", b"text/plain")], "not-a-cloudevent"),
        (b"{}", [("content-type", b"application/cloudevents-batch+json")], "unsupported-format"),
        (b"{}", [("content-type", b"application/cloudevents+avro")], "unsupported-format"),
        (b"{}", [("content-type", b"application/cloudevents+json; charset=utf-16")], "unsupported-format"),
        (b'{"a":"\xff"}', STRUCTURED, "not-text"),
        (b'{"a":"\\ud800"}', STRUCTURED, "not-text"),
        (b"{}", [("ce_id", b"\xff")], "not-text"),
        (b"{}", [("content-type", b"\xff")], "not-text"),
        (b"{}", [("ce_id", b"1")], "not-a-cloudevent"),
        (b"{}", [("ce_id", b"1"), ("CE_ID", b"2")], "not-a-cloudevent"),
        (b'{"a":1e999}', STRUCTURED, "bad-number"),
        (b'{"a":18446744073709551616}', STRUCTURED, "bad-number"),
        (b'{"a":-9223372036854775809}', STRUCTURED, "bad-number"),
        (b'{"a":' + b"9" * 5000 + b"}", STRUCTURED, "bad-number"),
        (b"[" * 2000 + b"]" * 2000, STRUCTURED, "too-deep"),
        (b"[" * (DEPTH_MAX + 1) + b"]" * (DEPTH_MAX + 1), STRUCTURED, "too-deep"),
    ],
)
def test_refused_records(value: bytes | None, headers: Headers, expected: str) -> None:
    """Every kind of record that is no event has its reason."""
    assert reason(value, headers) == expected


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"specversion": ...}, "not-a-cloudevent"),
        ({"specversion": "0.3"}, "not-a-cloudevent"),
        ({"specversion": 1.0}, "not-a-cloudevent"),
        ({"id": ...}, "not-a-cloudevent"),
        ({"id": ""}, "not-a-cloudevent"),
        ({"id": None}, "not-a-cloudevent"),
        ({"id": 5}, "not-a-cloudevent"),
        ({"id": "a\nb"}, "not-text"),
        ({"id": "a\x85"}, "not-text"),
        ({"id": "x" * (ATTRIBUTE_CHARS_MAX + 1)}, "not-a-cloudevent"),
        ({"source": ...}, "not-a-cloudevent"),
        ({"source": ["/s"]}, "not-a-cloudevent"),
        ({"type": ""}, "not-a-cloudevent"),
        ({"subject": 1}, "not-a-cloudevent"),
        ({"sequence": True}, "not-a-cloudevent"),
        ({"sequence": 1.5}, "not-a-cloudevent"),
        ({"correlationid": {}}, "not-a-cloudevent"),
        ({"causationid": 0}, "not-a-cloudevent"),
        ({"partitionkey": 0}, "not-a-cloudevent"),
        ({"traceparent": False}, "not-a-cloudevent"),
        ({"time": "2026-01-01"}, "bad-time"),
        ({"time": "2026-01-01T00:00:00"}, "bad-time"),
        ({"time": "2026-02-30T00:00:00Z"}, "bad-time"),
        ({"time": "2026-01-01T24:00:00Z"}, "bad-time"),
        ({"time": 1767225600}, "bad-time"),
        ({"time": "now"}, "bad-time"),
        ({"recordedtime": "yesterday"}, "bad-time"),
    ],
)
def test_refused_events(attributes: dict[str, Any], expected: str) -> None:
    """Every attribute that cannot be has its reason."""
    assert event_reason(**attributes) == expected


def test_the_size_of_a_record_is_limited() -> None:
    """Value and headers together."""
    value = json.dumps({**MINIMAL, "data": "x" * 1000}).encode()
    size = len(value) + len(STRUCTURED[0][0]) + len(STRUCTURED[0][1] or b"")
    assert decode(record(value), 0, size).type == "t"
    assert reason(value, record_bytes_max=size - 1) == "too-large"
    assert reason(b" " * (1024 * 1024 + 1)) == "too-large"
    with pytest.raises(BadRecord, match="at most 10"):
        validate_event_json(b" " * 11, 10)


def test_numbers_at_the_edge_stay_as_they_are() -> None:
    """The whole range of 64 bits, signed and unsigned; digits within text are not numbers; 1 and 1.0 differ."""
    data = [2**64 - 1, -(2**63), 1, 1.0, 1e-7, 1e22, "9" * 40, 0.00001]
    assert json.loads(structured(data=data).data) == data
    assert structured(data=[1, 1.0]).data == "[1,1.0]"


def test_nesting_up_to_the_limit_is_fine() -> None:
    """The event itself is one level."""
    deep: Any = 1
    for _ in range(DEPTH_MAX - 1):
        deep = [deep]
    assert structured(data=deep).data.startswith("[[[")
    assert event_reason(data=[deep]) == "too-deep"


@given(json_values)
def test_canonical_text_is_that_of_the_core(value: Any) -> None:
    """The fast way writes what the slow way writes, and `parse` reads it back."""
    assert canonical_text(value) == canonical(value)
    assert canonical(parse(canonical_text(value).encode())) == canonical(value)


@given(
    st.binary(max_size=200), st.sampled_from([STRUCTURED, [], [("ce_id", b"1"), ("ce_specversion", b"1.0")]])
)
def test_no_bytes_break_the_decoder(value: bytes, headers: Headers) -> None:
    """Whatever the bytes: an event or a reason, nothing else."""
    try:
        decode(record(value, headers), 0)
    except BadRecord as refusal:
        assert refusal.reason


# --- the cloudevents package as peer -------------------------------------------------------------------------------

ATTRIBUTES: dict[str, Any] = {
    "id": "e-1",
    "source": "/peer",
    "type": "peer.said.v1",
    "time": datetime(2026, 3, 1, 9, 30, 0, 123456, tzinfo=UTC),
    "subject": "sub/ject",
    "datacontenttype": "application/json",
    "correlationid": "corr",
    "causationid": "cause",
    "recordedtime": "2026-03-01T09:30:01Z",
    "sequence": "00042",
    "partitionkey": "key-1",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "answer": 42,
}
DATA = {"name": "Zoë", "list": [1, 2.5, None, {"deep": True}]}


def peer_record(message: kafka.KafkaMessage) -> Record:
    """A record as the peer would send it."""
    key = message.key.encode() if isinstance(message.key, str) else message.key
    headers = list(message.headers.items())
    return Record(
        topic="t", partition=0, offset=0, timestamp_ms=0, key=key, headers=headers, value=message.value
    )


def test_the_peer_s_records_are_understood_in_both_modes() -> None:
    """What cloudevents 2.2 writes is read with every attribute, and both modes are the same event."""
    peer = CloudEvent(attributes=dict(ATTRIBUTES), data=DATA)
    in_binary = decode(peer_record(kafka.to_binary(peer, JSONFormat())), 0)
    in_structured = decode(peer_record(kafka.to_structured(peer, JSONFormat())), 0)
    assert in_binary == in_structured
    assert in_binary.identity == ("/peer", "e-1")
    assert in_binary.type == "peer.said.v1"
    assert in_binary.time == parse_instant("2026-03-01T09:30:00.123456Z")
    assert in_binary.recorded_time == parse_instant("2026-03-01T09:30:01Z")
    assert (in_binary.sequence, in_binary.subject) == ("00042", "sub/ject")
    assert (in_binary.correlation_id, in_binary.causation_id) == ("corr", "cause")
    assert in_binary.data == canonical(DATA)


def test_header_names_of_the_peer_in_any_case() -> None:
    """Some clients change the case of header names."""
    message = kafka.to_binary(CloudEvent(attributes=dict(ATTRIBUTES), data=DATA), JSONFormat())
    loud = replace(message, headers={name.upper(): value for name, value in message.headers.items()})
    assert decode(peer_record(loud), 0) == decode(peer_record(message), 0)


@given(st.dictionaries(st.text(max_size=8), json_values, max_size=4))
def test_the_peer_understands_what_is_published(data: dict[str, Any]) -> None:
    """`encode_structured` writes what cloudevents 2.2 reads, to the same attributes and data."""
    event = {**MINIMAL, "time": "2026-01-01T00:00:00.5Z", "subject": "s", "data": data}
    headers, value = encode_structured(event)
    message = kafka.KafkaMessage(headers=dict(headers), key=None, value=value)
    peer = kafka.from_structured(message, JSONFormat())
    assert (peer.get_id(), peer.get_source(), peer.get_type(), peer.get_subject()) == ("1", "/s", "t", "s")
    assert peer.get_time() == datetime(2026, 1, 1, 0, 0, 0, 500000, tzinfo=UTC)
    assert canonical(peer.get_data()) == canonical(data)
    assert decode(record(value, headers), 0).data == canonical(data)


# --- publishing -----------------------------------------------------------------------------------------------------


def test_lines_to_publish_are_checked_as_they_will_be_read() -> None:
    """A line is an event exactly if the record made of it is one; it is given back whole."""
    event = {**MINIMAL, "data": {"a": 1}, "own": "x"}
    assert validate_event_json(json.dumps(event).encode()) == event
    for line, expected in [(b"{}", "not-a-cloudevent"), (b"{", "not-json"), (b"\xff", "not-text")]:
        with pytest.raises(BadRecord) as refusal:
            validate_event_json(line)
        assert refusal.value.reason == expected


def test_records_are_keyed_by_entity() -> None:
    """`partitionkey` before `subject`; nothing where there is neither."""
    assert record_key({"partitionkey": "p", "subject": "s"}) == b"p"
    assert record_key({"subject": "s\u00e9"}) == "sé".encode()
    assert record_key({"subject": ""}) is None
    assert record_key({}) is None
