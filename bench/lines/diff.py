"""What differs between two points: its cost follows the differences, not the graph."""

from __future__ import annotations

import orjson

from bench.graphql_overhead import LIMITS, asks
from bench.harness import Bench, Line, Target
from bench.lines.world import World, each, same
from bench.shape import DAY, END, START
from graph_service.api.app import create_app
from graph_service.api.exposure import Exposure
from graph_service.api.security.access import Insecure
from graph_service.core.time import format_instant
from graph_service.store.read.answers import DifferenceAt, Page, Point

NAME = "diff"
WEEK = 7 * DAY
TYPES = ["DEPENDS_ON"]
PAGE = 100
CYPHER = """CALL () { MATCH (s)-[r:DEPENDS_ON]->(t) WHERE $a < r.valid_from <= $b RETURN s, r, t
UNION MATCH (s)-[r:DEPENDS_ON_PAST]->(t) WHERE $a < r.valid_from <= $b RETURN s, r, t
UNION MATCH (s)-[r:DEPENDS_ON_PAST]->(t) WHERE $a < r.valid_to <= $b RETURN s, r, t }
RETURN collect(s.key), collect(t.key), collect(r.valid_from), collect(r.valid_to)"""
GRAPHQL = """{ diff(from: {valid: "%s"}, to: {valid: "%s"}, types: ["DEPENDS_ON"], first: 100) {
  edges { cursor node { kind relationship { type source { key } target { key } properties } before { properties } event { id } } } } }"""


async def measure(bench: Bench, world: World) -> None:
    """A week among years, as known now and as known then; a week in which nothing happened; a page of it over GraphQL."""
    instants = world.choices().instants(START + 365 * DAY, END - 30 * DAY)
    windows = [(at, at + WEEK) for at, _ in zip(instants, range(10), strict=False)]
    known = (await world.reader.point(None, None)).known

    async def ours(window: tuple[int, int], first: int = 100_000) -> Page[DifferenceAt]:
        frm, to = (Point(valid=at, known=known) for at in window)
        return await world.reader.diff(frm, to, types=TYPES, first=first)

    async def as_known(window: tuple[int, int]) -> Page[DifferenceAt]:
        frm, to = (Point(valid=at, known=at) for at in window)
        return await world.reader.diff(frm, to, types=TYPES, first=100_000)

    async def page_of_ours(window: tuple[int, int]) -> Page[DifferenceAt]:
        return await ours(window, PAGE)

    async def floor(window: tuple[int, int]) -> object:
        return await world.records(CYPHER, a=window[0], b=window[1])

    rows = (await world.records(CYPHER, a=windows[0][0], b=windows[0][1]))[0]
    page = await ours(windows[0])
    found = {
        (one.owner, one.target) for item in page.items for one in (item.before, item.after) if one is not None
    }
    same("diff", set(), found - set(zip(rows[0], rows[1], strict=True)))
    more = f"{len(page.items):,} differences"
    line = Line(
        name="diff.week", what=f"what differs over a week, {more}, among {_versions(world):,} versions of edges", floor="bare Cypher that returns the rows as lists",
        unit="ms", target=Target(sense="at most", value=2.0),
    )  # fmt: skip
    await bench.compare(line, each(floor, windows), each(ours, windows), warm=5)
    line = Line(
        name="diff.known", what="what differs over a week, each side as known then", floor="the same week, both sides as known now", unit="ms", target=None
    )  # fmt: skip
    await bench.compare(line, each(ours, windows), each(as_known, windows), rounds=min(3, bench.rounds))
    line = Line(
        name="diff.empty", what="what differs over a week in which nothing happened", floor=None, unit="ms", target=Target(sense="at most", value=5.0)
    )  # fmt: skip
    empty = [(END + n * DAY, END + n * DAY + WEEK) for n in range(1, 21)]
    await bench.compare(line, None, each(ours, empty))
    app = create_app(world.reader, access=Insecure(), exposure=Exposure(limits=LIMITS, audit=lambda _: None))

    async def over_graphql(window: tuple[int, int]) -> None:
        answer = orjson.loads(await asks(app, GRAPHQL % tuple(map(format_instant, window)))())
        if "errors" in answer or len(answer["data"]["diff"]["edges"]) > PAGE:
            raise SystemExit(f"diff.graphql: {str(answer)[:400]}")

    line = Line(
        name="diff.graphql", what=f"the first {PAGE} differences of a week with their events, over GraphQL, in process", floor="the same page from the reader",
        unit="ms", target=None,
    )  # fmt: skip
    await bench.compare(line, each(page_of_ours, windows), each(over_graphql, windows))


def _versions(world: World) -> int:
    return sum(len(edge.spells) for edge in world.data.edges if edge.type == "DEPENDS_ON")
