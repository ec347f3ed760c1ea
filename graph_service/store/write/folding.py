"""The fold at work on the graph, within one transaction: which entities append, which are read whole, and what changes."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from graph_service.core.assertions import RelationshipAsserted, RelationshipEnded
from graph_service.core.fold import Claim, streams_of
from graph_service.core.model import Row, StreamKey, canonical, kind_of
from graph_service.store.write.announcing import ENTRIES_PER_NODE, entries, news
from graph_service.store.write.aside import aside
from graph_service.store.write.batch import MappedEvent
from graph_service.store.write.heads import ENDS, Heads, appended, learned, stream_of
from graph_service.store.write.heads import from_text as from_heads
from graph_service.store.write.pasts import Pasts, StoredByOwner, Tails
from graph_service.store.write.refold import BEGINNING, Edits, append, refold, row_of, window
from graph_service.store.write.talk import Rows, Talk

OWNERS_AT_ONCE = 300
"""Of whom appends are carried out while those of the next are folded."""


class Named(NamedTuple):
    """What is stored of an entity in its node."""

    #: The database's own, good within the transaction only.
    id: str
    heads: str | None
    #: The row in the node; None where the entity is not present.
    held: dict[str, Any] | None


class Folding:
    """Brings stored rows to the fold of what is claimed."""

    def __init__(self, talk: Talk) -> None:
        """Within this transaction, which holds the writers' lock."""
        self._talk = talk
        self._named: dict[str, Named] = {}
        self._heads: dict[str, Heads] = {}
        self._looked_for: asyncio.Future[Rows] | None = None

    async def look_for(self, keys: Iterable[str]) -> None:
        """Have entities looked up, as far as they are there; `name` and `fold` wait for it."""
        asked = sorted(set(keys) - self._named.keys())
        if asked:
            self._looked_for = await self._talk.say("write/entities_known", keys=asked)

    async def name(self, keys: Iterable[str]) -> dict[str, Named]:
        """Entities by their keys, made where they are new."""
        await self._found()
        missing = sorted(set(keys) - self._named.keys())
        if missing:
            rows = [{"key": key, "kind": kind_of(key)} for key in missing]
            (found,) = await self._talk.ask("write/entities_named", rows=rows, beginning=BEGINNING)
            self._named |= _named(found["entities"])
        return self._named

    async def _look_up(self, keys: Iterable[str]) -> None:
        await self._found()
        await self.look_for(keys)
        await self._found()

    async def _found(self) -> None:
        asked, self._looked_for = self._looked_for, None
        if asked is not None:
            (found,) = await asked
            self._named |= _named(found["entities"])

    async def fold(self, new: Sequence[MappedEvent], reached: set[str], recorded_at: int) -> None:
        """Bring the rows of all entities that are spoken of to the fold of all that is claimed about them.

        `reached` are those whose past claims count at other times than before. For them all of the past is read; for others only
        what is open where the claims append, and the past from the earliest claim on where that is enough.
        """
        claims = _new_claims(new)
        await self._look_up({*claims, *reached})
        appends: dict[str, Heads] = {}
        late: dict[str, Heads] = {}
        speaking = sorted(claims.keys() - reached)

        def sort_out() -> None:
            for owner in speaking:
                before = self._heads_of(owner)
                if (heads := appended(owner, before, claims[owner])) is not None:
                    appends[owner] = heads
                elif (heads := learned(owner, before, claims[owner])) is not None:
                    late[owner] = heads

        await aside(sort_out, steps=len(speaking))
        rest = sorted((claims.keys() | reached) - appends.keys() - late.keys())
        if late or rest:
            await self._talk.quiet()  # what is read of their pasts holds what is new
        # All is asked for first: what comes later is read while what came is folded, and what is found of some is carried out while others are.
        tails = await self._tails({owner: claims[owner] for owner in appends})
        windows = await self._windows({owner: claims[owner] for owner in late})
        pasts = await Pasts.asked(self._talk, rest)
        done: list[Edits] = []
        if appends:
            found = await tails.found()
            owners = list(appends)
            for first in range(0, len(owners), OWNERS_AT_ONCE):
                some = owners[first : first + OWNERS_AT_ONCE]
                done += await self._edit(await self._appended(claims, appends, some, found, recorded_at))
        windowed = await self._windowed(claims, late, windows, recorded_at)
        done += await self._edit(windowed)
        done += await self._edit(await self._refolded(rest, pasts, recorded_at))
        if missing := sorted(late.keys() - windowed.keys()):
            pasts = await Pasts.asked(self._talk, missing)
            done += await self._edit(await self._refolded(missing, pasts, recorded_at))
        await self._announce(done, new, recorded_at)

    def _existing(self, owner: str) -> list[StreamKey]:
        return [stream_of(owner, name) for name in self._heads_of(owner) if name != ENDS]

    def _heads_of(self, owner: str) -> Heads:
        if owner not in self._heads:
            self._heads[owner] = from_heads(self._named[owner].heads)
        return self._heads[owner]

    def _state(self, owner: str) -> Row | None:
        held = self._named[owner].held
        return row_of("", held) if held else None

    async def _tails(self, claims: dict[str, list[Claim]]) -> Tails:
        """Ask for the open relationships that appends can change: of whole streams, or of single targets where only those are named."""
        whole: dict[str, set[str]] = defaultdict(set)
        single: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for owner, its_claims in claims.items():
            existing = self._existing(owner)
            for one in its_claims:
                for stream in streams_of(one.assertion, existing):
                    if stream.type and stream in existing:
                        if isinstance(one.assertion, (RelationshipAsserted, RelationshipEnded)):
                            single[stream.type].add((owner, one.assertion.target))
                        else:
                            whole[stream.type].add(owner)
        # The end of a relationship names no entity: its target may be one that nobody has named.
        await self._look_up({target for pairs in single.values() for _, target in pairs})
        asked = []
        for name in sorted({*whole, *single}):
            pairs = [
                [self._named[source].id, self._named[target].id]
                for source, target in sorted(single[name])
                if source not in whole[name] and target in self._named
            ]
            asked.append((name, [self._named[key].id for key in sorted(whole[name])], pairs))
        return await Tails.asked(self._talk, asked)

    async def _appended(
        self,
        claims: dict[str, list[Claim]],
        heads: Mapping[str, Heads],
        owners: Sequence[str],
        tails: StoredByOwner,
        recorded_at: int,
    ) -> dict[str, Edits]:
        def found() -> dict[str, Edits]:
            return {
                owner: append(
                    owner,
                    claims[owner],
                    tails.get(owner, ()),
                    self._state(owner),
                    heads[owner],
                    self._existing(owner),
                    recorded_at,
                )
                for owner in owners
            }

        return await aside(found, steps=len(owners))

    async def _windows(self, claims: dict[str, list[Claim]]) -> Pasts:
        owners = [
            [self._named[owner].id, min(one.place.valid_from for one in its)] for owner, its in claims.items()
        ]
        return await Pasts.since(self._talk, owners)

    async def _windowed(
        self, claims: dict[str, list[Claim]], heads: dict[str, Heads], windows: Pasts, recorded_at: int
    ) -> dict[str, Edits]:
        """The edits of those late claims for which the past from the earliest of them on is enough."""
        new = {one.event for owner in heads for one in claims[owner]}
        standing, rows = await windows.claims(), await windows.rows()

        def found() -> dict[str, Edits | None]:
            return {
                owner: window(
                    owner,
                    claims[owner],
                    [one for one in standing.get(owner, ()) if one.event not in new],
                    rows.get(owner, ()),
                    self._state(owner),
                    heads[owner],
                    self._existing(owner),
                    recorded_at,
                )
                for owner in heads
            }

        edits = await aside(found, steps=len(heads))
        return {owner: edit for owner, edit in edits.items() if edit is not None}

    async def _refolded(self, owners: Sequence[str], pasts: Pasts, recorded_at: int) -> dict[str, Edits]:
        claims, rows = await pasts.claims(), await pasts.rows()

        def found() -> dict[str, Edits]:
            return {
                owner: refold(
                    owner,
                    claims.get(owner, ()),
                    [one for _, one in rows.get(owner, ())],
                    recorded_at,
                    self._state(owner),
                )
                for owner in owners
            }

        return await aside(found, steps=sum(map(len, claims.values())))

    async def _announce(self, edits: Sequence[Edits], new: Sequence[MappedEvent], recorded_at: int) -> None:
        """Write down which beliefs changed, for those who follow them: in the transaction that changes them."""

        def told() -> Rows:
            found = entries((one for edit in edits for one in news(edit.before, edit.after)), new)
            return [
                {
                    "first": first,
                    "count": len(some),
                    "last": first + len(some) == len(found),
                    "recorded_at": recorded_at,
                    "entries": canonical(some),
                }
                for first in range(0, len(found), ENTRIES_PER_NODE)
                if (some := found[first : first + ENTRIES_PER_NODE])
            ]

        rows = await aside(told, steps=len(edits))
        if rows:
            await self._talk.say("write/changes", rows=rows)

    async def _edit(self, edits: dict[str, Edits]) -> Iterable[Edits]:
        """Have these carried out, by owner; returns them."""
        gone = [id for edit in edits.values() for id in edit.delete]
        if gone:
            await self._talk.say("write/rows_deleted", ids=gone)
        await self._look_up({target for edit in edits.values() for _, target, _ in edit.create})
        by_type: dict[str, list[list[Any]]] = defaultdict(list)
        for owner, edit in edits.items():
            for name, target, plain in edit.create:
                by_type[name].append([self._named[owner].id, self._named[target].id, plain])
        for name, rows in sorted(by_type.items()):
            await self._talk.say("write/rows_created", ("type", f"`{name}`"), rows=rows)
        nodes = [
            [self._named[owner].id, {"key": owner, "kind": kind_of(owner), **edit.node}]
            for owner, edit in edits.items()
            if "present" in edit.node
        ]
        if nodes:
            await self._talk.say("write/nodes", rows=nodes)
        notes = [
            [self._named[owner].id, edit.node["heads"]]
            for owner, edit in edits.items()
            if "present" not in edit.node
        ]
        if notes:
            await self._talk.say("write/nodes_noted", rows=notes)
        return edits.values()


def _named(entities: Iterable[Sequence[Any]]) -> dict[str, Named]:
    return {key: Named(id, heads, held) for key, id, heads, held in entities}


def _new_claims(new: Sequence[MappedEvent]) -> dict[str, list[Claim]]:
    """What new events, given in record order, claim about each owner."""
    claims: dict[str, list[Claim]] = defaultdict(list)
    for mapped in new:
        for owner, one in mapped.written.claims:
            claims[owner].append(one)
    return dict(claims)
