"""Promises of erasure: a subject's values are nowhere in the database and do not come back; all else stays as it is."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer
from neo4j import AsyncDriver

from graph_service.core.errors import BadInput
from graph_service.core.time import now
from graph_service.mapping import Mapping
from graph_service.store.keep.digest import digest
from graph_service.store.keep.erasure import Eraser, Erasure, erasures, keep_erasures
from graph_service.store.keep.ledger import erasures_in, export_ledger, import_ledger
from graph_service.store.keep.streams import Graph, streams
from graph_service.store.read.answers import VersionAt
from graph_service.store.write.writer import Writer
from tests.live.conftest import EngineAddresses, MakeTopic, emptied
from tests.live.test_ingest import ingesting, options_for

pytestmark = pytest.mark.asyncio(loop_scope="session")

APPLIED_WITHIN_S = 60.0
MARKER = "Quetzal"
"""In every value that tells of the subject, and nowhere else."""
KEY = "user:77"
MAPPING = """
kinds: {user: {label: User}, item: {label: Item}, team: {label: Team}}
relationships:
  BOUGHT: {label: bought, depends: nobody}
  INVITED: {label: invited, depends: nobody}
  MEMBERS: {label: has, depends: nobody}
events:
  - name: registered
    type: registered.v1
    assert:
      - entity: {kind: user, name: data.id}
        properties: data.about
  - name: left
    type: left.v1
    assert: [end: "'user:' + data.id"]
  - name: bought
    type: bought.v1
    assert:
      - entity: {kind: item, name: data.item}
        properties: {price: data.price}
      - relationship: BOUGHT
        source: "'user:' + data.id"
        target: "'item:' + data.item"
        properties: {note: data.note}
  - name: invited
    type: invited.v1
    assert:
      - relationship: INVITED
        source: "'user:' + data.by"
        target: "'user:' + data.id"
        properties: {note: data.note}
  - name: team
    type: team.v1
    assert:
      - relationships: MEMBERS
        source: "'team:' + data.team"
        targets:
          for_each: {one: data.members}
          target: "'user:' + one.id"
          properties: {nick: one.nick}
  - name: looked
    type: looked.v1
    when: "false"
    assert: [entity: "'user:' + data.id"]
  - name: withdrawn
    type: withdrawn.v1
    assert: [retract: data.event]
