"""The fold at work on the graph, within one transaction: which entities append, which are read whole, and what changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from neo4j import AsyncTransaction

from graph_service.core.assertions import EventRetracted, RelationshipAsserted, RelationshipEnded, owner_of
from graph_service.core.fold import Claim, claim, streams_of
from graph_service.core.model import RecordOrder, Row, StreamKey, canonical, kind_of
from graph_service.store.queries import PAST, ask, type_list
from graph_service.store.write.announcing import ENTRIES_PER_NODE, entries, news
from graph_service.store.write.batch import MappedEvent
from graph_service.store.write.claims import from_text
from graph_service.store.write.heads import ENDS, Heads, appended, learned, stream_of
from graph_service.store.write.heads import from_text as from_heads
from graph_service.store.write.refold import BEGINNING, HAD, Edits, Stored, append, refold, row_of, window


class Named(NamedTuple):
    """What is stored of an entity in its node."""

    #: The database's own, good within the transaction only.
    id: str
    heads: str | None
    #: The row in the node; None where the entity is not present.
    held: dict[str, Any] | None


class Folding:
    """Brings stored rows to the fold of what is claimed."""

    def __init__(self, tx: AsyncTransaction) -> None:
        """Within this transaction, which holds the writers' lock."""
        self._tx = tx
        self._named: dict[str, Named] = {}

    async def name(self, keys: Iterable[str]) -> dict[str, Named]:
        """Entities by their keys, made where they are new."""
        rows = [{"key": key, "kind": kind_of(key)} for key in sorted(keys)]
        (found,) = await ask(self._tx, "write/entities_named", rows=rows, beginning=BEGINNING)
        self._named |= _named(found["entities"])
        return self._named

    async def _look_up(self, keys: Iterable[str]) -> None:
        missing = sorted(key for key in keys if key not in self._named)
        if missing:
            (found,) = await ask(self._tx, "write/entities_known", keys=missing)
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
        for owner in claims.keys() - reached:
            before = from_heads(self._named[owner].heads)
            if (heads := appended(owner, before, claims[owner])) is not None:
                appends[owner] = heads
            elif (heads := learned(owner, before, claims[owner])) is not None:
                late[owner] = heads
        edits = await self._appended({owner: claims[owner] for owner in appends}, appends, recorded_at)
        if late:
            edits |= await self._windowed({owner: claims[owner] for owner in late}, late, recorded_at)
        edits |= await self._refolded(sorted((set(claims) | reached) - set(edits)), recorded_at)
        await self._edit(edits)
        await self._announce(edits, new, recorded_at)

    async def _appended(
        self,
        claims: dict[str, list[Claim]],
        heads: dict[str, Heads],
        recorded_at: int,
    ) -> dict[str, Edits]:
        existing = {owner: self._existing(owner) for owner in claims}
        tails = await self._tails(claims, existing)
        edits = {}
        for owner, its_claims in claims.items():
            edits[owner] = append(
                owner,
                its_claims,
                tails[owner],
                self._state(owner),
                heads[owner],
                existing[owner],
                recorded_at,
            )
        return edits

    def _existing(self, owner: str) -> list[StreamKey]:
        return [stream_of(owner, name) for name in from_heads(self._named[owner].heads) if name != ENDS]

    def _state(self, owner: str) -> Row | None:
        held = self._named[owner].held
        return row_of("", held) if held else None

    async def _windowed(
        self, claims: dict[str, list[Claim]], heads: dict[str, Heads], recorded_at: int
    ) -> dict[str, Edits]:
        """The edits of those late claims for which the past from the earliest of them on is enough."""
        owners = [
            [self._named[owner].id, min(one.place.valid_from for one in its)] for owner, its in claims.items()
        ]
        new = {one.event for its in claims.values() for one in its}
        standing = await self._claims("write/claims_since", owners=owners)
        rows: dict[str, list[tuple[StreamKey, Stored]]] = {owner: [] for owner in claims}
        for row in await ask(self._tx, "write/rows_since", owners=owners):
            for id, type, target, plain in row["rows"]:
                base = "" if type == HAD else type.removesuffix(PAST)
                stream = StreamKey(row["key"], base, plain.get("discriminator", ""))
                rows[row["key"]].append((stream, Stored(id=id, type=type, target=target, plain=plain)))
        edits = {}
        for owner, its in claims.items():
            found = window(
                owner,
                its,
                [one for one in standing.get(owner, ()) if one.event not in new],
                rows[owner],
                self._state(owner),
                heads[owner],
                self._existing(owner),
                recorded_at,
            )
            if found is not None:
                edits[owner] = found
        return edits

    async def _claims(self, name: str, **values: Any) -> dict[str, list[Claim]]:
        claims: dict[str, list[Claim]] = defaultdict(list)
        for row in await ask(self._tx, name, **values):
            for uid, order, sequence, believed, text in row["claims"]:
                claims[row["key"]] += from_text(
                    text, event=uid, order=RecordOrder(*order), sequence=sequence, believed=believed
                )
        return claims

    async def _tails(
        self, claims: dict[str, list[Claim]], existing: dict[str, list[StreamKey]]
    ) -> dict[str, list[tuple[StreamKey, Stored]]]:
        """The open relationships that appends can change: of whole streams, or of single targets where only those are named."""
        whole: dict[str, set[str]] = defaultdict(set)
        single: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for owner, its_claims in claims.items():
            seen = set(existing[owner])
            for one in its_claims:
                for stream in streams_of(one.assertion, existing[owner]):
                    if stream.type and stream in seen:
                        if isinstance(one.assertion, (RelationshipAsserted, RelationshipEnded)):
                            single[stream.type].add((owner, one.assertion.target))
                        else:
                            whole[stream.type].add(owner)
        tails: dict[str, list[tuple[StreamKey, Stored]]] = {owner: [] for owner in claims}
        # The end of a relationship names no entity: its target may be one that nobody has named.
        await self._look_up({target for pairs in single.values() for _, target in pairs})
        for name in sorted({*whole, *single}):
            word = ("type", type_list([name]))
            pairs = [
                [self._named[source].id, self._named[target].id]
                for source, target in sorted(single[name])
                if source not in whole[name] and target in self._named
            ]
            owners = [self._named[key].id for key in sorted(whole[name])]
            (found,) = await ask(self._tx, "write/tails", word, owners=owners, pairs=pairs)
            for key, id, target, plain in found["rows"]:
                stream = StreamKey(key, name, plain.get("discriminator", ""))
                tails[key].append((stream, Stored(id=id, type=name, target=target, plain=plain)))
        return tails

    async def _refolded(self, owners: Sequence[str], recorded_at: int) -> dict[str, Edits]:
        claims: dict[str, list[Claim]] = {}
        stored: dict[str, list[Stored]] = {owner: [] for owner in owners}
        if owners:
            claims = await self._claims("write/claims", keys=owners)
            for row in await ask(self._tx, "write/rows", keys=owners):
                stored[row["key"]] += [
                    Stored(id=id, type=type, target=target, plain=plain)
                    for id, type, target, plain in row["rows"]
                ]
        return {
            owner: refold(owner, claims.get(owner, ()), stored[owner], recorded_at, self._state(owner))
            for owner in owners
        }

    async def _announce(self, edits: dict[str, Edits], new: Sequence[MappedEvent], recorded_at: int) -> None:
        """Write down which beliefs changed, for those who follow them: in the transaction that changes them."""
        found = entries((one for edit in edits.values() for one in news(edit.before, edit.after)), new)
        rows = [
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
        if rows:
            await ask(self._tx, "write/changes", rows=rows)

    async def _edit(self, edits: dict[str, Edits]) -> None:
        gone = [id for edit in edits.values() for id in edit.delete]
        if gone:
            await ask(self._tx, "write/rows_deleted", ids=gone)
        await self._look_up({target for edit in edits.values() for _, target, _ in edit.create})
        by_type: dict[str, list[list[Any]]] = defaultdict(list)
        for owner, edit in edits.items():
            for name, target, plain in edit.create:
                by_type[name].append([self._named[owner].id, self._named[target].id, plain])
        for name, rows in sorted(by_type.items()):
            await ask(self._tx, "write/rows_created", ("type", f"`{name}`"), rows=rows)
        nodes = [
            [self._named[owner].id, {"key": owner, "kind": kind_of(owner), **edit.node}]
            for owner, edit in edits.items()
            if "present" in edit.node
        ]
        if nodes:
            await ask(self._tx, "write/nodes", rows=nodes)
        notes = [
            [self._named[owner].id, edit.node["heads"]]
            for owner, edit in edits.items()
            if "present" not in edit.node
        ]
        if notes:
            await ask(self._tx, "write/nodes_noted", rows=notes)


def _named(entities: Iterable[Sequence[Any]]) -> dict[str, Named]:
    return {key: Named(id, heads, held) for key, id, heads, held in entities}


def _new_claims(new: Sequence[MappedEvent]) -> dict[str, list[Claim]]:
    """What new events, given in record order, claim about each owner."""
    claims: dict[str, list[Claim]] = defaultdict(list)
    for mapped in new:
        event = mapped.event
        for nth, assertion in enumerate(mapped.assertions):
            if not isinstance(assertion, EventRetracted):
                claims[owner_of(assertion)].append(
                    claim(assertion, event.uid, event.order, nth, event.sequence)
                )
    return dict(claims)
