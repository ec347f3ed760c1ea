"""Present reads pay nothing for the past, and the past costs a bounded factor: as-of questions at three ages, on ordinary entities and on a hub."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bench.harness import Bench, Line, Target
from bench.lines.world import World, each
from bench.shape import DAY, END, START, Shape
from graph_service.store.read.answers import Point

NAME = "past"
HOPS = 3
PLAIN = Shape(
    services=400, teams=5, edges=2000, hubs=0, hub_degree=0, old=0, even=True, prefix="plain-", seed=3
)
AGED = Shape(
    services=400, teams=5, edges=2000, hubs=0, hub_degree=0, old=50, even=True, prefix="aged-", seed=3
)
HUB = Shape(
    services=2001, teams=1, edges=2000, hubs=1, hub_degree=2000, old=50, even=True, prefix="hub-", seed=3
)
SHAPES = (PLAIN, AGED, HUB)
YEAR = START + 365 * DAY
"""By then everything has begun."""
AGES = {
    "recent": (END - 90 * DAY, END - DAY),
    "middle": (YEAR + 300 * DAY, YEAR + 420 * DAY),
    "oldest": (YEAR, YEAR + 60 * DAY),
}
"""The last and the first twelfth, and between: from, to."""


async def measure_history(bench: Bench, world: World) -> None:
    """The same present questions where there is no history and where there is much; a hub of 2,000 dependants as of then."""
    plain, aged, hub = world.data.parts
    now = await world.reader.point(None, None)
    for name, what, ask in (
        ("relationships", "what is related to an entity, both ways", _relationships(world, now)),
        ("impact", f"impact to depth {HOPS}", _impact(world, now)),
    ):
        line = Line(
            name=f"past.free-{name}", what=f"{what}, now, with 50 old versions an edge", floor="the same question on the same shape without history", unit="ms",
            target=Target(sense="at most", value=1.10),
        )  # fmt: skip
        # The same services by their place: the shapes are equal but for what is over.
        places = sorted(range(400), key=lambda n: n * 7919 % 400)[:100]
        await bench.compare(
            line,
            each(ask, [plain.services[n] for n in places]),
            each(ask, [aged.services[n] for n in places]),
            warm=2,
        )
    for age, (low, high) in AGES.items():
        line = Line(
            name=f"past.hub-{age}", what=f"the 2,000 dependants of a hub with 50 versions each, as of then, {age}", floor="the same question now", unit="ms",
            target=Target(sense="at most", value=6.0),
        )  # fmt: skip
        ask_at = _dependants(world, hub.hubs[0])
        instants = world.choices(0, 20).instants(low, high)
        past = [Point(valid=next(instants), known=now.known) for _ in range(10)]
        await bench.compare(line, each(ask_at, [now] * 10), each(ask_at, past), rounds=min(3, bench.rounds))


async def measure(bench: Bench, world: World) -> None:
    """Three hops from ordinary entities with five old versions an edge, at each age."""
    keys = world.choices().ordinary()
    now = await world.reader.point(None, None)
    for age, (low, high) in AGES.items():
        line = Line(
            name=f"past.hops-{age}", what=f"impact to depth {HOPS} of ordinary entities, as of then, {age}", floor="the same question now", unit="ms",
            target=Target(sense="at most", value=3.0),
        )  # fmt: skip
        instants = world.choices().instants(low, high)

        async def ask(one: tuple[str, Point]) -> object:
            return await world.reader.impact([one[0]], at=one[1], max_depth=HOPS, timeout_s=60)

        past = [(key, Point(valid=next(instants), known=now.known)) for key in keys]
        await bench.compare(
            line, each(ask, [(key, now) for key in keys]), each(ask, past), rounds=min(3, bench.rounds)
        )


def _relationships(world: World, at: Point) -> Callable[[str], Awaitable[object]]:
    return lambda key: world.reader.relationships([key], at=at, direction="both", first=200)


def _impact(world: World, at: Point) -> Callable[[str], Awaitable[object]]:
    return lambda key: world.reader.impact([key], at=at, max_depth=HOPS, timeout_s=60)


def _dependants(world: World, hub: str) -> Callable[[Point], Awaitable[object]]:
    return lambda at: world.reader.relationships([hub], at=at, direction="in", first=2000)
