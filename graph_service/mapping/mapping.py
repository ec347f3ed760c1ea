"""A mapping: what a set of mapping files says, ready to turn events into assertions."""

from __future__ import annotations

from collections.abc import Mapping as ReadOnlyMap
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson

from graph_service.core.assertions import Assertion
from graph_service.core.errors import BadMapping, BadRecord
from graph_service.core.model import Event
from graph_service.core.time import format_instant
from graph_service.core.vocabulary import RESERVED_TYPES, KindDeclaration, RelationshipDeclaration, Vocabulary
from graph_service.mapping.compile import ASSERTIONS_MAX, TIME, CompiledRule, RuleCompiler
from graph_service.mapping.expressions import Scope
from graph_service.mapping.files import MappingModel, mistakes, read_model, read_text
from graph_service.mapping.json_text import canonical_text
from graph_service.mapping.yaml_tree import YamlTree

#: How many event types the rules are remembered for; past it, they are looked up again.
_TYPES_REMEMBERED_MAX = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingFile:
    """One file of a mapping, as it was read."""

    #: Its name without folders: what assertions name in `rule`.
    name: str
    text: str
    #: Hash of what it says; comments and layout do not count. 16 hex digits.
    version: str


@dataclass(frozen=True, slots=True)
class _Read:
    path: Path
    text: str
    tree: YamlTree
    model: MappingModel


class Mapping:
    """What events assert, and the vocabulary they do it in. Immutable; the order in which files are given does not matter."""

    __slots__ = ("_by_type", "_rules", "files", "kinds", "relationships", "version")

    def __init__(
        self, files: tuple[MappingFile, ...], vocabulary: Vocabulary, rules: tuple[CompiledRule, ...]
    ) -> None:
        """From what `load` found."""
        self.files = files
        self.kinds: ReadOnlyMap[str, KindDeclaration] = vocabulary.kinds
        self.relationships: ReadOnlyMap[str, RelationshipDeclaration] = vocabulary.relationships
        #: 16 hex digits over what all files say, and their names.
        self.version = _hash(canonical_text([[file.name, file.version] for file in files]))
        self._rules = rules
        self._by_type: dict[str, tuple[CompiledRule, ...]] = {}

    @classmethod
    def load(cls, paths: Sequence[Path]) -> Mapping:
        """Read, check and compile mapping files.

        Raises:
            BadMapping: at least one mistake; names file, line and field of each.
        """
        return cls._of([(path, read_text(path)) for path in paths])

    @classmethod
    def parse(cls, texts: Sequence[tuple[str, str]]) -> Mapping:
        """From (name, text) of mapping files, as `files` has them: the same mapping, of the same version.

        Raises:
            BadMapping: at least one mistake; names file, line and field of each.
        """
        return cls._of([(Path(name), text) for name, text in texts])

    @classmethod
    def _of(cls, texts: Sequence[tuple[Path, str]]) -> Mapping:
        read = sorted(
            (_Read(path, text, *read_model(str(path), text)) for path, text in texts),
            key=lambda found: found.path.name,
        )
        if not read:
            raise BadMapping("there is no mapping file; name at least one")
        for first, second in pairwise(read):
            if first.path.name == second.path.name:
                raise BadMapping(
                    f"{first.path} and {second.path} have the same name; facts name their file, so rename one"
                )
        vocabulary = _merged(read)
        rules = tuple(rule for found in read for rule in _compiled(found, vocabulary))
        files = tuple(
            MappingFile(
                name=found.path.name, text=found.text, version=_hash(canonical_text(found.tree.value))
            )
            for found in read
        )
        return cls(files, vocabulary, rules)

    @property
    def vocabulary(self) -> Vocabulary:
        """The declared kinds and relationship types."""
        return Vocabulary(kinds=self.kinds, relationships=self.relationships)

    @property
    def rules(self) -> tuple[str, ...]:
        """All rules as assertions name them, "file.yaml#name", in the order in which they apply."""
        return tuple(rule.where for rule in self._rules)

    def rules_for(self, type: str) -> tuple[str, ...]:
        """The rules for events of this type, whatever their `when` says."""
        return tuple(rule.where for rule in self._rules_for(type))

    def assertions(self, event: Event) -> tuple[Assertion, ...] | None:
        """What the event asserts, in the order of the rules; None where no rule is for its type.

        An event whose type has rules that all do not apply (`when`) asserts nothing: an empty tuple.

        Raises:
            BadRecord: `mapping-failed`, `bad-key`, `bad-time`, `bad-property`, `doubled-target`, `empty-span`, `too-large` or
                `too-many-assertions`; the message names file, rule and expression.
        """
        rules = self._rules_for(event.type)
        if not rules:
            return None
        found: list[Assertion] = []
        used = 0
        names = _names(event)
        for rule in rules:
            for assertion, uses in rule.apply(Scope(dict(names))):
                used += uses
                if used > ASSERTIONS_MAX:
                    raise BadRecord(
                        "too-many-assertions",
                        f"{rule.where}: an event may make {ASSERTIONS_MAX} assertions; split the event",
                    )
                found.append(assertion)
        return tuple(found)

    def _rules_for(self, type: str) -> tuple[CompiledRule, ...]:
        rules = self._by_type.get(type)
        if rules is None:
            if len(self._by_type) >= _TYPES_REMEMBERED_MAX:
                self._by_type.clear()
            rules = tuple(rule for rule in self._rules if rule.type.fullmatch(type))
            self._by_type[type] = rules
        return rules


