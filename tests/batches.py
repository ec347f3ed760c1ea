"""What an ingester does with the fold, without a store: batches come, and only what is needed is read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum

from graph_service.core.fold import Claim
from graph_service.core.model import Row, StreamKey
from graph_service.core.time import FOREVER
from tests.builders import CORE, Core, claims_by_stream
from tests.oracle import Recorded


class Lend(Enum):
    """How much of the stored past `advance` is given: what its contract asks for at least, more, or all."""

    LEAST = "least"
    MORE = "more"
    ALL = "all"


def batched(
    records: Sequence[Recorded], cuts: Iterable[int], lend: Lend, core: Core = CORE
) -> dict[StreamKey, tuple[Row, ...]]:
    """The rows of every stream after records, in record order, were learned in batches that end at `cuts`.

    A batch may begin at the known time at which the last one ended: then that known time is learned anew.
    """
    rows: dict[StreamKey, tuple[Row, ...]] = {}
    start = 0
    for stop in sorted({cut for cut in cuts if 0 < cut < len(records)} | {len(records)}):
        known = records[start].order.recorded_at
        tie = start > 0 and records[start - 1].order.recorded_at == known
        for stream, claims in claims_by_stream(records[:stop], core).items():
            rows[stream] = _learned(rows.get(stream, ()), claims, known, tie, lend, core)
        start = stop
    return rows


def _learned(
    rows: tuple[Row, ...], claims: Sequence[Claim], known: int, tie: bool, lend: Lend, core: Core
) -> tuple[Row, ...]:
    old = [claim for claim in claims if claim.place.order.recorded_at < known]
    new = [claim for claim in claims if claim.place.order.recorded_at >= known and claim.believed]
    if any(known <= instant < FOREVER for claim in old for span in claim.believed for instant in span):
        return tuple(core.fold.fold(claims))  # a retraction reaches back to what was stored before
    finished: list[Row] = []
    if tie:
        finished = [row for row in rows if row.known_to < known]
        rows = core.fold.before(rows, known)
    since = min((claim.place.valid_from for claim in new), default=FOREVER)
    standing = [claim for claim in old if claim.believed and claim.believed[-1][1] == FOREVER]
    lent_claims = [
        claim for claim in standing if _asked(claim, since, [*standing, *new]) or _extra(lend, claim)
    ]
    items = core.fold.items_of([*new, *lent_claims])
    lent = [
        row
        for row in rows
        if (row.known_to == FOREVER and row.valid_to >= since and (items is None or row.item in items))
        or _extra(lend, row)
    ]
    kept = [row for row in rows if row not in lent]
    return (*finished, *kept, *core.fold.advance(lent, lent_claims, new))


def _asked(claim: Claim, since: int, believed: Iterable[Claim]) -> bool:
    """Whether `advance` must be given it: it begins at or after `since`, or something ends from there on."""
    return claim.place.valid_from >= since or any(
        since <= one.assertion.valid_to < FOREVER for one in believed
    )


def _extra(lend: Lend, what: Claim | Row) -> bool:
    start = what.valid_from if isinstance(what, Row) else what.place.valid_from
    return lend is Lend.ALL or (lend is Lend.MORE and start % 2 == 0)
