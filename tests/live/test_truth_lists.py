"""Lists and counts against the oracle: filters, orders, pages, search and trends, at points of both clocks, through a real Neo4j."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import groupby, islice, pairwise, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_service.core.model import kind_of
from graph_service.store.read.answers import EntityAt, Page, Point
from graph_service.store.read.asking import Filter, Op, Order, OrderBy, entity_cursor
from graph_service.store.read.feed import ChangeFilter
from graph_service.store.read.reader import Reader
from graph_service.store.read.trend import Buckets, Measure, TrendFilter
from tests import builders
from tests.histories import KNOWN_FROM, histories, picking
from tests.live.comparing import LATER
from tests.live.small_graph import DELIVERED, SmallGraph
from tests.logs import Delivery, delivery
from tests.oracle import Graph, Oracle, Recorded

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEYS = ("s:a", "s:ab", "t:Straße", "t:k")
NAMES = ("n", "m", 'q"\\')
VALUES: tuple[Any, ...] = (
    *(1, 1.0, 2, 10, -1, True, False, None, "1", "true", "", "a", "ab", "Ab", "b c", "STRASSE", "straße"),
    *('say "x"', "back\\slash", "line\nend", "\u212a", "ﬁn", "n", ["a"], {"n": "a"}),
)
WORDS = ("a", "AB", "s:", "ss", "strasse", 'say "', "\\", "k", "fi", "fin b", "n", ":", "true", "ß", "zz")
CONDITIONS: tuple[tuple[Op, Any], ...] = (
    *((op, value) for op in (Op.EQUAL, Op.GT, Op.GTE, Op.LT, Op.LTE) for value in (1, 2.0, True, "a", 'say "x"')),
    *((Op.PREFIX, value) for value in ("a", 'say "', "", "back\\", "str")),
    *((Op.IN, value) for value in ([1, "a"], [], [True, "Ab", None], [["a"]])),
    *((Op.EXISTS, value) for value in (True, False)),
)  # fmt: skip
QUESTIONS = 12


@st.composite
def named(draw: st.DrawFn) -> list[Recorded]:
    """Entities with properties of all sorts, some ended, some only named by others."""
    pick, records, known = picking(draw), [], KNOWN_FROM
    for number in range(1 + pick(7)):
        known += 1 + pick(2)
        key, valid = KEYS[pick(len(KEYS))], pick(4)
        match pick(6):
            case 4:
                claim: Any = builders.end(key, valid)
            case 5:
                claim = builders.link(key, "CALLS", KEYS[pick(len(KEYS))], valid)
            case _:
                values = {NAMES[pick(len(NAMES))]: draw(st.sampled_from(VALUES)) for _ in range(1 + pick(2))}
                claim = builders.entity(key, valid, replace=pick(2) == 1, **values)
        records.append(builders.record(f"e{number}", known, claim, offset=number))
    return records


@DELIVERED
@given(records=named(), chance=st.randoms(use_true_random=False))
async def test_filters_orders_pages_and_search(
    small_graph: SmallGraph, records: list[Recorded], chance: Any
) -> None:
    """Now and as of then: exactly those that fulfil the conditions then, in the order asked for, in pages of any size; words whatever the case."""
    await small_graph.holding([records])
    oracle, reader = Oracle(records), small_graph.reader
    points = [
        Point(valid=valid, known=known) for valid, known in product((0, 2, LATER), (*oracle.known, LATER))
    ]
    for _ in range(QUESTIONS):
        point = chance.choice(points)
        graph = oracle.as_of(point.valid, point.known)
        there = await all_there(reader, oracle, point, graph)
        where = [
            Filter(property=chance.choice(NAMES), op=op, value=value)
            for op, value in chance.sample(CONDITIONS, chance.randrange(3))
        ]
        kinds = chance.choice((None, None, ("s",), ("t", "s")))
        order = Order(
            by=chance.choice(tuple(OrderBy)), property=chance.choice(NAMES), descending=chance.random() < 0.5
        )
        wanted = [
            one
            for one in there
            if (kinds is None or one.kind in kinds)
            and all(holds(json.loads(one.properties), each) for each in where)
        ]
        expected = sorted(wanted, key=lambda one: place(one, order), reverse=order.descending)

        async def listed(
            first: int, after: str | None, point: Point = point, where: Any = where, order: Order = order, kinds: Any = kinds
        ) -> Page[EntityAt]:  # fmt: skip
            return await reader.entities(
                at=point, kinds=kinds, where=where, order=order, first=first, after=after
            )

        size = 1 + chance.randrange(3)
        found = await in_pages(listed, size, lambda one, order=order: entity_cursor(one, order))  # type: ignore[misc]
        assert found == expected, (point, where, order, kinds)

        text = chance.choice(WORDS)

        async def searched(
            first: int, after: str | None, point: Point = point, text: str = text, kinds: Any = kinds
        ) -> Page[EntityAt]:
            return await reader.search(text, at=point, kinds=kinds, first=first, after=after)

        expected = [one for one in there if (kinds is None or one.kind in kinds) and has_words(one, text)]
        found = await in_pages(searched, size, lambda one: entity_cursor(one, Order()))
        assert found == sorted(expected, key=lambda one: one.key), (point, text)


async def all_there(reader: Reader, oracle: Oracle, point: Point, graph: Graph) -> list[EntityAt]:
    """What the oracle says is there, as the reader shows it; that this is right, `test_truth` checks."""
    named = {end for edge in graph.edges for end in (edge.source, edge.target)}
    rows = await reader.entities_by_key(KEYS, point)
    there = [
        one for key, one in sorted(rows.items()) if key in graph.entities or (key in named and not one.ended)
    ]
    assert {one.key for one in there} >= graph.entities.keys()
    for one in there:
        texts = dict(graph.entities.get(one.key, ()))
        assert json.loads(one.properties) == {name: json.loads(text) for name, text in texts.items()}
        assert one.kind == kind_of(one.key)
    return there


async def in_pages(
    ask: Callable[[int, str | None], Any], size: int, cursor: Callable[[EntityAt], str]
) -> list[EntityAt]:
    """All pages, one after the other."""
    found: list[EntityAt] = []
    after, more = None, True
    while more:
        page: Page[EntityAt] = await ask(size, after)
        assert len(page.items) <= size and (page.items or not page.more)
        found += page.items
        after, more = cursor(page.items[-1]) if page.items else None, page.more
    return found


def json_type(value: Any) -> str:
    """What compares with what."""
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "text" if isinstance(value, str) else "other"


def holds(values: dict[str, Any], condition: Filter) -> bool:
    """What a condition says, read once more."""
    if condition.op is Op.EXISTS:
        return (condition.property in values) is condition.value
    if condition.property not in values:
        return False
    found, wanted = values[condition.property], condition.value
    if condition.op is Op.IN:
        assert isinstance(wanted, list)
        return any(equal(found, one) for one in wanted)
    if condition.op is Op.EQUAL:
        return equal(found, wanted)
    if condition.op is Op.PREFIX:
        return isinstance(found, str) and found[: len(str(wanted))] == wanted
    if json_type(found) != json_type(wanted) or json_type(found) == "other":
        return False
    less, more, same = found < wanted, found > wanted, found == wanted
    return bool({Op.GT: more, Op.GTE: more or same, Op.LT: less, Op.LTE: less or same}[condition.op])


def equal(one: Any, other: Any) -> bool:
    """1 and 1.0 are, 1 and true are not."""
    return json_type(one) == json_type(other) and one == other


def place(one: EntityAt, order: Order) -> tuple[Any, ...]:
    """Where it stands, ascending: booleans, numbers, texts, then what is nothing of these."""
    if order.by is OrderBy.KEY:
        return (one.key,)
    if order.by is OrderBy.KIND:
        return (one.kind, one.key)
    if order.by is OrderBy.VALID_FROM:
        return (one.valid_from is None, one.valid_from or 0, one.key)
    value = json.loads(one.properties).get(order.property)
    rank = ("boolean", "number", "text", "other").index(json_type(value))
    return (rank, 0 if rank == 3 else value, one.key)


def has_words(one: EntityAt, text: str) -> bool:
    """Every word in the key or one of the texts."""
    texts = [one.key, *(value for value in json.loads(one.properties).values() if isinstance(value, str))]
    return all(any(word.casefold() in each.casefold() for each in texts) for word in text.split())


@st.composite
def delivered(draw: st.DrawFn) -> Delivery:
    """A history, in batches."""
    return delivery(picking(draw), draw(histories()))


@DELIVERED
@given(batches=delivered(), chance=st.randoms(use_true_random=False))
async def test_trends_count_what_the_oracle_says(
    small_graph: SmallGraph, batches: Delivery, chance: Any
) -> None:
    """For every bucket: what is there at its end as of then; what became of things within it, as a diff of its edges tells if nothing moves twice."""
    await small_graph.holding(batches)
    records = [record for batch in batches for record in batch]
    oracle, reader = Oracle(records), small_graph.reader
    for known in {chance.choice((*oracle.known, LATER)) for _ in range(2)}:
        start = chance.choice((-1, 0, 3, KNOWN_FROM - 4))
        # One instant a bucket: then a diff of its edges misses nothing.
        buckets = Buckets.of(start, start + 9, 9)
        graphs = [oracle.as_of(instant, known) for instant in range(start, start + 10)]

        async def counts(measure: Measure, kinds: Sequence[str] | None = None, known: int = known, buckets: Buckets = buckets) -> list[int]:  # fmt: skip
            return await reader.trend(measure, buckets, TrendFilter(kinds=kinds), known)

        assert await counts(Measure.ENTITIES) == [len(graph.entities) for graph in graphs[1:]]
        assert await counts(Measure.RELATIONSHIPS) == [len(graph.edges) for graph in graphs[1:]]
        assert await counts(Measure.ENTITIES, ("nothing",)) == [0] * 9
        told = [became(before, after) for before, after in pairwise(graphs)]
        for measure in (Measure.APPEARED, Measure.CHANGED, Measure.ENDED):
            assert await counts(measure) == [one[measure] for one in told], measure
        assert await counts(Measure.CHANGES) == [sum(one.values()) for one in told]
        wide = Buckets.of(start, start + 9, 2)
        levels = await reader.trend(Measure.ENTITIES, wide, TrendFilter(), known)
        assert levels == [len(graphs[5].entities), len(graphs[9].entities)]
    end = max(oracle.known, default=0) + 1
    recorded = await reader.trend(
        Measure.RECORDED, Buckets.of(KNOWN_FROM, end, end - KNOWN_FROM), TrendFilter(), LATER
    )
    assert recorded == [
        sum(one.order.recorded_at == instant for one in oracle.records.values())
        for instant in range(KNOWN_FROM, end)
    ]


def became(before: Graph, after: Graph) -> dict[Measure, int]:
    """What became of entities and edges from one instant to the next."""
    found = dict.fromkeys((Measure.APPEARED, Measure.CHANGED, Measure.ENDED), 0)
    pairs: list[tuple[Any, Any]] = [(before.entities, after.entities), (before.edges, after.edges)]
    for old, new in pairs:
        found[Measure.APPEARED] += len(new.keys() - old.keys())
        found[Measure.ENDED] += len(old.keys() - new.keys())
        found[Measure.CHANGED] += sum(old[key] != new[key] for key in old.keys() & new.keys())
    return found


@DELIVERED
@given(batches=delivered())
async def test_corrections_are_those_of_the_change_log(small_graph: SmallGraph, batches: Delivery) -> None:
    """Delivered instant by instant, in the order of knowing: as many as the feed marks, by when they became known."""
    records = sorted((record for batch in batches for record in batch), key=lambda one: one.order)
    await small_graph.holding([list(some) for _, some in groupby(records, lambda one: one.order.recorded_at)])
    page = await small_graph.reader.feed.before(ChangeFilter(corrects=True), None, 200)
    marked = [one.entry.point.known for one in page.changes]
    end = max((one.order.recorded_at for one in records), default=KNOWN_FROM)
    buckets = Buckets.of(KNOWN_FROM - 1, end, end - KNOWN_FROM + 1)
    counts = await small_graph.reader.trend(Measure.CORRECTIONS, buckets, TrendFilter(), LATER)
    assert counts == [marked.count(instant) for instant in islice(range(KNOWN_FROM, end + 1), len(counts))]
