"""Entities, their versions and their relationships, as they were at a point."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from graph_service.core.model import canonical
from graph_service.store.queries import query, query_with, type_list
from graph_service.store.read.answers import EntityAt, Page, Point, RelationshipAt, VersionAt
from graph_service.store.read.asking import Filter, Op, Order, OrderBy, entity_place, fulfils, place_of
from graph_service.store.read.reads import Reads, at_values, in_chunks
from graph_service.store.read.rows import NAMED, Owner, StoredRow, entity_at, relationship_of

_SHAPES: dict[OrderBy, tuple[Any, ...]] = {
    OrderBy.KEY: (str,),
    OrderBy.KIND: (str, str),
    OrderBy.PROPERTY: (int, (int, float, str), str),
    OrderBy.VALID_FROM: (int, str),
}
#: How many entities a scan takes at a time.
SCAN = 1000
#: What is not ASCII and becomes ASCII, or has it within, when case does not count: the long s, ligatures, the sign for kelvin.
ODD = (
    "\u00df\u0130\u0149\u017f\u01f0\u1e96\u1e97\u1e98\u1e99\u1e9a\u1e9e\u212a"
    "\ufb00\ufb01\ufb02\ufb03\ufb04\ufb05\ufb06"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which entities are wanted. The database leaves out what surely is not: `parts` have to stand in the JSON of properties as they are, and
    each of `words`, whatever the case, in it or in the key.
    """

    fits: Callable[[EntityAt], bool]
    parts: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    #: Whether that is every one there is.
    all: bool = False


async def by_key(reads: Reads, keys: Iterable[str], at: Point) -> dict[str, tuple[EntityAt, bool]]:
    """For each key that has a node: the entity, and whether it is there (declared, or named by a relationship)."""
    found: dict[str, tuple[EntityAt, bool]] = {}
    text = query_with("read/entities_at", ("known", "$asked[n].known"))
    for some in in_chunks(dict.fromkeys(keys)):
        found |= told_by_key(await reads.together(text, {"keys": list(some), **at_values(at)}), at)
    return found


def told_by_key(rows: Iterable[Sequence[Any]] | None, at: Point) -> dict[str, tuple[EntityAt, bool]]:
    """The same, of what `read/entities_at` tells of one who asks."""
    return {
        entity.key: (entity, entity.declared or one[NAMED])
        for one, entity in ((one, entity_at(one, at)) for one in rows or ())
    }


async def listed(
    reads: Reads,
    *,
    kinds: Sequence[str] | None,
    wanted: Wanted,
    at: Point,
    order: Order,
    first: int,
    after: str | None,
) -> Page[EntityAt]:
    """The entities that are there and wanted. In the order of keys it reads only as far as the page needs."""
    start = place_of(after, _SHAPES[order.by])
    by_key_up = order.by is OrderBy.KEY and not order.descending
    found: list[EntityAt] = []
    position = start[0] if start is not None and by_key_up else None
    while True:
        size = min(SCAN, first + 1 if wanted.all else max(64, 2 * first)) if by_key_up else SCAN
        record = await reads.one(
            "read/entities_scan",
            after=position, kinds=None if kinds is None else list(kinds), size=size, parts=list(wanted.parts),
            words=[[word, canonical(word)[1:-1]] for word in wanted.words], odd=list(ODD), **at_values(at),
        )  # fmt: skip
        records = record["found"]
        there = (entity_at(one, at) for one in records)
        found.extend(entity for entity in there if wanted.fits(entity))
        if len(records) < size or (by_key_up and len(found) > first):
            break
        position = records[-1][0]
    if not by_key_up:
        found = _sorted_after(found, order, start)
    return Page(items=tuple(found[:first]), more=len(found) > first)


def _sorted_after(found: list[EntityAt], order: Order, start: tuple[Any, ...] | None) -> list[EntityAt]:
    """In order, and from behind the cursor on. Descending turns the whole order round, keys included."""
    placed = sorted(
        ((entity_place(one, order), one) for one in found), key=lambda pair: pair[0], reverse=order.descending
    )
    if start is None:
        return [one for _, one in placed]
    return [one for place, one in placed if (place < start if order.descending else place > start)]


