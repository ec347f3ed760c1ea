"""Why something is, or is not, there at a point: the rows, claims, retractions and dead letters behind it. `core.explain` decides."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from graph_service.core.explain import (
    Reason,
    Unmade,
    Verdict,
    by_belief,
    by_claims,
    disowned,
    ended_by,
    speaks,
)
from graph_service.core.fold import Claim
from graph_service.core.model import RecordOrder, canonical
from graph_service.core.vocabulary import RESERVED_TYPES
from graph_service.store.queries import PAST, query, query_with
from graph_service.store.read import entities as read_entities
from graph_service.store.read.answers import (
    CorrectionAt,
    Explained,
    Point,
    RuleAt,
    Subject,
    VersionAt,
    Waiting,
)
from graph_service.store.read.entities import both
from graph_service.store.read.reads import Reads
from graph_service.store.read.rows import Owner, StoredRow
from graph_service.store.read.waiting import waiting_about
from graph_service.store.write.claims import from_text, numbered_of

NAMING_MAX = 20
"""Relationships that are told where they alone make an entity be there."""
CLAIMS_MAX = 1000
"""The newest events about an entity that are looked at for a claim that is not there any more."""
CORRECTIONS_MAX = 50

_Rows = list[tuple[Owner, StoredRow]]
_Verdict = Verdict[Owner, StoredRow]
_BY_OWN_ROWS = (Reason.HOLDS, Reason.ENDED)
_FORMERLY = 4
"""The class of `read/explain_naming`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What decides."""

    reason: Reason
    by_name: bool = False
    versions: tuple[VersionAt, ...] = ()
    #: The decisive one first, each with what it is told about: an entity, or a relationship.
    events: tuple[tuple[str, Owner], ...] = ()


async def explain(reads: Reads, subject: Subject, at: Point, learned_to: int) -> Explained:
    """See `Reader.explain`."""
    return await _Explaining(reads, subject, at, learned_to).explained()


class _Explaining:
    """One question."""

    def __init__(self, reads: Reads, subject: Subject, at: Point, learned_to: int) -> None:
        self._reads, self._subject, self._at, self._learned_to = reads, subject, at, learned_to

    async def explained(self) -> Explained:
        """The answer."""
        rows = await self._rows()
        found = await self._found(rows)
        corrections = () if found.by_name else await self._corrections(rows)
        waiting, reason = Waiting(), found.reason
        if reason is Reason.NEVER_ASSERTED:
            keys = [key for key in (self._subject.key, self._subject.target) if key]
            waiting = await waiting_about(self._reads, keys, self._at.known)
            reason = Reason.IN_DEAD_LETTERS if waiting.letters else reason
        unmade = reason in (Reason.RETRACTED, Reason.SUPERSEDED)
        return Explained(
            subject=self._subject,
            at=self._at,
            learned_to=self._learned_to,
            reason=reason,
            by_name=found.by_name,
            versions=tuple(one.before for one in corrections) if unmade else found.versions,
            events=tuple(dict.fromkeys(uid for uid, _ in found.events)),
            superseded=self._superseded(rows, found),
            corrections=corrections,
            rules=await self._rules(found.events),
            waiting=waiting,
        )

    async def _rows(self) -> _Rows:
        """All rows of what is asked about, as far as they may be looked at."""
        subject = self._subject
        if not subject.type:
            owner = Owner(key=subject.key)
            found = await read_entities.rows_of(self._reads, [owner], self._learned_to)
            return [(owner, row) for row in found.get(owner, ())]
        records = await self._reads.run(
            query_with("read/explain_rows", ("types", both(subject.type))),
            source=subject.key, target=subject.target, known=self._learned_to,
        )  # fmt: skip
        return [
            (_edge(subject.key, subject.type, subject.target, word), StoredRow.of(row))
            for record in records
            for word, row in sorted(record["rows"], key=lambda one: str(one[0]))
            if subject.discriminator in (None, word)
        ]

    async def _found(self, rows: _Rows) -> _Found:
        at, by_name = self._at, False
        verdict = by_belief(rows, at.valid, at.known, self._learned_to)
        formerly: _Rows = []
        if not self._subject.type and (verdict is None or verdict.reason not in _BY_OWN_ROWS):
            # Nothing asserts it then; maybe others name it.
            naming, formerly = await self._naming()
            own = [row for _, row in rows]
            other = by_belief(naming, at.valid, at.known, self._learned_to, own)
            if other is not None and (verdict is None or other.place < verdict.place):
                verdict, by_name = other, True
        if verdict is not None:
            return await self._of_verdict(verdict, by_name)
        found = await self._unmade(self._subject)
        if found is None and formerly:
            owner = formerly[0][0]
            found = await self._unmade(
                Subject(
                    key=owner.key, type=owner.type, target=owner.target, discriminator=owner.discriminator
                )
            )
            by_name = True
        if found is None:
            return _Found(reason=Reason.NEVER_ASSERTED)
        return await self._of_unmade(*found, by_name)

    async def _naming(self) -> tuple[_Rows, _Rows]:
        """The rows of relationships that decide whether the entity is there by name; and of those, the last that were taken back."""
        records = await self._reads.run(
            query("read/explain_naming"),
            key=self._subject.key, valid=self._at.valid, known=self._at.known, learned_to=self._learned_to, most=NAMING_MAX,
        )  # fmt: skip
        naming: _Rows = []
        formerly: _Rows = []
        for record in records:
            for stored, source, target, row in record["rows"]:
                type = stored.removesuffix(PAST)
                if type not in RESERVED_TYPES:
                    owner = _edge(source, type, target, row.get("discriminator", ""))
                    (formerly if record["class"] == _FORMERLY else naming).append((owner, StoredRow.of(row)))
        return naming, formerly

    async def _of_verdict(self, verdict: _Verdict, by_name: bool) -> _Found:
        known, rows = verdict.known, verdict.rows
        versions = tuple(row.version(owner, known) for owner, row in rows)
        events = [(version.event, owner) for version, (owner, _) in zip(versions, rows, strict=True)]
        match verdict.reason:
            case Reason.ENDED:
                events = [(await self._ender(rows[0][0], versions[0]), rows[0][0]), *events]
            case Reason.NOT_YET_KNOWN:
                recorded = await self._recorded([(owner.key, known) for owner, _ in rows])
                learned = [
                    (uid if uid in there or not there else there[-1], owner)
                    for uid, owner in events
                    for there in (recorded.get((owner.key, known), ()),)
                ]
                events = [*learned, *events]
        return _Found(reason=verdict.reason, by_name=by_name, versions=versions, events=tuple(events))

    async def _ender(self, owner: Owner, version: VersionAt) -> str:
        """The event that ended it, as believed at the point. What the version says is as it was first believed: others may have taken that over."""
        claims = await self._claims("read/explain_claims_at", owner.key, instant=version.valid_to)
        return ended_by(
            claims,
            owner.type,
            owner.target,
            owner.discriminator,
            version.valid_to,
            self._at.known,
            version.ended_by or "",
        )

    async def _unmade(self, subject: Subject) -> tuple[Unmade, Owner] | None:
        """What was asserted of it by then, and why that is not there; None where nothing was."""
        target = canonical(subject.target)
        words = [f'"target":{target}', f"{target}:{{"] if subject.type else ['"op":"entity"']

        def decided(claims: Iterable[Claim]) -> Unmade | None:
            return by_claims(
                claims, subject.type, subject.target, self._at.valid, self._at.known, subject.discriminator
            )

        claims = await self._claims("read/explain_claims", subject.key, words=words)
        found = decided(claims)
        if found is None:
            return None
        if found.reason is Reason.SUPERSEDED:
            instant = found.claim.assertion.valid_from
            others = await self._claims("read/explain_claims_at", subject.key, instant=instant)
            every = {(one.event, one.place.nth): one for one in (*claims, *others)}
            found = decided(every.values()) or found
        word = getattr(found.claim.assertion, "discriminator", "")
        return found, _edge(subject.key, subject.type, subject.target, word)

    async def _claims(self, name: str, key: str, **values: Any) -> list[Claim]:
        record = await self._reads.one(name, key=key, known=self._at.known, most=CLAIMS_MAX, **values)
        return [
            claim
            for uid, order, sequence, believed, text in record["claims"]
            for claim in from_text(
                text, event=uid, order=RecordOrder(*order), sequence=sequence, believed=believed
            )
        ]

    async def _of_unmade(self, unmade: Unmade, owner: Owner, by_name: bool) -> _Found:
        by = unmade.by
        if unmade.reason is Reason.RETRACTED:
            by = _retractor(unmade.claim, await self._retractors([unmade.claim.event]), self._at.known)
        events = [(uid, owner) for uid in (by, unmade.claim.event) if uid is not None]
        return _Found(reason=unmade.reason, by_name=by_name, events=tuple(events))

    async def _retractors(self, uids: Iterable[str]) -> dict[str, list[tuple[str, RecordOrder, Any]]]:
        """By uid of an event: those that retract it, in record order, each with the known spans in which it stands (None: from then on)."""
        found: dict[str, list[tuple[str, RecordOrder, Any]]] = {}
        for record in await self._reads.run(
            query("read/explain_retractors"), uids=sorted(set(uids)), known=self._at.known
        ):
            one = record["by"], RecordOrder(*record["order"]), record["believed"]
            found.setdefault(record["uid"], []).append(one)
        return found

    async def _recorded(self, asked: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Sequence[str]]:
        """For each entity and known instant, the events recorded then that may have altered what is believed of it, in record order."""
        pairs = [list(pair) for pair in dict.fromkeys(asked)]
        records = await self._reads.run(query("read/events_at"), asked=pairs) if pairs else []
        return {(record["asked"][0], record["asked"][1]): record["uids"] for record in records}

    def _superseded(self, rows: _Rows, found: _Found) -> tuple[VersionAt, ...]:
        """For each version that holds, the one that it follows without a gap."""
        if found.reason is not Reason.HOLDS or found.by_name:
            return ()
        known = self._at.known
        believed = [
            row.version(owner, known) for owner, row in rows if row.known_from <= known < row.known_to
        ]
        starts = {(_key(version), version.valid_from) for version in found.versions}
        return tuple(one for one in believed if (_key(one), one.valid_to) in starts)

    async def _corrections(self, rows: _Rows) -> tuple[CorrectionAt, ...]:
        """What was believed about the instant before, and is not any more; who did it."""
        at = self._at
        found = disowned(rows, at.valid, at.known)[:CORRECTIONS_MAX]
        recorded = await self._recorded((owner.key, row.known_to) for owner, row, _ in found)
        retractors = await self._retractors(row.event for _, row, _ in found) if found else {}
        answer = []
        for owner, row, after in found:
            known = row.known_to
            there = recorded.get((owner.key, known), ())
            by = [uid for uid, order, _ in retractors.get(row.event, ()) if order.recorded_at == known]
            ended = [
                one.ended_by
                for it, other in rows
                if it == owner and other.known_from <= known < other.known_to
                for one in [other.version(owner, known)]
                if one.valid_to <= at.valid
            ]
            made = [*([after.event] if after else ended[-1:]), *by, *there[-1:]]
            answer.append(
                CorrectionAt(
                    before=row.versions(owner, at.known, corrections=True)[-1],
                    after=None if after is None else _as_believed(owner, after, known, at.known),
                    event=next((uid for uid in made if uid in there), None),
                    known=known,
                )
            )
        return tuple(answer)

    async def _rules(self, events: Sequence[tuple[str, Owner]]) -> tuple[RuleAt, ...]:
        """The rules under which the events say what decides, in the order of the events."""
        if not events:
            return ()
        asked = [[uid, owner.key] for uid, owner in events]
        records = await self._reads.run(query("read/explain_rules"), asked=asked)
        found = {(record["uid"], record["key"]): record for record in records}
        rules: dict[RuleAt, None] = {}
        for uid, owner in events:
            if (record := found.get((uid, owner.key))) is not None:
                claims = [one for _, one in numbered_of(json.loads(record["assertions"] or "[]"))]
                said = [
                    one.rule for one in claims if speaks(one, owner.type, owner.target, owner.discriminator)
                ]
                for rule in said or record["retracts"]:
                    file, _, name = rule.rpartition("#")
                    if rule:
                        rules[RuleAt(file=file, rule=name, version=record["mapping"] or "")] = None
        return tuple(rules)


def _edge(source: str, type: str, target: str, discriminator: str) -> Owner:
    return Owner(key=source, type=type, target=target, discriminator=discriminator)


def _key(version: VersionAt) -> tuple[str, str, str, str]:
    return version.owner, version.type, version.target, version.discriminator


def _as_believed(owner: Owner, row: StoredRow, known: int, seen: int) -> VersionAt:
    """The version of the row that was believed at `known`, as it is seen at a later known time."""
    versions = row.versions(owner, seen, corrections=True)
    return next(one for one in versions if one.known_from <= known < one.known_to)


def _retractor(
    claim: Claim, retractors: dict[str, list[tuple[str, RecordOrder, Any]]], known: int
) -> str | None:
    """The event that keeps a claim from standing at `known`: of those that retract it and stand themselves, the first that was recorded after it, or
    else (its retraction came before it) the first.
    """
    standing = [
        (uid, order)
        for uid, order, believed in retractors.get(claim.event, ())
        if believed is None
        or any(start <= known < end for start, end in zip(believed[::2], believed[1::2], strict=True))
    ]
    later = [uid for uid, order in standing if order > claim.place.order]
    return next(iter([*later, *(uid for uid, _ in standing)]), None)
