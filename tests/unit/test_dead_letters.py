"""Promises of dead letters that need no engine: what a replay makes of a record, what is told of bytes, who is an operator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from neo4j.exceptions import Neo4jError

from graph_service.api.app import create_app
from graph_service.api.security.access import Insecure
from graph_service.core.errors import (
    GraphServiceError,
    Refused,
    StoreGaveUp,
    StoreOutOfMemory,
    StoreTimeout,
    StoreUnavailable,
)
from graph_service.mapping import Mapping
from graph_service.store.keep.letters import (
    LetterFilter,
    LetterRecord,
    LetterRow,
    LetterState,
    json_of,
    text_of,
)
from graph_service.store.keep.replay import BYTES_PER_TRANSACTION, LETTERS_PER_TRANSACTION, Replaying
from graph_service.store.neo4j_errors import translated
from graph_service.store.read.answers import Page
from graph_service.store.write.batch import Batch, DeadLetter, MappedEvent, Outcome
from graph_service.store.write.records import (
    Rules,
    conflict_letter,
    conflict_message,
    content_of,
    displaced_letter,
)
from tests.unit.test_ingest_records import MAPPING, event, record
from tests.unit.test_schema_answers import Few


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    """A mapping of one rule."""
    path = tmp_path_factory.mktemp("mapping") / "one.yaml"
    path.write_text(MAPPING)
    return Rules(mapping=Mapping.load([Path(path)]), unmapped_to_dead_letters=True)


def row(offset: int, **more: Any) -> LetterRow:
    said: dict[str, Any] = {
        "id": f"t/0/{offset}", "state": LetterState.WAITING, "reason": "mapping-failed", "message": "m", "topic": "t",
        "partition": 0, "offset": offset, "recorded_at": 1000 + offset, "source": None, "event_id": None,
        "event_type": None, "mapping": "old", "attempts": 1, "value_bytes": 10, "complete": True, "operator": None,
        "operated_at": None, "note": None,
    }  # fmt: skip
    return LetterRow(**{**said, **more})


@dataclass
class Shelf:
    """Letters and a store in one: `bad` ids are refused, `slow` ones are given up on, more than `most` at once too."""

    rows: list[LetterRow]
    values: dict[str, bytes] = field(default_factory=dict)
    bad: frozenset[str] = frozenset()
    slow: frozenset[str] = frozenset()
    most: int = 10**9
    away: bool = False
    written: list[Batch] = field(default_factory=list)
    tries: int = 0

    async def listed(
        self, wanted: LetterFilter, *, first: int, after: str | None, oldest_first: bool
    ) -> Page[LetterRow]:
        assert wanted.state is LetterState.WAITING and oldest_first
        begin = 0 if after is None else 1 + max(row.offset for row in self.rows if str(row.offset) in after)
        rows = [row for row in self.rows if row.offset >= begin]
        return Page(items=tuple(rows[:first]), more=len(rows) > first)

    async def records(self, rows: Sequence[LetterRow]) -> dict[str, LetterRecord]:
        return {
            row.id: LetterRecord(key=b"k", headers=(), value=self.values.get(row.id, event(row.id)))
            for row in rows
        }

    async def write(self, batch: Batch) -> Outcome:
        self.tries += 1
        fine = [one for one in batch.replays if isinstance(one.content, MappedEvent)]
        ids = {one.id for one in fine}
        if self.away:
            raise StoreUnavailable("away")
        if ids & self.bad:
            raise Refused("no")
        if len(batch.replays) > self.most or ids & self.slow:
            raise StoreTimeout("slow")
        self.written.append(batch)
        return Outcome(
            events=len(fine), duplicates=0, unmapped=0, dead_letters=0, conflicts=(), displaced=(), recorded_at=0,
            replayed=tuple(one.id for one in fine),
            failed_again=tuple(one.content for one in batch.replays if isinstance(one.content, DeadLetter)),
        )  # fmt: skip

    def replaying(self, rules: Rules) -> Replaying:
        return Replaying(self, self, rules, "ops", lambda so_far: None)


async def test_a_replay_touches_no_position_and_keeps_the_place_in_the_log(rules: Rules) -> None:
    """What is written has the known time, topic, partition and offset of the record, and no partition advances."""
    shelf = Shelf([row(7)])
    found = await shelf.replaying(rules).all_of(LetterFilter(), None, None)
    (batch,) = shelf.written
    assert (batch.advances, batch.events, batch.dead_letters) == ((), (), ())
    content = batch.replays[0].content
    assert isinstance(content, MappedEvent)
    assert content.event.order == (1007, "t", 0, 7)
    assert (found.replayed, found.events, found.mapping) == (("t/0/7",), 1, rules.mapping.version)


async def test_many_letters_are_replayed_in_bounded_transactions_each_once(rules: Rules) -> None:
    """Those that fail again are passed, not met again; what is not kept is never tried."""
    rows = [row(at, complete=at != 3) for at in range(450)]
    shelf = Shelf(rows, values={"t/0/5": b"{"})
    found = await shelf.replaying(rules).all_of(LetterFilter(), None, None)
    assert [len(batch.replays) for batch in shelf.written] == [199, 200, 50]
    assert len(found.replayed) == 448
    assert [(one.id, one.reason) for one in found.failed] == [("t/0/5", "not-json")]
    assert (found.not_kept, found.tried, found.cursor) == (("t/0/3",), 450, None)
    large = [row(at, value_bytes=BYTES_PER_TRANSACTION // 2) for at in range(5)]
    shelf = Shelf(large)
    await shelf.replaying(rules).all_of(LetterFilter(), None, None)
    assert [len(batch.replays) for batch in shelf.written] == [2, 2, 1]


async def test_a_replay_can_be_asked_for_in_parts(rules: Rules) -> None:
    """At most so many, and where to go on."""
    shelf = Shelf([row(at) for at in range(5)])
    first = await shelf.replaying(rules).all_of(LetterFilter(), 3, None)
    assert [id[-1] for id in first.replayed] == ["0", "1", "2"]
    rest = await shelf.replaying(rules).all_of(LetterFilter(), 3, first.cursor)
    assert ([id[-1] for id in rest.replayed], rest.cursor) == (["3", "4"], None)


async def test_a_refused_replay_is_found_by_halves(rules: Rules) -> None:
    """In log2(N) + 3 transactions; all others are applied, and its letter says why."""
    shelf = Shelf([row(at) for at in range(128)], bad=frozenset({"t/0/77"}))
    found = await shelf.replaying(rules).all_of(LetterFilter(), None, None)
    assert shelf.tries <= 7 + 3
    assert len(found.replayed) == 127
    assert [(one.id, one.reason) for one in found.failed] == [("t/0/77", "refused")]


async def test_a_replay_that_is_too_much_is_cut_smaller(rules: Rules) -> None:
    """One letter alone that the store gives up on waits on, and says so; the others go through."""
    shelf = Shelf([row(at) for at in range(20)], slow=frozenset({"t/0/4"}), most=8)
    found = await shelf.replaying(rules).all_of(LetterFilter(), None, None)
    assert len(found.replayed) == 19
    assert [(one.id, one.reason) for one in found.failed] == [("t/0/4", "too-costly")]


async def test_an_outage_ends_a_replay_and_changes_no_letter(rules: Rules) -> None:
    """It is asked for again later."""
    shelf = Shelf([row(1)], away=True)
    with pytest.raises(StoreUnavailable):
        await shelf.replaying(rules).all_of(LetterFilter(), None, None)
    assert (shelf.written, shelf.tries) == ([], 1)


async def test_letters_by_id_are_replayed_in_the_order_of_the_log(rules: Rules) -> None:
    """Also discarded ones; those replayed before are only named."""
    rows = [row(3), row(1, state=LetterState.DISCARDED), row(2, state=LetterState.REPLAYED)]
    shelf = Shelf(rows)
    found = await shelf.replaying(rules).these(rows)
    assert (found.replayed, found.already) == (("t/0/1", "t/0/3"), ("t/0/2",))
    assert LETTERS_PER_TRANSACTION == 200


def test_a_conflict_keeps_its_record_and_names_both(rules: Rules) -> None:
    """Where the record is at hand; an event that gives way after it was stored is written down from what the graph kept."""
    mapped = content_of(record(event("1"), offset=9), 5, rules)
    assert isinstance(mapped, MappedEvent)
    first = mapped.event.order._replace(offset=4)
    letter = conflict_letter(mapped, conflict_message(mapped.event, first))
    assert (letter.key, letter.value, letter.complete, letter.reason) == (b"k", event("1"), True, "conflict")
    assert all(word in letter.message for word in ("t/0/9", "t/0/4", "/s"))
    without = content_of(record(event("1", time="2026-01-01T00:00:00Z"), offset=9), 5, rules)
    assert isinstance(without, MappedEvent)
    given_way = displaced_letter(without.event, "m", first)
    assert (given_way.complete, given_way.id, given_way.key) == (True, "t/0/9", None)
    extended = content_of(record(event("1", dataschema="x"), offset=9), 5, rules)
    assert isinstance(extended, MappedEvent)
    assert not displaced_letter(extended.event, "m", first).complete, "the graph does not keep that attribute"


@pytest.mark.parametrize(
    ("content", "text", "is_json"),
    [
        (None, None, False),
        (b"", "", False),
        (b"plain\n", "plain\n", False),
        (b'{"a": [1]}', '{"a": [1]}', True),
        (b"NaN", "NaN", False),
        (b"\xff\xfe", None, False),
        (b"\x1b[31mred", None, False),
        (b"[" * 100_000, "[" * 100_000, False),
    ],
)
def test_bytes_are_told_as_what_they_are(content: bytes | None, text: str | None, is_json: bool) -> None:
    """Text only where it can be printed without harm, JSON only where every reader agrees."""
    assert text_of(content) == text
    assert json_of(content)[0] is is_json


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("Neo.ClientError.Transaction.TransactionTimedOut", StoreTimeout),
        ("Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration", StoreTimeout),
        ("Neo.TransientError.General.MemoryPoolOutOfMemoryError", StoreOutOfMemory),
        ("Neo.ClientError.General.TransactionOutOfMemoryError", StoreOutOfMemory),
        ("Neo.TransientError.General.OutOfMemoryError", StoreOutOfMemory),
        ("Neo.TransientError.General.StackOverFlowError", StoreOutOfMemory),
        ("Neo.DatabaseError.Statement.ExecutionFailed", StoreGaveUp),
        ("Neo.DatabaseError.Transaction.TransactionCommitFailed", StoreGaveUp),
        ("Neo.TransientError.Transaction.DeadlockDetected", StoreUnavailable),
        ("Neo.TransientError.Transaction.LockAcquisitionTimeout", StoreUnavailable),
        ("Neo.TransientError.General.DatabaseUnavailable", StoreUnavailable),
        ("Neo.DatabaseError.General.UnknownError", StoreUnavailable),
        ("Neo.ClientError.Security.Unauthorized", StoreUnavailable),
        ("Neo.ClientError.Statement.ConstraintVerificationFailed", Refused),
        ("Neo.ClientError.Statement.TypeError", GraphServiceError),
        ("Neo.ClientError.Schema.ConstraintValidationFailed", Refused),
        ("Neo.ClientError.Statement.SyntaxError", GraphServiceError),
    ],
)
def test_only_what_is_about_the_data_is_refused(code: str, wanted: type[GraphServiceError]) -> None:
    """Whatever speaks of time, memory, locks, access or the server itself is an outage, and an outage makes no dead letter."""
    with pytest.raises(wanted) as error, translated():
        raise Neo4jError._hydrate_neo4j(code=code, message="m")
    assert type(error.value) is wanted


@pytest.mark.parametrize(
    "operation",
    [
        "{ deadLetters { edges { cursor } } }",
        '{ deadLetter(id: "t/0/1") { id } }',
        '{ node(id: "WyJEZWFkTGV0dGVyIiwidC8wLzEiXQ") { id } }',
        'mutation { replayDeadLetters(reason: "x") { events } }',
        'mutation { discardDeadLetters(ids: ["t/0/1"], note: "x") { discarded { id } } }',
    ],
)
async def test_operator_actions_are_for_operators(operation: str) -> None:
    """A coded error that names the role."""
    app = create_app(cast("Any", Few()), access=Insecure())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answer = await client.post("/graphql", json={"query": operation})
        (error,) = answer.json()["errors"]
        assert error["extensions"] == {"code": "FORBIDDEN", "role": "operator"}
        by_get = await client.get("/graphql", params={"query": operation})
        assert by_get.status_code == (405 if operation.startswith("mutation") else 200)
