"""No query reads more of the graph than it asks about: its plan begins at an index, at an element's id or at a count that the database keeps.

Every file of `queries/read` and `queries/write` is explained by a real Neo4j that has the schema, and enough in it that the planner has a choice. Words in a text
(`{types}`) stand for relationship types or for what `WORDS` says; a file with a new word fails until it is there, so no query can be forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from neo4j import AsyncDriver

from graph_service.core.vocabulary import Depends, KindDeclaration, RelationshipDeclaration, Vocabulary
from graph_service.store.queries import query_with
from graph_service.store.read.first import first_words
from graph_service.store.read.impact import WAY
from graph_service.store.read.reach import settled_text
from graph_service.store.write.writer import Writer
from tests.live.conftest import emptied

QUERIES = Path(__file__).parents[2] / "queries"
NAMES = sorted(
    f"{folder}/{file.stem}" for folder in ("read", "write") for file in (QUERIES / folder).glob("*.cypher")
)
WORD = re.compile(r"\{([a-z_]+)\}")
VOCABULARY = Vocabulary(
    kinds={"service": KindDeclaration(name="service", label="Service")},
    relationships={
        "CALLS": RelationshipDeclaration(type="CALLS", label="calls", depends=Depends.SOURCE),
        "FEEDS": RelationshipDeclaration(type="FEEDS", label="feeds", depends=Depends.TARGET),
    },
)
#: What the words of the texts stand for, as the store puts them in.
WORDS = {
    "type": "`CALLS`", "types": "`CALLS`|`FEEDS`", "past_types": "`CALLS_PAST`|`FEEDS_PAST`", "present": "`CALLS`", "past": "`CALLS_PAST`", "stored": "`CALLS`",
    "to_sources": "`CALLS`", "to_targets": "`FEEDS`", "past_to_sources": "`CALLS_PAST`", "past_to_targets": "`FEEDS_PAST`",
    "checks": "CASE WHEN EXISTS { ()-[:`CALLS`|`CALLS_PAST`]->() } THEN 'CALLS' END", "begin": "<-", "end": "-", "steps": "5", "nearer": "4",
    "settled": settled_text(("CALLS", "FEEDS")), "known": "$asked[n].known",
}  # fmt: skip
#: Where a word means something else than in other texts.
WORDS_OF: dict[str, dict[str, str]] = {
    name: {"types": "`CALLS`|`CALLS_PAST`"}
    for name in (
        "diff_around",
        "explain_rows",
        "learned_relationships",
        "relationship_beliefs",
        "relationship_rows",
    )
} | {"impact_step": {"found": WAY}, "entities_first": dict(first_words())}
WHOLE = re.compile(
    r"AllNodesScan|NodeByLabelScan|NodeByLabelsScan|AllRelationshipsScan|RelationshipTypeScan|RelationshipTypesScan|NodeIndexScan|RelationshipIndexScan"
)
"""Operators that read all there is of something. A whole index counts as well, although it can be right where order and a limit end it."""
BEGINS = re.compile(r"IndexSeek|IndexContainsScan|ByElementIdSeek|ByIdSeek|CountFromCountStore|ProcedureCall")
"""Operators that find what is asked about."""
FEW = "positions, files of mappings, erasures and dead letters are few, and all of them are asked for"
ANY = "asks whether there is any: ends at the first one"
ALL = "all there is of it is the question"
#: Queries that read the whole of something: what, and why they may.
JUSTIFIED: dict[str, tuple[str, str]] = {
    "read/basis": ("NodeByLabelScan", FEW),
    "read/entities_first": ("NodeByLabelScan", FEW),
    "read/positions": ("NodeByLabelScan", FEW),
    "read/standings": ("NodeByLabelScan", FEW),
    "read/ledger_snapshot": ("NodeByLabelScan", FEW),
    "read/erasures": ("NodeByLabelScan", FEW),
    "read/dead_letters_by_reason": ("SubtractionNodeByLabelsScan", FEW),
    "write/position_taken": ("NodeIndexScan", FEW),
    "read/inhabited": ("AllNodesScan", ANY),
    "read/kinds_held": ("NodeByLabelScan", ANY),
    "write/graph_locked": ("NodeByLabelScan", ANY),
    "read/kinds_counted": ("NodeByLabelScan", ALL),
    "read/events_older": ("NodeByLabelScan", f"{ALL}; asked once, when a rebuild begins"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def planner(neo4j_driver: AsyncDriver) -> AsyncDriver:
    """A database with the schema and a few thousand of everything."""
    await emptied(neo4j_driver)
    writer = Writer(neo4j_driver)
    await writer.migrate()
    await writer.declare(VOCABULARY, "plans", [("plans", "1", "")])
    await writer.assign("events", 0, "events", 4)
    for statement in FILLED:
        await neo4j_driver.execute_query(statement)
    await neo4j_driver.execute_query("CALL db.awaitIndexes(60)")
    await neo4j_driver.execute_query("CALL db.prepareForReplanning(60)")
    return neo4j_driver


_ROW = "valid_from: n, valid_to: n + 5, known_from: n, known_to: 9223372036854775807, event: toString(n)"
FILLED = (
    "UNWIND range(0, 2999) AS n CREATE (:Entity {key: 'service:' + n, kind: CASE WHEN n % 3 = 0 THEN 'service' ELSE 'team' END, "
    "present: true, declared: true, valid_from: n, known_from: n, event: toString(n), properties: '{}'})",
    "UNWIND range(0, 3999) AS n CREATE (:Event {uid: toString(n), source: '/s', id: toString(n), type: 't', recorded_at: n, topic: 'events', "
    "partition: 0, offset: n, correlation_id: toString(n / 10), causation_id: toString(n / 2), tick: n, time: n, subject: 'service:1'})",
    "UNWIND range(0, 3999) AS n MATCH (v:Event {uid: toString(n)}) MATCH (e:Entity {key: 'service:' + n % 3000}) "
    "CREATE (v)-[:ABOUT {valid_from: n, valid_to: n + 5, assertions: '[]'}]->(e)",
    *(
        f"UNWIND range(0, 5999) AS n MATCH (s:Entity {{key: 'service:' + n % 3000}}) MATCH (t:Entity {{key: 'service:' + (n * 7 + 1) % 3000}}) "
        f"CREATE (s)-[:{type} {{{_ROW}}}]->(t)"
        for type in ("CALLS", "CALLS_PAST", "FEEDS", "FEEDS_PAST")
    ),
    f"UNWIND range(0, 2999) AS n MATCH (e:Entity {{key: 'service:' + n}}) CREATE (e)-[:HAD {{{_ROW}}}]->(e)",
    "UNWIND range(0, 999) AS n CREATE (:Changes {tick: n, first: 0, count: 1, last: true, recorded_at: n, entries: '[]'})",
    "UNWIND range(0, 999) AS n CREATE (:DeadLetter {id: 'events/0/' + n, reason: 'r', topic: 'events', partition: 0, offset: n, recorded_at: n, tick: n})",
    "UNWIND range(0, 99) AS n MATCH (d:DeadLetter {id: 'events/0/' + n}) SET d:ReplayedLetter",
    "UNWIND range(100, 199) AS n MATCH (d:DeadLetter {id: 'events/0/' + n}) SET d:DiscardedLetter",
    "UNWIND range(0, 499) AS n MATCH (v:Event {uid: toString(n)}) CREATE (v)-[:RETRACTS {nth: 0}]->(:Retracted {uid: toString(2 * n), source: '/s', id: 'i'})",
    "UNWIND range(0, 499) AS n CREATE (:Erasure {key: 'service:' + n, known_to: n, done: true})",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
async def test_a_plan_begins_at_what_is_asked_about(planner: AsyncDriver, name: str) -> None:
    """Nothing is scanned whole, and something is looked up, but where `JUSTIFIED` says why not."""
    used = {one.partition("@")[0] for one in operators(await plan(planner, text_of(name)))}
    whole = ", ".join(sorted(one for one in used if WHOLE.search(one)))
    excused, why = JUSTIFIED.get(name, ("", ""))
    assert whole == excused, (
        f"{name} reads the whole of something: {whole}"
        if whole
        else f"{name} needs no excuse any more ({why}); take it out of JUSTIFIED"
    )
    if not whole and any(map(reads, used)):
        assert any(map(BEGINS.search, used)), f"{name} looks nothing up: {', '.join(sorted(used))}"


def test_excuses_are_those_of_queries_that_are_there() -> None:
    """An excuse outlives no query."""
    assert not JUSTIFIED.keys() - set(NAMES)
    assert not {f"read/{name}" for name in WORDS_OF} - set(NAMES)


async def test_a_scan_is_seen(planner: AsyncDriver) -> None:
    """The test itself would notice: each of these reads everything."""
    for text in (
        "MATCH (n) RETURN n",
        "MATCH (e:Entity) WHERE e.properties CONTAINS $x RETURN e",
        "MATCH ()-[r]->() RETURN r",
        "MATCH ()-[r:CALLS]->() WHERE r.event = $x RETURN r",
    ):
        assert any(map(WHOLE.search, operators(await plan(planner, text)))), text


def text_of(name: str) -> str:
    """The text as the store composes it."""
    plain = query_with(name)
    known = WORDS | WORDS_OF.get(name.partition("/")[2], {})
    code = "\n".join(line for line in plain.splitlines() if not line.startswith("//"))
    missing = sorted(set(WORD.findall(code)) - known.keys())
    assert not missing, (
        f"{name} has words that this test does not know; say in WORDS what they stand for: {missing}"
    )
    return query_with(name, *known.items())


async def plan(driver: AsyncDriver, text: str) -> dict[str, Any]:
    """The plan of a query, which is not run."""
    async with driver.session() as session:
        result = await session.run(f"EXPLAIN {text}")
        summary = await result.consume()
    assert summary.plan is not None
    return summary.plan


def operators(node: dict[str, Any]) -> Iterator[str]:
    """The names of all operators of a plan."""
    yield node["operatorType"]
    for child in node.get("children", ()):
        yield from operators(child)


def reads(operator: str) -> bool:
    """Whether an operator finds nodes or relationships by itself."""
    return "Scan" in operator or "Seek" in operator or "CountStore" in operator
