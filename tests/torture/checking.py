"""What must have come of a log, worked out from the log alone, and whether a graph says so."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from neo4j import AsyncDriver

from graph_service.core.errors import BadRecord
from graph_service.core.model import event_uid
from graph_service.mapping import Mapping as EventMapping
from graph_service.mapping import Record, decode

NAMED_MAX = 10
"""Of what differs, so many are named."""


@dataclass(slots=True, kw_only=True)
class Truth:
    """What a log holds. Record order is worked out here on its own: by known time, topic, partition and offset."""

    records: int = 0
    #: Numbers of the publications that are in the log.
    numbers: set[int] = field(default_factory=set)
    #: By uid, the place `topic/partition/offset` of the record that counts.
    events: dict[str, str] = field(default_factory=dict)
    doubles: int = 0
    unmapped: int = 0
    #: By place: the reason of a record that cannot be used.
    bad: dict[str, str] = field(default_factory=dict)
    #: Places of each content, other than the one that counts, of one identity: each must have at least one dead letter.
    conflicts: list[tuple[str, ...]] = field(default_factory=list)
    #: All places of such identities, without those that count. A double of what counts may be a dead letter, too: it was held against
    #: another content that was applied before the record that counts came.
    disputed: set[str] = field(default_factory=set)
    #: By topic and partition: the last offset.
    last: dict[tuple[str, int], int] = field(default_factory=dict)


async def read_truth(bootstrap: str, partitions: Mapping[str, int], mapping: EventMapping) -> Truth:
    """Read all of the topics (by name, how many partitions they have), and work out what must come of them."""
    truth = Truth()
    said: dict[str, list[tuple[tuple[int, str, int, int], bytes]]] = defaultdict(list)
    known: dict[tuple[str, int], int] = {}
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False) as consumer:
        parts = [
            TopicPartition(topic, number) for topic, count in partitions.items() for number in range(count)
        ]
        ends = await consumer.end_offsets(parts)
        consumer.assign(parts)
        await consumer.seek_to_beginning(*parts)
        while any([await consumer.position(part) < end for part, end in ends.items()]):
            for part, records in (await consumer.getmany(timeout_ms=500, max_records=5000)).items():
                place = (part.topic, part.partition)
                for record in records:
                    known[place] = max(known.get(place, 0), record.timestamp * 1000)
                    truth.last[place] = record.offset
                    _take(truth, said, record, known[place], mapping)
    for uid, contents in said.items():
        contents.sort()
        (order, first), others = contents[0], defaultdict(list)
        truth.events[uid] = _place(order)
        for order, content in contents[1:]:
            if content == first:
                truth.doubles += 1
            else:
                others[content].append(_place(order))
        if others:
            truth.conflicts += [tuple(places) for places in others.values()]
            truth.disputed.update(_place(order) for order, _ in contents[1:])
    return truth


def _take(truth: Truth, said: dict[str, Any], record: Any, known: int, mapping: EventMapping) -> None:
    order = (known, record.topic, record.partition, record.offset)
    truth.records += 1
    truth.numbers.update(int(value) for name, value in record.headers if name == "number")
    plain = Record(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        timestamp_ms=record.timestamp,
        headers=record.headers,
        value=record.value,
    )
    try:
        # Whether a record can be used is asked of the service: what comes of it is not.
        event = decode(plain, known)
        if mapping.assertions(event) is None:
            truth.unmapped += 1
            return
    except BadRecord as bad:
        truth.bad[_place(order)] = bad.reason
        return
    plain_event = json.loads(record.value)
    content = blake2b(record.value, digest_size=16).digest()
    said[event_uid(plain_event["source"], plain_event["id"])].append((order, content))


def _place(order: tuple[int, str, int, int]) -> str:
    return "/".join(map(str, order[1:]))


@dataclass(frozen=True, kw_only=True)
class Findings:
    """How a graph differs from what must be. All counts are 0 when it does not."""

    lost: int
    doubled: int
    unexpected: int
    #: Events that are there under another record than the one that counts.
    misplaced: int
    dead_letters_missing: int
    dead_letters_unexpected: int
    positions_wrong: int
    #: What the graph has counted: every record once, as an event, a double, unmapped or a dead letter.
    counts_wrong: int
    #: Some of each, for people.
    named: Mapping[str, Sequence[str]]

    @property
    def clean(self) -> bool:
        """Whether there is nothing to find."""
        return not any(value for name, value in asdict(self).items() if name != "named")


async def findings(driver: AsyncDriver, truth: Truth) -> Findings:
    """Compare a graph with what must have come of the log."""
    there: dict[str, list[str]] = defaultdict(list)
    for row in await _rows(
        driver, "MATCH (e:Event) RETURN e.uid AS uid, e.topic AS t, e.partition AS p, e.offset AS o"
    ):
        there[row["uid"]].append(f"{row['t']}/{row['p']}/{row['o']}")
    letters = {
        row["id"]: row["reason"]
        for row in await _rows(driver, "MATCH (d:DeadLetter) RETURN d.id AS id, d.reason AS reason")
    }
    applied = await positions(driver)
    found = {
        "lost": sorted(truth.events.keys() - there.keys()),
        "doubled": [uid for uid, places in there.items() if len(places) > 1],
        "unexpected": sorted(there.keys() - truth.events.keys()),
        "misplaced": [
            f"{uid} at {there[uid]} instead of {place}"
            for uid, place in truth.events.items()
            if uid in there and place not in there[uid]
        ],
        "dead_letters_missing": [
            *(f"{place} {reason}" for place, reason in truth.bad.items() if letters.get(place) != reason),
            *(
                f"{places} conflict"
                for places in truth.conflicts
                if not any(letters.get(place) == "conflict" for place in places)
            ),
        ],
        "dead_letters_unexpected": [
            f"{id} {reason}"
            for id, reason in letters.items()
            if id not in truth.bad and not (id in truth.disputed and reason == "conflict")
        ],
        "positions_wrong": [
            f"{place}: {applied.get(place)} instead of {offset}"
            for place, offset in truth.last.items()
            if applied.get(place) != offset
        ],
        "counts_wrong": [
            f"{name}: {found} instead of {wanted}"
            for name, found, wanted in await _counts(driver, truth, len(letters))
            if found != wanted
        ],
    }
    return Findings(
        **{name: len(them) for name, them in found.items()},
        named={name: [str(one) for one in them[:NAMED_MAX]] for name, them in found.items() if them},
    )


async def _counts(driver: AsyncDriver, truth: Truth, letters: int) -> list[tuple[str, int, int]]:
    """What was counted, and what it should be. A record that was applied twice would be counted twice, though it changes nothing."""
    statement = "MATCH (g:Graph) RETURN g.events AS events, g.duplicates AS doubles, g.unmapped AS unmapped"
    [row] = await _rows(driver, statement)
    return [
        ("events", row["events"], len(truth.events)),
        ("unmapped", row["unmapped"], truth.unmapped),
        ("records", sum(row.values()) + letters, truth.records),
    ]


async def positions(driver: AsyncDriver) -> dict[tuple[str, int], int]:
    """The last offset that is applied, by topic and partition."""
    rows = await _rows(driver, "MATCH (p:Position) RETURN p.topic AS t, p.partition AS p, p.offset AS o")
    return {(row["t"], row["p"]): row["o"] for row in rows}


async def owned(driver: AsyncDriver) -> int:
    """How many partitions have ever been taken by an ingester."""
    [row] = await _rows(driver, "MATCH (p:Position) WHERE p.epoch > 0 RETURN count(p) AS partitions")
    return int(row["partitions"])


async def behind(driver: AsyncDriver, last: Mapping[tuple[str, int], int]) -> int:
    """How many offsets the graph is behind these, in all."""
    applied = await positions(driver)
    return sum(max(0, offset - applied.get(place, -1)) for place, offset in last.items())


async def _rows(driver: AsyncDriver, statement: str) -> list[dict[str, Any]]:
    async with driver.session(fetch_size=10_000) as session:
        return [record.data() async for record in await session.run(statement)]
