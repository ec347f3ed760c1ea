"""What an event can claim: a closed set (design 2.2). Mappings make these; the fold understands nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from graph_service.core.errors import BadRecord
from graph_service.core.model import EventId, Properties
from graph_service.core.time import FOREVER


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spanned:
    """Holds over [valid_from, valid_to); `valid_to` is FOREVER where the end is open. `rule` names the mapping rule."""

    valid_from: int
    valid_to: int = FOREVER
    rule: str = ""

    def __post_init__(self) -> None:
        if self.valid_from >= self.valid_to:
            raise BadRecord(
                "empty-span", "an assertion must end after it begins: valid_to is not after valid_from"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityAsserted(_Spanned):
    """The entity exists; its properties are patched (first `unset`, then `set`), or replaced by `set`."""

    key: str
    set: Properties
    unset: tuple[str, ...] = ()
    replace: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityEnded(_Spanned):
    """The entity no longer exists, and its outgoing relationships end with it."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationshipAsserted(_Spanned):
    """The edge holds, with exactly these properties."""

    source: str
    type: str
    target: str
    discriminator: str = ""
    properties: Properties


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationshipEnded(_Spanned):
    """The edge no longer holds."""

    source: str
    type: str
    target: str
    discriminator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationshipsAsserted(_Spanned):
    """Exactly these targets hold in this stream; all others of it end."""

    source: str
    type: str
    discriminator: str = ""
    targets: Mapping[str, Properties]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRetracted:
    """All that the named event asserted never held, as known from this event on."""

    event: EventId
    rule: str = ""


Spanned: TypeAlias = (
    EntityAsserted | EntityEnded | RelationshipAsserted | RelationshipEnded | RelationshipsAsserted
)
Assertion: TypeAlias = Spanned | EventRetracted


def owner_of(assertion: Spanned) -> str:
    """The key of the entity whose streams the assertion speaks about."""
    match assertion:
        case EntityAsserted() | EntityEnded():
            return assertion.key
        case RelationshipAsserted() | RelationshipEnded() | RelationshipsAsserted():
            return assertion.source
