"""The streams of a few entities as some new claims would make them: read no further back than they reach, and folded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graph_service.core.errors import BadRequest
from graph_service.core.fold import Claim, advance, fold, streams_of
from graph_service.core.model import RecordOrder, Row, StreamKey
from graph_service.core.retraction import Spans
from graph_service.core.time import FOREVER
from graph_service.store.queries import PAST, query
from graph_service.store.read.reads import Reads, in_chunks
from graph_service.store.write.claims import from_text
from graph_service.store.write.refold import HAD, row_of

CLAIMS_MAX = 20_000
"""How many events may speak about the entities whose whole past is needed, all together."""


@dataclass(frozen=True, kw_only=True)
class Streams:
    """Rows by stream, as believed before and with the new claims."""

    #: At least all rows that are believed, on either side, and reach the instant that was asked for.
    rows: dict[StreamKey, tuple[Row, ...]] = field(default_factory=dict)
    #: The entities of which all rows are there.
    whole: set[str] = field(default_factory=set)


async def streams_with(
    reads: Reads,
    claims: Mapping[str, Sequence[Claim]],
    standing: Mapping[str, Spans],
    reached: Iterable[str],
    since: int,
) -> Streams:
    """The streams of all owners of `claims`, with these; and of `reached`, of which events in `standing` stand at other known times.

    The claims are recorded after all that is. What ended before `since` and before the claims begin is left out, but where the
    whole past is needed.

    Raises:
        BadRequest: the whole past is needed, and it is too long.
    """
    found = Streams()
    wholly = set(reached)
    for some in in_chunks(sorted(claims.keys() - wholly)):
        starts = {key: min(since, *(one.place.valid_from for one in claims[key])) for key in some}
        records = await reads.run(query("read/streams_from"), owners=[[*pair] for pair in starts.items()])
        known = {record["key"]: record for record in records}
        for key, start in starts.items():
            rows = _advanced(key, start, claims[key], known.get(key))
            if rows is None:
                wholly.add(key)
            else:
                found.rows.update(rows)
    await _whole(reads, found, claims, standing, sorted(wholly))
    return found


def _advanced(
    owner: str, since: int, new: Sequence[Claim], record: Mapping[str, Any] | None
) -> dict[StreamKey, tuple[Row, ...]] | None:
    """The streams from `since` on; None where a span ends there, which needs all that it covered."""
    old = [] if record is None else _claims(record["claims"], {})
    old = [one for one in old if one.believed and one.believed[-1][1] == FOREVER]
    if any(since <= one.assertion.valid_to < FOREVER for one in (*old, *new)):
        return None
    rows: dict[StreamKey, list[Row]] = {StreamKey(owner): []}
    if record is not None:
        if record["held"] is not None:
            rows[StreamKey(owner)].append(row_of("", record["held"]))
        for type, target, plain in record["rows"]:
            base = "" if type == HAD else type.removesuffix(PAST)
            stream = StreamKey(owner, base, plain.get("discriminator", ""))
            rows.setdefault(stream, []).append(row_of(target if base else "", plain))
    earlier, later = _by_stream(old, rows), _by_stream(new, rows)
    streams = {*rows, *earlier, *later}
    # An end is one for every stream, also for those that only other claims speak of.
    earlier, later = _by_stream(old, streams), _by_stream(new, streams)
    return {
        stream: advance(rows.get(stream, ()), earlier.get(stream, ()), later.get(stream, ()))
        for stream in streams
    }


async def _whole(
    reads: Reads,
    found: Streams,
    claims: Mapping[str, Sequence[Claim]],
    standing: Mapping[str, Spans],
    owners: Sequence[str],
) -> None:
    if owners:
        (record,) = await reads.run(query("read/claims_count"), keys=owners)
        if record["claims"] > CLAIMS_MAX:
            raise BadRequest(
                f"{record['claims']} events speak about {len(owners)} entities whose whole past these events bear on; at most {CLAIMS_MAX} can "
                "be looked at: leave out retractions, and claims that end"
            )
    for some in in_chunks(owners):
        listed: dict[str, list[Claim]] = defaultdict(list)
        for record in await reads.run(query("read/claims_of"), keys=some):
            listed[record["key"]] = _claims(record["claims"], standing)
        for owner in some:
            every = [*listed[owner], *claims.get(owner, ())]
            streams = {
                StreamKey(owner),
                *(stream for one in every for stream in streams_of(one.assertion, ())),
            }
            by_stream = _by_stream(every, streams)
            found.rows.update({stream: fold(by_stream.get(stream, ())) for stream in streams})
            found.whole.add(owner)


def _claims(listed: Iterable[Sequence[Any]], standing: Mapping[str, Spans]) -> list[Claim]:
    """Claims as they were read; `standing` says otherwise of some events when they stand."""
    found = []
    for uid, order, sequence, believed, text in listed:
        spans = [edge for span in standing[uid] for edge in span] if uid in standing else believed
        found += from_text(text, event=uid, order=RecordOrder(*order), sequence=sequence, believed=spans)
    return found


def _by_stream(claims: Iterable[Claim], existing: Iterable[StreamKey]) -> dict[StreamKey, list[Claim]]:
    """The claims by stream; the end of an entity is one for each of `existing`."""
    found: dict[StreamKey, list[Claim]] = defaultdict(list)
    known = list(existing)
    for one in claims:
        for stream in streams_of(one.assertion, known):
            found[stream].append(one)
    return found
