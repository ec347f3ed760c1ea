"""What a document is like, counted before it is validated: validation itself takes the square of some of these numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    Lexer,
    ListValueNode,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    Source,
    TokenKind,
    ValueNode,
)

from graph_service.api.limits.bounds import Limits
from graph_service.core.errors import LimitExceeded

_OPENING = frozenset({TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L})
_CLOSING = frozenset({TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R})
#: Selections are counted with the spreads that lead to them, since spreads of spreads multiply without any field.
_SPREADS_PER_FIELD = 2


@dataclass(slots=True, kw_only=True)
class Measures:
    """What was counted, over all operations of a document."""

    fields: int = 0
    aliases: int = 0
    directives: int = 0
    depth: int = 0
    duplicates: int = 0
    #: Whether it asks for the schema itself.
    introspects: bool = False


@dataclass(slots=True)
class _Place:
    """A place in the answer: what lies there, by response name."""

    below: dict[str, _Place] = field(default_factory=dict)


def measured(document: DocumentNode, limits: Limits) -> Measures:
    """Count; ends at the first limit, so that a bomb costs no more than the limit does.

    Raises:
        LimitExceeded: names the limit, and what to change.
    """
    fragments = {
        one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
    }
    counter = _Counter(fragments, limits)
    try:
        for definition in document.definitions:
            if isinstance(definition, OperationDefinitionNode):
                counter.operation(definition)
            elif isinstance(definition, FragmentDefinitionNode):
                counter.directives(definition.directives)
    except RecursionError:
        # Fragments in fragments, without a field between them.
        raise _too_deep(limits) from None
    return counter.found


def tokens_checked(text: str, limits: Limits) -> None:
    """Say which limit a document breaks that could not be parsed within the limits; nothing when it is simply wrong.

    Raises:
        LimitExceeded: too many tokens, or brackets too deep in each other.
    """
    lexer, tokens, depth = Lexer(Source(text)), 0, 0
    # Two brackets for each field with arguments, and some for what is inside of these.
    deepest = 2 * limits.query_depth_max + limits.variables_depth_max
    try:
        while (token := lexer.advance()).kind is not TokenKind.EOF:
            tokens += 1
            depth += (token.kind in _OPENING) - (token.kind in _CLOSING)
            if tokens > limits.query_tokens_max:
                raise LimitExceeded(
                    "query_tokens_max",
                    limits.query_tokens_max,
                    f"the document has more than {limits.query_tokens_max} tokens; send it in parts, and values as variables",
                )
            if depth > deepest:
                raise _too_deep(limits)
    except GraphQLError:
        return


def variables_checked(values: object, limits: Limits) -> None:
    """Look how deep the variables are.

    Raises:
        LimitExceeded: too deep.
    """
    level: list[object] = [values]
    for _ in range(limits.variables_depth_max + 1):
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            return
    raise LimitExceeded(
        "variables_depth_max",
        limits.variables_depth_max,
        f"`variables` are more than {limits.variables_depth_max} levels deep; send flatter values",
    )


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


class _Counter:
    def __init__(self, fragments: dict[str, FragmentDefinitionNode], limits: Limits) -> None:
        self.found = Measures()
        self._fragments, self._limits = fragments, limits
        self._visited = 0

    def operation(self, node: OperationDefinitionNode) -> None:
        """All of an operation, fragments wherever they are spread."""
        self.directives(node.directives)
        for variable in node.variable_definitions or ():
            self.directives(variable.directives)
        self._selections(node.selection_set.selections, 0, frozenset(), _Place())

    def directives(self, nodes: Iterable[DirectiveNode] | None) -> None:
        """Count directives."""
        self.found.directives += sum(1 for _ in nodes or ())
        self._within("query_directives_max", self.found.directives, "directives", "leave some out")

    def _selections(
        self, nodes: Iterable[SelectionNode], depth: int, inside: frozenset[str], place: _Place
    ) -> None:
        for node in nodes:
            self._visited += 1
            self._within(
                "query_fields_max",
                self._visited // (1 + _SPREADS_PER_FIELD),
                "fields (with those of fragments, wherever they are spread)",
                "ask for less at once",
            )
            self.directives(node.directives)
            match node:
                case FieldNode():
                    self._field(node, depth, inside, place)
                case InlineFragmentNode():
                    self._selections(node.selection_set.selections, depth, inside, place)
                case FragmentSpreadNode():
                    name = node.name.value
                    # Circles and missing fragments are for validation to refuse.
                    if name in self._fragments and name not in inside:
                        fragment = self._fragments[name]
                        self._selections(fragment.selection_set.selections, depth, inside | {name}, place)

    def _field(self, node: FieldNode, depth: int, inside: frozenset[str], place: _Place) -> None:
        found, limits = self.found, self._limits
        found.fields += 1
        self._within(
            "query_fields_max",
            found.fields,
            "fields (with those of fragments, wherever they are spread)",
            "ask for less at once",
        )
        if node.name.value in ("__schema", "__type"):
            found.introspects = True
        if node.alias is not None:
            found.aliases += 1
            self._within("query_aliases_max", found.aliases, "aliases", "ask in several requests")
        name = node.name.value if node.alias is None else node.alias.value
        if name in place.below:
            found.duplicates += 1
            self._within(
                "query_duplicates_max",
                found.duplicates,
                "fields that are asked for again at the same place",
                "ask once",
            )
        self._values(node)
        below = place.below.setdefault(name, _Place())
        if node.selection_set is None:
            return
        found.depth = max(found.depth, depth + 1)
        if found.depth > limits.query_depth_max:
            raise _too_deep(limits)
        self._selections(node.selection_set.selections, depth + 1, inside, below)

    def _values(self, node: FieldNode) -> None:
        for argument in node.arguments or ():
            if _deeper(argument.value, self._limits.variables_depth_max):
                raise LimitExceeded(
                    "variables_depth_max",
                    self._limits.variables_depth_max,
                    f"the argument {argument.name.value!r:.80} is more than {self._limits.variables_depth_max} levels deep; send flatter values",
                )

    def _within(self, limit: str, found: int, what: str, then: str) -> None:
        most: int = getattr(self._limits, limit)
        if found > most:
            raise LimitExceeded(limit, most, f"the document has more than {most} {what}; {then}")


def _deeper(value: ValueNode, levels: int) -> bool:
    """Whether a literal has more levels than that."""
    level: list[Node] = [value]
    for _ in range(levels + 1):
        level = [inner for node in level for inner in _parts(node)]
        if not level:
            return False
    return True


def _parts(node: Node) -> Iterator[Node]:
    if isinstance(node, ListValueNode):
        yield from node.values
    elif isinstance(node, ObjectValueNode):
        for one in node.fields:
            yield one.value


def _too_deep(limits: Limits) -> LimitExceeded:
    return LimitExceeded(
        "query_depth_max",
        limits.query_depth_max,
        f"the document is more than {limits.query_depth_max} levels deep; ask for the inner part on its own, by its key or id",
    )
