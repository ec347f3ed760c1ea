"""Why something is, or is not, believed to be there at a point on both clocks. Pure: rows and claims in, a verdict out.

The reasons are tried in the order of `Reason`; the first that applies is told. Rows decide the first four, claims the next two:

    HOLDS           believed at `known` to be there at `valid`
    ENDED           believed at `known` to have been there before `valid`
    NOT_YET_KNOWN   believed at some later known time to be there at `valid`: the earliest counts, so that it never changes again
    NOT_YET_VALID   believed at `known` to begin after `valid`
    RETRACTED       an event that asserted it stands retracted at `known`
    SUPERSEDED      asserted, and never there: for the same instant something that comes later in order says otherwise
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, Protocol, TypeVar

from graph_service.core.assertions import (
    EntityAsserted,
    EntityEnded,
    RelationshipAsserted,
    RelationshipEnded,
    RelationshipsAsserted,
    Spanned,
)
from graph_service.core.fold import Claim, changes
from graph_service.core.model import Properties, StreamKey, Stretch, holds


class Reason(Enum):
    """Why something is there or is not, in the order in which that is decided."""

    HOLDS = "HOLDS"
    ENDED = "ENDED"
    NOT_YET_KNOWN = "NOT_YET_KNOWN"
    NOT_YET_VALID = "NOT_YET_VALID"
    RETRACTED = "RETRACTED"
    SUPERSEDED = "SUPERSEDED"
    IN_DEAD_LETTERS = "IN_DEAD_LETTERS"
    NEVER_ASSERTED = "NEVER_ASSERTED"


RANK = {reason: rank for rank, reason in enumerate(Reason)}


class Believed(Stretch, Protocol):
    """What of a row matters here; see `core.model.Row`."""

    @property
    def properties(self) -> object: ...


S = TypeVar("S")
R = TypeVar("R", bound=Believed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict(Generic[S, R]):
    """A reason, and the rows that decide it, each with whose row it is; at least one. `known`: at which known time they do."""

    reason: Reason
    rows: tuple[tuple[S, R], ...]
    known: int

    @property
    def place(self) -> tuple[int, int]:
        """Of two verdicts the lesser counts: the earlier reason, then what comes first in time (of what is over, what was there last)."""
        row = self.rows[0][1]
        match self.reason:
            case Reason.ENDED:
                time = -row.valid_to
            case Reason.NOT_YET_KNOWN:
                time = self.known
            case _:
                time = row.valid_from
        return RANK[self.reason], time


def by_belief(
    rows: Sequence[tuple[S, R]], valid: int, known: int, learned_to: int, own: Sequence[R] = ()
) -> Verdict[S, R] | None:
    """HOLDS, ENDED, NOT_YET_KNOWN or NOT_YET_VALID; None where the rows say none of these.

    `rows` are all that were known by `learned_to`, which is at or after `known`, of whatever alternatives there are: one that holds
    is enough. Of several rows that decide the same the last to end, the first to be known, or the first to begin is told.
    `own`: with the rows of relationships that name an entity, those of the entity itself: once these say that it began, others' naming it
    counts no more. At `known` itself none of them does.
    """
    holding = [one for one in rows if holds(one[1], valid, known)]
    if holding:
        return Verdict(reason=Reason.HOLDS, rows=tuple(holding), known=known)
    believed = [one for one in rows if one[1].known_from <= known < one[1].known_to]
    over = [one for one in believed if one[1].valid_from <= valid]
    if over:
        last = max(over, key=lambda one: one[1].valid_to)
        return Verdict(reason=Reason.ENDED, rows=(last,), known=known)
    learned = _learned(rows, valid, known, learned_to, own)
    if learned is not None:
        return learned
    if believed:
        first = min(believed, key=lambda one: one[1].valid_from)
        return Verdict(reason=Reason.NOT_YET_VALID, rows=(first,), known=known)
    return None


def _learned(
    rows: Sequence[tuple[S, R]], valid: int, known: int, learned_to: int, own: Sequence[R]
) -> Verdict[S, R] | None:
    """The first known time after `known` at which anything is believed to hold."""
    begun = [row for row in own if row.valid_from <= valid]
    freed = sorted({row.known_to for row in begun if known < row.known_to <= learned_to})
    found: dict[int, list[tuple[S, R]]] = {}
    for one in rows:
        if known < one[1].known_from <= learned_to:
            for instant in (one[1].known_from, *freed):
                named = any(row.known_from <= instant < row.known_to for row in begun)
                if holds(one[1], valid, instant) and not named:
                    found.setdefault(instant, []).append(one)
                    break
    if not found:
        return None
    first = min(found)
    return Verdict(reason=Reason.NOT_YET_KNOWN, rows=tuple(found[first]), known=first)


def disowned(rows: Sequence[tuple[S, R]], valid: int, known: int) -> list[tuple[S, R, R | None]]:
    """What was believed about `valid` and is not any more at `known`, because it was corrected: whose, the row, and what took its place then.

    The latest correction first. What only ended when its end was learnt, as with every append, is no correction.
    """
    found = [
        (whose, row, _successor(rows, whose, row, valid))
        for whose, row in rows
        if row.known_to <= known and holds(row, valid, row.known_to - 1)
    ]
    altered = [one for one in found if one[2] is None or one[2].properties != one[1].properties]
    return sorted(altered, key=lambda one: one[1].known_to, reverse=True)


def _successor(rows: Sequence[tuple[S, R]], whose: S, row: R, valid: int) -> R | None:
    return next((other for it, other in rows if it == whose and holds(other, valid, row.known_to)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmade:
    """Why what was asserted is not there: the claim, and for SUPERSEDED the uid of the event that says otherwise."""

    reason: Reason
    claim: Claim
    by: str | None


def by_claims(
    claims: Iterable[Claim], type: str, item: str, valid: int, known: int, discriminator: str | None
) -> Unmade | None:
    """RETRACTED or SUPERSEDED, for something of which nothing at all is believed at `known`; None where nothing asserted it.

    What would be there at `valid` is told before what would be there at another time; of several the last in order.

    Args:
        claims: about one entity; at least all that assert the item, and all that begin when one of these does.
        type: of the relationship; "" for the entity itself.
        item: the target; "" for the entity itself.
        discriminator: None for any.
    """
    recorded = sorted(
        (one for one in claims if one.place.order.recorded_at <= known), key=lambda one: one.place
    )
    asserting = [
        one
        for one in recorded
        if asserts(one.assertion, type, item)
        and discriminator in (None, getattr(one.assertion, "discriminator", ""))
    ]
    active = [one for one in asserting if one.assertion.valid_from <= valid < one.assertion.valid_to]
    for some in (active, asserting):
        retracted = [one for one in some if not stands(one, known)]
        if retracted:
            return Unmade(reason=Reason.RETRACTED, claim=retracted[-1], by=None)
        if some:
            by = _superseder(some[-1], [one for one in recorded if stands(one, known)], item)
            return Unmade(reason=Reason.SUPERSEDED, claim=some[-1], by=by)
    return None


def ended_by(
    claims: Iterable[Claim], type: str, item: str, discriminator: str, instant: int, known: int, first: str
) -> str:
    """uid of the event that ends something at an instant, as believed at `known`: `first`, which was believed to when the end was learnt, as long
    as that still stands and says so; else the last that takes it away there, or else the last whose span ends there.

    `claims`: about the entity, at least all that begin or end at the instant.
    """
    standing = sorted((one for one in claims if stands(one, known)), key=lambda one: one.place)
    concerning = [one for one in standing if speaks(one.assertion, type, item, discriminator)]
    over = [one.event for one in concerning if one.assertion.valid_to == instant]
    taking = [
        one.event
        for one in concerning
        if one.assertion.valid_from == instant and not asserts(one.assertion, type, item)
    ]
    every = [*over, *taking]
    return first if first in every or not every else every[-1]


def stands(claim: Claim, known: int) -> bool:
    """Whether the claim's event is recorded and not retracted at `known`."""
    return any(start <= known < end for start, end in claim.believed)


