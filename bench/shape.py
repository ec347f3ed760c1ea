"""The data that is measured on: made from a seed, of the same shape as the one that public peers were measured on.

Services in a hidden order, each with ten properties; teams that own them; dependencies that mostly point down that order, with a few hubs and a long tail,
and so many old spells each. What happened is recorded when it happens: one partition, in order. `Data.log` is that as records for the real writer,
`bulk` writes down the elements that come of it.
"""

from __future__ import annotations

import bisect
import itertools
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from graph_service.core.time import FOREVER
from graph_service.core.vocabulary import Depends, KindDeclaration, RelationshipDeclaration, Vocabulary

MINUTE, DAY = 60_000_000, 86_400_000_000
END = 1_735_689_600_000_000
"""2025-01-01T00:00:00Z in microseconds: nothing happens from here on."""
START = END - 3 * 365 * DAY
TOPIC = "bench"
SOURCE = "/bench"
PROPERTIES_OF_PAGE = ("name", "tier", "language", "lifecycle", "cost")
VOCABULARY = Vocabulary(
    kinds={
        "service": KindDeclaration(
            name="service", label="Service", display="name", criticality="criticality"
        ),
        "team": KindDeclaration(name="team", label="Team", display="name"),
    },
    relationships={
        "DEPENDS_ON": RelationshipDeclaration(type="DEPENDS_ON", label="depends on", depends=Depends.SOURCE),
        "OWNS": RelationshipDeclaration(type="OWNS", label="owns", depends=Depends.NOBODY),
    },
)
_LANGUAGES = ("python", "java", "go", "kotlin", "typescript", "rust")
_PROTOCOLS = ("http", "grpc", "kafka")

