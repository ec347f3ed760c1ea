"""What GraphQL costs: answers by plans, by the ordinary executor, and the floor, which is to fetch the same rows by bare Cypher and dump them.

    .venv/bin/python -m bench.graphql_overhead [--services 2000] [--rounds 5] [--seconds 2]

A Neo4j of its own; the whole app in this process, asked as a server asks it, without sockets. All three take turns within each round, and what is
compared is the median of the rounds. `CPU` is that of this process for one request, the database left out; `1 client` is the time of one request
after the other, `8 clients` the requests of a second. A ratio above 1 in the last columns is in favour of plans.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import orjson
from fastapi import FastAPI
from neo4j import READ_ACCESS, AsyncDriver, AsyncGraphDatabase

from graph_service.api.app import create_app
from graph_service.api.exposure import Exposure
from graph_service.api.limits.bounds import Limits
from graph_service.api.security.access import Insecure
from graph_service.core.assertions import Assertion
from graph_service.core.vocabulary import Depends, KindDeclaration, RelationshipDeclaration, Vocabulary
from graph_service.local import Neo4jEngine, ensure_jars
from graph_service.store.read.reader import Reader
from graph_service.store.write.writer import Writer
from tests.builders import entity, link, record
from tests.logs import batch_of

BATCH = 1_000
FIRST = 1_700_000_000_000_000
"""The valid time of everything, in microseconds."""
VOCABULARY = Vocabulary(
    kinds={"service": KindDeclaration(name="service", label="Service", display="name")},
    relationships={
        "DEPENDS_ON": RelationshipDeclaration(type="DEPENDS_ON", label="depends on", depends=Depends.SOURCE),
        "OWNED_BY": RelationshipDeclaration(
            type="OWNED_BY", label="is owned by", depends=Depends.NOBODY, owner=True
        ),
    },
)
LIMITS = Limits(query_cost_max=10**9, requests_at_once_max=64)
Ask = Callable[[], Awaitable[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The same question twice: in GraphQL, and as the Cypher that finds the present rows of it."""

    name: str
    graphql: str
    cypher: str


FIVE = "key kind declared validFrom properties"
QUESTIONS = (
    Question(
        name="entity by key, 5 fields",
        graphql=f'{{ entity(key: "service:s00042") {{ {FIVE} }} }}',
        cypher="MATCH (e:Entity {key: 'service:s00042'}) RETURN e.key, e.kind, e.present, e.valid_from, e.properties",
    ),
    Question(
        name="page of 100, 5 fields",
        graphql=f'{{ entities(kinds: ["service"], first: 100) {{ edges {{ node {{ {FIVE} }} }} pageInfo {{ hasNextPage }} }} }}',
        cypher="MATCH (e:Entity) WHERE e.key > '' AND e.kind = 'service' WITH e ORDER BY e.key LIMIT 100 "
        "RETURN e.key, e.kind, e.present, e.valid_from, e.properties",
    ),
    Question(
        name="1,000 objects, 5 fields",
        graphql=" ".join(
            ["{", *(f"a{n}: entities(first: 200) {{ edges {{ node {{ {FIVE} }} }} }}" for n in range(5)), "}"]
        ),
        cypher="MATCH (e:Entity) WHERE e.key > '' WITH e ORDER BY e.key LIMIT 1000 "
        "RETURN e.key, e.kind, e.present, e.valid_from, e.properties",
    ),
    Question(
        name="entity, owners, 50 dependencies",
        graphql='{ entity(key: "service:s00000") { key name properties owners: relationships(types: ["OWNED_BY"]) { edges { node '
        '{ target { key name } } } } needs: relationships(types: ["DEPENDS_ON"], first: 50) { edges { node { target { key name } } } } } }',
        cypher="MATCH (e:Entity {key: 'service:s00000'}) RETURN e.key, e.properties, COLLECT { MATCH (e)-[:OWNED_BY]->(o:Entity) "
        "RETURN [o.key, o.properties] }, COLLECT { MATCH (e)-[:DEPENDS_ON]->(o:Entity) RETURN [o.key, o.properties] ORDER BY o.key LIMIT 50 }",
    ),
    Question(
        name="impact to depth 5",
        graphql='{ impact(of: ["service:s00009"], maxDepth: 5, first: 1000) { items { distance entity { key } } } }',
        cypher="MATCH p = (:Entity {key: 'service:s00009'}) (()<-[:DEPENDS_ON]-()){1,5} (e:Entity) "
        "RETURN length(p) AS distance, collect(DISTINCT e.key)",
    ),
)  # fmt: skip


def facts(services: int) -> Iterator[tuple[str, Assertion]]:
    """Services with ten properties, five dependencies each (the first has fifty), one owner each."""
    for n in range(services):
        key, words = f"service:s{n:05}", {f"p{word}": f"value {n % 97} {word}" for word in range(8)}
        yield f"e{n}", entity(key, FIRST, name=f"Service {n}", tier=n % 4, **words)  # type: ignore[arg-type]
        yield f"o{n}", link(key, "OWNED_BY", f"team:t{n % 50:03}", FIRST)
        for m in range(50 if n == 0 else 5):
            other = (n * 7 + m * 131 + 1) % services
            yield f"d{n}-{m}", link(key, "DEPENDS_ON", f"service:s{other:05}", FIRST)


