"""What is left of an assertion when a subject's values are erased. Pure.

Erasing takes values, never facts about time: that an entity existed, that a relationship held, from when to when and by which event
stays, under the key; what was said of it goes. So a fold of blanked assertions has the shape of the old one, as far as values did not
make that shape.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

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
from graph_service.core.model import NOTHING


def keys_named(assertion: Assertion) -> set[str]:
    """The keys of all entities that an assertion speaks about; none for a retraction, which speaks about an event."""
    match assertion:
        case EntityAsserted() | EntityEnded():
            return {assertion.key}
        case RelationshipAsserted() | RelationshipEnded():
            return {assertion.source, assertion.target}
        case RelationshipsAsserted():
            return {assertion.source, *assertion.targets}
        case EventRetracted():
            return set()


def blanked(assertion: Spanned, keys: Collection[str]) -> Spanned:
    """The assertion without what it says of these entities; itself where it says nothing of them.

    Properties of an entity go, and of every relationship to or from it. Keys, types, discriminators and spans stay, and of a
    set of relationships the properties of those to other entities, unless the source is erased.
    """
    match assertion:
        case EntityAsserted() if assertion.key in keys:
            return replace(assertion, set=NOTHING, unset=())
        case RelationshipAsserted() if assertion.source in keys or assertion.target in keys:
            return replace(assertion, properties=NOTHING)
        case RelationshipsAsserted() if not keys_named(assertion).isdisjoint(keys):
            every = assertion.source in keys
            return replace(
                assertion,
                targets={
                    target: NOTHING if every or target in keys else properties
                    for target, properties in assertion.targets.items()
                },
            )
        case _:
            return assertion


def subject_left(subject: str | None, erased: Iterable[str]) -> str | None:
    """The subject of an event that speaks about these erased entities: their own key stays, any other text may tell of them."""
    return subject if all(subject == key for key in erased) else None
