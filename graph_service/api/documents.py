"""From the text of a document to one that may be executed: parsed, within the limits, valid. Small ones are kept at hand."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    TokenKind,
    parse,
    specified_rules,
    validate,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from graph_service.api.fast.executor import Plans
from graph_service.api.kept import hash_of
from graph_service.api.limits.bounds import Limits
from graph_service.api.limits.measures import Measures, measured, tokens_checked
from graph_service.core.errors import BadRequest, LimitExceeded

#: Of all documents that are kept at hand. A token with its part of the tree takes about a kilobyte.
CACHED_TOKENS_MAX = 15_000
ERRORS_MAX = 5

_RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)


class Invalid(Exception):
    """A document that GraphQL refuses."""

    def __init__(self, ast: DocumentNode, errors: list[GraphQLError]) -> None:
        super().__init__("the document is not valid")
        self.ast, self.errors = ast, errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A valid document within the limits."""

    ast: DocumentNode
    #: SHA-256 of its text.
    hash: str
    measures: Measures
    operations: Mapping[str, OperationDefinitionNode]
    fragments: Mapping[str, FragmentDefinitionNode]
    tokens: int
    #: How its answers are written, as far as that was found out.
    plans: Plans = field(default_factory=Plans, compare=False, repr=False)
    #: What its operations cost, by their names and what was said of their sizes, as far as that was worked out.
    costs: dict[Hashable, int] = field(default_factory=dict, compare=False, repr=False)

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation of that name, or the only one.

        Raises:
            BadRequest: there is none, or several without a name to choose by.
        """
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        found = None if name is None else self.operations.get(name)
        if found is None:
            raise BadRequest(
                "the document has no such operation: name one of its operations in `operationName`"
                if name is not None
                else "the document has not exactly one operation: say in `operationName` which one is meant"
            )
        return found


class Documents:
    """Makes documents ready."""

    def __init__(self, schema: GraphQLSchema, limits: Limits) -> None:
        """For one schema."""
        self._schema, self._limits = schema, limits
        self._cached: OrderedDict[str, Document] = OrderedDict()
        self._tokens = 0

    def ready(self, text: str, *, suggestions: bool) -> Document:
        """The document, ready to be executed. `suggestions`: whether errors may name what is in the schema instead.

        Raises:
            LimitExceeded: it is larger than a limit.
            GraphQLSyntaxError: it cannot be read.
            Invalid: it does not fit the schema.
        """
        found = self._cached.get(text)
        if found is not None:
            self._cached.move_to_end(text)
            return found
        ast = self._parsed(text)
        measures = measured(ast, self._limits)
        errors = validate(self._schema, ast, _RULES, max_errors=ERRORS_MAX, hide_suggestions=not suggestions)
        if errors:
            raise Invalid(ast, errors)
        document = Document(
            ast=ast,
            hash=hash_of(text),
            measures=measures,
            operations={
                "" if one.name is None else one.name.value: one
                for one in ast.definitions
                if isinstance(one, OperationDefinitionNode)
            },
            fragments={
                one.name.value: one for one in ast.definitions if isinstance(one, FragmentDefinitionNode)
            },
            tokens=_tokens(ast),
        )
        self._keep(text, document)
        return document

    def _parsed(self, text: str) -> DocumentNode:
        limits = self._limits
        if len(text) > limits.query_chars_max:
            raise LimitExceeded(
                "query_chars_max",
                limits.query_chars_max,
                f"the document is longer than {limits.query_chars_max} characters; send values as variables, and the rest in parts",
                found=len(text),
            )
        try:
            return parse(text, max_lexical_tokens=limits.query_tokens_max)
        except GraphQLSyntaxError:
            tokens_checked(text, limits)
            raise

    def _keep(self, text: str, document: Document) -> None:
        """The newest stay, as far as they are small enough together."""
        self._cached[text] = document
        self._tokens += document.tokens
        while self._tokens > CACHED_TOKENS_MAX:
            _, dropped = self._cached.popitem(last=False)
            self._tokens -= dropped.tokens


def _tokens(ast: DocumentNode) -> int:
    """How many tokens the tree holds on to, comments included."""
    count, token = 0, None if ast.loc is None else ast.loc.start_token
    while token is not None and token.kind is not TokenKind.EOF:
        count, token = count + 1, token.next
    return count