def _names(event: Event) -> dict[str, Any]:
    """What expressions see. Attributes that the event does not have are not there, so that `has(event.subject)` tells."""
    attributes = {
        "id": event.identity.id,
        "source": event.identity.source,
        "type": event.type,
        "time": format_instant(event.time),
        "subject": event.subject,
        "sequence": event.sequence,
        "correlationid": event.correlation_id,
        "causationid": event.causation_id,
        "recordedtime": None if event.recorded_time is None else format_instant(event.recorded_time),
    }
    return {
        "event": {name: value for name, value in attributes.items() if value is not None},
        "data": orjson.loads(event.data),
        TIME: event.time,
    }


def _merged(read: list[_Read]) -> Vocabulary:
    """The vocabulary of all files: the same declaration may be in several, a different one may not."""
    kinds: dict[str, KindDeclaration] = {}
    relationships: dict[str, RelationshipDeclaration] = {}
    origins: dict[str, str] = {}
    for found in read:
        wrong: list[tuple[tuple[str | int, ...], str]] = []
        for name, kind in found.model.kinds.items():
            said = KindDeclaration(
                name=name,
                label=kind.label,
                description=kind.description,
                display=kind.display,
                searchable=tuple(kind.searchable),
                criticality=kind.criticality,
                criticality_levels=tuple(kind.criticality_levels),
            )
            if kinds.setdefault(name, said) != said:
                wrong.append(
                    (("kinds", name), f"{origins[name]} declares this kind differently; keep one of the two")
                )
            origins.setdefault(name, found.path.name)
        for type, relationship in found.model.relationships.items():
            if type in RESERVED_TYPES or type.endswith("_PAST"):
                wrong.append((("relationships", type), "the store keeps this type for itself; use another"))
            meant = RelationshipDeclaration(
                type=type,
                label=relationship.label,
                depends=relationship.depends_on,
                description=relationship.description,
                owner=relationship.owner,
            )
            if relationships.setdefault(type, meant) != meant:
                wrong.append(
                    (
                        ("relationships", type),
                        f"{origins[type]} declares this type differently; keep one of the two",
                    )
                )
            origins.setdefault(type, found.path.name)
        if wrong:
            raise mistakes(found.tree, wrong)
    return Vocabulary(kinds=kinds, relationships=relationships)


def _compiled(read: _Read, vocabulary: Vocabulary) -> list[CompiledRule]:
    compiler = RuleCompiler(read.path.name, vocabulary.kinds, vocabulary.relationships)
    rules: list[CompiledRule] = []
    seen: dict[str, int] = {}
    for index, rule in enumerate(read.model.events):
        if seen.setdefault(rule.name, index) != index:
            line = read.tree.line(("events", seen[rule.name], "name"))
            message = f"the rule on line {line} has the same name; every fact names its rule, so rename one"
            compiler.mistakes.append((("events", index, "name"), message))
        rules.append(compiler.compile(rule, ("events", index)))
    if compiler.mistakes:
        raise mistakes(read.tree, compiler.mistakes)
    return rules


def _hash(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()
