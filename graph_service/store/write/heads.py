"""What is remembered of each stream so that an append is known without reading the past. Pure.

A head says how far a stream reaches: the latest valid instant at which anything begins or ends in it, and the last record that
spoke about it. Claims that lie beyond it on both clocks, and have no end, are an append: only what is open can change.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from graph_service.core.assertions import EntityEnded
from graph_service.core.fold import Claim, streams_of
from graph_service.core.model import RecordOrder, StreamKey, canonical
from graph_service.core.time import FOREVER

#: Stands for the ends of the entity, which bear on every stream of it, also on those that are first heard of later.
ENDS = "*"
_LAST_TOPIC = chr(0x10FFFF)


class Head(NamedTuple):
    """How far a stream reaches."""

    valid: int
    order: RecordOrder


Heads = dict[str, Head]


def name_of(stream: StreamKey) -> str:
    """The name of a stream among the streams of its owner."""
    return f"{stream.type} {stream.discriminator}" if stream.type else ""


def stream_of(owner: str, name: str) -> StreamKey:
    """The stream behind a name."""
    type, _, discriminator = name.partition(" ")
    return StreamKey(owner, type, discriminator)


def to_text(heads: Mapping[str, Head]) -> str:
    """As canonical JSON, put together by hand: an encoder costs several times as much for so little."""
    listed = (
        f"{canonical(name)}:[{valid},{recorded_at},{canonical(topic)},{partition},{offset}]"
        for name, (valid, (recorded_at, topic, partition, offset)) in sorted(heads.items())
    )
    return "{" + ",".join(listed) + "}"


def from_text(text: str | None) -> Heads:
    """From `to_text`; nothing where nothing was remembered."""
    plain = json.loads(text) if text else {}
    return {name: Head(valid, RecordOrder(*order)) for name, (valid, *order) in plain.items()}


def heads_of(owner: str, claims: Iterable[Claim]) -> Heads:
    """The heads after these claims, which are all that was ever said about the owner."""
    heads: Heads = {}
    listed = list(claims)
    existing = {stream for one in listed for stream in streams_of(one.assertion, ())}
    for one in listed:
        for name in _names(owner, one, existing):
            heads[name] = _reached(heads.get(name), one)
    return heads


def appended(owner: str, heads: Mapping[str, Head], claims: Iterable[Claim]) -> Heads | None:
    """The heads after claims, given in record order, when all of them append; None when one of them does not."""
    result = dict(heads)
    last_event: dict[str, str] = {}
    for one in claims:
        if one.assertion.valid_to != FOREVER or len(one.believed) != 1 or one.believed[0][1] != FOREVER:
            return None
        existing = [stream_of(owner, name) for name in result if name != ENDS]
        names = _names(owner, one, existing)
        for name in {*names, ENDS}:
            head = result.get(name)
            if head is None:
                continue
            same = last_event.get(name) == one.event
            beyond = one.place.valid_from > head.valid or (same and one.place.valid_from == head.valid)
            if not beyond or one.place.order < head.order:
                return None
        for name in names:
            result[name] = _reached(result.get(name), one)
            last_event[name] = one.event
    return result


def learned(owner: str, heads: Mapping[str, Head], claims: Iterable[Claim]) -> Heads | None:
    """The heads after claims that may be late on the valid axis, but were all recorded after everything their streams were told;
    None when one of them was not, or has an end.
    """
    result = dict(heads)
    for one in claims:
        if one.assertion.valid_to != FOREVER or len(one.believed) != 1 or one.believed[0][1] != FOREVER:
            return None
        names = _names(owner, one, [stream_of(owner, name) for name in result if name != ENDS])
        for name in {*names, ENDS}:
            head = heads.get(name)
            if head is not None and one.place.order.recorded_at <= head.order.recorded_at:
                return None
        for name in names:
            result[name] = _reached(result.get(name, result.get(ENDS)), one)
    return result


def _names(owner: str, one: Claim, existing: Iterable[StreamKey]) -> set[str]:
    names = {name_of(stream) for stream in streams_of(one.assertion, existing)}
    if isinstance(one.assertion, EntityEnded):
        names.add(ENDS)
    return names


def _reached(head: Head | None, one: Claim) -> Head:
    valid = one.place.valid_from
    if one.assertion.valid_to != FOREVER:
        valid = max(valid, one.assertion.valid_to)
    moved = [
        known for span in one.believed for known in span if one.place.order.recorded_at < known < FOREVER
    ]
    order = max([one.place.order, *map(_after, moved)])
    if head is None:
        return Head(valid, order)
    return Head(max(valid, head.valid), max(order, head.order))


def _after(known: int) -> RecordOrder:
    """Behind every record of that known time. A retraction speaks about a stream too, and from then on."""
    return RecordOrder(known, _LAST_TOPIC, 0, 0)
