"""What the store does to the rows of entities as batches come, without a database: append where `heads` allows it, else refold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from graph_service.core.assertions import EventRetracted, RelationshipAsserted, RelationshipEnded, owner_of
from graph_service.core.fold import Claim
from graph_service.core.model import EventId, RecordOrder, Row, StreamKey
from graph_service.core.time import FOREVER
from graph_service.store.write.refold import BEGINNING, Edits, Stored
from tests import builders
from tests.builders import CORE, Core, end, entity, link, retract, retractors_of
from tests.oracle import Recorded

#: (type, other end, row): what is stored besides the node. Whether a row is kept with the present is left out: it is decided when
#: the row is written, and what is over by then may still be found there.
Kept = tuple[str, str, str]


#: What the node of an entity that was only named is like.
NAMED = {"declared": False, "present": False, "valid_from": BEGINNING, "known_from": BEGINNING}


@dataclass
class Owner:
    """One entity as it is stored."""

    rows: dict[str, Stored] = field(default_factory=dict)
    node: dict[str, Any] = field(default_factory=lambda: dict(NAMED))
    claims: list[Claim] = field(default_factory=list)

    def edit(self, edits: Edits) -> None:
        """Do what the edits say."""
        for id in edits.delete:
            del self.rows[id]
        for type, target, plain in edits.create:
            id = f"{len(self.rows)} {type} {target} {sorted(plain.items())}"
            self.rows[id] = Stored(id=id, type=type, target=target, plain=plain)
        if "present" in edits.node:
            self.node = dict(edits.node)
        else:
            self.node["heads"] = edits.node["heads"]

    def kept(self) -> list[Kept]:
        """All rows in comparable form."""
        return sorted(
            (row.type.removesuffix("_PAST"), row.target, repr(sorted(row.plain.items())))
            for row in self.rows.values()
        )


@dataclass
class Appending:
    """A store that takes batches of events, each event at most once."""

    core: Core = CORE
    owners: dict[str, Owner] = field(default_factory=dict)
    appended: int = 0
    windowed: int = 0
    refolded: int = 0
    _seen: list[Recorded] = field(default_factory=list)
    _spans: Mapping[str, Any] = field(default_factory=dict)

    def write(self, batch: Sequence[Recorded]) -> None:
        """As `store.write.folding` does it."""
        self._seen += batch
        recorded_at = max(record.order.recorded_at for record in self._seen)
        new: dict[str, list[Claim]] = {}
        for record in sorted(batch, key=lambda record: record.order):
            for nth, assertion in enumerate(record.assertions):
                if not isinstance(assertion, EventRetracted):
                    one = self.core.fold.claim(
                        assertion, record.event.uid, record.order, nth, record.sequence
                    )
                    new.setdefault(owner_of(assertion), []).append(one)
        for key, claims in new.items():
            self.owners.setdefault(key, Owner()).claims.extend(claims)
        reached = self._reached()
        for key in new.keys() | reached:
            owner = self.owners[key]
            before = self.core.heads.from_text(owner.node.get("heads"))
            heads = None if key in reached else self.core.heads.appended(key, before, new[key])
            if heads is None:
                edits = None if key in reached else self._window(key, owner, before, new[key], recorded_at)
                if edits is None:
                    self.refolded += 1
                    edits = self._refold(key, owner, recorded_at)
                else:
                    self.windowed += 1
            else:
                self.appended += 1
                existing = [
                    self.core.heads.stream_of(key, name) for name in before if name != self.core.heads.ENDS
                ]
                state = self.core.refold.row_of("", owner.node) if owner.node.get("present") else None
                edits = self.core.refold.append(
                    key, new[key], self._tail(owner, new[key], existing), state, heads, existing, recorded_at
                )
            owner.edit(edits)

    def _window(
        self, key: str, owner: Owner, before: Any, new: list[Claim], recorded_at: int
    ) -> Edits | None:
        """The edits where only the past from the earliest new claim on is read; None where more is needed."""
        heads = self.core.heads.learned(key, before, new)
        if heads is None:
            return None
        since = min(one.place.valid_from for one in new)
        standing = [
            one
            for one in owner.claims
            if one not in new and (one.place.valid_from >= since or since <= one.assertion.valid_to < FOREVER)
        ]
        reaching = [
            (self._stream(key, row), row)
            for row in owner.rows.values()
            if row.plain["known_to"] == FOREVER and row.plain["valid_to"] >= since
        ]
        existing = [self.core.heads.stream_of(key, name) for name in before if name != self.core.heads.ENDS]
        state = self.core.refold.row_of("", owner.node) if owner.node.get("present") else None
        edits: Edits | None = self.core.refold.window(
            key, new, standing, reaching, state, heads, existing, recorded_at
        )
        return edits

    def _stream(self, key: str, row: Stored) -> StreamKey:
        type = row.type.removesuffix("_PAST").removeprefix("HAD")
        return StreamKey(key, type, row.plain.get("discriminator", ""))

    def _refold(self, key: str, owner: Owner, recorded_at: int) -> Edits:
        """`refold`, with the heads of this core: that module knows only the real ones."""
        edits: Edits = self.core.refold.refold(key, owner.claims, owner.rows.values(), recorded_at)
        heads = self.core.heads.heads_of(key, owner.claims)
        return replace(edits, node={**edits.node, "heads": self.core.heads.to_text(heads)})

    def _reached(self) -> set[str]:
        """The owners whose past claims now count at other times than before; their claims are brought up to date."""
        orders: dict[str, RecordOrder] = {record.event.uid: record.order for record in self._seen}
        before, self._spans = (
            self._spans,
            self.core.retraction.believed_spans(orders, retractors_of(self._seen)),
        )
        changed = {uid for uid, spans in self._spans.items() if before.get(uid) != spans}
        reached = set()
        for key, owner in self.owners.items():
            if any(one.event in changed for one in owner.claims):
                reached.add(key)
                owner.claims = [
                    replace(one, believed=self._spans.get(one.event, one.believed)) for one in owner.claims
                ]
        return reached

    def _tail(
        self, owner: Owner, claims: Sequence[Claim], existing: Sequence[StreamKey]
    ) -> list[tuple[StreamKey, Stored]]:
        """The open rows that are read for an append: of whole types, or of single targets."""
        whole: set[str] = set()
        single: set[tuple[str, str]] = set()
        for one in claims:
            for stream in self.core.fold.streams_of(one.assertion, existing):
                if stream.type and stream in existing:
                    if isinstance(one.assertion, RelationshipAsserted | RelationshipEnded):
                        single.add((stream.type, one.assertion.target))
                    else:
                        whole.add(stream.type)
        key = owner_of(claims[0].assertion)
        return [
            (StreamKey(key, row.type, row.plain.get("discriminator", "")), row)
            for row in owner.rows.values()
            if row.plain["valid_to"] == FOREVER and (row.type in whole or (row.type, row.target) in single)
        ]

    def stored(self) -> dict[StreamKey, tuple[Row, ...]]:
        """The rows of every stream as they are stored, those in nodes too."""
        found: dict[StreamKey, list[Row]] = {}
        for key, owner in self.owners.items():
            if owner.node["present"]:
                found[StreamKey(key)] = [self.core.refold.row_of("", owner.node)]
            for row in owner.rows.values():
                stream = self._stream(key, row)
                item = row.target if stream.type else ""
                found.setdefault(stream, []).append(self.core.refold.row_of(item, row.plain))
        return {stream: tuple(rows) for stream, rows in found.items()}

    def wrong(self) -> str | None:
        """The first entity that is not what one refold of all its claims makes of it; None when all are."""
        recorded_at = max((record.order.recorded_at for record in self._seen), default=0)
        for key, owner in self.owners.items():
            fresh = Owner(claims=owner.claims)
            fresh.edit(self._refold(key, fresh, recorded_at))
            if owner.kept() != fresh.kept():
                return f"rows of {key}\n  are {owner.kept()}\n  not {fresh.kept()}"
            if owner.node != fresh.node:
                return f"node of {key}\n  is {owner.node}\n  not {fresh.node}"
        return None


def once(records: Sequence[Recorded]) -> list[Recorded]:
    """The records that count: of each event the first in record order."""
    first: dict[EventId, Recorded] = {}
    for record in sorted(records, key=lambda record: record.order):
        first.setdefault(record.event, record)
    return list(first.values())


def _in_batches(*batches: Sequence[Recorded]) -> list[list[Recorded]]:
    """With their place in the log as their offset."""
    offsets = count()
    return [
        [replace(one, order=one.order._replace(offset=next(offsets))) for one in batch] for batch in batches
    ]


def _each(*records: Recorded) -> list[list[Recorded]]:
    """Each record in a batch of its own."""
    return _in_batches(*([one] for one in records))


_record = builders.record
#: Deliveries that chance seldom finds.
WORKED: Mapping[str, Sequence[Sequence[Recorded]]] = {
    "what was recorded before a retraction that has come already": _each(
        _record("one", 100, entity("a", 0, x=1)),
        _record("taken back", 110, retract("one"), partition=1),
        _record("between", 105, entity("a", 5, y=1)),
    ),
    "a stream that is first heard of behind an end": _each(
        _record("end", 100, end("a", 5)), _record("link", 101, link("a", "CALLS", "b", 3))
    ),
    "a stream that is first heard of behind an end that was recorded later": _each(
        _record("end", 110, end("a", 5), partition=1), _record("link", 105, link("a", "CALLS", "b", 3))
    ),
    "two ends": _each(
        _record("one", 100, entity("a", 0)),
        _record("end", 101, end("a", 5)),
        _record("again", 102, end("a", 6)),
    ),
    "a late end that takes the last stretch away": _each(
        _record("one", 100, entity("a", 0)),
        _record("end", 101, end("a", 3)),
        _record("back", 102, entity("a", 6)),
        _record("end again", 103, end("a", 10)),
        _record("never back", 104, end("a", 6)),
    ),
    "two events of one instant": _each(
        _record("one", 100, entity("a", 0), sequence="2"),
        _record("two", 101, entity("a", 0, x=1), sequence="1"),
    ),
    "a known time that two batches share": _each(
        _record("one", 100, link("a", "CALLS", "b", 0)), _record("two", 100, link("a", "CALLS", "b", 1, x=1))
    ),
    "a late event within a span that is yet to end": _each(
        _record("one", 100, entity("a", 0, x=1)),
        _record("for a while", 101, entity("a", 2, 10, y=1)),
        _record("late", 102, entity("a", 5, z=1)),
    ),
    "a late event before one that was taken back": _each(
        _record("one", 100, entity("a", 5, x=1)),
        _record("taken back", 101, retract("one")),
        _record("late", 102, entity("a", 3)),
    ),
    "what was recorded before a retraction, and covers again what that took away": _in_batches(
        [_record("one", 100, entity("a", 0)), _record("taken back", 101, retract("one"))],
        [_record("late", 100, entity("a", 1), partition=1)],
    ),
    "what was recorded at the instant of a retraction, and covers again what that took away": _in_batches(
        [_record("one", 100, entity("a", 0)), _record("taken back", 101, retract("one"))],
        [_record("at once", 101, entity("a", 1), partition=1)],
    ),
}
