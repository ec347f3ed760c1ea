"""From the stored rows of one owner and what is claimed about it to what has to change in the graph. Pure.

`refold` reads all of the owner's past; `append` only what is open, and is allowed only where `heads.appended` says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from graph_service.core.fold import Claim, advance, fold, streams_of
from graph_service.core.model import NOTHING, Properties, Row, StreamKey
from graph_service.core.time import FOREVER
from graph_service.store.queries import PAST
from graph_service.store.read.rows import StoredRow
from graph_service.store.write.announcing import RowsByStream
from graph_service.store.write.heads import Heads, heads_of, to_text

Sign: TypeAlias = frozenset[tuple[str, Any]]
"""What tells a stored row from another of the same type and target."""

BEGINNING = -(2**63)
HAD = "HAD"
COPY_CHARACTERS_MAX = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A relationship of the graph that holds a row. `id` is the database's, good within the transaction only."""

    id: str
    type: str
    target: str
    plain: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """What to do to the rows and the node of one owner."""

    delete: tuple[str, ...]
    #: (type, target key, row as plain properties).
    create: tuple[tuple[str, str, dict[str, Any]], ...]
    node: dict[str, Any]
    #: The rows that were compared, before and after, of the streams that can have changed.
    before: RowsByStream
    after: RowsByStream


def refold(
    owner: str,
    claims: Iterable[Claim],
    stored: Iterable[Stored],
    recorded_at: int,
    state: Row | None = None,
) -> Edits:
    """The edits that bring the rows of `owner` to the fold of all its claims; `stored` are all its rows outside its node, `state` is
    the one in it, which only bears on what is `before`.
    """
    listed, kept = list(claims), list(stored)
    heads = heads_of(owner, listed)
    by_stream = _by_stream(owner, listed, ())
    rows = {stream: fold(its) for stream, its in by_stream.items()}
    before: dict[StreamKey, list[Row]] = {StreamKey(owner): [state] if state else []}
    for one in kept:
        type = "" if one.type == HAD else one.type.removesuffix(PAST)
        stream = StreamKey(owner, type, one.plain.get("discriminator", ""))
        before.setdefault(stream, []).append(row_of(one.target if type else "", one.plain))
    node = {**_node(rows[StreamKey(owner)]), "heads": to_text(heads)}
    return _edits(rows, kept, recorded_at, node, before)


def append(
    owner: str,
    claims: Iterable[Claim],
    tail: Iterable[tuple[StreamKey, Stored]],
    state: Row | None,
    heads: Heads,
    existing: Iterable[StreamKey],
    recorded_at: int,
) -> Edits:
    """The edits of claims that append. `tail` are the open rows of the relationship streams they speak of, `state` the row in the
    node, `heads` those after the claims, `existing` the streams of the owner before them.
    """
    open_rows: dict[StreamKey, list[Row]] = {StreamKey(owner): [state] if state else []}
    stored = []
    by_stream = {stream: its for stream, its in _by_stream(owner, claims, existing).items() if its}
    for stream, one in tail:
        if stream in by_stream:
            stored.append(one)
            open_rows.setdefault(stream, []).append(row_of(one.target, one.plain))
    rows = {stream: advance(open_rows.get(stream, ()), (), its) for stream, its in by_stream.items()}
    node: dict[str, Any] = {"heads": to_text(heads)}
    if own := rows.get(StreamKey(owner)):  # without a row before or after, an end has changed nothing
        node = {**_node(own), **node}
    return _edits(rows, stored, recorded_at, node, {stream: open_rows.get(stream, ()) for stream in rows})


def window(
    owner: str,
    claims: Iterable[Claim],
    standing: Iterable[Claim],
    reaching: Iterable[tuple[StreamKey, Stored]],
    state: Row | None,
    heads: Heads,
    existing: Iterable[StreamKey],
    recorded_at: int,
) -> Edits | None:
    """The edits of claims that are late on the valid axis, but newer than all of their streams on the other.

    `standing` are the claims still believed that begin at or after the earliest of `claims`, `reaching` the believed rows of the
    owner outside its node that reach it, `state` the row in the node; else as `append`. None: all of the past is needed.
    """
    new, old = list(claims), [one for one in standing if one.believed and one.believed[-1][1] == FOREVER]
    since = min(one.place.valid_from for one in new)
    if any(since <= one.assertion.valid_to < FOREVER for one in old):
        return None
    streams = _by_stream(owner, [*old, *new], existing)
    by_stream = {stream: its for stream, its in _by_stream(owner, new, streams).items() if its}
    earlier = _by_stream(owner, old, streams)
    kept: dict[StreamKey, list[Row]] = {StreamKey(owner): [state] if state else []}
    stored = []
    for stream, one in reaching:
        if stream in by_stream:
            stored.append(one)
            kept.setdefault(stream, []).append(row_of(one.target if stream.type else "", one.plain))
    rows = {stream: advance(kept.get(stream, ()), earlier[stream], its) for stream, its in by_stream.items()}
    node: dict[str, Any] = {"heads": to_text(heads)}
    own = rows.get(StreamKey(owner))
    if own is not None:
        if not any(_open(row) for row in own):
            return None  # when it ended is known to rows further back
        node = {**_node(own), **node}
    return _edits(rows, stored, recorded_at, node, {stream: kept.get(stream, ()) for stream in rows})


