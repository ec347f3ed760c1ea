"""CloudEvents 1.0 over Kafka: a record becomes an `Event`, and an event becomes a record.

Structured mode: the `content-type` header is `application/cloudevents` or `application/cloudevents+json` (in any case, UTF-8).
Binary mode: anything else with `ce_` headers (in any case; nothing is percent-decoded, the Kafka binding has no such rule).
For convenience a record without `ce_` headers, and without a content type or with a JSON one, is read as structured when its value is
a JSON object with `specversion`.

Attributes used are those of `core.model.Event`. Others are not kept apart, but all count in the content hash, which is the same in
both modes: attributes are compared as text, instants as instants, and a missing `datacontenttype` as `application/json`.

A record that is no usable event is refused with `BadRecord`, whose reason is one of

| reason             | what is wrong                                                                                         |
|--------------------|-------------------------------------------------------------------------------------------------------|
| null-value         | no value and no `ce_` headers: a tombstone, not an event (an event in binary mode may lack data)        |
| too-large          | value and headers together exceed `record_bytes_max`                                                  |
| unsupported-format | an event format other than JSON, a batch, or a charset other than UTF-8                               |
| not-text           | bytes that are no UTF-8, half of a surrogate pair, or a control character in an attribute                |
| not-json           | the value is not JSON although it should be                                                           |
| bad-number         | a whole number outside 64 bits, or a float beyond all floats                                          |
| too-deep           | JSON that nests deeper than 64 levels                                                                 |
| not-a-cloudevent   | an attribute is missing, empty, too long, given twice or of the wrong type, or `specversion` is not 1.0 |
| bad-time           | `time` or `recordedtime` is not an RFC 3339 instant with an offset                                    |
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

from graph_service.core.errors import BadRecord, BadTime
from graph_service.core.model import Event, EventId, Json, RecordOrder, canonical
from graph_service.core.time import format_instant, parse_instant
from graph_service.mapping.json_text import canonical_text, parse

RECORD_BYTES_MAX = 1024 * 1024
ATTRIBUTE_CHARS_MAX = 1024
STRUCTURED_CONTENT_TYPE = "application/cloudevents+json; charset=UTF-8"

Headers = Sequence[tuple[str, bytes | None]]


class RecordLike(Protocol):
    """What is read of a Kafka record; a consumer's own record class fits as it is."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def headers(self) -> Headers: ...
    @property
    def value(self) -> bytes | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A Kafka record on its own, for callers that have no consumer."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None = None
    headers: Headers = ()
    value: bytes | None