async def load(driver: AsyncDriver, services: int) -> None:
    """Through the writer, as the ingester does."""
    writer = Writer(driver)
    await writer.migrate()
    await writer.declare(VOCABULARY, "graphql", ())
    epoch = (await writer.assign("events", 0, "events")).epoch
    records = [record(id, FIRST + n, fact, offset=n) for n, (id, fact) in enumerate(facts(services))]
    for first in range(0, len(records), BATCH):
        await writer.write(batch_of(records[first : first + BATCH], {("events", 0): epoch}))


def asks(app: FastAPI, text: str) -> Ask:
    """Asks the app as a server does."""
    body = json.dumps({"query": text}).encode()
    headers = [(b"host", b"localhost"), (b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]  # fmt: skip
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http", "path": "/graphql",
        "raw_path": b"/graphql", "query_string": b"", "root_path": "", "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def ask() -> bytes:
        sent: list[bytes] = []

        async def send(message: dict[str, object]) -> None:
            if message["type"] == "http.response.body":
                sent.append(message["body"])  # type: ignore[arg-type]

        await app(dict(scope), receive, send)  # type: ignore[arg-type]
        return b"".join(sent)

    return ask


def fetches(driver: AsyncDriver, cypher: str) -> Ask:
    """Fetches and dumps."""

    async def ask() -> bytes:
        async with driver.session(default_access_mode=READ_ACCESS) as session:
            result = await session.run(cypher)
            return orjson.dumps([record.values() async for record in result])

    return ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Lap:
    """What one way of asking took in one round."""

    cpu_ms: float
    one_ms: float
    per_s: float


async def lap(ask: Ask, seconds: float) -> Lap:
    """One client, then eight."""
    count, cpu_s, begun_s = 0, time.process_time(), time.perf_counter()
    while time.perf_counter() - begun_s < seconds / 2 or count < 3:
        await ask()
        count += 1
    cpu_ms, one_ms = (
        (1000 * (now_s - then_s) / count)
        for now_s, then_s in ((time.process_time(), cpu_s), (time.perf_counter(), begun_s))
    )
    answered, begun_s = 0, time.perf_counter()

    async def client() -> None:
        nonlocal answered
        while time.perf_counter() - begun_s < seconds / 2:
            await ask()
            answered += 1

    await asyncio.gather(*(client() for _ in range(8)))
    return Lap(cpu_ms=cpu_ms, one_ms=one_ms, per_s=answered / (time.perf_counter() - begun_s))


async def compared(driver: AsyncDriver, rounds: int, seconds: float) -> None:
    """All questions, each three ways."""
    apps = {
        way: create_app(
            Reader(driver), access=Insecure(), exposure=Exposure(limits=LIMITS, audit=lambda _: None, fast=way == "plans")
        )
        for way in ("plans", "ordinary")
    }  # fmt: skip
    print("| question | CPU ms: plans | ordinary | floor | 1 client ms: plans | ordinary | floor | 8 clients /s: plans | ordinary | floor "
          "| CPU ordinary : plans | CPU plans : floor | 8 clients plans : floor |")  # fmt: skip
    print("|---|" + "---:|" * 12)
    for question in QUESTIONS:
        ways = {name: asks(app, question.graphql) for name, app in apps.items()}
        ways["floor"] = fetches(driver, question.cypher)
        answers = {name: orjson.loads(await ask()) for name, ask in ways.items()}
        if "errors" in answers["plans"] or answers["plans"]["data"] != answers["ordinary"]["data"]:
            raise SystemExit(f"{question.name}: {answers['plans']} is not {answers['ordinary']}")
        laps: dict[str, list[Lap]] = {name: [] for name in ways}
        for name in [*ways, *(list(ways) * rounds)]:
            laps[name].append(await lap(ways[name], seconds))
        # The first of each warms up.
        kept = {name: found[1:] for name, found in laps.items()}
        cells: list[str] = []
        for what, digits in (("cpu_ms", 2), ("one_ms", 2), ("per_s", 0)):
            cells += [f"{median(getattr(one, what) for one in kept[name]):.{digits}f}" for name in kept]
        ratios = [
            median(b.cpu_ms / a.cpu_ms for a, b in zip(kept["plans"], kept["ordinary"], strict=True)),
            median(a.cpu_ms / b.cpu_ms for a, b in zip(kept["plans"], kept["floor"], strict=True)),
            median(a.per_s / b.per_s for a, b in zip(kept["plans"], kept["floor"], strict=True)),
        ]
        print(
            f"| {question.name} | {' | '.join(cells)} | {' | '.join(f'{ratio:.2f}' for ratio in ratios)} |",
            flush=True,
        )


def main() -> None:
    """Read the arguments, start Neo4j, measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.graphql_overhead", description=__doc__)
    parser.add_argument("--services", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="for one lap")
    given = parser.parse_args()

    async def go(engine: Neo4jEngine) -> None:
        auth = (engine.user, engine.password)
        async with AsyncGraphDatabase.driver(
            engine.uri, auth=auth, notifications_min_severity="OFF"
        ) as driver:
            await load(driver, given.services)
            await compared(driver, given.rounds, given.seconds)

    print(f"Python {platform.python_version()}, {platform.machine()}, {given.services} services", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        engine = Neo4jEngine(Path(folder) / "neo4j", heap_mb=512, pagecache_mb=128)
        with engine.start(ensure_jars()):
            asyncio.run(go(engine))


if __name__ == "__main__":
    main()