def _by_stream(
    owner: str, claims: Iterable[Claim], existing: Iterable[StreamKey]
) -> dict[StreamKey, list[Claim]]:
    listed = list(claims)
    by_stream: dict[StreamKey, list[Claim]] = {StreamKey(owner): [], **{stream: [] for stream in existing}}
    for one in listed:
        for stream in streams_of(one.assertion, ()):
            by_stream.setdefault(stream, [])
    for one in listed:
        for stream in streams_of(one.assertion, by_stream):
            by_stream[stream].append(one)
    return by_stream


def _edits(
    rows: RowsByStream,
    stored: Iterable[Stored],
    recorded_at: int,
    node: dict[str, Any],
    before: RowsByStream,
) -> Edits:
    """What differs between the stored rows and the wanted ones; the open row of the entity's state lives in its node."""
    wanted: dict[tuple[str, str, Sign], dict[str, Any]] = {}
    for stream, its_rows in rows.items():
        for row in its_rows:
            if stream.type or not _open(row):
                name, target = _place(stream, row, recorded_at)
                plain = _plain(row, stream.discriminator)
                wanted[(name, target, _sign(plain))] = plain
    delete = [old.id for old in stored if wanted.pop((old.type, old.target, _sign(old.plain)), None) is None]
    create = tuple((name, target, plain) for (name, target, _), plain in wanted.items())
    return Edits(delete=tuple(delete), create=create, node=node, before=before, after=rows)


def row_of(item: str, plain: Mapping[str, Any]) -> Row:
    """The core's row from stored properties."""
    return StoredRow.of(plain).row(item)


def _open(row: Row) -> bool:
    return row.known_to == FOREVER and row.valid_to == FOREVER


def _place(stream: StreamKey, row: Row, recorded_at: int) -> tuple[str, str]:
    """The relationship type and the other end under which a row is kept; what is not over yet stays with the present."""
    if not stream.type:
        return HAD, stream.owner
    present = row.known_to == FOREVER and row.valid_to > recorded_at
    return (stream.type if present else stream.type + PAST), row.item


def _plain(row: Row, discriminator: str) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "event": row.event,
        "valid_from": row.valid_from,
        "valid_to": row.valid_to,
        "known_from": row.known_from,
        "known_to": row.known_to,
    }
    if row.properties != NOTHING:
        plain["properties"] = row.properties.text
    if row.valid_to != FOREVER and row.end_known != row.known_from:
        plain["end_known"] = row.end_known
    if row.ended_by is not None:
        plain["ended_by"] = row.ended_by
    if discriminator:
        plain["discriminator"] = discriminator
    return plain


def _sign(plain: Mapping[str, Any]) -> Sign:
    return frozenset(plain.items())


def _node(rows: Iterable[Row]) -> dict[str, Any]:
    """The properties of the entity's node: the last stretch of its timeline."""
    rows = tuple(rows)
    for row in rows:
        if _open(row):
            return {
                "declared": True,
                "present": True,
                "valid_from": row.valid_from,
                "known_from": row.known_from,
                "event": row.event,
                "properties": row.properties.text,
                **_copies(row.properties),
            }
    ended = [row.valid_to for row in rows if row.known_to == FOREVER]
    return {
        "declared": bool(rows),
        "present": False,
        "valid_from": max(ended, default=BEGINNING),
        "known_from": max(
            (row.end_known if row.known_to == FOREVER else row.known_to for row in rows), default=BEGINNING
        ),
    }


def _copies(properties: Properties) -> dict[str, Any]:
    """Plain scalars under names of their own, for filters and for people who look with a database browser."""
    return {
        f"p_{name}": value
        for name, value in properties.values().items()
        if isinstance(value, (bool, float))
        or (isinstance(value, int) and -(2**63) <= value < 2**63)
        or (isinstance(value, str) and len(value) <= COPY_CHARACTERS_MAX)
    }
