"""Promises of dead letters on a real Kafka and a real Neo4j: seen, explained, discarded, and replayed at their true place in time."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from neo4j import AsyncDriver
from typer.testing import CliRunner, Result

from graph_service.api.app import create_app
from graph_service.api.security.access import Insecure
from graph_service.api.security.roles import Role
from graph_service.cli.deadletters import dead_letters_app
from graph_service.core.errors import BadRequest, BadSettings, StoreUnavailable
from graph_service.core.time import parse_instant
from graph_service.mapping import Mapping, Record
from graph_service.store.keep.deadletters import DeadLetters
from graph_service.store.keep.digest import digest
from graph_service.store.keep.letters import LetterFilter, LetterRow, LetterState, letter_cursor
from graph_service.store.queries import query
from graph_service.store.read.answers import Point
from graph_service.store.read.reader import Reader
from graph_service.store.write.records import Rules
from graph_service.store.write.writer import Writer
from ingest.decode import batch_of, item_of
from ingest.kafka import Kafka
from ingest.publish import publish
from tests.live.conftest import EngineAddresses, MakeTopic, emptied
from tests.live.test_ingest import APPLIED_WITHIN_S, ingesting, options_for, prepared
from tests.live.test_online_boutique import Asked

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.asyncio(loop_scope="session")

MAPPING = """
kinds: {service: {label: Service}}
relationships: {CALLS: {label: calls, depends: source}}
events:
  - {name: seen, type: seen.v1, let: {who: WHO}, assert: [{entity: {kind: service, name: who}, properties: {size: data.size}}]}
  - {name: gone, type: gone.v1, let: {who: WHO}, assert: [{end: {kind: service, name: who}}]}
  - {name: for-a-while, type: lent.v1, let: {who: WHO}, assert: [
      {relationship: CALLS, source: {kind: service, name: who}, target: {kind: service, name: data.to}, valid_to: data.until}]}
  - {name: set, type: set.v1, let: {who: WHO}, assert: [
      {relationships: CALLS, source: {kind: service, name: who},
       targets: {for_each: {to: data.all}, target: {kind: service, name: to}}}]}
  - {name: wrong, type: wrong.v1, let: {who: WHO}, assert: [{retract: data.wrong, when: who != ''}]}
