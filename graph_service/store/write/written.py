"""An event as its transaction writes it down, put together before the transaction begins. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from graph_service.core.assertions import (
    Assertion,
    EventRetracted,
    RelationshipAsserted,
    RelationshipsAsserted,
    Spanned,
    owner_of,
)
from graph_service.core.fold import Claim, claim
from graph_service.core.model import Event
from graph_service.core.time import FOREVER
from graph_service.store.write.claims import to_text


class Written(NamedTuple):
    """What an event comes to in the graph, but for the ids of the entities that it names."""

    uid: str
    #: Properties of its node.
    event: dict[str, Any]
    #: (owner's key, properties of the ABOUT relationship): what it claims about each owner.
    abouts: Sequence[tuple[str, dict[str, Any]]]
    #: (owner's key, claim), in the order of the event.
    claims: Sequence[tuple[str, Claim]]
    #: The keys of all entities that it names.
    keys: frozenset[str]
    #: Whether it retracts any event.
    retracts: bool


def written(event: Event, assertions: Iterable[Assertion], mapping: str, *, erased: bool) -> Written:
    """Of one event and what it asserts. `mapping`: the version of the mapping; `erased`: whether what it said was erased."""
    uid = event.uid
    by_owner: dict[str, list[tuple[int, Spanned]]] = defaultdict(list)
    claims: list[tuple[str, Claim]] = []
    keys = set[str]()
    retracts = False
    for nth, assertion in enumerate(assertions):
        if isinstance(assertion, EventRetracted):
            retracts = True
            continue
        owner = owner_of(assertion)
        by_owner[owner].append((nth, assertion))
        claims.append((owner, claim(assertion, uid, event.order, nth, event.sequence)))
        keys.add(owner)
        keys.update(_targets(assertion))
    return Written(
        uid=uid,
        event=_event_row(event, uid, mapping, erased=erased),
        abouts=[(owner, _about(numbered)) for owner, numbered in by_owner.items()],
        claims=claims,
        keys=frozenset(keys),
        retracts=retracts,
    )


def _targets(assertion: Spanned) -> Iterator[str]:
    """The entities that are named as the other end of what begins; what ends names none."""
    if isinstance(assertion, RelationshipAsserted):
        yield assertion.target
    elif isinstance(assertion, RelationshipsAsserted):
        yield from assertion.targets


def _about(numbered: Sequence[tuple[int, Spanned]]) -> dict[str, Any]:
    """What an event claims about one owner; `latest` and `ends` (absent where they say nothing new) tell which instants it bears on."""
    starts = [one.valid_from for _, one in numbered]
    about: dict[str, Any] = {"valid_from": min(starts), "assertions": to_text(numbered)}
    if max(starts) != about["valid_from"]:
        about["latest"] = max(starts)
    if ends := [one.valid_to for _, one in numbered if one.valid_to != FOREVER]:
        about["ends"] = max(ends)
    return about


def _event_row(event: Event, uid: str, mapping: str, *, erased: bool) -> dict[str, Any]:
    """Without what is null: it would be sent, read and thrown away."""
    (source, id), (recorded_at, topic, partition, offset) = event.identity, event.order
    row = {
        "uid": uid, "source": source, "id": id, "type": event.type, "time": event.time, "data": event.data, "content_hash": event.content_hash,
        "mapping": mapping, "recorded_at": recorded_at, "topic": topic, "partition": partition, "offset": offset,
    }  # fmt: skip
    for name, value in (
        ("subject", event.subject),
        ("sequence", event.sequence),
        ("correlation_id", event.correlation_id),
        ("causation_id", event.causation_id),
        ("recorded_time", event.recorded_time),
        ("traceparent", event.traceparent),
        ("erased", erased or None),
    ):
        if value is not None:
            row[name] = value
    return row
