"""Generated histories: few streams, few instants, so that ties, overlaps, corrections, circles are frequent.

One generator serves Hypothesis (which shrinks what it finds) and seeded chance (equal on every machine): each
is only a way to pick a number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import NamedTuple, Protocol, TypeVar

from hypothesis import strategies as st

from graph_service.core.assertions import Assertion, EventRetracted
from graph_service.core.model import EventId, Properties
from graph_service.core.time import FOREVER
from tests import builders
from tests.oracle import Recorded

T = TypeVar("T")


class Pick(Protocol):
    """A number in 0 … n-1. Hypothesis shrinks it towards 0, so the plainest choice is always the first."""

    def __call__(self, n: int, /) -> int: ...


INSTANTS = 6
"""Valid instants are 0 … 5 after ORIGINS[n]; ends of finite spans reach a little beyond."""
KNOWN_FROM = 100
ORIGINS = (0, 0, KNOWN_FROM - 2)
"""Where valid time begins: long before the first record, or so that some of what is said is yet to come."""
EVENTS_MAX = 9

TARGETS = ("b", "b", "c", "d")
VALUES: tuple[dict[str, object], ...] = ({}, {"x": 1}, {"x": 2}, {"y": 1}, {"x": 1, "y": 2})
PROPERTIES = tuple(Properties.of(values) for values in VALUES)
SEQUENCES = (None, None, None, "1", "2", "02", "10", "x")


def _one_of(pick: Pick, options: Sequence[T]) -> T:
    return options[pick(len(options))]


def _span(pick: Pick, origin: int) -> tuple[int, int]:
    start = origin + pick(INSTANTS)
    return start, start + pick(4) + 1 if pick(3) == 2 else FOREVER


class Scope(NamedTuple):
    """What one history speaks of: different streams tell each other little, so most histories have few."""

    forms: tuple[str, ...]
    owners: tuple[str, ...]
    types: tuple[str, ...]
    discriminators: tuple[str, ...]


SCOPES = (
    Scope(("entity", "entity", "entity", "end"), ("a",), ("CALLS",), ("",)),
    Scope(("link", "link", "links", "end", "unlink"), ("a",), ("CALLS",), ("",)),
    Scope(("link", "link", "links", "end", "entity", "unlink"), ("a", "a", "b"), ("CALLS",), ("", "f")),
    Scope(
        ("entity", "entity", "link", "link", "links", "end", "unlink"),
        ("a", "b", "c"),
        ("CALLS", "USES"),
        ("", "f"),
    ),
)


def _assertion(pick: Pick, scope: Scope, span: tuple[int, int]) -> Assertion:
    form, owner = _one_of(pick, scope.forms), _one_of(pick, scope.owners)
    if form == "entity":
        unset = _one_of(pick, ((), (), ("x",), ("y",)))
        claim = builders.entity(owner, *span, unset=unset, replace=pick(4) == 3)
        return replace(claim, set=_one_of(pick, PROPERTIES))
    if form == "end":
        return builders.end(owner, *span)
    type, disc = _one_of(pick, scope.types), _one_of(pick, scope.discriminators)
    if form == "links":
        targets = {_one_of(pick, TARGETS): _one_of(pick, VALUES) for _ in range(pick(3))}
        return builders.links(owner, type, targets, *span, disc=disc)
    if form == "link":
        edge = builders.link(owner, type, _one_of(pick, TARGETS), *span, disc=disc)
        return replace(edge, properties=_one_of(pick, PROPERTIES))
    return builders.unlink(owner, type, _one_of(pick, TARGETS), *span, disc=disc)


def history(pick: Pick) -> list[Recorded]:
    """Records in record order: partitions, doubles, equal known times, late, future-dated, retracting."""
    records: list[Recorded] = []
    scope, known, partition = _one_of(pick, SCOPES), KNOWN_FROM, 0
    disputed = pick(4) == 3  # retractions of retractions, and circles of them
    origin = _one_of(pick, ORIGINS)
    while len(records) < EVENTS_MAX and (not records or pick(10)):
        step, there = pick(3), pick(3)
        # Within one `recorded_at` the partition never falls, so that the list stays in record order.
        partition = max(partition, there) if step == 0 else there
        known += step
        assertions = [_assertion(pick, scope, _span(pick, origin)) for _ in range(1 + pick(3) // 2)]
        if pick(2 if disputed else 8) == 1:
            assertions[pick(2) :] = [builders.retract(f"e{pick(4 if disputed else EVENTS_MAX)}")]
        record = builders.record(
            f"e{len(records)}",
            known,
            *assertions,
            sequence=_one_of(pick, SEQUENCES),
            partition=partition,
            offset=len(records),
        )
        double = pick(12) if records else 0
        if double > 9:
            before = records[pick(len(records))]
            # Of the same content, or a conflict: another content under the same identity.
            record = (
                replace(before, order=record.order) if double == 10 else replace(record, event=before.event)
            )
        records.append(record)
    return records


def _in_order_of_knowing(pick: Pick, valid_after: Callable[[int], int]) -> list[Recorded]:
    """Records with open ends, each of a later known time than all before; `valid_after` gives their valid instants."""
    records: list[Recorded] = []
    scope, known, valid = _one_of(pick, SCOPES), KNOWN_FROM, 0
    while len(records) < EVENTS_MAX and (not records or pick(10)):
        known, valid = known + 1 + pick(3), valid_after(valid)
        assertions = [_assertion(pick, scope, (valid, FOREVER)) for _ in range(1 + pick(2))]
        records.append(builders.record(f"e{len(records)}", known, *assertions, offset=len(records)))
    return records


def appending_history(pick: Pick) -> list[Recorded]:
    """Records that are newer on both clocks than all before them, with open ends: nothing but appends."""
    return _in_order_of_knowing(pick, lambda valid: valid + 1 + pick(3))


def late_history(pick: Pick) -> list[Recorded]:
    """Records that come as they are known, with open ends, and speak of any instant."""
    return _in_order_of_knowing(pick, lambda valid: pick(10))


def picking(draw: st.DrawFn) -> Pick:
    """Hypothesis as a way to pick numbers."""
    return lambda n: draw(_BELOW[n])


@st.composite
def histories(draw: st.DrawFn) -> list[Recorded]:
    """`history`, for Hypothesis."""
    return history(picking(draw))


@st.composite
def appending_histories(draw: st.DrawFn) -> list[Recorded]:
    """`appending_history`, for Hypothesis."""
    return appending_history(picking(draw))


@st.composite
def late_histories(draw: st.DrawFn) -> list[Recorded]:
    """`late_history`, for Hypothesis."""
    return late_history(picking(draw))


_BELOW = [st.nothing(), *(st.integers(0, n - 1) for n in range(1, 20))]


def seeded_histories(count: int, seed: int = 4) -> list[list[Recorded]]:
    """The same histories at every call and on every machine."""
    random = Random(seed)
    return [history(random.randrange) for _ in range(count)]


def distinct(history: Sequence[Recorded]) -> list[Recorded]:
    """The history without doubles, without circles, and no two events valid from the same instant."""
    place: dict[EventId, int] = {}
    for record in history:
        place.setdefault(record.event, len(place))
    found: dict[EventId, Recorded] = {}
    for record in history:
        assertions = tuple(
            _shifted(assertion, place[record.event])
            for assertion in record.assertions
            # An event may only retract one before it, so that no circle can close in any order of delivery.
            if not isinstance(assertion, EventRetracted)
            or place.get(assertion.event, len(place)) < place[record.event]
        )
        found.setdefault(record.event, replace(record, assertions=assertions))
    return list(found.values())


def _shifted(assertion: Assertion, place: int) -> Assertion:
    if isinstance(assertion, EventRetracted):
        return assertion
    valid_to = assertion.valid_to if assertion.valid_to == FOREVER else assertion.valid_to * 20 + place
    return replace(assertion, valid_from=assertion.valid_from * 20 + place, valid_to=valid_to)