"""
BEFORE = MAPPING.replace("WHO", "data.who")
#: Some producers say `name` where the others say `who`: the first mapping did not know.
AFTER = MAPPING.replace("WHO", "'has(data.who) ? data.who : data.name'")
FAILED = LetterFilter(reason="mapping-failed")


def mapping_of(folder: Path, text: str) -> Mapping:
    """A mapping of one file, always of the same name."""
    path = folder / "services.yaml"
    path.write_text(text)
    return Mapping.load([path])


def event(id: str, type: str, day: int, *, who: str, understood: bool, **data: Any) -> dict[str, Any]:
    """A CloudEvent that happened on a day of 2026; the first mapping understands it, or only the second."""
    return {
        "specversion": "1.0",
        "id": id,
        "source": "/test",
        "type": type,
        "subject": f"service:{who}",
        "time": f"2026-01-{day:02}T00:00:00Z",
        "data": {"who" if understood else "name": who, **data},
    }


def history(seed: int, count: int) -> list[dict[str, Any]]:
    """Events about few things in no order of time, a third of them not understood at first; some come twice, some of other content
    under the same id, and some retract others.
    """
    rng = random.Random(seed)
    events: list[dict[str, Any]] = []
    for number in range(count):
        type = rng.choice(("seen.v1", "seen.v1", "seen.v1", "gone.v1", "lent.v1", "set.v1", "wrong.v1"))
        said = event(
            f"e{number}",
            type,
            rng.randint(1, 9),
            who=rng.choice("abcd"),
            understood=rng.random() < 0.67,
            size=rng.randint(1, 3),
            to=rng.choice("abcd"),
            until=f"2026-01-{rng.randint(10, 12)}T00:00:00Z",
            all=rng.sample("abcd", 2),
            wrong=f"e{rng.randint(0, count)}",
        )
        if events and rng.random() < 0.15:
            said["id"] = rng.choice(events)["id"]
        events.append(rng.choice(events) if events and rng.random() < 0.1 else said)
    return events


async def all_letters(letters: DeadLetters, wanted: LetterFilter | None = None) -> list[LetterRow]:
    """Every letter, oldest first, in pages of three."""
    found: list[LetterRow] = []
    after = None
    while True:
        page = await letters.listed(wanted or LetterFilter(), first=3, after=after, oldest_first=True)
        found += page.items
        if not page.more:
            return found
        after = letter_cursor(page.items[-1])


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_replay_makes_the_graph_that_the_right_mapping_had_made(
    engines: EngineAddresses, clean_graph: AsyncDriver, topic: MakeTopic, tmp_path: Path, seed: int
) -> None:
    """Ingested under a mapping that fails on a third of the events, then all of that reason replayed under the fixed one: the full
    digest, on both clocks, is that of the same log ingested under the fixed mapping. However the replay is cut.
    """
    name = await topic(partitions=3)
    await publish(history(seed, 120), Kafka(bootstrap=engines.kafka_bootstrap), name)
    options = options_for(engines, name, batch_events_max=40)
    async with ingesting(options, clean_graph, mapping_of(tmp_path, BEFORE)) as ingester:
        await ingester.drained(APPLIED_WITHIN_S)
    wrong = await digest(clean_graph)
    after = mapping_of(tmp_path, AFTER)
    letters = DeadLetters(clean_graph, mapping=after)
    waiting = await all_letters(letters, FAILED)
    assert len(waiting) > 25
    some = [row.id for row in random.Random(seed).sample(waiting, 7)]
    for id in some:
        await letters.replay([id], by="test")
    await letters.replay(FAILED, by="test")
    replayed = await digest(clean_graph)
    status = await Reader(clean_graph).status()
    by_state = {state: await all_letters(letters, LetterFilter(state=state)) for state in LetterState}
    assert {row.reason for row in by_state[LetterState.WAITING]} <= {"conflict"}
    assert status.dead_letters == len(by_state[LetterState.WAITING])
    assert status.replayed >= len(by_state[LetterState.REPLAYED]) > 20
    await emptied(clean_graph)
    async with ingesting(options_for(engines, name), clean_graph, after) as ingester:
        await ingester.drained(APPLIED_WITHIN_S)
    assert replayed == await digest(clean_graph)
    assert replayed != wrong


def day(number: int) -> int:
    """The beginning of a day of 2026, in microseconds."""
    return parse_instant(f"2026-01-{number:02}T00:00:00Z")


def record_of(said: dict[str, Any] | bytes | None, offset: int, **more: Any) -> Record:
    """What a consumer gets of it."""
    value = json.dumps(said).encode() if isinstance(said, dict) else said
    return Record(topic="services", partition=0, offset=offset, timestamp_ms=0, value=value, **more)


async def fed(
    driver: AsyncDriver, mapping: Mapping, records: Sequence[tuple[int, Record]], epoch: int | None = None
) -> int:
    """Applies (recorded at, record) pairs, each in a batch of its own, as the ingester does. Returns the epoch to go on with."""
    writer = await prepared(driver, mapping)
    if epoch is None:
        epoch = (await writer.assign("services", 0, "id")).epoch
    for recorded_at, record in records:
        item = item_of(record, recorded_at, Rules(mapping=mapping))
        await writer.write(batch_of([item], {("services", 0): epoch}))
    return epoch


LATE = [
    (day(11), record_of(event("1", "seen.v1", 1, who="a", understood=True, size=1), 0)),
    (day(12), record_of(event("2", "seen.v1", 3, who="a", understood=False, size=2), 1)),
    (day(13), record_of(event("3", "seen.v1", 5, who="a", understood=True, size=3), 2)),
]


async def size_at(driver: AsyncDriver, valid: int, known: int) -> Any:
    """What size the service `a` is believed to have; None where it is not there."""
    found = await Reader(driver).entity("service:a", Point(valid=day(valid), known=day(known)))
    return None if found is None else json.loads(found.properties)["size"]


async def test_a_replayed_record_is_late_on_both_clocks(clean_graph: AsyncDriver, tmp_path: Path) -> None:
    """Known since the log had it, not since the replay; in valid time between what was there before and after. Positions stay, the
    replay is counted where everybody sees it, and to do it twice is to do it once.
    """
    await fed(clean_graph, mapping_of(tmp_path, BEFORE), LATE)
    reader, letters = Reader(clean_graph), DeadLetters(clean_graph, mapping=mapping_of(tmp_path, AFTER))
    before = await reader.status()
    assert (before.dead_letters, before.replayed) == (1, 0)
    assert [await size_at(clean_graph, 4, known) for known in (11, 12, 13)] == [1, 1, 1]
    found = await letters.replay(["services/0/1"], by="ops")
    assert (found.replayed, found.events, found.failed) == (("services/0/1",), 1, ())
    assert [await size_at(clean_graph, 4, known) for known in (11, 12, 13)] == [1, 2, 2]
    assert [await size_at(clean_graph, valid, 13) for valid in (2, 4, 6)] == [1, 2, 3]
    after = await reader.status()
    assert (after.dead_letters, after.replayed, after.events) == (0, 1, before.events + 1)
    assert (after.recorded_at, after.watermark, after.partitions) == (
        before.recorded_at,
        before.watermark,
        before.partitions,
    )
    once = await digest(clean_graph)
    assert (await letters.replay(["services/0/1"], by="ops")).already == ("services/0/1",)
    assert await digest(clean_graph) == once
    (row,) = await all_letters(letters)
    assert (row.state, row.attempts, row.operator) == (LetterState.REPLAYED, 2, "ops")
    stored = await clean_graph.execute_query("MATCH (e:Event {id: '2'}) RETURN e.mapping AS mapping")
    assert stored.records[0]["mapping"] == mapping_of(tmp_path, AFTER).version


async def test_a_replay_that_fails_again_waits_on(clean_graph: AsyncDriver, tmp_path: Path) -> None:
    """With one attempt more and the reason of this time, and with its record. Also where the mapping has no rule for it any more: an
    operator's letter never vanishes.
    """
    await fed(clean_graph, mapping_of(tmp_path, BEFORE), LATE)
    without_rule = mapping_of(tmp_path, AFTER.replace("type: seen.v1", "type: other.v1"))
    for attempts, mapping, reason in (
        (2, mapping_of(tmp_path, BEFORE), "mapping-failed"),
        (3, without_rule, "unmapped"),
    ):
        letters = DeadLetters(clean_graph, mapping=mapping)
        found = await letters.replay(LetterFilter(), by="ops")
        assert [(one.id, one.reason) for one in found.failed] == [("services/0/1", reason)]
        (row,) = await all_letters(letters)
        assert (row.state, row.attempts, row.reason) == (LetterState.WAITING, attempts, reason)
        assert (row.mapping, row.event_id) == (mapping.version, "2")
        assert (await letters.records([row]))[row.id].value == LATE[1][1].value
    assert (await Reader(clean_graph).status()).replayed == 0


async def test_a_conflict_names_both_records_and_keeps_its_own(
    clean_graph: AsyncDriver, tmp_path: Path
) -> None:
    """Its key, headers and value are there to be shown. Replayed, it is a conflict still; and of two that failed both, the one that is
    earlier in the log counts, in whichever order they are replayed.
    """
    before, after = mapping_of(tmp_path, BEFORE), mapping_of(tmp_path, AFTER)
    headers = [("trace", b"abc"), ("none", None)]
    twice = [
        (
            day(14),
            record_of(
                event("3", "seen.v1", 6, who="a", understood=True, size=9), 3, key=b"k", headers=headers
            ),
        ),
        (day(15), record_of(event("2", "seen.v1", 6, who="a", understood=False, size=8), 4)),
    ]
    await fed(clean_graph, before, [*LATE, *twice])
    letters = DeadLetters(clean_graph, mapping=after)
    row = (await letters.by_id(["services/0/3"]))["services/0/3"]
    assert (row.reason, row.complete, row.mapping) == ("conflict", True, before.version)
    assert all(word in row.message for word in ("/test", "3", "services/0/3", "services/0/2"))
    record = (await letters.records([row]))[row.id]
    assert (record.key, list(record.headers), record.value) == (b"k", headers, twice[0][1].value)
    found = await letters.replay(["services/0/3"], by="ops")
    assert [(one.id, one.reason) for one in found.failed] == [("services/0/3", "conflict")]
    assert (await letters.by_id([row.id]))[row.id].attempts == 2
    await letters.replay(["services/0/4"], by="ops")
    assert await size_at(clean_graph, 4, 15) == 1
    await letters.replay(["services/0/1"], by="ops")
    assert [await size_at(clean_graph, 4, known) for known in (11, 12, 15)] == [1, 2, 2]
    state = {row.id: (row.state, row.reason) for row in await all_letters(letters)}
    assert state["services/0/1"][0] is LetterState.REPLAYED
    assert state["services/0/4"] == (LetterState.WAITING, "conflict")
    (displaced,) = (await letters.by_id(["services/0/4"])).values()
    assert (await letters.records([displaced]))[displaced.id].value == twice[1][1].value
    replayed = await digest(clean_graph)
    await emptied(clean_graph)
    await fed(clean_graph, after, [*LATE, *twice])
    assert replayed == await digest(clean_graph)


async def test_a_discarded_letter_is_kept_and_counted_apart(clean_graph: AsyncDriver, tmp_path: Path) -> None:
    """With who and why. All of a reason are replayed without it; by its id it still can be."""
    await fed(clean_graph, mapping_of(tmp_path, BEFORE), LATE)
    letters = DeadLetters(clean_graph, mapping=mapping_of(tmp_path, AFTER))
    assert await letters.discard(["services/0/1"], note="a test", by="ops") == ("services/0/1",)
    assert await letters.discard(["services/0/1"], note="again", by="other") == ()
    status = await Reader(clean_graph).status()
    assert (status.dead_letters, status.discarded, status.replayed) == (0, 1, 0)
    (row,) = await all_letters(letters, LetterFilter(state=LetterState.DISCARDED))
    assert (row.operator, row.note, row.attempts) == ("ops", "a test", 1)
    assert (await letters.replay(LetterFilter(), by="ops")).tried == 0
    assert (await letters.replay([row.id], by="ops")).replayed == (row.id,)
    status = await Reader(clean_graph).status()
    assert (status.dead_letters, status.discarded, status.replayed) == (0, 0, 1)
    with pytest.raises(BadRequest, match="no dead letter 'services/0/7'"):
        await letters.discard(["services/0/7"], note="a test", by="ops")
    with pytest.raises(BadRequest, match="note"):
        await letters.discard([row.id], note=" ", by="ops")


async def test_what_was_not_kept_is_not_replayed(clean_graph: AsyncDriver, tmp_path: Path) -> None:
    """It is said, and the letter stays."""
    mapping = mapping_of(tmp_path, AFTER)
    large = event("1", "seen.v1", 1, who="a", understood=True, size="x" * 2_000_000)
    await fed(clean_graph, mapping, [(day(11), record_of(large, 0))])
    letters = DeadLetters(clean_graph, mapping=mapping)
    (row,) = await all_letters(letters)
    assert (row.reason, row.complete) == ("too-large", False)
    assert row.value_bytes == len(json.dumps(large))
    assert (await letters.replay(LetterFilter(), by="ops")).not_kept == (row.id,)
    assert (await all_letters(letters))[0].attempts == 1


async def test_letters_are_listed_from_either_end_by_what_they_are(
    clean_graph: AsyncDriver, tmp_path: Path
) -> None:
    """In pages without gaps or doubles; the list does not read the records."""
    mapping = mapping_of(tmp_path, BEFORE)
    records = [
        (
            day(10 + at // 3),
            record_of(b"{" if at % 2 else event(f"{at}", "seen.v1", 1, who="a", understood=False), at),
        )
        for at in range(8)
    ]
    await fed(clean_graph, mapping, records)
    letters = DeadLetters(clean_graph)
    oldest = [row.id for row in await all_letters(letters)]
    assert oldest == [f"services/0/{at}" for at in range(8)]
    newest, after = [], None
    while True:
        page = await letters.listed(LetterFilter(), first=3, after=after)
        newest += [row.id for row in page.items]
        if not page.more:
            break
        after = letter_cursor(page.items[-1])
    assert newest == oldest[::-1]
    for wanted, count in (
        (LetterFilter(reason="not-json"), 4),
        (LetterFilter(event_type="seen.v1"), 4),
        (LetterFilter(topic="other"), 0),
        (LetterFilter(state=LetterState.REPLAYED), 0),
    ):
        assert len(await all_letters(letters, wanted)) == count
    with pytest.raises(BadRequest, match="not a cursor"):
        await letters.listed(LetterFilter(), after="[1]")
    asked = {"reason": None, "topic": None, "event_type": None, "state": None, "from": day(9), "after": None}
    plan = await clean_graph.execute_query("EXPLAIN " + query("read/letters_newest"), {**asked, "size": 3})
    assert "Sort" not in str(plan.summary.plan), "a page of many costs a page"


async def test_replaying_uses_the_mapping_that_the_graph_keeps(
    clean_graph: AsyncDriver, tmp_path: Path
) -> None:
    """Where none is given: that of the ingester that started last. One that is given adds its words to those of the graph."""
    await fed(clean_graph, mapping_of(tmp_path, BEFORE), LATE)
    letters = DeadLetters(clean_graph)
    assert (await letters.mapping()).version == mapping_of(tmp_path, BEFORE).version
    await prepared(clean_graph, mapping_of(tmp_path, AFTER))
    assert (await letters.replay(LetterFilter(), by="ops")).mapping == mapping_of(tmp_path, AFTER).version
    other = mapping_of(tmp_path, AFTER.replace("CALLS", "ASKS"))
    await DeadLetters(clean_graph, mapping=other).replay(LetterFilter(), by="ops")
    assert set((await Reader(clean_graph).vocabulary()).relationships) == {"CALLS", "ASKS"}
    assert (await letters.mapping()).version == mapping_of(tmp_path, AFTER).version
    await emptied(clean_graph)
    with pytest.raises(BadSettings, match="keeps no mapping"):
        await letters.replay(LetterFilter(), by="ops")


def where(engines: EngineAddresses) -> dict[str, str]:
    """The Neo4j of the tests as settings."""
    return {
        "COLUMNS": "160",
        "GRAPH_SERVICE_NEO4J_URI": engines.neo4j_uri,
        "GRAPH_SERVICE_NEO4J_USER": engines.neo4j_user,
        "GRAPH_SERVICE_NEO4J_PASSWORD": engines.neo4j_password,
    }


async def run(engines: EngineAddresses, *arguments: str) -> Result:
    """`graph-service dead-letters …` within this process, which is quick; it has a loop of its own, hence the thread."""
    return await asyncio.to_thread(CliRunner().invoke, dead_letters_app, arguments, env=where(engines))


def command(engines: EngineAddresses, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The same as people run it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GRAPH_SERVICE_")}
    code = "from graph_service.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, "dead-letters", *arguments],
        cwd=ROOT, env={**environment, **where(engines)}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


async def test_operators_work_from_the_command_line(
    engines: EngineAddresses, clean_graph: AsyncDriver, tmp_path: Path
) -> None:
    """List, show, replay and discard, for people and as JSON; exit codes tell scripts what came of it."""
    bad = [
        (day(14), record_of(b"\xff[red]", 3, headers=[("trace", b"abc")])),
        (day(15), record_of(b'{"a": 1}', 4)),
    ]
    await fed(clean_graph, mapping_of(tmp_path, BEFORE), [*LATE, *bad])
    listed = await run(engines, "list")
    assert listed.exit_code == 0, listed.output
    lines = listed.stdout.splitlines()
    assert [line.split()[0] for line in lines if line.startswith("services/")] == [
        "services/0/4", "services/0/3", "services/0/1",
    ]  # fmt: skip
    assert "mapping-failed" in listed.stdout
    first = json.loads((await run(engines, "list", "--limit", "2", "--json")).stdout)
    rest = json.loads((await run(engines, "list", "--json", "--after", first["after"])).stdout)
    assert [one["id"] for one in rest["dead_letters"]] == ["services/0/1"]
    assert rest["after"] is None
    shown = (await run(engines, "show", "services/0/3")).stdout
    assert all(
        word in shown for word in ("not-text", "2026-01-14T00:00:00", "trace: abc", "(base64) /1tyZWRd")
    )
    record = json.loads((await run(engines, "show", "services/0/4", "--json")).stdout)["record"]
    assert record == {"key": {}, "headers": [], "value": {"json": {"a": 1}}}
    again = await run(engines, "replay", "--reason", "mapping-failed")
    assert again.exit_code == 1
    assert "1 failed again" in again.stdout
    mapping_of(tmp_path, AFTER)
    path = str(tmp_path / "services.yaml")
    fixed = command(
        engines, "replay", "--reason", "mapping-failed", "--mapping", path, "--by", "ops", "--json"
    )
    assert fixed.returncode == 0, fixed.stderr
    assert json.loads(fixed.stdout)["replayed"] == ["services/0/1"]
    assert await size_at(clean_graph, 4, 12) == 2
    done = await run(engines, "discard", "services/0/3", "services/0/4", "--note", "not ours", "--by", "ops")
    assert (done.exit_code, done.stdout) == (0, "2 discarded\n")
    assert (await run(engines, "discard", "services/0/3", "--note", "again")).exit_code == 1
    assert "no dead letters" in (await run(engines, "list")).stdout
    kept = json.loads((await run(engines, "list", "--state", "discarded", "--json")).stdout)["dead_letters"]
    assert [(one["note"], one["operator"]) for one in kept] == [("not ours", "ops")] * 2
    unknown = command(engines, "show", "services/0/9")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "there is no dead letter 'services/0/9'" in unknown.stderr


LETTERS = """query ($filter: DeadLetterFilter, $after: String) { deadLetters(filter: $filter, first: 1, after: $after) {
  edges { node { id origin state reason attempts operator note recordedAt complete valueBytes
                 value { json text size } headers { name value { text } } event { eventId offset } } }
  pageInfo { hasNextPage endCursor } } }"""


async def test_operators_work_over_graphql_where_that_is_enabled(
    clean_graph: AsyncDriver, tmp_path: Path
) -> None:
    """Pages, one by either id, replay by reason and by id, discard; a status and a basis that count what was replayed."""
    bad = [
        (day(14), record_of(b"\xff", 3, headers=[("trace", b"abc")])),
        (day(15), record_of(b'{"a": 1}', 4)),
    ]
    await fed(clean_graph, mapping_of(tmp_path, BEFORE), [*LATE, *bad])
    app = create_app(
        Reader(clean_graph), access=Insecure(Role.OPERATOR), dead_letters=DeadLetters(clean_graph)
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:
        ask = Asked(client)
        nodes, after = [], None
        while True:
            found = (await ask(LETTERS, after=after))["deadLetters"]
            nodes += [edge["node"] for edge in found["edges"]]
            if not found["pageInfo"]["hasNextPage"]:
                break
            after = found["pageInfo"]["endCursor"]
        assert [node["origin"] for node in nodes] == ["services/0/4", "services/0/3", "services/0/1"]
        assert nodes[0]["value"] == {"json": {"a": 1}, "text": '{"a": 1}', "size": 8}
        assert nodes[1]["value"] == {"json": None, "text": None, "size": 1}
        assert nodes[1]["headers"] == [{"name": "trace", "value": {"text": "abc"}}]
        assert (nodes[2]["reason"], nodes[2]["recordedAt"], nodes[2]["event"]) == (
            "mapping-failed", "2026-01-12T00:00:00Z", None,
        )  # fmt: skip
        for id in (nodes[2]["id"], nodes[2]["origin"]):
            one = await ask("query ($id: ID!) { deadLetter(id: $id) { origin } }", id=id)
            assert one["deadLetter"] == {"origin": "services/0/1"}
        same = await ask(
            "query ($id: ID!) { node(id: $id) { ... on DeadLetter { origin } } }", id=nodes[2]["id"]
        )
        assert same["node"] == {"origin": "services/0/1"}
        assert (await ask('{ deadLetter(id: "services/0/9") { id } }'))["deadLetter"] is None
        replay = """mutation ($ids: [ID!], $reason: String) { replayDeadLetters(ids: $ids, reason: $reason) {
          events mapping endCursor replayed { origin state event { offset } } failed { origin attempts message } already { origin } } }"""
        by_reason = (await ask(replay, reason="mapping-failed"))["replayDeadLetters"]
        assert [one["attempts"] for one in by_reason["failed"]] == [2]
        await prepared(clean_graph, mapping_of(tmp_path, AFTER))
        by_id = (await ask(replay, ids=[nodes[2]["id"]]))["replayDeadLetters"]
        assert by_id["replayed"] == [{"origin": "services/0/1", "state": "REPLAYED", "event": {"offset": 1}}]
        assert (by_id["events"], by_id["endCursor"]) == (1, None)
        assert (await ask(replay, ids=["services/0/1"]))["replayDeadLetters"]["already"] == [
            {"origin": "services/0/1"}
        ]
        discard = """mutation ($ids: [ID!]!) { discardDeadLetters(ids: $ids, note: "no") {
          discarded { origin state note } settledBefore { origin } } }"""
        discarded = (await ask(discard, ids=["services/0/3", "services/0/1"]))["discardDeadLetters"]
        assert discarded == {
            "discarded": [{"origin": "services/0/3", "state": "DISCARDED", "note": "no"}],
            "settledBefore": [{"origin": "services/0/1"}],
        }
        counts = await ask("{ status { deadLetters discarded replayed } basis { deadLetters replayed } }")
        assert counts["status"] == {"deadLetters": 1, "discarded": 1, "replayed": 1}
        assert counts["basis"] == {"deadLetters": 1, "replayed": 1}


async def test_a_transaction_that_takes_too_long_is_given_up_not_refused(
    clean_graph: AsyncDriver, tmp_path: Path
) -> None:
    """Here because another one holds the writers' lock: nothing is written, nothing is bad, and the same batch goes through later."""
    mapping = mapping_of(tmp_path, AFTER)
    writer = await prepared(clean_graph, mapping)
    epoch = (await writer.assign("services", 0, "id")).epoch
    batch = batch_of([item_of(LATE[0][1], day(11), Rules(mapping=mapping))], {("services", 0): epoch})
    async with clean_graph.session() as session, await session.begin_transaction() as holding:
        await holding.run(query("write/graph_locked"))
        with pytest.raises(StoreUnavailable) as error:
            await Writer(clean_graph, transaction_timeout_s=0.2).write(batch)
        assert type(error.value) is StoreUnavailable, "so that no batch is cut smaller for it"
    assert (await writer.write(batch)).events == 1
