"""The format of mapping files, as pydantic models: what may stand where, and what it means. `docs/mapping.md` tells it with examples.

Values that are *expressions* are CEL over `event` (its attributes), `data` (its payload), names given by `let`, and loop items.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag, ValidationError
from pydantic_core import ErrorDetails

from graph_service.core.errors import BadMapping
from graph_service.core.vocabulary import Depends
from graph_service.mapping.yaml_tree import YamlTree, read_yaml, shown

FILE_BYTES_MAX = 1024 * 1024
ERRORS_SHOWN_MAX = 20

TYPE_PATTERN = "^[A-Z][A-Z0-9_]{0,47}$"
KIND_PATTERN = "^[a-z][a-z0-9_-]{0,47}$"
NAME_PATTERN = "^[A-Za-z_][A-Za-z0-9_]{0,63}$"
RULE_PATTERN = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$"

Expression = Annotated[
    str, StringConstraints(min_length=1, max_length=4096), Field(description="A CEL expression.")
]
TypeName = Annotated[str, StringConstraints(pattern=TYPE_PATTERN)]
KindName = Annotated[str, StringConstraints(pattern=KIND_PATTERN)]
LocalName = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
RuleName = Annotated[str, StringConstraints(pattern=RULE_PATTERN)]
PropertyName = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Description = Annotated[str, StringConstraints(max_length=2000)]
_EXPRESSION, _MAP, _LITERAL = "(expression)", "(map)", "(literal)"


def _text_or_map(value: Any) -> str | None:
    return _EXPRESSION if isinstance(value, str) else _MAP if isinstance(value, (dict, BaseModel)) else None


def _text_or_literal(value: Any) -> str | None:
    if isinstance(value, str):
        return _EXPRESSION
    return _LITERAL if value is None or isinstance(value, (bool, int, float)) else None


PropertyValue = Annotated[
    Annotated[Expression, Tag(_EXPRESSION)] | Annotated[bool | int | float | None, Tag(_LITERAL)],
    Discriminator(
        _text_or_literal,
        custom_error_type="property_value",
        custom_error_message="must be a CEL expression, a number, true, false or null; write lists and maps in CEL",
    ),
    Field(
        description="Text is a CEL expression ('text' in CEL quotes is literal); a number, true, false or null is itself."
    ),
]
PropertyMap = Annotated[
    Annotated[dict[PropertyName, PropertyValue], Tag(_MAP)] | Annotated[Expression, Tag(_EXPRESSION)],
    Discriminator(
        _text_or_map,
        custom_error_type="properties",
        custom_error_message="must be names with values, or one CEL expression that gives a map",
    ),
    Field(description="Names with values, or one CEL expression that gives a whole map."),
]
ForEach = Annotated[
    dict[LocalName, Expression],
    Field(
        min_length=1,
        max_length=1,
        description="{name: CEL}: repeat for each element of a list, or each {key, value} of a map in the order of its keys.",
    ),
]


class _Model(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, populate_by_name=True, serialize_by_alias=True
    )


class Kind(_Model):
    """How entities of a kind are shown and found."""

    label: Label = Field(description="For people, such as Service.")
    description: Description = ""
    display: PropertyName | None = Field(
        None, description="The property shown as an entity's name; default: the key."
    )
    searchable: list[PropertyName] = Field(
        [], description="Properties that the full-text search reads, besides key and name."
    )
    criticality: PropertyName | None = Field(
        None, description="The property that says how much an entity matters."
    )
    criticality_levels: list[Label | int] = Field(
        [],
        max_length=100,
        description="The values of that property, the most important first; default: usual words and ranks (1 before 2).",
    )


class Relationship(_Model):
    """What a relationship type means."""

    label: Label = Field(description="For people, read between source and target: calls, is owned by.")
    depends: Literal["source", "target", "nobody"] = Field(
        description="Which end depends on the other: when `source` CALLS `target`, the source depends. Impact follows this."
    )
    description: Description = ""
    owner: bool = Field(False, description="Whether the target owns the source.")

    @property
    def depends_on(self) -> Depends:
        """`depends` as the rest of the service speaks of it."""
        return Depends(self.depends)


class KeyOf(_Model):
    """A key in two parts: `kind:name`."""

    kind: KindName
    name: Expression


Key = Annotated[
    Annotated[Expression, Tag(_EXPRESSION)] | Annotated[KeyOf, Tag(_MAP)],
    Discriminator(
        _text_or_map,
        custom_error_type="key",
        custom_error_message="must be a CEL expression that gives the key, or {kind, name}",
    ),
    Field(
        description="An entity's key: a CEL expression that gives 'kind:name', or {kind, name} with CEL for the name."
    ),
]


class _Item(_Model):
    when: Expression | None = Field(None, description="Only where this CEL expression is true.")
    for_each: ForEach | None = None


class _SpannedItem(_Item):
    valid_from: Expression | None = Field(
        None,
        description="From when it holds: RFC 3339 text, a CEL timestamp or epoch milliseconds. Default: the event's time.",
    )
    valid_to: Expression | None = Field(
        None, description="Until when it holds, likewise; null or left out: open."
    )


class EntityItem(_SpannedItem):
    """The entity exists, with these properties laid over those it has (a null unsets), or in their place with `replace`."""

    entity: Key
    properties: PropertyMap = Field(default_factory=dict)
    unset: list[PropertyName] = Field([], description="Properties to take away.")
    replace: bool = Field(False, description="Whether `properties` are all that it has from then on.")


class EndItem(_SpannedItem):
    """The entity no longer exists; its outgoing relationships end with it."""

    end: Key


class RelationshipItem(_SpannedItem):
    """The relationship holds, with exactly these properties (a null is left out)."""

    relationship: TypeName
    source: Key
    target: Key
    discriminator: Expression | None = Field(
        None, description="Tells apart several relationships of one type between two entities."
    )
    properties: PropertyMap = Field(default_factory=dict)


class EndRelationshipItem(_SpannedItem):
    """The relationship no longer holds."""

    end_relationship: TypeName
    source: Key
    target: Key
    discriminator: Expression | None = None


class Targets(_Model):
    """The targets of a complete set: one for each element."""

    for_each: ForEach
    when: Expression | None = Field(None, description="Only elements where this CEL expression is true.")
    target: Key
    properties: PropertyMap = Field(default_factory=dict)


class RelationshipsItem(_SpannedItem):
    """Exactly these relationships of this type (and discriminator) hold from the source; all its others end."""

    relationships: TypeName
    source: Key
    discriminator: Expression | None = Field(
        None, description="Sets with different discriminators do not touch each other."
    )
    targets: Targets


class RetractItem(_Item):
    """All that another event asserted never held, as known from this event on."""

    retract: Expression = Field(description="The id of that event.")
    source: Expression | None = Field(
        None, description="The source of that event; default: the same as this event's."
    )


ITEM_WORDS = ("entity", "end", "relationship", "end_relationship", "relationships", "retract")


def _item_word(item: Any) -> str | None:
    """Which kind of assertion an item is: the one word that says so."""
    if not isinstance(item, dict):
        return next((word for word in ITEM_WORDS if hasattr(item, word)), None)
    words = [word for word in ITEM_WORDS if word in item]
    return words[0] if len(words) == 1 else None


Item = Annotated[
    Annotated[EntityItem, Tag("entity")]
    | Annotated[EndItem, Tag("end")]
    | Annotated[RelationshipItem, Tag("relationship")]
    | Annotated[EndRelationshipItem, Tag("end_relationship")]
    | Annotated[RelationshipsItem, Tag("relationships")]
    | Annotated[RetractItem, Tag("retract")],
    Discriminator(
        _item_word,
        custom_error_type="assertion_kind",
        custom_error_message=f"must have exactly one of the fields {', '.join(ITEM_WORDS)}",
    ),
]


class Rule(_Model):
    """What events of a type assert."""

    name: RuleName = Field(description="Unique in the file; every fact names the rule that made it.")
    type: Annotated[str, StringConstraints(min_length=1, max_length=1024)] = Field(
        description="The CloudEvents type, exactly, or with * for any run of characters."
    )
    description: Description = ""
    when: Expression | None = Field(None, description="Only events where this CEL expression is true.")
    let: dict[LocalName, Expression] = Field(
        default_factory=dict, description="Names for values that follow; each sees those before it."
    )
    assert_: list[Item] = Field(alias="assert", min_length=1, max_length=100)


class MappingModel(_Model):
    """A mapping file: the words of a graph, and what events say in those words."""

    kinds: dict[KindName, Kind] = Field(default_factory=dict)
    relationships: dict[TypeName, Relationship] = Field(default_factory=dict)
    events: list[Rule] = Field([], max_length=1000)


def read_text(path: Path) -> str:
    """The text of one mapping file.

    Raises:
        BadMapping: it cannot be read.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadMapping(
            f"{path}: cannot be read: {error.strerror}; check the path of the mapping file"
        ) from error
    if len(raw) > FILE_BYTES_MAX:
        raise BadMapping(f"{path}: has {len(raw)} bytes; at most {FILE_BYTES_MAX} are accepted")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise BadMapping(f"{path}: is not text in UTF-8: {error}") from error


