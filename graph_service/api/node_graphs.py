"""Graphs as two flat lists, with the field names that Grafana's Node Graph panel reads: any chart that takes rows can show them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import strawberry

from graph_service.api.bases import Basis
from graph_service.api.context import Info, Moment
from graph_service.api.fields import resolved
from graph_service.api.impacts import Truncation
from graph_service.api.names import name_of
from graph_service.api.nodes import Event, event_of
from graph_service.api.proofs import Scores
from graph_service.api.scalars import DateTime, instant
from graph_service.store.read.answers import EntityAt, RelationshipAt

RADIUS, RADIUS_ASKED = 40, 55
#: Of the stroke of what is not there any more, or leads to what is not.
DASHES = "6 4"


class Fate(Enum):
    """What is to be seen of a node or an edge, in one word."""

    ASKED = "asked about"
    THERE = "there"
    ENTERED = "entered"
    LEFT = "left"
    MOVED = "moved"
    APPEARED = "appeared"
    CHANGED = "changed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Look:
    """How a panel shows a fate: names of Grafana's palette and icons."""

    color: str
    icon: str | None
    dashed: bool = False


LOOKS: dict[Fate, Look] = {
    Fate.ASKED: Look("purple", "crosshair"),
    Fate.THERE: Look("blue", None),
    Fate.ENTERED: Look("red", "plus-circle"),
    Fate.LEFT: Look("green", "minus-circle", dashed=True),
    Fate.MOVED: Look("orange", "exchange-alt"),
    Fate.APPEARED: Look("green", "plus-circle"),
    Fate.CHANGED: Look("orange", "pen"),
    Fate.ENDED: Look("red", "minus-circle", dashed=True),
}
MISSING = Look("gray", "question-circle", dashed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRow:
    """An entity, and what a graph says about it."""

    entity: EntityAt
    moment: Moment
    fate: Fate
    #: Under the title, where the kind is told otherwise.
    main: str | None = None
    secondary: str | None = None
    distance: int | None = None
    #: The event behind `fate`; None: that which made the entity what it is.
    event: str | None = None
    scores: Scores | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeRow:
    """A relationship, and what a graph says about it."""

    relationship: RelationshipAt
    moment: Moment
    fate: Fate = Fate.THERE
    #: Whether it is what made the difference.
    highlighted: bool = False
    event: str | None = None


@strawberry.type(
    description="An entity as a row for the Node Graph panel. What is null is left to the panel. Arcs add up to 1; with `color` beside them, the panel "
    "shows the color."
)
class GraphNode:
    row: strawberry.Private[NodeRow]

    @resolved("The entity's key: what `source` and `target` of edges name.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.row.entity.key)

    @resolved("The entity's name for people.")
    async def title(self, info: Info) -> str:
        return await name_of(info.context, self.row.entity)

    @resolved("The label of its kind.")
    async def subtitle(self, info: Info) -> str:
        declared = (await info.context.vocabulary()).kinds.get(self.row.entity.kind)
        return declared.label if declared is not None else self.row.entity.kind

    @resolved("What the graph is about: the distance, or what became of the entity.")
    def mainstat(self) -> str | None:
        return self.row.main

    @resolved("More of it: the score, the distances before and after, the type of the event.")
    async def secondarystat(self, info: Info) -> str | None:
        if self.row.scores is not None and self.row.fate is not Fate.ASKED:
            return f"{(await self.row.scores.of(info.context, self.row.entity.key)).score:.2f}"
        return self.row.secondary

    @resolved("A color of Grafana's palette, by what became of the entity; gray where it is not declared.")
    def color(self) -> str:
        return self._look().color

    @resolved("The name of one of Grafana's icons.")
    def icon(self) -> str | None:
        return self._look().icon

    @resolved("The radius in pixels: larger for what was asked about.", name="nodeRadius")
    def node_radius(self) -> int:
        return RADIUS_ASKED if self.row.fate is Fate.ASKED else RADIUS

    @resolved("Whether it stands out: what was asked about, and what is different.")
    def highlighted(self) -> bool:
        return self.row.fate is not Fate.THERE

    @resolved("1 for what is there and as it was, or was asked about; else 0.", name="arc__unchanged")
    def arc_unchanged(self) -> float:
        return self._arc(Fate.THERE, Fate.ASKED)

    @resolved("1 for what entered or appeared; else 0.", name="arc__entered")
    def arc_entered(self) -> float:
        return self._arc(Fate.ENTERED, Fate.APPEARED)

    @resolved("1 for what left or ended; else 0.", name="arc__left")
    def arc_left(self) -> float:
        return self._arc(Fate.LEFT, Fate.ENDED)

    @resolved("1 for what moved or got other properties; else 0.", name="arc__changed")
    def arc_changed(self) -> float:
        return self._arc(Fate.MOVED, Fate.CHANGED)

    @resolved("1 for what is named by others and not declared; else 0.", name="arc__missing")
    def arc_missing(self) -> float:
        return float(self._missing())

    @resolved("The key.", name="detail__key")
    def detail_key(self) -> str:
        return self.row.entity.key

    @resolved("The kind.", name="detail__kind")
    def detail_kind(self) -> str:
        return self.row.entity.kind

    @resolved("What became of it, in a word; for what is not declared, that.", name="detail__state")
    def detail_state(self) -> str:
        if self._missing():
            return "ended, still named" if self.row.entity.ended else "never declared"
        return self.row.fate.value

    @resolved("How many relationships away from what was asked about.", name="detail__distance")
    def detail_distance(self) -> int | None:
        return self.row.distance

    @resolved("Since when it has been as it is.", name="detail__since")
    def detail_since(self) -> DateTime | None:
        return instant(self.row.entity.valid_from)

    @resolved("The CloudEvents id of the event behind it.", name="detail__event")
    async def detail_event(self, info: Info) -> str | None:
        event = await self._event(info)
        return None if event is None else event.row.id

    @resolved("The type of that event.", name="detail__eventType")
    async def detail_event_type(self, info: Info) -> str | None:
        event = await self._event(info)
        return None if event is None else event.row.type

    async def _event(self, info: Info) -> Event | None:
        return await event_of(info.context, self.row.event or self.row.entity.event, self.row.moment)

    def _missing(self) -> bool:
        return not self.row.entity.declared and self.row.fate in (Fate.THERE, Fate.ASKED)

    def _look(self) -> Look:
        return MISSING if self._missing() else LOOKS[self.row.fate]

    def _arc(self, *fates: Fate) -> float:
        return float(self.row.fate in fates and not self._missing())


@strawberry.type(
    description="A relationship as a row for the Node Graph panel, in its own direction. What is null is left to the panel."
)
class GraphEdge:
    row: strawberry.Private[EdgeRow]

    @resolved("The same for the same relationship, within this answer.")
    def id(self) -> strawberry.ID:
        one = self.row.relationship
        return strawberry.ID(" ".join((one.source, one.type, one.target, one.discriminator)).rstrip())

    @resolved("The key of the entity that it goes out from.")
    def source(self) -> str:
        return self.row.relationship.source

    @resolved("The key of the entity that it points to.")
    def target(self) -> str:
        return self.row.relationship.target

    @resolved("What sort of relationship, for people.")
    async def mainstat(self, info: Info) -> str:
        type = self.row.relationship.type
        declared = (await info.context.vocabulary()).relationships.get(type)
        return declared.label if declared is not None else type

    @resolved("What became of it, where that is the question; else what tells it from others of its type.")
    def secondarystat(self) -> str | None:
        fate = self.row.fate
        return self.row.relationship.discriminator or None if fate is Fate.THERE else fate.value

    @resolved("How thick, in pixels.")
    def thickness(self) -> float:
        return 3.0 if self.row.highlighted else 1.0

    @resolved("Whether it stands out: it made the difference.")
    def highlighted(self) -> bool:
        return self.row.highlighted

    @resolved("A color of Grafana's palette, by what became of it; null for what is simply there.")
    def color(self) -> str | None:
        return None if self.row.fate is Fate.THERE else LOOKS[self.row.fate].color

    @resolved("Dashes for what is not there any more.", name="strokeDasharray")
    def stroke_dasharray(self) -> str | None:
        return DASHES if LOOKS[self.row.fate].dashed else None

    @resolved("The type.", name="detail__type")
    def detail_type(self) -> str:
        return self.row.relationship.type

    @resolved(
        "What tells it from others of the same type between the same ends.", name="detail__discriminator"
    )
    def detail_discriminator(self) -> str | None:
        return self.row.relationship.discriminator or None

    @resolved("Since when it has held, with its properties.", name="detail__since")
    def detail_since(self) -> DateTime:
        return DateTime(self.row.relationship.valid_from)

    @resolved("The CloudEvents id of the event behind it.", name="detail__event")
    async def detail_event(self, info: Info) -> str | None:
        event = await self._event(info)
        return None if event is None else event.row.id

    @resolved("The type of that event.", name="detail__eventType")
    async def detail_event_type(self, info: Info) -> str | None:
        event = await self._event(info)
        return None if event is None else event.row.type

    async def _event(self, info: Info) -> Event | None:
        return await event_of(info.context, self.row.event or self.row.relationship.event, self.row.moment)


@strawberry.type(
    description="A graph as two flat lists. The panel takes one query for each: ask for `nodes` in one and for `edges` in the other, with the same "
    "arguments. Every edge has both its ends among the nodes."
)
class NodeGraph:
    nodes: list[GraphNode] = strawberry.field(description="Entities, each once, by distance and key.")
    edges: list[GraphEdge] = strawberry.field(description="Relationships, each once, by their ends and type.")
    truncated: Truncation | None = strawberry.field(
        description="What was left out and why; null when nothing was."
    )
    moment: strawberry.Private[Moment]

    @resolved("What it rests on; where two points are compared, the second.")
    async def basis(self, info: Info) -> Basis:
        return Basis.of(await info.context.basis(self.moment.point))

    @classmethod
    def of(
        cls,
        nodes: dict[str, NodeRow],
        edges: list[EdgeRow],
        truncated: Truncation | None,
        moment: Moment,
    ) -> NodeGraph:
        """From rows, in any order; nodes by key."""
        by_identity = {
            (one.source, one.type, one.target, one.discriminator): edge
            for edge in edges
            for one in (edge.relationship,)
        }
        ordered = sorted(nodes.values(), key=lambda row: (row.distance or 0, row.entity.key))
        return cls(
            nodes=[GraphNode(row=row) for row in ordered],
            edges=[GraphEdge(row=by_identity[identity]) for identity in sorted(by_identity)],
            truncated=truncated,
            moment=moment,
        )
