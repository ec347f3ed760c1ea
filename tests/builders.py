"""Short ways to write claims and records in tests, and what the core makes of them, in comparable form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any, NamedTuple

from graph_service.core import fold as core_fold
from graph_service.core import retraction as core_retraction
from graph_service.core.assertions import (
    Assertion,
    EntityAsserted,
    EntityEnded,
    EventRetracted,
    RelationshipAsserted,
    RelationshipEnded,
    RelationshipsAsserted,
    Spanned,
)
from graph_service.core.fold import Claim
from graph_service.core.model import EventId, Properties, RecordOrder, Row, StreamKey
from graph_service.core.time import FOREVER
from graph_service.store.write import heads as store_heads
from graph_service.store.write import refold as store_refold
from tests.oracle import Oracle, Recorded

SOURCE = "/tests"
"""The CloudEvents source of every event that a test writes by hand."""


def identity(id: str) -> EventId:
    """The event of that id from the tests' own source."""
    return EventId(SOURCE, id)


def entity(
    key: str,
    valid_from: int,
    valid_to: int = FOREVER,
    *,
    unset: Sequence[str] = (),
    replace: bool = False,
    **set: object,
) -> EntityAsserted:
    """The entity exists; keyword arguments are its properties."""
    return EntityAsserted(
        key=key,
        set=Properties.of(set),
        unset=tuple(unset),
        replace=replace,
        valid_from=valid_from,
        valid_to=valid_to,
    )


def end(key: str, valid_from: int, valid_to: int = FOREVER) -> EntityEnded:
    """The entity no longer exists."""
    return EntityEnded(key=key, valid_from=valid_from, valid_to=valid_to)


def link(
    source: str,
    type: str,
    target: str,
    valid_from: int,
    valid_to: int = FOREVER,
    *,
    disc: str = "",
    **properties: object,
) -> RelationshipAsserted:
    """The edge holds; keyword arguments are its properties."""
    return RelationshipAsserted(
        source=source,
        type=type,
        target=target,
        discriminator=disc,
        properties=Properties.of(properties),
        valid_from=valid_from,
        valid_to=valid_to,
    )


def unlink(
    source: str, type: str, target: str, valid_from: int, valid_to: int = FOREVER, *, disc: str = ""
) -> RelationshipEnded:
    """The edge no longer holds."""
    return RelationshipEnded(
        source=source, type=type, target=target, discriminator=disc, valid_from=valid_from, valid_to=valid_to
    )


def links(
    source: str,
    type: str,
    targets: Mapping[str, Mapping[str, object]],
    valid_from: int,
    valid_to: int = FOREVER,
    *,
    disc: str = "",
) -> RelationshipsAsserted:
    """Exactly these targets hold; `targets` gives the properties of each."""
    return RelationshipsAsserted(
        source=source,
        type=type,
        discriminator=disc,
        targets={target: Properties.of(properties) for target, properties in targets.items()},
        valid_from=valid_from,
        valid_to=valid_to,
    )


def retract(id: str) -> EventRetracted:
    """The event of that id, from the tests' own source, never was."""
    return EventRetracted(event=identity(id))


def record(
    id: str,
    known: int,
    *assertions: Assertion,
    sequence: str | None = None,
    partition: int = 0,
    offset: int = 0,
) -> Recorded:
    """One mapped event, recorded at `known`."""
    return Recorded(
        order=RecordOrder(known, "events", partition, offset),
        event=identity(id),
        sequence=sequence,
        assertions=assertions,
    )


def log(*records: Recorded) -> list[Recorded]:
    """The records with their place in the list as their offset."""
    return [replace(one, order=one.order._replace(offset=offset)) for offset, one in enumerate(records)]


def records_of_case(case: Mapping[str, Any]) -> list[Recorded]:
    """The records of one worked case, in the JSON form that the shared cases are written in."""
    return log(
        *(
            record(
                one["event"]["id"],
                one["known"],
                *(
                    _assertion_of_case(claim, one["event"].get("time", one["known"]))
                    for claim in one["event"]["assert"]
                ),
                sequence=str(one["event"]["sequence"]) if "sequence" in one["event"] else None,
            )
            for one in case["records"]
        )
    )


def _assertion_of_case(form: Mapping[str, Any], time: int) -> Assertion:
    span = (form.get("from", time), form.get("to", FOREVER))
    match form:
        case {"entity": key}:
            claim = entity(key, *span, unset=form.get("unset", ()), replace=form.get("replace", False))
            return replace(claim, set=Properties.of(form.get("set", {})))
        case {"end": key}:
            return end(key, *span)
        case {"link": [source, type, target]}:
            edge = link(source, type, target, *span, disc=form.get("disc", ""))
            return replace(edge, properties=Properties.of(form.get("props", {})))
        case {"unlink": [source, type, target]}:
            return unlink(source, type, target, *span, disc=form.get("disc", ""))
        case {"links": [source, type], "targets": targets}:
            return links(source, type, targets, *span, disc=form.get("disc", ""))
        case {"retract": id}:
            return retract(id)
        case _:
            raise ValueError(f"no such form of an assertion: {form}")


