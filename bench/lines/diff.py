"""What differs between two points of valid time: its cost follows the differences, not the graph."""

from __future__ import annotations

from bench.harness import Bench, Line, Target
from bench.lines.world import World, each, same
from bench.shape import DAY, END, START
from graph_service.store.read.answers import Point

NAME = "diff"
WEEK = 7 * DAY
CYPHER = """CALL () { MATCH (s)-[r:DEPENDS_ON]->(t) WHERE $a < r.valid_from <= $b RETURN s, r, t
UNION MATCH (s)-[r:DEPENDS_ON_PAST]->(t) WHERE $a < r.valid_from <= $b RETURN s, r, t
UNION MATCH (s)-[r:DEPENDS_ON_PAST]->(t) WHERE $a < r.valid_to <= $b RETURN s, r, t }
RETURN collect(s.key), collect(t.key), collect(r.valid_from), collect(r.valid_to)"""


async def measure(bench: Bench, world: World) -> None:
    """A week among years, and a week in which nothing happened."""
    instants = world.choices().instants(START + 365 * DAY, END - 30 * DAY)
    windows = [(at, at + WEEK) for at, _ in zip(instants, range(10), strict=False)]
    known = (await world.reader.point(None, None)).known

    async def ours(window: tuple[int, int]) -> object:
        frm, to = (Point(valid=at, known=known) for at in window)
        return await world.reader.diff(frm, to, types=["DEPENDS_ON"], first=100_000)

    async def floor(window: tuple[int, int]) -> object:
        return await world.records(CYPHER, a=window[0], b=window[1])

    rows = (await world.records(CYPHER, a=windows[0][0], b=windows[0][1]))[0]
    frm, to = (Point(valid=at, known=known) for at in windows[0])
    page = await world.reader.diff(frm, to, types=["DEPENDS_ON"], first=100_000)
    found = {
        (one.owner, one.target) for item in page.items for one in (item.before, item.after) if one is not None
    }
    same("diff", set(), found - set(zip(rows[0], rows[1], strict=True)))
    more = f"{len(page.items):,} differences"
    line = Line(
        name="diff.week", what=f"what differs over a week, {more}, among {_versions(world):,} versions of edges", floor="bare Cypher that returns the rows as lists",
        unit="ms", target=Target(sense="at most", value=2.0),
    )  # fmt: skip
    await bench.compare(line, each(floor, windows), each(ours, windows), rounds=min(3, bench.rounds))
    line = Line(
        name="diff.empty", what="what differs over a week in which nothing happened", floor=None, unit="ms", target=Target(sense="at most", value=5.0)
    )  # fmt: skip
    empty = [(END + n * DAY, END + n * DAY + WEEK) for n in range(1, 21)]
    await bench.compare(line, None, each(ours, empty))


def _versions(world: World) -> int:
    return sum(len(edge.spells) for edge in world.data.edges if edge.type == "DEPENDS_ON")