_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_JSON_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/(?:[a-z0-9!#$&^_.-]+\+)?json")
_REQUIRED = ("id", "source", "type")
_OPTIONAL_TEXT = ("subject", "correlationid", "causationid", "traceparent", "partitionkey", "dataschema")


def decode(record: RecordLike, recorded_at: int, record_bytes_max: int = RECORD_BYTES_MAX) -> Event:
    """The event that a record carries. `recorded_at` (microseconds) is the record's place in known time (design 2.1).

    Raises:
        BadRecord: the record is no usable event; the reasons are listed above.
    """
    value = record.value
    size = len(value or b"") + sum(len(name) + len(content or b"") for name, content in record.headers)
    if size > record_bytes_max:
        raise BadRecord("too-large", f"the record has {size} bytes; at most {record_bytes_max} are accepted")
    attributes, data = _content(record.headers, value)
    order = RecordOrder(recorded_at, record.topic, record.partition, record.offset)
    return _event(attributes, data, order)


def encode(event: Event) -> bytes:
    """The event in the JSON format, as far as `Event` keeps it: attributes that only count in its hash are not there."""
    times = {"time": event.time, "recordedtime": event.recorded_time}
    texts = {
        "specversion": "1.0", "id": event.identity.id, "source": event.identity.source, "type": event.type,
        "subject": event.subject, "sequence": event.sequence, "correlationid": event.correlation_id,
        "causationid": event.causation_id, "traceparent": event.traceparent,
        **{name: None if time is None else format_instant(time) for name, time in times.items()},
    }  # fmt: skip
    said = {name: text for name, text in texts.items() if text is not None}
    return f'{canonical(said)[:-1]},"data":{event.data}}}'.encode()


def validate_event_json(line: bytes, record_bytes_max: int = RECORD_BYTES_MAX) -> dict[str, Json]:
    """A CloudEvent in the JSON format as a dict, when `decode` would accept it as the value of a record.

    Raises:
        BadRecord: as `decode` does.
    """
    if len(line) > record_bytes_max:
        raise BadRecord(
            "too-large", f"the event has {len(line)} bytes; at most {record_bytes_max} are accepted"
        )
    event = _object(parse(line))
    _event(*_split(dict(event)), RecordOrder(0, "", 0, 0))
    return event


def encode_structured(event: Mapping[str, Json]) -> tuple[list[tuple[str, bytes]], bytes]:
    """Headers and value of a record in structured mode. The event is written as it is, not validated: see `validate_event_json`."""
    return [("content-type", STRUCTURED_CONTENT_TYPE.encode())], canonical_text(event).encode()


def record_key(event: Mapping[str, Json]) -> bytes | None:
    """The Kafka key that keeps events of one entity together: `partitionkey`, else `subject`, else none."""
    for name in ("partitionkey", "subject"):
        if isinstance(found := event.get(name), str) and found:
            return found.encode()
    return None


def _content(headers: Headers, value: bytes | None) -> tuple[dict[str, Json], Json]:
    """Attributes and data, whatever the mode."""
    if not headers and value is not None:
        return _split(_object(parse(value)))
    named = _lowered(headers)
    content_type = named.pop("content-type", None)
    if content_type is not None and content_type.lower().startswith("application/cloudevents"):
        _check_format(content_type)
        if value is None:
            raise BadRecord(
                "null-value", "the record has no value, and structured mode keeps the event in the value"
            )
        return _split(_object(parse(value)))
    attributes: dict[str, Json] = {name[3:]: text for name, text in named.items() if name.startswith("ce_")}
    if attributes:
        return _binary(attributes, content_type, value)
    if value is None:
        raise BadRecord(
            "null-value", "the record has neither a value nor ce_ headers: a tombstone is not an event"
        )
    if content_type is not None and not _is_json(content_type):
        raise BadRecord(
            "not-a-cloudevent",
            f"the record has no ce_ headers, and its content type is {content_type[:64]!r}",
        )
    return _split(_object(parse(value)))


def _lowered(headers: Headers) -> dict[str, str]:
    """The headers that matter, names in lower case."""
    named: dict[str, str] = {}
    for name, content in headers:
        lowered = name.lower()
        if content is None or not (lowered == "content-type" or lowered.startswith("ce_")):
            continue
        try:
            text = content.decode()
        except UnicodeDecodeError as error:
            raise BadRecord("not-text", f"the header {name[:64]!r} is not text in UTF-8: {error}") from error
        if named.setdefault(lowered, text) != text:
            raise BadRecord(
                "not-a-cloudevent", f"the header {name[:64]!r} is given twice, with different values"
            )
    return named


def _check_format(content_type: str) -> None:
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    if media_type not in ("application/cloudevents+json", "application/cloudevents"):
        raise BadRecord(
            "unsupported-format",
            f"{media_type[:64]!r}: send single events as application/cloudevents+json, or in binary mode",
        )
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip().strip('"') not in ("utf-8", "utf8", "us-ascii"):
            raise BadRecord("unsupported-format", f"{parameter[:64]!r}: send the event in UTF-8")


def _object(value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise BadRecord("not-a-cloudevent", "the record's value is JSON, but not an object")
    return value


def _split(event: dict[str, Json]) -> tuple[dict[str, Json], Json]:
    """Attributes and data of an event in the JSON format; takes `data` out of what it is given."""
    data = event.pop("data", None)
    encoded = event.pop("data_base64", None)
    if encoded is None:
        return event, data
    if data is not None or not isinstance(encoded, str):
        raise BadRecord("not-a-cloudevent", "data_base64 must be text, and not together with data")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRecord("not-a-cloudevent", f"data_base64 is not base64: {error}") from error
    content_type = event.get("datacontenttype")
    if content_type is None or (isinstance(content_type, str) and _is_json(content_type)):
        return event, parse(raw) if raw else None
    return event, {"base64": encoded}


def _binary(
    attributes: dict[str, Json], content_type: str | None, value: bytes | None
) -> tuple[dict[str, Json], Json]:
    if content_type is not None:
        attributes["datacontenttype"] = content_type
    if not value:
        return attributes, None
    if content_type is None or _is_json(content_type):
        return attributes, parse(value)
    if content_type.lower().startswith("text/"):
        try:
            return attributes, value.decode()
        except UnicodeDecodeError as error:
            raise BadRecord(
                "not-text", f"the value should be {content_type[:64]!r} in UTF-8: {error}"
            ) from error
    return attributes, {"base64": base64.b64encode(value).decode()}


def _is_json(content_type: str) -> bool:
    return _JSON_TYPE.fullmatch(content_type.partition(";")[0].strip().lower()) is not None


def _event(attributes: dict[str, Json], data: Json, order: RecordOrder) -> Event:
    """The checked event. `attributes` is used up."""
    if attributes.get("specversion") != "1.0":
        found = attributes.get("specversion")
        raise BadRecord("not-a-cloudevent", f"specversion is {found!r:.64}; it must be the text '1.0'")
    said: dict[str, Json] = {
        name: value for name, value in attributes.items() if value is not None and value != ""
    }
    id, source, type = (_text(said, name) for name in _REQUIRED)
    if id is None or source is None or type is None:
        missing = ", ".join(name for name in _REQUIRED if name not in said)
        raise BadRecord(
            "not-a-cloudevent", f"an event needs id, source and type; missing or empty: {missing}"
        )
    subject, correlation_id, causation_id, traceparent, _, _ = (_text(said, name) for name in _OPTIONAL_TEXT)
    sequence = said.get("sequence")
    if isinstance(sequence, int) and not isinstance(sequence, bool):
        said["sequence"] = str(sequence)
    sequence = _text(said, "sequence")
    time = _instant(said, "time")
    recorded_time = _instant(said, "recordedtime")
    data_text = canonical_text(data)
    return Event(
        identity=EventId(source, id),
        type=type,
        subject=subject,
        time=order.recorded_at if time is None else time,
        sequence=sequence,
        correlation_id=correlation_id,
        causation_id=causation_id,
        recorded_time=recorded_time,
        traceparent=traceparent,
        data=data_text,
        content_hash=_content_hash(said, data_text),
        order=order,
    )


def _text(said: Mapping[str, Json], name: str) -> str | None:
    value = said.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise BadRecord("not-a-cloudevent", f"the attribute {name} must be text, not {value!r:.64}")
    if len(value) > ATTRIBUTE_CHARS_MAX:
        raise BadRecord(
            "not-a-cloudevent",
            f"the attribute {name} has {len(value)} characters; at most {ATTRIBUTE_CHARS_MAX} are accepted",
        )
    if not value.isprintable() and _CONTROL.search(value):
        raise BadRecord("not-text", f"the attribute {name} holds a control character: {value!r:.64}")
    return value


def _instant(said: dict[str, Json], name: str) -> int | None:
    """The instant of an attribute, which is put in place of its text: two spellings of one instant say the same."""
    value = said.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise BadRecord("bad-time", f"{name} must be RFC 3339 text, not {value!r:.64}")
    try:
        instant = parse_instant(value)
    except BadTime as error:
        raise BadRecord("bad-time", f"{name}: {error}") from error
    said[name] = instant
    return instant


def _content_hash(said: dict[str, Json], data_text: str) -> str:
    content_type = said.setdefault("datacontenttype", "application/json")
    if isinstance(content_type, str) and content_type != "application/json":
        said["datacontenttype"] = "".join(content_type.lower().split())
    for name, value in said.items():
        if type(value) is not str:
            said[name] = canonical_text(value)
    attributes = canonical_text(said)
    return blake2b(f"{len(attributes)}:{attributes}{data_text}".encode(), digest_size=16).hexdigest()