"""


def said(id: str, type: str, data: dict[str, Any], **more: Any) -> bytes:
    """A CloudEvent; each a day later than the one of the number before."""
    event = {"specversion": "1.0", "id": id, "source": "/shop", "type": f"{type}.v1", "data": data}
    return json.dumps({**event, **more}).encode()


BEFORE = [
    said("1", "registered", {"id": "77", "about": {"name": f"{MARKER} A", "age": 30, MARKER: True}}, subject=KEY),
    said("2", "registered", {"id": "78", "about": {"name": "Other"}}),
    said("3", "registered", {"id": "77", "about": {"name": f"{MARKER} B", "mail": None}}),
    said("4", "bought", {"id": "77", "item": "pen", "price": 3, "note": f"for {MARKER}"}, subject=f"from {MARKER}"),
    said("5", "bought", {"id": "78", "item": "pen", "price": 4, "note": "for me"}),
    said("6", "team", {"team": "a", "members": [{"id": "77", "nick": MARKER}, {"id": "78", "nick": "o"}]}),
    said("7", "invited", {"by": "78", "id": "77", "note": f"dear {MARKER}"}),
    said("8", "withdrawn", {"event": "9"}),
    said("9", "invited", {"by": "79", "id": "77", "note": f"never {MARKER}"}),
    said("10", "looked", {"id": "77", "page": MARKER}, subject=KEY),
    said("11", "left", {"id": "77", "why": MARKER}),
    said("12", "registered", {"id": "77", "about": {"name": f"{MARKER} back"}}),
    said("13", "registered", {"id": "77", "name": f"no about: {MARKER}"}),
    f'{{"user:77" {MARKER}'.encode(),
    said("14", "registered", {"id": "78", "name": "no about: Other"}),
]  # fmt: skip
"""The last three are dead letters: two of the subject, one of another."""


@pytest.fixture
def mapping(tmp_path: Path) -> Mapping:
    """People, what they bought, and who knows whom."""
    path = tmp_path / "people.yaml"
    path.write_text(MAPPING)
    return Mapping.load([path])


class Shop:
    """A log, and the graph of it."""

    def __init__(self, engines: EngineAddresses, driver: AsyncDriver, topic: str, mapping: Mapping) -> None:
        self.driver, self.topic, self.mapping = driver, topic, mapping
        self._engines = engines

    async def tell(self, *records: bytes) -> None:
        """Publish, one after the other."""
        async with AIOKafkaProducer(bootstrap_servers=self._engines.kafka_bootstrap) as producer:
            for record in records:
                await producer.send_and_wait(
                    self.topic, record, key=b"user:77" if b'"77"' in record else None
                )

    async def ingest(self) -> None:
        """All that is in the log."""
        options = options_for(self._engines, self.topic, batch_events_max=4)
        async with ingesting(options, self.driver, self.mapping) as ingester:
            await ingester.drained(APPLIED_WITHIN_S)

    async def erase(self, key: str = KEY) -> Erasure:
        return await Eraser(driver=self.driver).erase(key, requested_at=now(), reason="asked for")

    async def export(self, path: Path) -> Path:
        with path.open("wb") as file:
            await export_ledger(self.driver, file)
        return path

    async def versions(self) -> dict[Any, list[VersionAt]]:
        """By stream."""
        return {
            one.key: sorted(one.versions, key=lambda v: (v.target, v.known_from, v.valid_from))
            async for one in streams(Graph(driver=self.driver))
        }

    async def places(self, text: str) -> list[str]:
        """Where a text stands in the database: label or type, and property, of every node and relationship, bytes included."""
        found = []
        for query in (
            "MATCH (n) RETURN labels(n)[0] AS what, properties(n) AS p",
            "MATCH ()-[r]->() RETURN type(r) AS what, properties(r) AS p",
        ):
            async with self.driver.session() as session:
                async for record in await session.run(query):
                    for name, value in record["p"].items():
                        if text in name or text in (
                            value.decode("latin-1") if isinstance(value, bytes) else str(value)
                        ):
                            found.append(f"{record['what']}.{name}")
        return sorted(set(found))


@pytest_asyncio.fixture(loop_scope="session")
async def shop(
    engines: EngineAddresses, clean_graph: AsyncDriver, topic: MakeTopic, mapping: Mapping
) -> AsyncIterator[Shop]:
    """With all that was told before anybody asked for erasure."""
    made = Shop(engines, clean_graph, await topic(), mapping)
    await made.tell(*BEFORE)
    await made.ingest()
    yield made


async def test_nothing_is_left_but_that_something_was(shop: Shop, tmp_path: Path) -> None:
    """No property, claim, event or dead letter holds a value, nor does a new export; keys, times and events stay; what others say of
    others is untouched; what is said later is kept.
    """
    held = await shop.places(MARKER)
    assert {"DeadLetter.value", "Entity.p_name", "Entity.properties", "Event.data", "Event.subject"} <= set(
        held
    )
    assert {"ABOUT.assertions", "BOUGHT_PAST.properties", "HAD.properties", "INVITED.properties"} <= set(held)
    before = await shop.versions()
    receipt = await shop.erase()
    assert (receipt.events, receipt.dead_letters, receipt.done) == (9, 2, True)
    assert receipt.versions > 0
    assert await shop.places(MARKER) == []
    assert MARKER.encode() not in (await shop.export(tmp_path / "after")).read_bytes()

    after = await shop.versions()
    assert after.keys() == before.keys()
    for stream, versions in after.items():
        if KEY not in {stream.owner, *(version.target for version in (*versions, *before[stream]))}:
            assert versions == before[stream]
        elif stream.type:
            for old, new in zip(before[stream], versions, strict=True):
                about = KEY in (new.owner, new.target)
                assert (new.valid_from, new.valid_to, new.event) == (old.valid_from, old.valid_to, old.event)
                assert new.properties == ("{}" if about else old.properties)
        else:  # where only values told neighbours apart, they are one now
            assert {version.properties for version in versions} == {"{}"}
            assert {(v.valid_to, v.ended_by) for v in versions} <= {
                (v.valid_to, v.ended_by) for v in before[stream]
            }
    letters = await shop.driver.execute_query(
        "MATCH (d:DeadLetter) WHERE d.value IS NOT NULL RETURN d.offset AS at"
    )
    assert [record["at"] for record in letters.records] == [14]

    await shop.tell(said("20", "registered", {"id": "77", "about": {"name": "Fresh"}}))
    await shop.ingest()
    assert "Entity.p_name" in await shop.places("Fresh")
    assert (await shop.erase()).known_to > receipt.known_to
    assert await shop.places("Fresh") == []


async def test_it_does_not_come_back(shop: Shop, tmp_path: Path) -> None:
    """Not from the log replayed from its start, nor from a backup, neither one after the erasure nor one before it: the same digest each
    time. What came after the erasure does come back.
    """
    old = await shop.export(tmp_path / "old")
    await shop.erase()
    await shop.tell(
        said("30", "registered", {"id": "77", "about": {"name": "Fresh"}}),
        said("1", "registered", {"id": "77", "about": {"name": f"{MARKER} A", "age": 30, MARKER: True}}, subject=KEY),
        said("3", "registered", {"id": "77", "about": {"name": f"{MARKER} in conflict"}}),
    )  # fmt: skip
    await shop.ingest()
    wanted, kept = await digest(shop.driver), await erasures(shop.driver)
    new = await shop.export(tmp_path / "new")

    await emptied(shop.driver)
    await import_ledger(shop.driver, new)
    assert await digest(shop.driver) == wanted
    assert await erasures(shop.driver) == kept

    await emptied(shop.driver)
    await Writer(shop.driver).migrate()
    await keep_erasures(shop.driver, kept)
    await shop.ingest()
    assert await digest(shop.driver) == wanted
    in_conflict = {"DeadLetter.key", "DeadLetter.value"}
    assert set(await shop.places(MARKER)) <= in_conflict, "only what was said after the erasure"

    await emptied(shop.driver)
    assert MARKER.encode() in old.read_bytes()
    await import_ledger(shop.driver, old, erasures=erasures_in(new))
    assert await shop.places(MARKER) == []
    await shop.ingest()
    assert await digest(shop.driver) == wanted
    assert "Entity.p_name" in await shop.places("Fresh")


async def test_what_nobody_speaks_about_is_told(shop: Shop) -> None:
    """A mistyped key does not pass for an erasure; an interrupted one is completed when it is asked for again."""
    found = await Eraser(driver=shop.driver).mentions("user:7")
    assert (found.entities, found.events, found.dead_letters) == (0, 0, 0)
    known = await Eraser(driver=shop.driver).mentions(KEY)
    assert known.events >= 9
    assert known.dead_letters == 2

    def fail(done: int, total: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await Eraser(driver=shop.driver).erase(KEY, requested_at=1, on_entity=fail)
    assert [one.done for one in await erasures(shop.driver)] == [False]
    again = await shop.erase()
    assert (again.done, again.events, again.requested_at) == (True, 9, 1)
    assert await shop.places(MARKER) == []


async def test_an_empty_graph_has_nothing_to_erase(clean_graph: AsyncDriver) -> None:
    """In one sentence."""
    await Writer(clean_graph).migrate()
    with pytest.raises(BadInput, match="nothing was recorded"):
        await Eraser(driver=clean_graph).erase(KEY, requested_at=now())