def asserts(assertion: Spanned, type: str, item: str) -> bool:
    """Whether it says that the entity itself (`type` and `item` empty), or the relationship to `item`, is there."""
    match assertion:
        case EntityAsserted():
            return not type
        case RelationshipAsserted():
            return (assertion.type, assertion.target) == (type, item)
        case RelationshipsAsserted():
            return assertion.type == type and item in assertion.targets
        case EntityEnded() | RelationshipEnded():
            return False


def speaks(assertion: Spanned, type: str, item: str, discriminator: str | None) -> bool:
    """Whether it bears on whether the entity itself, or the relationship to `item`, is there. `discriminator`: None for any."""
    match assertion:
        case EntityAsserted():
            return not type
        case EntityEnded():
            return True
        case RelationshipAsserted() | RelationshipEnded():
            named = (assertion.type, assertion.target) == (type, item)
            return named and discriminator in (None, assertion.discriminator)
        case RelationshipsAsserted():
            return assertion.type == type and discriminator in (None, assertion.discriminator)


def _superseder(claim: Claim, standing: Sequence[Claim], item: str) -> str | None:
    """The event that takes away what the claim asserts, at the instant from which it does: the last to do so.

    Nothing is believed of it there, so there is one; and as it is applied after the claim, and at work at the claim's beginning, it begins at the
    same instant.
    """
    stream = _stream(claim.assertion)
    state: dict[str, Properties] = {}
    found = None
    for one in standing:
        if not one.assertion.valid_from <= claim.assertion.valid_from < one.assertion.valid_to:
            continue
        if not _in_stream(one.assertion, stream):
            continue
        for what, properties in changes(one.assertion, state).items():
            if properties is None:
                del state[what]
                found = one.event if what == item else found
            else:
                state[what] = properties
    return found


def _stream(assertion: Spanned) -> StreamKey:
    match assertion:
        case EntityAsserted() | EntityEnded():
            return StreamKey(assertion.key)
        case RelationshipAsserted() | RelationshipEnded() | RelationshipsAsserted():
            return StreamKey(assertion.source, assertion.type, assertion.discriminator)


def _in_stream(assertion: Spanned, stream: StreamKey) -> bool:
    """Whether it speaks of the stream: an entity's end does of all from it."""
    if isinstance(assertion, EntityEnded):
        return assertion.key == stream.owner
    return _stream(assertion) == stream
