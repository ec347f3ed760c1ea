"""What is believed at one point, straight from the words of the design (2.3): slow, and nothing else. An oracle for tests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from graph_service.core.assertions import (
    Assertion,
    EntityAsserted,
    EntityEnded,
    EventRetracted,
    RelationshipAsserted,
    RelationshipEnded,
    RelationshipsAsserted,
    Spanned,
)
from graph_service.core.model import NOTHING, Event, EventId, Properties
from graph_service.core.vocabulary import Depends, Vocabulary

#: source, type, discriminator, target
Edge = tuple[str, str, str, str]


@dataclass(frozen=True, kw_only=True)
class Believed:
    """Entities and edges at one point on both clocks."""

    entities: dict[str, Properties]
    edges: dict[Edge, Properties]
    #: Which event said so last.
    said_by: dict[Edge, Event]

    def targets(self, source: str, *types: str) -> list[tuple[str, str]]:
        """(type, target) of all edges out of `source`, sorted."""
        return sorted((edge[1], edge[3]) for edge in self.edges if edge[0] == source and edge[1] in types)

    def dependents(self, of: str, vocabulary: Vocabulary, depth_max: int) -> dict[str, int]:
        """Everything that transitively depends on `of`, with its distance."""
        distances, frontier = {of: 0}, [of]
        for distance in range(1, depth_max + 1):
            reached = []
            for source, type, _, target in self.edges:
                depends = vocabulary.relationships[type].depends
                pair = {Depends.SOURCE: (source, target), Depends.TARGET: (target, source)}.get(depends)
                if pair is not None and pair[1] in frontier and pair[0] not in distances:
                    distances[pair[0]] = distance
                    reached.append(pair[0])
            frontier = reached
        del distances[of]
        return distances


def believed(told: Iterable[tuple[Event, tuple[Assertion, ...]]], valid: int, known: int) -> Believed:
    """The state at `valid` as known at `known`, both in microseconds."""
    said = [
        (event, assertion)
        for event, assertions in told
        if event.order.recorded_at <= known
        for assertion in assertions
    ]
    retracted: set[EventId] = {
        assertion.event for _, assertion in said if isinstance(assertion, EventRetracted)
    }
    active: list[tuple[Event, Spanned]] = [
        (event, assertion)
        for event, assertion in said
        if not isinstance(assertion, EventRetracted)
        and event.identity not in retracted
        and assertion.valid_from <= valid < assertion.valid_to
    ]
    active.sort(key=lambda pair: (pair[1].valid_from, pair[0].sequence or "", pair[0].order))
    entities: dict[str, Properties] = {}
    edges: dict[Edge, Properties] = {}
    said_by: dict[Edge, Event] = {}
    for event, assertion in active:
        match assertion:
            case EntityAsserted():
                before = NOTHING if assertion.replace else entities.get(assertion.key, NOTHING)
                entities[assertion.key] = before.patched(assertion.set, assertion.unset)
            case EntityEnded():
                entities.pop(assertion.key, None)
                edges = {edge: found for edge, found in edges.items() if edge[0] != assertion.key}
            case RelationshipAsserted():
                edge = (assertion.source, assertion.type, assertion.discriminator, assertion.target)
                edges[edge], said_by[edge] = assertion.properties, event
            case RelationshipEnded():
                edges.pop((assertion.source, assertion.type, assertion.discriminator, assertion.target), None)
            case RelationshipsAsserted():
                stream = (assertion.source, assertion.type, assertion.discriminator)
                edges = {edge: found for edge, found in edges.items() if edge[:3] != stream}
                for target, properties in assertion.targets.items():
                    edges[*stream, target], said_by[*stream, target] = properties, event
    return Believed(entities=entities, edges=edges, said_by=said_by)
