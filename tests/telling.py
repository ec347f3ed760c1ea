"""Assertions in words, so that a failing history reads as a list."""

from __future__ import annotations

from graph_service.core.assertions import (
    Assertion,
    EntityAsserted,
    EntityEnded,
    EventRetracted,
    RelationshipAsserted,
    RelationshipEnded,
    RelationshipsAsserted,
)
from graph_service.core.time import FOREVER


def said(assertion: Assertion) -> str:
    """In one phrase."""
    match assertion:
        case EventRetracted():
            return f"retract {assertion.event.id}"
        case EntityAsserted():
            unset = f" unset {','.join(assertion.unset)}" if assertion.unset else ""
            how = "replace" if assertion.replace else "entity"
            phrase = f"{how} {assertion.key} {assertion.set.text}{unset}"
        case EntityEnded():
            phrase = f"end {assertion.key}"
        case RelationshipAsserted():
            phrase = f"link {_edge(assertion)} {assertion.target} {assertion.properties.text}"
        case RelationshipEnded():
            phrase = f"unlink {_edge(assertion)} {assertion.target}"
        case RelationshipsAsserted():
            targets = ", ".join(f"{key} {found.text}" for key, found in assertion.targets.items())
            phrase = f"links {_edge(assertion)} [{targets}]"
    return f"{phrase} from {assertion.valid_from}" + (
        "" if assertion.valid_to == FOREVER else f" to {assertion.valid_to}"
    )


def _edge(assertion: RelationshipAsserted | RelationshipEnded | RelationshipsAsserted) -> str:
    discriminator = f"({assertion.discriminator})" if assertion.discriminator else ""
    return f"{assertion.source} {assertion.type}{discriminator}"