Spells = tuple[tuple[int, int], ...]
"""Stretches of valid time, in order, that do not overlap: microseconds, half-open; the last one is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How much of what. Two equal shapes are the same data, to the last byte."""

    services: int
    teams: int
    edges: int
    hubs: int
    hub_degree: int
    #: Old spells of an edge, on average; exactly so many where `even`.
    old: int
    even: bool = False
    #: How long the history is, up to `END`.
    days: int = 3 * 365
    #: Whether an edge is gone for a while between two spells; otherwise it only changes.
    gaps: bool = True
    #: What keys begin with, so that two shapes can be in one graph.
    prefix: str = ""
    seed: int = 7

    @property
    def start(self) -> int:
        """When the history begins, in microseconds; the entities are there a day before."""
        return END - self.days * DAY

    @property
    def settled(self) -> int:
        """By when every edge has begun, in microseconds."""
        return self.start + min(365, self.days // 3) * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A relationship with its history."""

    source: str
    type: str
    target: str
    spells: Spells
    #: Of each spell.
    properties: tuple[dict[str, object], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One event: an entity that appears (`edge` is None), or a spell that begins, or one that ends and is followed by nothing at once."""

    at: int
    key: str
    edge: Edge | None
    #: Which spell of the edge.
    spell: int
    begins: bool


class Data:
    """All that a shape comes to."""

    def __init__(self, *shapes: Shape) -> None:
        """Made when it is asked for."""
        self.shapes = shapes

    @cached_property
    def parts(self) -> list[Part]:
        """One for each shape."""
        return [Part(shape) for shape in self.shapes]

    @cached_property
    def entities(self) -> dict[str, dict[str, object]]:
        """Properties by key."""
        return {key: properties for part in self.parts for key, properties in part.entities.items()}

    @cached_property
    def edges(self) -> list[Edge]:
        """All of them."""
        return [edge for part in self.parts for edge in part.edges]

    def log(self) -> list[Happening]:
        """What happened, in the order in which it is recorded; the place in the list is the offset."""
        found = [
            Happening(at=part.shape.start - DAY, key=key, edge=None, spell=0, begins=True)
            for part in self.parts
            for key in part.entities
        ]
        for edge in self.edges:
            for n, (begin, end) in enumerate(edge.spells):
                found.append(Happening(at=begin, key=edge.source, edge=edge, spell=n, begins=True))
                if end != FOREVER and edge.spells[n + 1][0] != end:
                    found.append(Happening(at=end, key=edge.source, edge=edge, spell=n, begins=False))
        found.sort(key=lambda one: one.at)
        return found


class Part:
    """What one shape comes to."""

    def __init__(self, shape: Shape) -> None:
        self.shape, self._rng = shape, random.Random(shape.seed)
        width = max(5, len(str(shape.services - 1)))
        self.services = [f"service:{shape.prefix}s{n:0{width}}" for n in range(shape.services)]
        self.teams = [f"team:{shape.prefix}t{n:03}" for n in range(shape.teams)]
        self.entities = {key: self._service(n) for n, key in enumerate(self.services)}
        self.entities |= {key: {"name": f"Team {n}"} for n, key in enumerate(self.teams)}
        owns = [
            (team, key)
            for key in self.services
            for team in self._rng.sample(
                self.teams, min(len(self.teams), 2 if self._rng.random() < 0.2 else 1)
            )
        ]
        #: Services, the most depended on first: hubs, then the tail.
        self.rank = list(range(shape.services))
        self._rng.shuffle(self.rank)
        pairs = sorted(self._pairs())
        self.edges = [self._edge(self.services[s], "DEPENDS_ON", self.services[t]) for s, t in pairs]
        start = ((shape.start - DAY // 2, FOREVER),)
        self.edges += [
            Edge(source=team, type="OWNS", target=key, spells=start, properties=({},)) for team, key in owns
        ]

    @property
    def hubs(self) -> list[str]:
        """The keys of the hubs."""
        return [self.services[n] for n in self.rank[: self.shape.hubs]]

    @property
    def popular(self) -> list[str]:
        """The keys of those that come next."""
        return [self.services[n] for n in self.rank[self.shape.hubs : self.shape.hubs + 300]]

    def _service(self, n: int) -> dict[str, object]:
        rng = self._rng
        domain = f"domain{rng.randrange(40)}"
        return {
            "name": f"Service {n} of {domain}", "tier": rng.randrange(1, 5), "domain": domain, "language": rng.choice(_LANGUAGES),
            "repo": f"git/{domain}/s{n}", "version": f"{rng.randrange(9)}.{rng.randrange(30)}.{rng.randrange(9)}",
            "region": rng.choice(("eu", "us", "ap", "sa")), "lifecycle": rng.choice(("live", "beta", "sunset")),
            "criticality": rng.randrange(1, 11), "cost": rng.randrange(10_000),
        }  # fmt: skip

    def _pairs(self) -> set[tuple[int, int]]:
        """Down the rank, 2 % up; targets are skewed, hubs have exactly their degree, 1 % of services depend on much."""
        shape, rng, rank, n = self.shape, self._rng, self.rank, self.shape.services
        reach = list(itertools.accumulate((place + 30) ** -0.8 for place in range(n)))
        hubs = set(rank[: shape.hubs])
        pairs = {
            (s, hub) for hub in rank[: shape.hubs] for s in rng.sample(rank[shape.hubs :], shape.hub_degree)
        }
        heavy = sorted(rng.sample(range(n), max(1, n // 100)))
        while len(pairs) < shape.edges:
            place = shape.hubs + bisect.bisect(reach, rng.random() * reach[n - shape.hubs - 1])
            down = rank[rng.randrange(min(place + 1, n - 1), n)]
            s, t = rng.choice(heavy) if rng.random() < 0.12 else down, rank[min(place, n - 1)]
            if rng.random() < 0.02:
                s, t = t, s
            if s != t and t not in hubs:
                pairs.add((s, t))
        return pairs

    def _edge(self, source: str, type: str, target: str) -> Edge:
        spells, rng = self._spells(), self._rng
        protocol, weight = rng.choice(_PROTOCOLS), rng.randrange(1, 1000)
        properties = tuple({"protocol": protocol, "weight": weight + n} for n in range(len(spells)))
        return Edge(source=source, type=type, target=target, spells=spells, properties=properties)

    def _spells(self) -> Spells:
        """Gaps are real absences, most of them short."""
        shape, rng = self.shape, self._rng
        old = shape.old if shape.even else _poisson(rng, shape.old)
        begin = rng.randrange(shape.start, shape.settled)
        cuts = sorted(rng.randrange(begin + DAY, END - DAY) for _ in range(old))
        found = []
        for n, cut in enumerate(cuts):
            end = max(cut, begin + MINUTE)
            after = end
            if shape.gaps:
                after += MINUTE + int(rng.random() ** 3 * 0.3 * (END - end))
                if n + 1 < len(cuts):
                    after = min(after, max(cuts[n + 1] - MINUTE, end + MINUTE))
                after = min(after, END - MINUTE)
                if after <= end:
                    break
            found.append((begin, end))
            begin = after
        return (*found, (begin, FOREVER))


def _poisson(rng: random.Random, mean: float) -> int:
    limit, count, left = math.exp(-mean), 0, rng.random()
    while left > limit:
        count, left = count + 1, left * rng.random()
    return count


class Choices:
    """Seeded choices of what to ask about: so many of each, the same in each run."""

    def __init__(self, part: Part, count: int = 50) -> None:
        self._part, self._rng, self._count = part, random.Random(11), count
        depended = {edge.target for edge in part.edges if edge.type == "DEPENDS_ON"}
        depending = {edge.source for edge in part.edges if edge.type == "DEPENDS_ON"}
        self._depended = [key for key in part.services if key in depended]
        self._depending = [key for key in part.services if key in depending]

    def keys(self) -> list[str]:
        """Services."""
        return self._rng.sample(self._part.services, self._count)

    def depending(self) -> list[str]:
        """Services that depend on something."""
        return self._rng.sample(self._depending, self._count)

    def starts(self) -> list[str]:
        """What something depends on: in 50, five that are popular and three hubs."""
        popular, hubs = self._count // 10, min(len(self._part.hubs), max(1, self._count * 3 // 50))
        found = self._rng.sample(self._depended, self._count - popular - hubs)
        found += self._rng.sample([key for key in self._part.popular if key in set(self._depended)], popular)
        found += self._rng.sample(self._part.hubs, hubs)
        self._rng.shuffle(found)
        return found

    def ordinary(self) -> list[str]:
        """What something depends on, hubs and the popular left out."""
        out = {*self._part.hubs, *self._part.popular}
        return self._rng.sample([key for key in self._depended if key not in out], self._count)

    def instants(self, low: int = START + 365 * DAY, high: int = END - 30 * DAY) -> Iterator[int]:
        """Instants between, without end."""
        while True:
            yield self._rng.randrange(low, high)


GROWTH = {
    f"{versions:,}": Shape(
        services=10_000, teams=200, edges=50_000, hubs=3, hub_degree=1_000, old=versions // 50_000 - 1, days=45 * versions // 50_000, gaps=False
    )
    for versions in (100_000, 1_000_000, 10_000_000)
}  # fmt: skip
"""One company as it grows old: every edge changes each 45 days, for three months, two and a half years, and twenty-five; by versions of edges."""
MESH = Shape(services=20_000, teams=500, edges=100_000, hubs=5, hub_degree=2_000, old=5)
"""The shape of the peers' data: 600,000 versions of edges over three years."""
SMALL_MESH = Shape(services=4_000, teams=100, edges=20_000, hubs=3, hub_degree=800, old=5)
SAMPLE = Shape(services=60, teams=5, edges=150, hubs=1, hub_degree=30, old=4)
"""What the real writer and the bulk must agree on."""