def read_model(name: str, text: str) -> tuple[YamlTree, MappingModel]:
    """Tree and model of the text of a mapping file; `name` is for messages.

    Raises:
        BadMapping: it is not as the models say; names file, line and field of each mistake.
    """
    tree = read_yaml(name, text)
    try:
        return tree, MappingModel.model_validate(tree.value)
    except ValidationError as error:
        raise mistakes(
            tree, ((_path(found["loc"]), _told(found)) for found in error.errors(include_url=False))
        ) from error


def mistakes(tree: YamlTree, found: Iterable[tuple[tuple[str | int, ...], str]]) -> BadMapping:
    """One error that lists mistakes, each a path into the document and a sentence, in the order of lines."""
    lines = sorted({(tree.line(path), shown(tree.known(path)), message) for path, message in found})
    listed = [f"{tree.name}:{line}: {field}: {message}" for line, field, message in lines]
    if len(listed) > ERRORS_SHOWN_MAX:
        listed[ERRORS_SHOWN_MAX:] = [f"and {len(listed) - ERRORS_SHOWN_MAX} more"]
    return BadMapping("\n".join(listed))


def _path(location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Where in the document pydantic's location is: without the names of the union members that it passed through."""
    return tuple(
        step
        for index, step in enumerate(location)
        if not (
            index >= 2
            and location[index - 2] == "assert"
            and isinstance(location[index - 1], int)
            and step in ITEM_WORDS
        )
    )


def _told(error: ErrorDetails) -> str:
    if error["type"] == "missing":
        return f"the field {error['loc'][-1]!r} is missing"
    if error["type"] == "extra_forbidden":
        return "there is no such field here; check its spelling and indentation"
    found = error["input"]
    scalar = f" (found {found!r:.64})" if not isinstance(found, (dict, list)) else ""
    return error["msg"][:1].lower() + error["msg"][1:] + scalar
