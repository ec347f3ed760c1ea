"""The declared words of a graph: which kinds and relationship types there are, and which end of a type depends on the other."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

from graph_service.core.errors import BadInput

RESERVED_TYPES = frozenset(("HAD", "ABOUT", "CAUSED", "RETRACTS"))
"""Relationship types that the store uses itself, besides all that end in `_PAST`."""
NEAR_MAX = 3
WORDS_COMPARED_MAX = 500
WORD_CHARS_COMPARED_MAX = 64


class Depends(StrEnum):
    """Which end of a relationship depends on the other: the direction that impact follows."""

    SOURCE = "source"
    TARGET = "target"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class KindDeclaration:
    """How entities of a kind are shown and found."""

    name: str
    #: For people, such as "Service".
    label: str
    description: str = ""
    #: The property shown as an entity's name; None: the part of the key after the colon.
    display: str | None = None
    #: Properties that the full-text search reads besides the key and the name, in order of weight.
    searchable: tuple[str, ...] = ()
    #: The property that says how much an entity matters.
    criticality: str | None = None
    #: The values of that property, the most important first; empty: usual words and numbers, see `core.impact.weight_of`.
    criticality_levels: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationshipDeclaration:
    """What a relationship type means."""

    type: str
    #: For people, read between source and target: "calls", "is owned by".
    label: str
    depends: Depends
    description: str = ""
    #: Whether the target owns the source.
    owner: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """All declared kinds by name and relationship types by type."""

    kinds: Mapping[str, KindDeclaration] = field(default_factory=dict)
    relationships: Mapping[str, RelationshipDeclaration] = field(default_factory=dict)

    def to_json(self) -> str:
        """One JSON object, the same text for the same vocabulary; `from_json` reads it back."""
        plain = {
            "kinds": [asdict(self.kinds[name]) for name in sorted(self.kinds)],
            "relationships": [asdict(self.relationships[type]) for type in sorted(self.relationships)],
        }
        return json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Vocabulary:
        """Read what `to_json` wrote.

        Raises:
            BadInput: other text.
        """
        try:
            plain: dict[str, list[dict[str, Any]]] = json.loads(text)
            kinds = [_kind(found) for found in plain["kinds"]]
            relationships = [_relationship(found) for found in plain["relationships"]]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadInput(
                f"the saved vocabulary cannot be read ({error!r}); load the mapping again"
            ) from error
        return cls(
            kinds={kind.name: kind for kind in kinds},
            relationships={relationship.type: relationship for relationship in relationships},
        )

    def types_depending(self, end: Depends) -> tuple[str, ...]:
        """The types in which that end depends on the other, sorted."""
        return tuple(sorted(name for name, found in self.relationships.items() if found.depends is end))

    def owner_types(self) -> tuple[str, ...]:
        """The types whose target owns their source, sorted."""
        return tuple(sorted(name for name, found in self.relationships.items() if found.owner))


def near(words: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """Up to three of the `known` words that are much like one of these, in any case, the likest first; for suggestions. Cheap also for huge words."""
    among = {word.casefold(): word for word in sorted(known)[:WORDS_COMPARED_MAX]}
    asked = sorted(set(words))[:NEAR_MAX]
    found = [
        like
        for word in asked
        for like in get_close_matches(word[:WORD_CHARS_COMPARED_MAX].casefold(), among, n=NEAR_MAX)
    ]
    return tuple(among[like] for like in dict.fromkeys(found))[:NEAR_MAX]


def _kind(plain: dict[str, Any]) -> KindDeclaration:
    # Graphs that were declared by earlier versions have no levels.
    lists = {name: tuple(plain.get(name, ())) for name in ("searchable", "criticality_levels")}
    return KindDeclaration(**{**plain, **lists})


def _relationship(plain: dict[str, Any]) -> RelationshipDeclaration:
    return RelationshipDeclaration(**{**plain, "depends": Depends(plain["depends"])})
