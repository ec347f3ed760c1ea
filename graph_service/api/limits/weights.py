"""What fields cost, in objects: reading one entity and answering it with some of its properties is 1.

A field costs `own`, and all that is below it as often as there may be items. How many, a field says by `first` (or what it is called there), or, where
it has no such argument, by a guess. Work that the argument does not show (how deep an impact goes, from how many keys) makes `own` larger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LEAF = 0.05
"""A scalar: a twentieth of an object."""
OBJECT = 1.0
LIST_GUESS = 10
"""Items of a list that has no argument for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """What one field costs."""

    #: Each time it is asked for: reads in Neo4j, compared with that of one entity.
    own: float = OBJECT
    #: The argument that says how many items there are at most, and what more than is refused anyway.
    size: str | None = None
    size_max: int = 200
    #: How many items, where no argument says so.
    items: int | None = None
    #: Arguments whose number or length multiplies `own`, each with what more than is refused anyway.
    times: Mapping[str, int] = field(default_factory=dict)


def _page(own: float = OBJECT, **times: int) -> Weight:
    return Weight(own=own, size="first", times=times)


WEIGHTS: Mapping[str, Weight] = {
    "Query.node": Weight(),
    "Query.entity": Weight(),
    "Query.entities": _page(5, where=20),
    "Query.search": _page(20),
    "Query.impact": Weight(own=5, size="first", size_max=10_000, times={"of": 100, "maxDepth": 20}),
    "Query.impactDrift": Weight(own=10, items=100, times={"of": 100, "maxDepth": 20}),
    "Query.whatIf": Weight(own=10, items=100, times={"events": 1000, "impactOf": 100, "maxDepth": 20}),
    "Query.paths": Weight(own=20, size="first", times={"maxDepth": 20}),
    "Query.diff": _page(50),
    "Query.changes": _page(10),
    "Query.event": Weight(),
    "Query.events": _page(5),
    "Query.explain": Weight(own=20),
    # One statement each, whose cost does not depend on the number of buckets.
    "Query.trend": Weight(own=50, size="buckets", size_max=1000),
    "Query.neighbourhoodGraph": Weight(own=5, size="first", size_max=1000, times={"of": 100, "depth": 3}),
    "Query.impactGraph": Weight(own=5, size="first", size_max=1000, times={"of": 100, "maxDepth": 20}),
    "Query.driftGraph": Weight(own=10, size="first", size_max=1000, times={"of": 100, "maxDepth": 20}),
    "Query.diffGraph": _page(50),
    "Query.vocabulary": Weight(own=5, items=20),
    "Kind.count": Weight(own=2),
    "Kind.undeclared": Weight(own=2),
    "RelationshipType.count": Weight(own=2),
    "Query.status": Weight(own=5),
    "Query.basis": Weight(own=2),
    "Query.deadLetters": _page(5),
    "Query.deadLetter": Weight(),
    "Query.mentions": Weight(own=200),
    "Query.erasures": Weight(own=5),
    "Mutation.erase": Weight(own=500),
    "Mutation.replayDeadLetters": Weight(own=10, size="first", size_max=1000, times={"ids": 1000}),
    "Mutation.discardDeadLetters": Weight(own=2, times={"ids": 1000}),
    # Each time something is told.
    "Subscription.changes": Weight(),
    "Subscription.impact": Weight(own=10, items=100, times={"of": 100, "maxDepth": 20}),
    "Entity.history": _page(2),
    "Entity.relationships": _page(2),
    "Entity.events": _page(2),
    "Relationship.history": _page(2),
    "Event.effects": Weight(own=2, size="first", times={"maxDepth": 20}),
    "Event.causes": Weight(own=2, items=3, times={"maxDepth": 20}),
    "Event.correlated": _page(2),
    "Explanation.events": Weight(items=3),
    "Explanation.versions": Weight(items=3),
    "Explanation.superseded": Weight(items=2),
    "Explanation.corrections": Weight(items=5),
    "Explanation.rules": Weight(items=3),
    "Explanation.deadLetters": Weight(items=3),
    "Explanation.summary": Weight(own=2),
    "Event.entities": Weight(own=2),
    "Impact.byKind": Weight(items=20),
    "Impact.owners": Weight(items=20),
    "Path.entities": Weight(items=6),
    "Path.relationships": Weight(items=5),
    "Path.evidence": Weight(items=5),
    "ImpactDrift.entered": Weight(items=20),
    "ImpactDrift.left": Weight(items=20),
    "ImpactDrift.moved": Weight(items=20),
    "WhatIf.events": Weight(items=5),
    "WhatIf.changes": Weight(items=20),
    # The root of the schema's own description, and its lists: about as long as they are.
    "Query.__schema": Weight(),
    "Query.__type": Weight(),
    "__Schema.types": Weight(items=60),
    "__Schema.directives": Weight(items=5),
    "__Type.fields": Weight(items=6),
    "__Type.inputFields": Weight(items=1),
    "__Type.enumValues": Weight(items=1),
    "__Type.interfaces": Weight(items=1),
    "__Type.possibleTypes": Weight(items=1),
    "__Field.args": Weight(items=1),
    "__Directive.args": Weight(items=2),
}
"""By type and field. What is not here costs an object or a leaf, and a list has the size of the page it belongs to, or is guessed."""