class Fact(NamedTuple):
    """One version of one item of one stream, in a form that oracle, fold and written expectations share."""

    stream: StreamKey
    item: str
    #: Canonical JSON text of all properties.
    properties: str
    #: uid of the event that began it.
    event: str
    valid: tuple[int, int]
    known: tuple[int, int]


def facts_of_case(case: Mapping[str, Any]) -> set[Fact]:
    """The versions that a worked case expects."""
    found = set()
    for version in case["versions"]:
        source, type, item = version["link"] if "link" in version else (version["entity"], "", "")
        valid_from, valid_to = version["valid"]
        known_from, known_to = version["known"]
        found.add(
            Fact(
                StreamKey(source, type, version.get("disc", "")),
                item,
                Properties.of(version["props"]).text,
                identity(version["event"]).uid,
                (valid_from, FOREVER if valid_to is None else valid_to),
                (known_from, FOREVER if known_to is None else known_to),
            )
        )
    return found


class Core(NamedTuple):
    """The modules under test: the real ones, or copies with a mistake put in."""

    fold: ModuleType
    retraction: ModuleType
    heads: ModuleType
    refold: ModuleType


CORE = Core(core_fold, core_retraction, store_heads, store_refold)


def claims_by_stream(records: Iterable[Recorded], core: Core = CORE) -> dict[StreamKey, list[Claim]]:
    """What the fold is given: the claims about each stream, with the spans of known time in which they stand.

    Of one event's doubles the first in record order counts.
    """
    first: dict[EventId, Recorded] = {}
    for one in sorted(records, key=lambda one: one.order):
        first.setdefault(one.event, one)
    believed = core.retraction.believed_spans(
        {one.event.uid: one.order for one in first.values()}, retractors_of(first.values())
    )
    spoken = [
        (assertion, one, index)
        for one in first.values()
        for index, assertion in enumerate(one.assertions)
        if not isinstance(assertion, EventRetracted)
    ]
    streams = {stream for assertion, _, _ in spoken for stream in core.fold.streams_of(assertion, ())}
    claims: dict[StreamKey, list[Claim]] = {stream: [] for stream in streams}
    for assertion, one, index in spoken:
        claim = core.fold.claim(assertion, one.event.uid, one.order, index, one.sequence)
        if one.event.uid in believed:
            claim = replace(claim, believed=believed[one.event.uid])
        owned = [stream for stream in streams if stream.owner == _owner(assertion)]
        for stream in core.fold.streams_of(assertion, owned):
            claims[stream].append(claim)
    return claims


def retractors_of(records: Iterable[Recorded]) -> dict[str, list[str]]:
    """By uid of a retracted event the uids of those that retract it."""
    retractors: dict[str, list[str]] = {}
    for one in records:
        for assertion in one.assertions:
            if isinstance(assertion, EventRetracted):
                retractors.setdefault(assertion.event.uid, []).append(one.event.uid)
    return retractors


def _owner(assertion: Spanned) -> str:
    return assertion.key if isinstance(assertion, EntityAsserted | EntityEnded) else assertion.source


RowsByStream = Mapping[StreamKey, Sequence[Row]]


def folded(records: Iterable[Recorded], core: Core = CORE) -> dict[StreamKey, tuple[Row, ...]]:
    """The rows of every stream, by the general fold."""
    return {stream: core.fold.fold(claims) for stream, claims in claims_by_stream(records, core).items()}


def facts(rows: RowsByStream, core: Core = CORE) -> list[Fact]:
    """The versions that rows stand for, ordered; a list, for a version that is there twice is a mistake."""
    return sorted(
        Fact(
            stream,
            version.item,
            version.properties.text,
            version.event,
            (version.valid_from, version.valid_to),
            (version.known_from, version.known_to),
        )
        for stream, some in rows.items()
        for version in core.fold.versions(some)
    )


def oracle_facts(oracle: Oracle) -> list[Fact]:
    """All versions as the oracle sees them, ordered."""
    return sorted(
        Fact(
            stream,
            version.segment.item,
            Properties(dict(version.segment.properties)).text,
            version.segment.event.uid,
            (version.segment.valid_from, version.segment.valid_to),
            (version.known_from, version.known_to),
        )
        for stream in oracle.streams()
        for version in oracle.versions(stream)
    )
