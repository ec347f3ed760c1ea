"""The words of the graph: what is declared and what is in use, how much of it, and which end depends on which."""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import Annotated

import strawberry

from graph_service.api.bases import Basis
from graph_service.api.context import Context, Info, Moment
from graph_service.api.fields import resolved
from graph_service.api.inputs import At
from graph_service.core.vocabulary import Depends, KindDeclaration, RelationshipDeclaration
from graph_service.store.read.words import CountsAt


@strawberry.enum(
    name="Depends", description="Which end of a relationship depends on the other: what impact follows."
)
class DependsOn(Enum):
    SOURCE = strawberry.enum_value("source", description="The source depends on the target.")
    TARGET = strawberry.enum_value("target", description="The target depends on the source.")
    NOBODY = strawberry.enum_value("nobody", description="Neither: impact does not follow it.")


class Counts:
    """What is counted at a point: all at once, when the first field asks for it."""

    def __init__(self, context: Context, moment: Moment) -> None:
        self._context, self._moment = context, moment
        self._found: asyncio.Future[CountsAt] | None = None

    async def all(self) -> CountsAt:
        """The counts."""
        if self._found is None:
            self._found = asyncio.ensure_future(self._context.reader.counted(self._moment.point))
        return await self._found


@strawberry.type(name="Kind", description="A kind of entity.")
class KindWord:
    name: str = strawberry.field(description="The kind, as in keys.")
    label: str = strawberry.field(description="For people.")
    description: str = strawberry.field(description="What it means; empty where nobody said.")
    declared: bool = strawberry.field(
        description="false: no mapping in use declares it, but there were entities of this kind at this point."
    )
    counts: strawberry.Private[Counts]

    @resolved(
        "How many entities of this kind there were at this point, with those that are only named by others."
    )
    async def count(self) -> int:
        found = (await self.counts.all()).kinds.get(self.name)
        return 0 if found is None else found.declared + found.undeclared

    @resolved("How many of them are undeclared: only named as the end of a relationship.")
    async def undeclared(self) -> int:
        found = (await self.counts.all()).kinds.get(self.name)
        return 0 if found is None else found.undeclared


@strawberry.type(name="RelationshipType", description="A type of relationship.")
class RelationshipWord:
    type: str = strawberry.field(description="The type, for instance CALLS.")
    label: str = strawberry.field(description="For people, read between source and target.")
    description: str = strawberry.field(description="What it means; empty where nobody said.")
    depends: DependsOn = strawberry.field(
        description="Which end depends on the other; NOBODY where nothing declares it."
    )
    owner: bool = strawberry.field(description="Whether the target owns the source.")
    declared: bool = strawberry.field(
        description="false: no mapping in use declares it, but there were relationships of this type at this point."
    )
    counts: strawberry.Private[Counts]

    @resolved("How many relationships of this type held at this point.")
    async def count(self) -> int:
        return (await self.counts.all()).types.get(self.type, 0)


@strawberry.type(
    description="The words of the graph: all that are declared now, and all others that were in use at this point."
)
class Vocabulary:
    kinds: list[KindWord] = strawberry.field(description="Kinds of entities, by name.")
    relationship_types: list[RelationshipWord] = strawberry.field(
        description="Types of relationships, by type."
    )
    moment: strawberry.Private[Moment]

    @resolved("What the counts rest on.")
    async def basis(self, info: Info) -> Basis:
        return Basis.of(await info.context.basis(self.moment.point))


@strawberry.type
class WordQueries:
    @resolved("Kinds and relationship types in use, with counts, and which end depends on which.")
    async def vocabulary(
        self,
        info: Info,
        at: Annotated[
            At | None,
            strawberry.argument(
                description="The point at which to count, now when left out; what is declared is as it is now."
            ),
        ] = None,
    ) -> Vocabulary:
        context = info.context
        words = await context.vocabulary()
        moment = await context.moment(at.valid if at else None, at.known if at else None)
        counts = Counts(context, moment)
        kinds: set[str] = set()
        types = set(await context.reader.types(None)) - words.relationships.keys()
        if types or await context.reader.any_kind_but(words.kinds):
            # Whether others were in use only the counts tell; without any, nobody counts who does not ask.
            found = await counts.all()
            kinds = {name for name in found.kinds.keys() - words.kinds.keys() if _is_there(found, name)}
            types = {type for type in types if found.types.get(type)}
        undeclared = {name: KindDeclaration(name=name, label=name) for name in kinds}
        return Vocabulary(
            kinds=[
                _kind(one, counts, one.name in words.kinds)
                for _, one in sorted({**undeclared, **words.kinds}.items())
            ],
            relationship_types=[
                _type(one, counts, one.type in words.relationships)
                for _, one in sorted({**{type: _bare(type) for type in types}, **words.relationships}.items())
            ],
            moment=moment,
        )


def _is_there(found: CountsAt, kind: str) -> bool:
    return found.kinds[kind].declared + found.kinds[kind].undeclared > 0


def _bare(type: str) -> RelationshipDeclaration:
    """What can be said of a type that nothing declares."""
    return RelationshipDeclaration(type=type, label=type, depends=Depends.NOBODY)


def _kind(one: KindDeclaration, counts: Counts, declared: bool) -> KindWord:
    return KindWord(
        name=one.name, label=one.label, description=one.description, declared=declared, counts=counts
    )


def _type(one: RelationshipDeclaration, counts: Counts, declared: bool) -> RelationshipWord:
    return RelationshipWord(
        type=one.type,
        label=one.label,
        description=one.description,
        depends=DependsOn(one.depends.value),
        owner=one.owner,
        declared=declared,
        counts=counts,
    )
