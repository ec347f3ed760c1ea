"""Promises of the pure parts of the ingester: known time, decoding, batches, dead letters."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_service.core.time import EARLIEST, LATEST
from graph_service.mapping import Mapping, Record
from graph_service.store.write.batch import DeadLetter, MappedEvent
from ingest.deadletters import headers_of, topic_of
from ingest.decode import Rules, batch_of, in_record_order, item_of, refused
from ingest.rate import Progress, Rate
from ingest.recorded import recorded_at

MAPPING = """
kinds: {service: {label: Service}}
events:
  - name: seen
    type: seen.v1
    assert:
      - entity: {kind: service, name: data.name}
        properties: {size: data.size}
"""


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    """A mapping of one rule."""
    path = tmp_path_factory.mktemp("mapping") / "one.yaml"
    path.write_text(MAPPING)
    return Rules(mapping=Mapping.load([Path(path)]))


def event(id: str = "1", **more: object) -> bytes:
    """A CloudEvent of the rule's type."""
    said = {
        "specversion": "1.0",
        "id": id,
        "source": "/s",
        "type": "seen.v1",
        "data": {"name": "a", "size": 1},
    }
    return json.dumps({**said, **more}).encode()


def record(value: bytes | None, *, offset: int = 0, partition: int = 0, key: bytes | None = b"k") -> Record:
    return Record(topic="t", partition=partition, offset=offset, timestamp_ms=5, key=key, value=value)


@given(st.lists(st.integers(min_value=-(2**63), max_value=2**63 - 1), min_size=1))
def test_known_time_never_goes_back_in_a_partition(timestamps_ms: list[int]) -> None:
    """max(own timestamp, the one before), in microseconds, always a storable instant."""
    previous: int | None = None
    for timestamp_ms in timestamps_ms:
        found = recorded_at(timestamp_ms, previous)
        assert EARLIEST <= found <= LATEST
        assert previous is None or found >= previous
        assert found in (previous, min(max(timestamp_ms * 1000, EARLIEST), LATEST))
        previous = found


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"{", "not-json"),
        (b"[]", "not-a-cloudevent"),
        (b"{}", "not-a-cloudevent"),
        (None, "null-value"),
        (event(time="2026-01-01T00:00:00"), "bad-time"),
        (event(time="2026-02-30T00:00:00Z"), "bad-time"),
        (event(data={"size": 1}), "mapping-failed"),
        (event(data={"name": 7, "size": 1}), "bad-key"),
    ],
)
def test_what_cannot_be_used_becomes_a_dead_letter(rules: Rules, value: bytes | None, reason: str) -> None:
    """With its reason, its origin, the mapping's version, and all that is needed to try it again."""
    letter = item_of(record(value, offset=3), 5000, rules).content
    assert isinstance(letter, DeadLetter)
    assert (letter.reason, letter.id, letter.recorded_at) == (reason, "t/0/3", 5000)
    assert (letter.key, letter.value, letter.mapping) == (b"k", value, rules.mapping.version)
    assert letter.message


def test_a_dead_letter_of_a_failed_mapping_names_the_event(rules: Rules) -> None:
    """Once the event could be read, its source, id and type are kept."""
    letter = item_of(record(event("x", data={})), 0, rules).content
    assert isinstance(letter, DeadLetter)
    assert (letter.source, letter.event_id, letter.event_type) == ("/s", "x", "seen.v1")


def test_a_value_that_is_too_large_is_not_kept(rules: Rules) -> None:
    """A dead letter never holds more than a record may."""
    letter = item_of(record(b"x" * (2 * 1024 * 1024)), 0, rules).content
    assert isinstance(letter, DeadLetter)
    assert (letter.reason, letter.value, letter.key) == ("too-large", None, b"k")


def test_an_event_without_a_rule_is_counted_or_by_setting_a_dead_letter(rules: Rules) -> None:
    """Never guessed, never dropped in silence."""
    unknown = record(event(type="other.v1"))
    assert item_of(unknown, 0, rules).content is None
    strict = Rules(mapping=rules.mapping, unmapped_to_dead_letters=True)
    letter = item_of(unknown, 0, strict).content
    assert isinstance(letter, DeadLetter)
    assert (letter.reason, letter.event_type) == ("unmapped", "other.v1")


def test_a_batch_advances_each_partition_to_its_last_record(rules: Rules) -> None:
    """Whatever became of the records; and all of them are in it, in record order."""
    items = in_record_order(
        [
            item_of(record(event("b"), offset=7, partition=1), 30, rules),
            item_of(record(event("a"), offset=4), 10, rules),
            item_of(record(b"{", offset=5), 20, rules),
            item_of(record(event(type="other.v1"), offset=6), 20, rules),
        ]
    )
    batch = batch_of(items, {("t", 0): 2, ("t", 1): 9})
    assert [(one.partition, one.epoch, one.offset, one.recorded_at) for one in batch.advances] == [
        (0, 2, 6, 20),
        (1, 9, 7, 30),
    ]
    assert [one.event.identity.id for one in batch.events] == ["a", "b"]
    assert [one.id for one in batch.dead_letters] == ["t/0/5"]
    assert batch.unmapped == (("t", 0, 6),)


def test_a_refused_event_keeps_its_record_until_that_is_refused_too(rules: Rules) -> None:
    """First a full dead letter, then a bare one; then nothing changes any more."""
    item = item_of(record(event("a")), 0, rules)
    assert isinstance(item.content, MappedEvent)
    buried = refused(item, "refused", "no", rules)
    assert isinstance(buried.content, DeadLetter)
    assert (buried.content.event_id, buried.content.value) == ("a", event("a"))
    bare = refused(buried, "refused", "no", rules)
    assert isinstance(bare.content, DeadLetter)
    assert (bare.content.key, bare.content.headers, bare.content.value) == (None, "[]", None)
    assert refused(bare, "refused", "no", rules) == bare


def test_a_dead_letter_says_why_and_where_in_its_headers(rules: Rules) -> None:
    """Own headers first, whatever bytes they hold; reason, message, origin and mapping after them."""
    bad = Record(
        topic="t", partition=2, offset=9, timestamp_ms=0, headers=[("h", b"\xff"), ("n", None)], value=b"{"
    )
    letter = item_of(bad, 0, rules).content
    assert isinstance(letter, DeadLetter)
    assert json.loads(letter.headers) == [["h", base64.b64encode(b"\xff").decode()], ["n", None]]
    headers = headers_of(letter)
    assert headers[:2] == [("h", b"\xff"), ("n", b"")]
    said = dict(headers)
    assert said["dead-letter-reason"] == b"not-json"
    assert (said["dead-letter-topic"], said["dead-letter-partition"], said["dead-letter-offset"]) == (
        b"t",
        b"2",
        b"9",
    )
    assert said["dead-letter-mapping"] == rules.mapping.version.encode()
    assert topic_of("t", None) == "t.dead-letters"
    assert topic_of("t", "all") == "all"


def test_the_rate_is_said_only_while_something_moves() -> None:
    """One line every 5 seconds at most, none when nothing was applied."""
    progress = Progress()
    rate = Rate(100.0)
    assert rate.line(progress, 106.0) is None
    progress.applied, progress.batches = 1000, 4
    assert rate.line(progress, 108.0) is None
    line = rate.line(progress, 111.0)
    assert line is not None
    assert (line["events_per_s"], line["batch_events"], line["applied_total"]) == (200.0, 250.0, 1000)
    assert rate.line(progress, 117.0) is None
