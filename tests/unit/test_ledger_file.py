"""Promises of the ledger's file format: it says all that an event claims, and nothing that is cut or altered passes."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from graph_service.core.assertions import Assertion, EventRetracted, owner_of
from graph_service.core.errors import BadInput
from graph_service.core.model import Event, EventId, RecordOrder
from graph_service.store.keep.ledger_file import (
    LedgerWriter,
    check_ledger,
    event_values,
    mapped_event,
    read_ledger,
    unpacked,
)
from graph_service.store.write.batch import MappedEvent
from graph_service.store.write.claims import to_text
from tests.builders import end, entity, link, links, retract, unlink

LETTER = {"id": "t/0/9", "value": b"\xff\x00", "key": None, "headers": "[]", "attempts": 2}


def mapped(offset: int, *assertions: Assertion) -> MappedEvent:
    """An event with all that an event can have."""
    event = Event(
        identity=EventId("/tests", f"é{offset}"),
        type="seen.v1",
        subject="service:a",
        time=-5,
        sequence="007",
        correlation_id="c",
        causation_id=None,
        recorded_time=3,
        traceparent=None,
        data='{"n":1.0,"t":"\u2028"}',
        content_hash="h",
        order=RecordOrder(10**15 + offset, "t", 0, offset),
    )
    return MappedEvent(event=event, assertions=assertions, mapping="m1")


def node_of(one: MappedEvent) -> tuple[dict[str, Any], list[str], list[tuple[int, str, str, str]]]:
    """The event as the database gives it back: its node, its claims by owner, its retractions."""
    event = one.event
    by_owner: dict[str, list[Any]] = {}
    retracts = []
    for nth, assertion in enumerate(one.assertions):
        if isinstance(assertion, EventRetracted):
            retracts.append((nth, assertion.rule, *assertion.event))
        else:
            by_owner.setdefault(owner_of(assertion), []).append((nth, assertion))
    names = (
        "type", "subject", "time", "sequence", "correlation_id", "causation_id", "recorded_time", "traceparent",
        "data", "content_hash",
    )  # fmt: skip
    node = {name: getattr(event, name) for name in names}
    node |= {
        **event.identity._asdict(),
        **event.order._asdict(),
        "mapping": one.mapping,
        "uid": event.uid,
        "tick": 4,
    }
    return node, [to_text(numbered) for numbered in by_owner.values()], retracts


EVENTS = [
    mapped(
        0, entity("service:b", 1, unset=["x"], y=1.0, z=[1, None]), retract("other"), end("service:a", 4, 9)
    ),
    mapped(
        1,
        links("service:a", "CALLS", {"service:b": {"p": "q"}, "service:c": {}}, 2, disc="d"),
        link("service:b", "CALLS", "service:c", 2, note="n"),
        unlink("service:b", "CALLS", "service:c", 7),
        entity("service:a", 2, replace=True),
    ),
    mapped(2),
]


def ledger(*, events: list[MappedEvent] = EVENTS, version: int = 1) -> bytes:
    """A whole ledger."""
    file = io.BytesIO()
    writer = LedgerWriter(file)
    writer.write("header", {"format": version, "product": "graph-service", "version": "9", "recorded_at": 7})
    writer.write("position", {"topic": "t", "partition": 0, "offset": 9, "epoch": 3})
    writer.write("counters", {"events": 3})
    for one in events:
        writer.write("event", event_values(*node_of(one)))
    writer.write("dead_letter", LETTER)
    writer.finish()
    return file.getvalue()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.ndjson"


def test_what_is_written_is_read(path: Path) -> None:
    """Events with every assertion in its place, bytes as bytes, plain or gzip."""
    for content in (ledger(), gzip.compress(ledger())):
        path.write_bytes(content)
        plain = list(read_ledger(path))
        assert [mapped_event(one) for one in plain if one["kind"] == "event"] == EVENTS
        [letter] = [unpacked(one) for one in plain if one["kind"] == "dead_letter"]
        assert letter == {name: value for name, value in LETTER.items() if value is not None}
        summary = check_ledger(path)
        assert (summary.records, summary.product_version, summary.recorded_at) == (4, "9", 7)
    assert ledger() == ledger(), "the same graph has the same bytes"


def test_every_cut_is_refused(path: Path) -> None:
    """After any line and within any line, plain and compressed."""
    whole = ledger()
    ends = [at for at, byte in enumerate(whole) if byte == 10][:-1]
    packed = gzip.compress(whole)
    cuts = [whole[: at + step] for at in ends for step in (1, 5)] + [
        packed[: len(packed) // 2],
        packed[:-4],
        b"",
    ]
    for cut in cuts:
        path.write_bytes(cut)
        with pytest.raises(BadInput):
            check_ledger(path)


def test_every_change_is_refused(path: Path) -> None:
    """One character, one line more or less, lines in another order, a line after the end."""
    whole = ledger()
    lines = whole.splitlines(keepends=True)
    changed = [
        whole.replace(b'"epoch":3', b'"epoch":4'),
        whole.replace(b'"attempts":2', b'"attempts": 2'),
        b"".join([*lines[:3], *lines[4:]]),
        b"".join([*lines[:3], lines[3], *lines[3:]]),
        b"".join([*lines[:3], lines[4], lines[3], *lines[5:]]),
        b"".join([lines[0], lines[2], lines[1], *lines[3:]]),
        whole + lines[3],
        whole + lines[-1],
        whole.replace(b'"kind":"counters"', b'"kind":"secrets"'),
        b"[]\n" + whole,
        b"\xff\n",
    ]
    for content in changed:
        assert content != whole
        path.write_bytes(content)
        with pytest.raises(BadInput):
            check_ledger(path)


def test_other_files_and_other_formats_are_told(path: Path) -> None:
    """With what to do."""
    path.write_text('{"specversion": "1.0"}\n')
    with pytest.raises(BadInput, match="no ledger"):
        check_ledger(path)
    path.write_bytes(ledger(version=2))
    with pytest.raises(BadInput, match=r"format 2; this version reads format 1: import it with version 9"):
        check_ledger(path)
    with pytest.raises(BadInput, match="No such file"):
        check_ledger(path.with_name("absent"))


def test_events_that_are_none_are_refused_although_the_checksum_is_right(path: Path) -> None:
    """Whatever wrote them: out of order, with claims missing, or with a span that ends before it begins."""
    path.write_bytes(ledger(events=[EVENTS[1], EVENTS[0]]))
    with pytest.raises(BadInput, match="order"):
        check_ledger(path)
    values = event_values(*node_of(EVENTS[0]))
    for broken in (
        {**values, "claims": values["claims"][1:]},
        {**values, "claims": [{**values["claims"][0], "to": 0}, *values["claims"][1:]]},
        {name: value for name, value in values.items() if name != "content_hash"},
        {**values, "time": "yesterday"},
        *(
            {**event_values(*node_of(mapped(0, unlink("service:a", type, "service:b", 1)))), "data": "1"}
            for type in ("HAD", "CALLS_PAST", "X`]->() DELETE r //", "")
        ),
    ):
        with pytest.raises(BadInput, match="is no event"):
            mapped_event(json.loads(json.dumps(broken)))
