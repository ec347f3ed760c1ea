"""What is read of the past before it is folded: asked for at once, taken when its turn comes."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from graph_service.core.fold import Claim
from graph_service.core.model import RecordOrder, StreamKey
from graph_service.store.queries import PAST, type_list
from graph_service.store.write.claims import from_text
from graph_service.store.write.refold import HAD, Stored
from graph_service.store.write.talk import Rows, Talk

StoredByOwner: TypeAlias = Mapping[str, Sequence[tuple[StreamKey, Stored]]]


@dataclass(frozen=True, slots=True)
class Tails:
    """The open relationships of some streams, by type."""

    _asked: Sequence[tuple[str, asyncio.Future[Rows]]]

    @classmethod
    async def asked(
        cls, talk: Talk, of: Iterable[tuple[str, Sequence[str], Sequence[Sequence[str]]]]
    ) -> Tails:
        """Ask for them: type, ids of whole owners, pairs of ids of owner and target."""
        asked = []
        for name, owners, pairs in of:
            words = ("type", type_list([name]))
            asked.append((name, await talk.say("write/tails", words, owners=owners, pairs=pairs)))
        return cls(asked)

    async def found(self) -> StoredByOwner:
        """By owner's key, the rows with the streams that they belong to."""
        tails: dict[str, list[tuple[StreamKey, Stored]]] = defaultdict(list)
        for name, asked in self._asked:
            (found,) = await asked
            for key, id, target, plain in found["rows"]:
                stream = StreamKey(key, name, plain.get("discriminator", ""))
                tails[key].append((stream, Stored(id=id, type=name, target=target, plain=plain)))
        return tails


@dataclass(frozen=True, slots=True)
class Pasts:
    """What was claimed about some entities, and the rows that came of it, their nodes apart."""

    #: None: nothing was to be asked.
    _asked: tuple[asyncio.Future[Rows], asyncio.Future[Rows]] | None

    @classmethod
    async def asked(cls, talk: Talk, keys: Sequence[str]) -> Pasts:
        """Ask for all of it."""
        if not keys:
            return cls(None)
        return cls((await talk.say("write/claims", keys=keys), await talk.say("write/rows", keys=keys)))

    @classmethod
    async def since(cls, talk: Talk, owners: Sequence[Sequence[Any]]) -> Pasts:
        """Ask, by id, for what is believed and reaches an instant: claims that begin or end there or later, rows as far."""
        if not owners:
            return cls(None)
        return cls(
            (
                await talk.say("write/claims_since", owners=owners),
                await talk.say("write/rows_since", owners=owners),
            )
        )

    async def claims(self) -> Mapping[str, Sequence[Claim]]:
        """By owner's key."""
        claims: dict[str, list[Claim]] = defaultdict(list)
        for row in await self._asked[0] if self._asked else ():
            for uid, order, sequence, believed, text in row["claims"]:
                claims[row["key"]] += from_text(
                    text, event=uid, order=RecordOrder(*order), sequence=sequence, believed=believed
                )
        return claims

    async def rows(self) -> StoredByOwner:
        """By owner's key, with the streams that they belong to."""
        rows: dict[str, list[tuple[StreamKey, Stored]]] = defaultdict(list)
        for row in await self._asked[1] if self._asked else ():
            for id, type, target, plain in row["rows"]:
                base = "" if type == HAD else type.removesuffix(PAST)
                stream = StreamKey(row["key"], base, plain.get("discriminator", ""))
                rows[row["key"]].append((stream, Stored(id=id, type=type, target=target, plain=plain)))
        return rows
