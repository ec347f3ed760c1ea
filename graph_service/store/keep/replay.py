"""Dead letters tried again: their records are read anew, and what they say takes its true place in time.

A replay is a write like any other, under the writers' lock, but of records that lie below the positions: it is the letter that says
whether it is due. So a replay done twice, or cut off after its commit, is done once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from graph_service.core.errors import Refused, StoreGaveUp, TooCostly
from graph_service.core.time import now
from graph_service.store.keep.letters import LetterFilter, LetterRecord, LetterRow, LetterState, letter_cursor
from graph_service.store.read.answers import Page
from graph_service.store.write.batch import Batch, DeadLetter, Outcome, Replay
from graph_service.store.write.bisect import Ceiling, write_all
from graph_service.store.write.records import Rules, content_of, dead_letter

LETTERS_PER_TRANSACTION = 200
BYTES_PER_TRANSACTION = 16 * 1024 * 1024
"""Of values; one larger value makes a transaction of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedAgain:
    """A letter that still cannot be applied, and why now."""

    id: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a replay came to. Every letter that was reached is in exactly one of the lists."""

    #: Version of the mapping that was used.
    mapping: str
    #: What their records say is in the graph now, or was all along.
    replayed: tuple[str, ...] = ()
    #: Events that were new to the graph among them; the others were doubles.
    events: int = 0
    #: They wait on, with one attempt more and the reason of this time.
    failed: tuple[FailedAgain, ...] = ()
    #: Too large to keep, or erased: only the log may have the record still, at topic/partition/offset.
    not_kept: tuple[str, ...] = ()
    #: They had been replayed before.
    already: tuple[str, ...] = ()
    #: Where to go on; None when nothing is left.
    cursor: str | None = None

    @property
    def tried(self) -> int:
        """How many letters were reached."""
        return len(self.replayed) + len(self.failed) + len(self.not_kept) + len(self.already)


class Letters(Protocol):
    """The part of the dead letters that is needed here."""

    async def listed(
        self, wanted: LetterFilter, *, first: int, after: str | None, oldest_first: bool
    ) -> Page[LetterRow]:
        """A page of them."""

    async def records(self, rows: Sequence[LetterRow]) -> dict[str, LetterRecord]:
        """Their records by id."""


class Writes(Protocol):
    """The part of the writer that is needed here."""

    async def write(self, batch: Batch) -> Outcome:
        """One transaction."""


@dataclass(slots=True)
class Replaying:
    """One replay under way."""

    letters: Letters
    writer: Writes
    #: With `unmapped_to_dead_letters`: a letter never vanishes because no rule speaks of it.
    rules: Rules
    by: str
    on_batch: Callable[[Replayed], None]
    _ceiling: Ceiling = field(default_factory=Ceiling)
    _replayed: list[str] = field(default_factory=list)
    _failed: list[FailedAgain] = field(default_factory=list)
    _not_kept: list[str] = field(default_factory=list)
    _already: list[str] = field(default_factory=list)
    _events: int = 0

    async def all_of(self, wanted: LetterFilter, most: int | None, after: str | None) -> Replayed:
        """All that wait and fulfil the filter, each once: what fails again is passed, not met again."""
        waiting = LetterFilter(
            reason=wanted.reason,
            topic=wanted.topic,
            event_type=wanted.event_type,
            state=LetterState.WAITING,
        )
        left = most
        while left is None or left > 0:
            size = LETTERS_PER_TRANSACTION if left is None else min(left, LETTERS_PER_TRANSACTION)
            page = await self.letters.listed(waiting, first=size, after=after, oldest_first=True)
            await self._try(page.items)
            if page.items:
                after = letter_cursor(page.items[-1])
            left = None if left is None else left - len(page.items)
            if not page.more:
                return self._so_far(None)
        return self._so_far(after)

    async def these(self, rows: Iterable[LetterRow]) -> Replayed:
        """These letters, whatever their state, in the order of the log."""
        await self._try(sorted(rows, key=lambda row: (row.recorded_at, row.topic, row.partition, row.offset)))
        return self._so_far(None)

    async def _try(self, rows: Iterable[LetterRow]) -> None:
        for some in _bounded(rows):
            due = [row for row in some if row.complete and row.state is not LetterState.REPLAYED]
            self._already += [row.id for row in some if row.state is LetterState.REPLAYED]
            self._not_kept += [
                row.id for row in some if not row.complete and row.state is not LetterState.REPLAYED
            ]
            if due:
                records = await self.letters.records(due)
                await self._write([self._replay(row, records[row.id]) for row in due if row.id in records])
            self.on_batch(self._so_far(None))

    async def _write(self, replays: Sequence[Replay]) -> None:
        outcomes = await write_all(replays, self._one_transaction, self._bury, self._ceiling)
        replayed = [id for outcome in outcomes for id in outcome.replayed]
        failed = [letter for outcome in outcomes for letter in outcome.failed_again]
        self._events += sum(outcome.events for outcome in outcomes)
        self._replayed += replayed
        self._failed += [
            FailedAgain(id=letter.id, reason=letter.reason, message=letter.message) for letter in failed
        ]
        settled = {*replayed, *(letter.id for letter in failed)}
        # Somebody else was faster, or a commit was done whose answer was lost.
        self._already += [one.id for one in replays if one.id not in settled]

    async def _one_transaction(self, replays: Sequence[Replay]) -> Outcome:
        batch = Batch(advances=(), events=(), dead_letters=(), unmapped=(), replays=tuple(replays))
        try:
            return await self.writer.write(batch)
        except StoreGaveUp as error:
            if len(replays) > 1:
                raise
            # To say so on its letter is the next transaction: in an outage that one fails, and the letter stays as it is.
            raise TooCostly(
                f"Neo4j gave up on this event alone; allow more time or memory, or split the event: {error}"
            ) from error

    def _replay(self, row: LetterRow, kept: LetterRecord) -> Replay:
        content = content_of(kept.as_record(row), row.recorded_at, self.rules)
        assert content is not None, "the rules count nothing in silence"
        return Replay(id=row.id, content=content, by=self.by, at=now())

    def _bury(self, replay: Replay, error: Refused) -> Replay:
        content = replay.content
        if isinstance(content, DeadLetter):
            return replay
        assert content.record is not None, "a replayed event has its record with it"
        letter = dead_letter(
            content.record,
            content.event.order.recorded_at,
            content.event,
            error.reason,
            str(error),
            self.rules,
        )
        return Replay(id=replay.id, content=letter, by=replay.by, at=replay.at)

    def _so_far(self, cursor: str | None) -> Replayed:
        return Replayed(
            mapping=self.rules.mapping.version,
            replayed=tuple(self._replayed),
            events=self._events,
            failed=tuple(self._failed),
            not_kept=tuple(self._not_kept),
            already=tuple(self._already),
            cursor=cursor,
        )


def _bounded(rows: Iterable[LetterRow]) -> Iterator[list[LetterRow]]:
    """The rows in lists that one transaction and the memory of this process can take."""
    some: list[LetterRow] = []
    size = 0
    for row in rows:
        more = row.value_bytes or 0
        if some and (len(some) == LETTERS_PER_TRANSACTION or size + more > BYTES_PER_TRANSACTION):
            yield some
            some, size = [], 0
        some.append(row)
        size += more
    if some:
        yield some
