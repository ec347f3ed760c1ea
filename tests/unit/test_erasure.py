"""Promises of erasure, without a database: what is taken, what stays, and that it does not matter in which order it is asked for."""

from __future__ import annotations

import itertools
import json
from base64 import b64encode
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_service.core.assertions import Assertion, EventRetracted
from graph_service.core.erasure import blanked, keys_named, subject_left
from graph_service.core.model import Event, EventId, Properties, RecordOrder
from graph_service.store.write.batch import DeadLetter, MappedEvent
from graph_service.store.write.erasing import ERASED, erased_event, erased_letter, names
from tests.builders import Fact, end, entity, facts, folded, link, links, retract, unlink
from tests.histories import histories
from tests.oracle import Recorded

A, B = "user:a", "user:b"
CLAIMS: list[Assertion] = [
    entity(A, 1, 9, unset=["old"], name="secret"),
    entity(B, 1, replace=True, name="kept"),
    end(A, 5),
    link(A, "KNOWS", B, 2, note="secret"),
    link(B, "KNOWS", A, 2, disc="d", note="secret"),
    link(B, "KNOWS", "user:c", 2, note="kept"),
    unlink(B, "KNOWS", A, 3),
    links(A, "LIKES", {B: {"note": "secret"}, "user:c": {"note": "secret"}}, 2),
    links(B, "LIKES", {A: {"note": "secret"}, "user:c": {"note": "kept"}}, 2),
    retract("other"),
]


def mapped(recorded_at: int = 10, subject: str | None = None) -> MappedEvent:
    event = Event(
        identity=EventId("/tests", "1"),
        type="t",
        subject=subject,
        time=1,
        sequence=None,
        correlation_id=None,
        causation_id=None,
        recorded_time=None,
        traceparent=None,
        data='{"secret":1}',
        content_hash="h",
        order=RecordOrder(recorded_at, "t", 0, 0),
    )
    return MappedEvent(event=event, assertions=tuple(CLAIMS), mapping="m")


def test_values_go_and_the_shape_stays() -> None:
    """Keys, types, discriminators, spans and what is said of others are as they were; no value of the erased is left."""
    for claim in CLAIMS:
        if isinstance(claim, EventRetracted):
            assert keys_named(claim) == set()
            continue
        left = blanked(claim, {A})
        assert "secret" not in repr(left)
        assert ("kept" in repr(left)) == ("kept" in repr(claim))
        assert keys_named(left) == keys_named(claim)
        assert (left.valid_from, left.valid_to, left.rule) == (claim.valid_from, claim.valid_to, claim.rule)
        assert type(left) is type(claim)
        assert getattr(left, "discriminator", "") == getattr(claim, "discriminator", "")
        assert blanked(left, {A}) == left
        if A not in keys_named(claim):
            assert left is claim


def test_the_order_of_erasures_does_not_matter() -> None:
    """One after the other in any order, or both at once: the same is left."""
    for claim, keys in itertools.product(CLAIMS, itertools.permutations([A, B, "user:c"])):
        if not isinstance(claim, EventRetracted):
            one_by_one = claim
            for key in keys:
                one_by_one = blanked(one_by_one, {key})
            assert one_by_one == blanked(claim, set(keys))
    for subject in (A, B, "about a", None):
        one_by_one_left = [subject_left(subject_left(subject, [x]), [y]) for x, y in ((A, B), (B, A))]
        assert set(one_by_one_left) == {subject_left(subject, [A, B])}


@pytest.mark.parametrize(("recorded_at", "erased"), [(9, True), (10, True), (11, False)])
def test_an_event_is_blanked_up_to_the_known_time_of_the_erasure(recorded_at: int, erased: bool) -> None:
    """Later ones are not reached; identity, place, times and hash are never touched."""
    before = mapped(recorded_at, subject="tells of a")
    after = erased_event(before, {A: 10, "user:z": 99})
    assert after.erased is erased
    assert (after == before) is not erased
    if erased:
        assert (after.event.data, after.event.subject, after.record) == ("null", None, None)
        assert after.event == replace(before.event, data="null", subject=None)
        assert "secret" not in repr(after.assertions)


