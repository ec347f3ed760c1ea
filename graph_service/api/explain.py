"""Why something is, or is not, there: the question, and its answer in the schema."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import strawberry

from graph_service.api.bases import Basis
from graph_service.api.context import Info, Moment
from graph_service.api.dead_letters import DeadLetter, letters_of
from graph_service.api.explained import summary
from graph_service.api.fields import resolved
from graph_service.api.inputs import At
from graph_service.api.nodes import Event, Version, event_of
from graph_service.api.scalars import DateTime
from graph_service.api.security.roles import Role
from graph_service.core.errors import BadRequest, Forbidden
from graph_service.core.explain import Reason as CoreReason
from graph_service.store.read.answers import CorrectionAt, Explained, LetterAt, Point, Subject, VersionAt


@strawberry.enum(
    description="Why something is there or is not. The first that applies is told, in this order."
)
class Reason(Enum):
    HOLDS = strawberry.enum_value("HOLDS", description="It is there.")
    ENDED = strawberry.enum_value("ENDED", description="It was there, and ended before.")
    NOT_YET_KNOWN = strawberry.enum_value(
        "NOT_YET_KNOWN", description="It was there, but that was learnt only later than `at.known`."
    )
    NOT_YET_VALID = strawberry.enum_value("NOT_YET_VALID", description="It begins later than `at.valid`.")
    RETRACTED = strawberry.enum_value(
        "RETRACTED", description="An event asserted it, and another one retracted that event."
    )
    SUPERSEDED = strawberry.enum_value(
        "SUPERSEDED",
        description="An event asserted it, and for the same instant one that comes later in order says otherwise.",
    )
    IN_DEAD_LETTERS = strawberry.enum_value(
        "IN_DEAD_LETTERS",
        description="No event asserts it, but records that could not be applied, and wait, name it.",
    )
    NEVER_ASSERTED = strawberry.enum_value("NEVER_ASSERTED", description="No event asserts it.")


@strawberry.type(description="What made an assertion of an event.")
class MappingRule:
    file: str = strawberry.field(description="The name of the mapping file.")
    rule: str = strawberry.field(description="The name of the rule in it.")
    version: str = strawberry.field(
        description="The version of the mapping, of all its files together, with which the event was read."
    )


@strawberry.type(description="That what was believed about the instant was altered.")
class Correction:
    row: strawberry.Private[CorrectionAt]
    moment: strawberry.Private[Moment]

    @resolved("What was believed until then.")
    def before(self) -> Version:
        return Version(row=self.row.before, before=None, moment=self.moment)

    @resolved("What was believed from then on; null: that it was not there.")
    def after(self) -> Version | None:
        row = self.row.after
        return None if row is None else Version(row=row, before=self.row.before, moment=self.moment)

    @resolved("The event that corrected it.")
    async def event(self, info: Info) -> Event | None:
        return await event_of(info.context, self.row.event, self.moment)

    @resolved("When the log recorded that.")
    def recorded_at(self) -> DateTime:
        return DateTime(self.row.known)


@strawberry.type(
    description="A record that could not be applied, and waits: where it is, and nothing of what is in it."
)
class WaitingRecord:
    row: strawberry.Private[LetterAt]

    @resolved("Where it is in Kafka: topic/partition/offset.")
    def origin(self) -> str:
        return self.row.id

    @resolved("When the log recorded it.")
    def recorded_at(self) -> DateTime:
        return DateTime(self.row.recorded_at)

    @resolved("All about it, for operators; null for everybody else.")
    async def dead_letter(self, info: Info) -> DeadLetter | None:
        if not info.context.principal.may(Role.OPERATOR):
            return None
        try:
            return next(iter(await letters_of(info.context, (self.row.id,))), None)
        except Forbidden:
            return None  # this process does not serve them


@strawberry.type(
    description="Why something is, or is not, there. Nothing that was learnt after `at.known` is in it, but for NOT_YET_KNOWN, which says just that."
)
class Explanation:
    found: strawberry.Private[Explained]
    moment: strawberry.Private[Moment]
    #: Whether it was asked how far to look for what was learnt later.
    bounded: strawberry.Private[bool]

    @resolved(
        "Whether it is there; an entity also where it is undeclared, and relationships that hold name it."
    )
    def holds(self) -> bool:
        return self.found.holds

    @resolved("In words, for people.")
    async def summary(self, info: Info) -> str:
        found = self.found
        uids = [*found.events, *(one.event for one in found.superseded)]
        uids += [uid for one in found.corrections for uid in (one.event, one.before.event) if uid is not None]
        asked = list(dict.fromkeys(uids))
        rows = await info.context.events.load_many(asked)
        return summary(found, {uid: row for uid, row in zip(asked, rows, strict=True) if row is not None})

    @resolved("Why.")
    def reason(self) -> Reason:
        return Reason(self.found.reason.value)

    @resolved(
        "The events behind it, the decisive one first: who made it so, ended it, made it known or took it back; then who had asserted that."
    )
    async def events(self, info: Info) -> list[Event]:
        events = [await event_of(info.context, uid, self.moment) for uid in self.found.events]
        return [one for one in events if one is not None]

    @resolved(
        "The versions that decide: those that hold, the last that ended, the one that was learnt later (as it was then) or that begins later; what was "
        "believed once, where it was taken back. Several where they differ in the discriminator, or where others name the entity."
    )
    def versions(self) -> list[Version]:
        found = self.found
        earlier = {(_owner(one), one.valid_to): one for one in found.superseded}
        moment = self.moment
        if found.reason is CoreReason.NOT_YET_KNOWN:
            point = Point(valid=moment.point.valid, known=found.versions[0].known_from)
            moment = Moment(point=point, valid=point.valid, known=point.known)
        return [
            Version(row=one, before=earlier.get((_owner(one), one.valid_from)), moment=moment)
            for one in found.versions
        ]

    @resolved("The mapping rules under which the events say so, in their order.")
    def rules(self) -> list[MappingRule]:
        return [MappingRule(file=one.file, rule=one.rule, version=one.version) for one in self.found.rules]

    @resolved(
        "true: nothing asserts the entity itself; events and versions are those of relationships that name it."
    )
    def undeclared(self) -> bool:
        return self.found.by_name

    @resolved("What the versions that hold took the place of in the world: what was so just before.")
    def superseded(self) -> list[Version]:
        return [Version(row=one, before=None, moment=self.moment) for one in self.found.superseded]

    @resolved(
        "What was believed about this very instant before and is not any more, and who corrected it; the latest first, 50 at most."
    )
    def corrections(self) -> list[Correction]:
        return [Correction(row=one, moment=self.moment) for one in self.found.corrections]

    @resolved(
        "With IN_DEAD_LETTERS: records that could not be applied, wait, and name it; newest first, of the newest 1000."
    )
    def dead_letters(self) -> list[WaitingRecord]:
        return [WaitingRecord(row=one) for one in self.found.waiting.letters]

    @resolved("Up to which known time it was looked for what was learnt after `at.known`.")
    def learned_to(self) -> DateTime:
        return DateTime(self.found.learned_to)

    @resolved(
        "Whether it stays as it is, whatever is recorded: HOLDS and ENDED do once `at.known` is at or below the watermark, NOT_YET_KNOWN once that is "
        "true of when it was learnt; all others may become NOT_YET_KNOWN, unless `learnedTo` was given. Only a replay or an erasure can alter it then."
    )
    async def stable(self, info: Info) -> bool:
        standing, found = await info.context.standing(), self.found
        match found.reason:
            case CoreReason.HOLDS | CoreReason.ENDED:
                return standing.final(found.at.known)
            case CoreReason.NOT_YET_KNOWN:
                return standing.final(found.versions[0].known_from)
            case CoreReason.IN_DEAD_LETTERS | CoreReason.NEVER_ASSERTED:
                return False
            case _:
                return self.bounded and standing.final(found.learned_to)

    @resolved("What it rests on.")
    async def basis(self, info: Info) -> Basis:
        return Basis.of(await info.context.basis(self.moment.point))


def _owner(version: VersionAt) -> tuple[str, str, str, str]:
    return version.owner, version.type, version.target, version.discriminator


@strawberry.type
class ExplainQueries:
    @resolved(
        "Why a relationship or an entity is (or is not) there at that point: the events, mapping rules and positions behind the answer."
    )
    async def explain(
        self,
        info: Info,
        key: Annotated[
            str, strawberry.argument(description="The key of the entity, or of a relationship's source.")
        ],
        type: Annotated[
            str | None, strawberry.argument(description="The type of the relationship; with `target`.")
        ] = None,
        target: Annotated[
            str | None, strawberry.argument(description="The key of the relationship's target; with `type`.")
        ] = None,
        at: Annotated[
            At | None, strawberry.argument(description="The point on both clocks; now when left out.")
        ] = None,
        discriminator: Annotated[
            str | None,
            strawberry.argument(
                description="Of several relationships of this type between the two, the one with this discriminator (empty: without any); "
                "all together when left out."
            ),
        ] = None,
        learned_to: Annotated[
            DateTime | None,
            strawberry.argument(
                description="Up to which known time to look for what was learnt after `at.known`: all that is recorded when left out. With the value of "
                "`at.known` the answer is what could be said then."
            ),
        ] = None,
    ) -> Explanation:
        if (type is None) != (target is None) or (type is None and discriminator is not None):
            raise BadRequest(
                "a relationship is named by `key`, `type` and `target` together, an entity by `key` alone; leave out `type`, `target` and "
                "`discriminator`, or add what is missing"
            )
        context = info.context
        if type is not None:
            await context.types([type])
        moment = await context.moment(at.valid if at else None, at.known if at else None)
        if learned_to is not None and learned_to < moment.point.known:
            raise BadRequest("`learnedTo` is before `at.known`; what was learnt later is learnt after that")
        later = await context.moment(moment.point.valid, learned_to)
        found = await context.reader.explain(
            Subject(key=key, type=type or "", target=target or "", discriminator=discriminator),
            moment.point,
            learned_to=max(later.point.known, moment.point.known),
        )
        return Explanation(found=found, moment=moment, bounded=learned_to is not None)
