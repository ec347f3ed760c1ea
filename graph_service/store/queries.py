"""The Cypher of this service, by name: one query a file under `queries/`, each with a header that says what it answers.

Values are always parameters. Only relationship types, which Cypher cannot take as such, are put into the text, where it says
`{word}`, and only names that match TYPE_NAME.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from neo4j import AsyncTransaction

from graph_service.core.errors import BadRequest, GraphServiceError

TYPE_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,47}")
_HEADER = re.compile(r"^//.*\n", re.MULTILINE)
PAST = "_PAST"
#: Stands where no type is to be followed. No declared type begins with an underscore.
NO_TYPE = "`_NONE`"
_PACKAGE = Path(__file__).resolve().parents[1]
#: The checkout's folder, and the copy inside an installed wheel.
_FOLDERS = (_PACKAGE.parent / "queries", _PACKAGE / "_queries")


@cache
def query(name: str) -> str:
    """The text of `queries/<name>.cypher`, such as "read/entity_at", with its header.

    Raises:
        GraphServiceError: there is no such query.
    """
    for folder in _FOLDERS:
        file = folder / f"{name}.cypher"
        if file.is_file():
            return file.read_text(encoding="utf-8")
    raise GraphServiceError(f"the query {name!r} is missing; install the service again")


@cache
def query_with(name: str, *words: tuple[str, str]) -> str:
    """The query with each `{word}` replaced by its text, which `type_list` made."""
    text = query(name)
    for word, replacement in words:
        text = text.replace("{" + word + "}", replacement)
    return text


def without_header(text: str) -> str:
    """A query as it is put into another one."""
    return _HEADER.sub("", text)


async def ask(
    tx: AsyncTransaction, name: str, *words: tuple[str, str], **values: Any
) -> list[dict[str, Any]]:
    """Run the query within a transaction; its rows, all of them."""
    result = await tx.run(query_with(name, *words), values)
    names = result.keys()
    # Not `data()`: it walks through every list and map once more.
    return [dict(zip(names, record, strict=True)) async for record in result]


def schema() -> list[str]:
    """Every constraint and index of the graph that does not depend on a mapping's words."""
    return [query(f"schema/{name}") for name in _names("schema")]


def schema_of_type(name: str) -> list[str]:
    """The indexes for the rows of one stored relationship type."""
    words = ("type", name), ("name", name.lower())
    return [query_with(f"schema/per_type/{file}", *words) for file in _names("schema/per_type")]


def _names(folder: str) -> list[str]:
    return sorted(file.stem for path in _FOLDERS for file in (path / folder).glob("*.cypher"))


def type_list(types: Iterable[str], *, past: bool = False) -> str:
    """Relationship types as an alternative in a pattern, such as `A`|`B`; with `past` the types of their history.

    Raises:
        BadRequest: a name that cannot be a type.
    """
    names = sorted(set(types))
    for name in names:
        if TYPE_NAME.fullmatch(name) is None:
            raise BadRequest(f"{name[:64]!r} is not a relationship type; types are like DEPENDS_ON")
    return "|".join(f"`{name}{PAST if past else ''}`" for name in names) or NO_TYPE


def base_types(types: Iterable[str]) -> dict[str, str]:
    """For each stored name of a type, present or past, the type it stands for."""
    return {stored: name for name in sorted(set(types)) for stored in (name, name + PAST)}