def test_a_subject_is_spoken_about_too() -> None:
    """An event that claims nothing may still tell: its key as subject is enough, and stays."""
    event = replace(mapped(subject="user:z"), assertions=())
    after = erased_event(event, {"user:z": 10})
    assert (after.event.data, after.event.subject) == ("null", "user:z")
    assert erased_event(event, {A: 10}) is event


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        (None, b'{"data":{"id":"4711"}}', True),
        (None, b'{"data":{"id":4711}}', True),
        (None, b'{"data":{"4711":true}}', True),
        (None, b'{"text":"see user:4711, please"}', True),
        (None, b'{"subject":"user\\u003a4711"}', True),
        (None, b'{"data":{"id":"47110","text":"4711 euros"}}', False),
        (None, b"{ not json user:4711", True),
        (None, b"{ not json 47110", False),
        (b"4711", None, True),
        (b"user:4711", b"\xff", True),
        (b"user:47110", b"{}", False),
        (None, None, False),
        (None, b"[" * 100_000, False),
    ],
)
def test_a_dead_letter_is_found_by_what_it_names(key: bytes | None, value: bytes | None, named: bool) -> None:
    """Its key or its name as a whole value; in what is no JSON, as a whole word."""
    assert names(["user:4711"], key=key, headers="[]", value=value) is named
    headers = json.dumps([["ce_subject", None if value is None else b64encode(value).decode()], ["x", None]])
    assert names(["user:4711"], key=key, headers=headers, value=None) is named


def test_an_erased_dead_letter_keeps_its_place_only() -> None:
    """And can be replayed no more."""
    letter = DeadLetter(
        topic="t", partition=0, offset=3, recorded_at=10, reason="mapping-failed", message="no 'secret'",
        source="/s", event_id="1", event_type="t", mapping="m", key=b"a", headers="[]", value=b'"user:a"',
        value_bytes=8, complete=True,
    )  # fmt: skip
    after = erased_letter(letter, {A: 10})
    assert (after.key, after.headers, after.value, after.message, after.complete) == (
        None,
        "[]",
        None,
        ERASED,
        False,
    )
    assert (after.id, after.reason, after.event_id) == (letter.id, letter.reason, letter.event_id)
    assert erased_letter(after, {A: 10}) == after
    assert erased_letter(letter, {A: 9, B: 99}) is letter


@given(histories(), st.sampled_from("abcd"), st.integers(99, 112))
def test_what_was_when_is_the_same_without_its_values(
    history: list[Recorded], key: str, known_to: int
) -> None:
    """At every point on both clocks the same entities and relationships are there as before; those that the erased entity has no part
    in are the same to the version; and where all was erased, no value is left.
    """
    erased = [
        replace(one, assertions=tuple(a if isinstance(a, EventRetracted) else blanked(a, {key}) for a in one.assertions))
        if one.order.recorded_at <= known_to
        else one
        for one in history
    ]  # fmt: skip
    before, after = facts(folded(history)), facts(folded(erased))
    assert [one for one in after if not about(one, key)] == [one for one in before if not about(one, key)]
    for valid, known in {(one.valid[0], one.known[0]) for one in (*before, *after)}:
        assert there(after, valid, known) == there(before, valid, known)
    if all(one.order.recorded_at <= known_to for one in history):
        assert {one.properties for one in after if about(one, key)} <= {"{}"}


def about(fact: Fact, key: str) -> bool:
    """Whether it is the erased entity's state, or a relationship from or to it."""
    return key in (fact.stream.owner, fact.item)


def there(facts: list[Fact], valid: int, known: int) -> set[tuple[object, str]]:
    """The items of streams that hold at a point."""
    return {
        (one.stream, one.item)
        for one in facts
        if one.valid[0] <= valid < one.valid[1] and one.known[0] <= known < one.known[1]
    }


def test_properties_hold_no_copy() -> None:
    """What is replaced by nothing is nothing."""
    left = blanked(entity(A, 1, name="secret"), {A})
    assert getattr(left, "set") == Properties.of({})  # noqa: B009
