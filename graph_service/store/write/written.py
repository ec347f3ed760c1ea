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
    ends = [one.valid_to for _, one in numbered]
    return _said(
        {
            "valid_from": min(starts),
            "valid_to": max(ends),
            "latest": max(starts) if max(starts) != min(starts) else None,
            "ends": max((end for end in ends if end != FOREVER), default=None),
            "assertions": to_text(numbered),
        }
    )


def _event_row(event: Event, uid: str, mapping: str, *, erased: bool) -> dict[str, Any]:
    row = {
        "uid": uid,
        "source": event.identity.source,
        "id": event.identity.id,
        "type": event.type,
        "subject": event.subject,
        "time": event.time,
        "sequence": event.sequence,
        "correlation_id": event.correlation_id,
        "causation_id": event.causation_id,
        "recorded_time": event.recorded_time,
        "traceparent": event.traceparent,
        "data": event.data,
        "content_hash": event.content_hash,
        "mapping": mapping,
        "erased": erased or None,
        **event.order._asdict(),
    }
    return _said(row)


def _said(row: dict[str, Any]) -> dict[str, Any]:
    """Without what is null: it would be sent, read and thrown away."""
    return {name: value for name, value in row.items() if value is not None}