def filtered(where: Sequence[Filter]) -> Wanted:
    """What fulfils all filters."""

    def fits(entity: EntityAt) -> bool:
        values = json.loads(entity.properties) if where else {}
        return all(fulfils(values, condition) for condition in where)

    parts = tuple(part for one in where if (part := _part(one)) is not None)
    return Wanted(fits=fits, parts=parts, all=not where)


def _part(condition: Filter) -> str | None:
    """What canonical JSON has in it where the condition is fulfilled; None where nothing can be said."""
    name = f"{canonical(condition.property)}:"
    match condition.op, condition.value:
        case Op.EXISTS, True:
            return name
        case Op.EXISTS, _:
            return None
        case Op.EQUAL, str(value):
            return name + canonical(value)
        case Op.PREFIX, str(value):
            return name + canonical(value)[:-1]
        case _:
            return name


def containing(text: str) -> Wanted:
    """What has every word of the text in its key or in one of its text properties, whatever the case."""
    words = text.casefold().split()

    def fits(entity: EntityAt) -> bool:
        values = json.loads(entity.properties).values()
        texts = [entity.key.casefold(), *(value.casefold() for value in values if isinstance(value, str))]
        return all(any(word in one for one in texts) for word in words)

    return Wanted(fits=fits, words=tuple(word for word in words if word.isascii()))


async def rows_of(reads: Reads, owners: Iterable[Owner], known: int) -> dict[Owner, list[StoredRow]]:
    """All rows known by then; an owner without any has no entry. Owners of undeclared types have none."""
    distinct = list(dict.fromkeys(owners))
    found: dict[Owner, list[StoredRow]] = {}
    for some in in_chunks([one for one in distinct if not one.type]):
        keys = [one.key for one in some]
        for record in await reads.run(query("read/entity_rows"), keys=keys, known=known):
            found[Owner(key=record["key"])] = [StoredRow.of(row) for row in record["rows"]]
    declared = await reads.types(None)
    for type in sorted({one.type for one in distinct if one.type} & set(declared)):
        text = query_with("read/relationship_rows", ("types", both(type)))
        for some in in_chunks([one for one in distinct if one.type == type]):
            wanted = [[one.key, one.target, one.discriminator] for one in some]
            for record in await reads.run(text, owners=wanted, known=known):
                key, target, discriminator = record["owner"]
                owner = Owner(key=key, type=type, target=target, discriminator=discriminator)
                found[owner] = [StoredRow.of(row) for row in record["rows"]]
    return {owner: rows for owner, rows in found.items() if rows}


def both(type: str) -> str:
    """A type and its past, as an alternative in a pattern."""
    return f"{type_list([type])}|{type_list([type], past=True)}"


async def versions(
    reads: Reads, owners: Sequence[Owner], known: int, corrections: bool
) -> dict[Owner, tuple[VersionAt, ...]]:
    """See `Reader.versions`."""
    rows = await rows_of(reads, owners, known)
    answer = {}
    for owner in owners:
        found = [
            version
            for row in rows.get(owner, ())
            for version in row.versions(owner, known, corrections=corrections)
        ]
        answer[owner] = tuple(sorted(found, key=lambda one: (one.valid_from, one.known_from, one.valid_to)))
    return answer


async def relationships(
    reads: Reads,
    keys: Sequence[str],
    *,
    types: Sequence[str] | None,
    direction: str,
    at: Point,
    first: int,
    after: str | None,
    ends: bool = False,
) -> dict[str, Page[RelationshipAt]]:
    """See `Reader.relationships`."""
    names = await reads.types(types)
    start = place_of(after, (str, str, str, int))
    pages: dict[str, Page[RelationshipAt]] = {key: Page(items=(), more=False) for key in keys}
    text = query_with(
        f"read/relationships_{direction}",
        ("types", type_list(names)),
        ("past_types", type_list(names, past=True)),
    )
    for some in in_chunks(pages.copy() if names else ()):
        asked = {"keys": list(some), "after": None if start is None else list(start), **at_values(at)}
        for key, its in await reads.together(text, asked, names=names, size=first + 1, ends=ends) or ():
            found = [relationship_of(one, at) for one in its]
            pages[key] = Page(items=tuple(found[:first]), more=len(found) > first)
    return pages
