"""Rules compiled to functions: an event's names and values in, assertions out. All mistakes of a file are found together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, assert_never

from graph_service.core.assertions import (
    Assertion,
    EntityAsserted,
    EntityEnded,
    EventRetracted,
    RelationshipAsserted,
    RelationshipEnded,
    RelationshipsAsserted,
)
from graph_service.core.errors import BadRecord
from graph_service.core.model import NOTHING, EventId, Properties
from graph_service.core.time import FOREVER
from graph_service.mapping import files, values
from graph_service.mapping.expressions import TAKEN_NAMES, Expression, ExpressionError, Scope
from graph_service.mapping.yaml_tree import shown

ASSERTIONS_MAX = 10_000
"""How many assertions one event may make; each target of a complete set counts."""

Path: TypeAlias = tuple[str | int, ...]
#: One assertion of a rule: what it asserts in a scope, each with how many of `ASSERTIONS_MAX` it uses up.
Maker: TypeAlias = Callable[[Scope], Iterator[tuple[Assertion, int]]]
#: What a Maker is without `when` and `for_each`: one assertion.
Single: TypeAlias = Callable[[Scope], tuple[Assertion, int]]
KeyMaker: TypeAlias = Callable[[Scope], str]
PropertiesMaker: TypeAlias = Callable[[Scope], tuple[Properties, tuple[str, ...]]]
SpanMaker: TypeAlias = Callable[[Scope], tuple[int, int]]

EVENT_NAMES = frozenset(("event", "data"))
TIME = " time"
"""Where a scope keeps the event's time in microseconds: a name that no expression can say."""


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule that can be applied: `where` is "file.yaml#name"."""

    where: str
    type: re.Pattern[str]
    when: Expression | None
    lets: tuple[tuple[str, Expression], ...]
    makers: tuple[Maker, ...]

    def apply(self, scope: Scope) -> Iterator[tuple[Assertion, int]]:
        """The assertions of the event in `scope`, none where `when` is false.

        Raises:
            BadRecord: an expression fails, or gives what cannot be.
        """
        if self.when is not None and not values.truth(self.when, scope):
            return
        for name, expression in self.lets:
            scope.bind(name, expression.evaluate(scope))
        try:
            for maker in self.makers:
                yield from maker(scope)
        except BadRecord as error:
            if error.reason != "empty-span":
                raise
            # An assertion refuses an empty span without knowing whose it is.
            raise BadRecord(error.reason, f"{self.where}: {error}") from error


@dataclass(slots=True)
class RuleCompiler:
    """Compiles the rules of one file; `mistakes` collects a path into the file and a sentence for each mistake."""

    file: str
    kinds: Mapping[str, object]
    types: Mapping[str, object]
    mistakes: list[tuple[Path, str]] = field(default_factory=list)
    _rule: str = ""

    def compile(self, rule: files.Rule, path: Path) -> CompiledRule:
        """The rule at `path`. Worth nothing once there are `mistakes`."""
        self._rule = f"{self.file}#{rule.name}"
        names = EVENT_NAMES
        when = self._optional(rule.when, names, (*path, "when"))
        lets = []
        for name, source in rule.let.items():
            at = (*path, "let", name)
            lets.append((name, self._expression(source, names, at)))
            names = self._named(name, names, at)
        makers = [
            self._item(item, names, (*path, "assert", index)) for index, item in enumerate(rule.assert_)
        ]
        pattern = re.compile(".*".join(re.escape(part) for part in rule.type.split("*")), re.DOTALL)
        return CompiledRule(self._rule, pattern, when, tuple(lets), tuple(makers))

    def _item(self, item: files.Item, names: frozenset[str], path: Path) -> Maker:
        inner = self._loop_names(item.for_each, names, path)
        single = self._single(item, inner, path)
        when = self._optional(item.when, inner, (*path, "when"))
        if item.for_each is None:
            return _once(single, when)
        return _each(self._loop(item.for_each, names, path), single, when)

    def _single(self, item: files.Item, names: frozenset[str], path: Path) -> Single:
        match item:
            case files.EntityItem():
                return self._entity(item, names, path)
            case files.EndItem():
                return self._end(item, names, path)
            case files.RelationshipItem():
                return self._relationship(item, names, path)
            case files.EndRelationshipItem():
                return self._end_relationship(item, names, path)
            case files.RelationshipsItem():
                return self._relationships(item, names, path)
            case files.RetractItem():
                return self._retract(item, names, path)
            case _:
                assert_never(item)

    def _entity(self, item: files.EntityItem, names: frozenset[str], path: Path) -> Single:
        key = self._key(item.entity, names, (*path, "entity"))
        made = self._properties(item.properties, names, (*path, "properties"))
        span = self._span(item, names, path)
        rule, replace, unset = self._rule, item.replace, tuple(sorted(set(item.unset)))
        if isinstance(item.properties, dict) and (both := sorted(set(unset) & set(item.properties))):
            self.mistakes.append(((*path, "unset"), f"{both[0]!r} is both set and unset"))

        def make(scope: Scope) -> tuple[Assertion, int]:
            valid_from, valid_to = span(scope)
            found, nulls = made(scope)
            names_unset = unset if not nulls else tuple(sorted({*unset, *nulls}))
            return EntityAsserted(
                key=key(scope),
                set=found,
                unset=() if replace else tuple(name for name in names_unset if name not in found.texts),
                replace=replace,
                valid_from=valid_from,
                valid_to=valid_to,
                rule=rule,
            ), 1

        return make

    def _end(self, item: files.EndItem, names: frozenset[str], path: Path) -> Single:
        key, span, rule = (
            self._key(item.end, names, (*path, "end")),
            self._span(item, names, path),
            self._rule,
        )

        def make(scope: Scope) -> tuple[Assertion, int]:
            valid_from, valid_to = span(scope)
            return EntityEnded(key=key(scope), valid_from=valid_from, valid_to=valid_to, rule=rule), 1

        return make

    def _relationship(self, item: files.RelationshipItem, names: frozenset[str], path: Path) -> Single:
        type = self._type(item.relationship, (*path, "relationship"))
        source = self._key(item.source, names, (*path, "source"))
        target = self._key(item.target, names, (*path, "target"))
        discriminator = self._discriminator(item.discriminator, names, path)
        made = self._properties(item.properties, names, (*path, "properties"))
        span, rule = self._span(item, names, path), self._rule

        def make(scope: Scope) -> tuple[Assertion, int]:
            valid_from, valid_to = span(scope)
            return RelationshipAsserted(
                source=source(scope),
                type=type,
                target=target(scope),
                discriminator=discriminator(scope),
                properties=made(scope)[0],
                valid_from=valid_from,
                valid_to=valid_to,
                rule=rule,
            ), 1

        return make

    def _end_relationship(self, item: files.EndRelationshipItem, names: frozenset[str], path: Path) -> Single:
        type = self._type(item.end_relationship, (*path, "end_relationship"))
        source = self._key(item.source, names, (*path, "source"))
        target = self._key(item.target, names, (*path, "target"))
        discriminator = self._discriminator(item.discriminator, names, path)
        span, rule = self._span(item, names, path), self._rule

        def make(scope: Scope) -> tuple[Assertion, int]:
            valid_from, valid_to = span(scope)
            return RelationshipEnded(
                source=source(scope),
                type=type,
                target=target(scope),
                discriminator=discriminator(scope),
                valid_from=valid_from,
                valid_to=valid_to,
                rule=rule,
            ), 1

        return make

    def _relationships(self, item: files.RelationshipsItem, names: frozenset[str], path: Path) -> Single:
        type = self._type(item.relationships, (*path, "relationships"))
        source = self._key(item.source, names, (*path, "source"))
        discriminator = self._discriminator(item.discriminator, names, path)
        span, rule = self._span(item, names, path), self._rule
        targets = self._targets(item.targets, names, (*path, "targets"))

        def make(scope: Scope) -> tuple[Assertion, int]:
            valid_from, valid_to = span(scope)
            found = targets(scope)
            return RelationshipsAsserted(
                source=source(scope),
                type=type,
                discriminator=discriminator(scope),
                targets=found,
                valid_from=valid_from,
                valid_to=valid_to,
                rule=rule,
            ), 1 + len(found)

        return make

    def _targets(
        self, targets: files.Targets, names: frozenset[str], path: Path
    ) -> Callable[[Scope], dict[str, Properties]]:
        inner = self._loop_names(targets.for_each, names, path)
        loop = self._loop(targets.for_each, names, path)
        when = self._optional(targets.when, inner, (*path, "when"))
        target = self._key(targets.target, inner, (*path, "target"))
        made = self._properties(targets.properties, inner, (*path, "properties"))
        where = self._where((*path, "target"))

        def make(scope: Scope) -> dict[str, Properties]:
            found: dict[str, Properties] = {}
            for _ in loop(scope):
                if when is not None and not values.truth(when, scope):
                    continue
                key = target(scope)
                value = made(scope)[0]
                if found.setdefault(key, value) != value:
                    raise BadRecord(
                        "doubled-target",
                        f"{where}: {key!r} is in the set twice, with different properties: "
                        "tell them apart by key, or use one set for each with a discriminator",
                    )
            return found

        return make

    def _retract(self, item: files.RetractItem, names: frozenset[str], path: Path) -> Single:
        id = self._expression(item.retract, names, (*path, "retract"))
        source = self._expression(item.source or "event.source", names, (*path, "source"))
        rule = self._rule

        def make(scope: Scope) -> tuple[Assertion, int]:
            identity = EventId(values.text(source, scope), values.text(id, scope))
            if not identity.source or not identity.id:
                raise id.failed("an event to retract needs both an id and a source; one is empty")
            return EventRetracted(event=identity, rule=rule), 1

        return make

    def _type(self, type: str, path: Path) -> str:
        if type not in self.types:
            self.mistakes.append(
                (path, f"{type} is not declared; add it under `relationships:` with a label and `depends`")
            )
        return type

    def _key(self, key: files.Key, names: frozenset[str], path: Path) -> KeyMaker:
        if isinstance(key, files.KeyOf):
            kind = key.kind
            if kind not in self.kinds:
                self.mistakes.append(
                    ((*path, "kind"), f"the kind {kind} is not declared; add it under `kinds:` with a label")
                )
            name = self._expression(key.name, names, (*path, "name"))
            return lambda scope: values.checked_key(name, name.evaluate(scope), kind)
        expression = self._expression(key, names, path)
        return lambda scope: values.checked_key(expression, expression.evaluate(scope))

    def _discriminator(self, source: str | None, names: frozenset[str], path: Path) -> KeyMaker:
        if source is None:
            return lambda scope: ""
        expression = self._expression(source, names, (*path, "discriminator"))
        return lambda scope: values.text(expression, scope)

    def _span(self, item: files._SpannedItem, names: frozenset[str], path: Path) -> SpanMaker:
        begin = self._optional(item.valid_from, names, (*path, "valid_from"))
        end = self._optional(item.valid_to, names, (*path, "valid_to"))
        if begin is None and end is None:
            return lambda scope: (scope.values[TIME], FOREVER)

        def make(scope: Scope) -> tuple[int, int]:
            valid_from = None if begin is None else values.instant(begin, scope)
            valid_to = None if end is None else values.instant(end, scope)
            return (
                scope.values[TIME] if valid_from is None else valid_from,
                FOREVER if valid_to is None else valid_to,
            )

        return make

    def _properties(self, source: files.PropertyMap, names: frozenset[str], path: Path) -> PropertiesMaker:
        where = self._where(path)
        if isinstance(source, str):
            expression = self._expression(source, names, path)
            return lambda scope: values.properties(where, values.whole_map(expression, scope))
        if not source:
            return lambda scope: (NOTHING, ())
        literals = {name: value for name, value in source.items() if not isinstance(value, str)}
        expressions = [
            (name, self._expression(value, names, (*path, name)))
            for name, value in source.items()
            if isinstance(value, str)
        ]

        def make(scope: Scope) -> tuple[Properties, tuple[str, ...]]:
            found: dict[str, Any] = dict(literals)
            for name, expression in expressions:
                found[name] = values.plain(expression, expression.evaluate(scope))
            return values.properties(where, found)

        return make

    def _loop_names(
        self, for_each: Mapping[str, str] | None, names: frozenset[str], path: Path
    ) -> frozenset[str]:
        for name in for_each or ():
            names = self._named(name, names, (*path, "for_each", name))
        return names

    def _loop(
        self, for_each: Mapping[str, str], names: frozenset[str], path: Path
    ) -> Callable[[Scope], Iterator[None]]:
        """A loop that binds its name to one element after the other."""
        ((name, source),) = for_each.items()
        expression = self._expression(source, names, (*path, "for_each", name))

        def loop(scope: Scope) -> Iterator[None]:
            for element in values.elements(expression, scope, ASSERTIONS_MAX):
                scope.bind(name, element)
                yield

        return loop

    def _named(self, name: str, names: frozenset[str], path: Path) -> frozenset[str]:
        if name in TAKEN_NAMES:
            self.mistakes.append((path, f"the name {name!r} is taken; use another"))
        elif name in names:
            self.mistakes.append((path, f"the name {name!r} is in use already; use another"))
        return names | {name}

    def _optional(self, source: str | None, names: frozenset[str], path: Path) -> Expression | None:
        return None if source is None else self._expression(source, names, path)

    def _expression(self, source: str, names: frozenset[str], path: Path) -> Expression:
        try:
            return Expression(source, names, self._where(path))
        except ExpressionError as error:
            self.mistakes.append((path, str(error)))
            return Expression("''", frozenset(), "")

    def _where(self, path: Path) -> str:
        """ "file.yaml#rule assert[0].target": what error messages begin with."""
        return f"{self._rule} {shown(path[2:])}"


def _once(single: Single, when: Expression | None) -> Maker:
    def make(scope: Scope) -> Iterator[tuple[Assertion, int]]:
        if when is None or values.truth(when, scope):
            yield single(scope)

    return make


def _each(loop: Callable[[Scope], Iterator[None]], single: Single, when: Expression | None) -> Maker:
    def make(scope: Scope) -> Iterator[tuple[Assertion, int]]:
        for _ in loop(scope):
            if when is None or values.truth(when, scope):
                yield single(scope)

    return make
