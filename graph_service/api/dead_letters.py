"""Dead letters in the schema: what they are, and what operators ask about them and do with them."""

from __future__ import annotations

from base64 import b64encode
from enum import Enum
from typing import Annotated

import strawberry

from graph_service.api.arguments import After, First
from graph_service.api.connections import Connection, begin, page
from graph_service.api.context import Context, Info, Moment, page_size
from graph_service.api.fields import resolved
from graph_service.api.ids import decode, encode, fingerprint
from graph_service.api.nodes import Event, Node, event_by_identity
from graph_service.api.scalars import DateTime, Json
from graph_service.core.errors import BadRequest
from graph_service.store.keep.letters import (
    LetterFilter,
    LetterRecord,
    LetterRow,
    LetterState,
    json_of,
    letter_cursor,
    text_of,
)
from graph_service.store.keep.replay import Replayed

REPLAYED_AT_ONCE_MAX = 1000


@strawberry.enum(name="DeadLetterState", description="What became of a dead letter.")
class State(Enum):
    WAITING = strawberry.enum_value("waiting", description="Nothing yet: its record is not in the graph.")
    REPLAYED = strawberry.enum_value(
        "replayed", description="It was tried again, and its record is in the graph at its place in time."
    )
    DISCARDED = strawberry.enum_value(
        "discarded", description="An operator decided that it is not to be tried again. It is kept."
    )


@strawberry.input(name="DeadLetterFilter", description="Which dead letters: all that is given must hold.")
class LettersWanted:
    reason: str | None = strawberry.field(
        default=None, description="Of this reason, for instance mapping-failed."
    )
    topic: str | None = strawberry.field(default=None, description="Of this Kafka topic.")
    type: str | None = strawberry.field(
        default=None, description="Of this CloudEvents type, where it could be read."
    )
    state: State | None = strawberry.field(default=None, description="In this state.")

    def to_store(self) -> LetterFilter:
        """The filter as the store takes it."""
        return LetterFilter(
            reason=self.reason,
            topic=self.topic,
            event_type=self.type,
            state=None if self.state is None else LetterState[self.state.name],
        )


@strawberry.type(name="Bytes", description="Some bytes of a record, as what they are.")
class Content:
    content: strawberry.Private[bytes]

    @resolved("How many bytes.")
    def size(self) -> int:
        return len(self.content)

    @resolved("Their value, where they are JSON; otherwise null.")
    def json(self) -> Json | None:
        return Json(json_of(self.content)[1])

    @resolved("As text, where they are text in UTF-8; otherwise null.")
    def text(self) -> str | None:
        return text_of(self.content)

    @resolved("In Base64, whatever they are.")
    def base64(self) -> str:
        return b64encode(self.content).decode()


@strawberry.type(description="One header of a Kafka record.")
class RecordHeader:
    name: str = strawberry.field(description="Its name.")
    value: Content | None = strawberry.field(description="Its value; null where it has none.")


@strawberry.type(
    description="A record that could not be applied: why, and all that is needed to try it again. Only for operators."
)
class DeadLetter(Node):
    row: strawberry.Private[LetterRow]
    moment: strawberry.Private[Moment]

    def global_id(self) -> str:
        """It has no point in time."""
        return encode(["DeadLetter", self.row.id])

    @resolved("Where its record is in Kafka: topic/partition/offset.")
    def origin(self) -> str:
        return self.row.id

    @resolved("What became of it.")
    def state(self) -> State:
        return State(self.row.state.value)

    @resolved("A short stable word for why, for instance mapping-failed.")
    def reason(self) -> str:
        return self.row.reason

    @resolved("Why, for people, and where it can be said what to do about it.")
    def message(self) -> str:
        return self.row.message

    @resolved("The Kafka topic.")
    def topic(self) -> str:
        return self.row.topic

    @resolved("The partition of the topic.")
    def partition(self) -> int:
        return self.row.partition

    @resolved("The offset in the partition.")
    def offset(self) -> int:
        return self.row.offset

    @resolved("When the log recorded it.")
    def recorded_at(self) -> DateTime:
        return DateTime(self.row.recorded_at)

    @resolved("The CloudEvents source, where it could be read.")
    def source(self) -> str | None:
        return self.row.source

    @resolved("The CloudEvents id, where it could be read.")
    def event_id(self) -> str | None:
        return self.row.event_id

    @resolved("The CloudEvents type, where it could be read.")
    def event_type(self) -> str | None:
        return self.row.event_type

    @resolved("Version of the mapping under which it failed last.")
    def mapping(self) -> str | None:
        return self.row.mapping

    @resolved("How often it was tried, the first time included.")
    def attempts(self) -> int:
        return self.row.attempts

    @resolved("Who replayed or discarded it last, or tried to; null when nobody did.")
    def operator(self) -> str | None:
        return self.row.operator

    @resolved("When that was.")
    def operated_at(self) -> DateTime | None:
        return None if self.row.operated_at is None else DateTime(self.row.operated_at)

    @resolved("Why it was discarded.")
    def note(self) -> str | None:
        return self.row.note

    @resolved(
        "Whether headers and value are kept. Without them it cannot be replayed: they were too large, or were erased."
    )
    def complete(self) -> bool:
        return self.row.complete

    @resolved("Size of the record's value, also where it is not kept; null when the record had none.")
    def value_bytes(self) -> int | None:
        return self.row.value_bytes

    @resolved("The key of the record; null when it had none, or it is not kept.")
    async def key(self, info: Info) -> Content | None:
        return _content((await self._record(info)).key)

    @resolved("The headers of the record, in its order.")
    async def headers(self, info: Info) -> list[RecordHeader]:
        return [
            RecordHeader(name=name, value=_content(value))
            for name, value in (await self._record(info)).headers
        ]

    @resolved("The value of the record; null when it had none, or it is not kept.")
    async def value(self, info: Info) -> Content | None:
        return _content((await self._record(info)).value)

    @resolved(
        "The event of this source and id that is in the ledger: this one once it is replayed, and with the reason `conflict` the one that "
        "counts."
    )
    async def event(self, info: Info) -> Event | None:
        if self.row.source is None or self.row.event_id is None:
            return None
        return await event_by_identity(info.context, self.row.source, self.row.event_id, self.moment)

    async def _record(self, info: Info) -> LetterRecord:
        return await info.context.letter_records.load(self.row)


def _content(content: bytes | None) -> Content | None:
    return None if content is None else Content(content=content)


@strawberry.type(
    description="What a replay came to. Every dead letter that was reached is in exactly one of the lists."
)
class ReplayResult:
    found: strawberry.Private[Replayed]

    @resolved("Version of the mapping that was used.")
    def mapping(self) -> str:
        return self.found.mapping

    @resolved("What their records say is in the graph now, or was all along.")
    async def replayed(self, info: Info) -> list[DeadLetter]:
        return await letters_of(info.context, self.found.replayed)

    @resolved("How many events were new to the graph among them; the others were doubles.")
    def events(self) -> int:
        return self.found.events

    @resolved("They wait on, with one attempt more and the reason of this time.")
    async def failed(self, info: Info) -> list[DeadLetter]:
        return await letters_of(info.context, tuple(one.id for one in self.found.failed))

    @resolved(
        "Too large to keep, or erased: only Kafka may have their records still, at topic/partition/offset."
    )
    async def not_kept(self, info: Info) -> list[DeadLetter]:
        return await letters_of(info.context, self.found.not_kept)

    @resolved("They had been replayed before.")
    async def already(self, info: Info) -> list[DeadLetter]:
        return await letters_of(info.context, self.found.already)

    @resolved("Pass it as `after` to go on with the rest; null when nothing is left.")
    def end_cursor(self) -> str | None:
        return None if self.found.cursor is None else encode([_REPLAY, self.found.cursor])


@strawberry.type(description="What came of discarding.")
class DiscardResult:
    discarded: list[DeadLetter] = strawberry.field(description="Those that waited until now.")
    settled_before: list[DeadLetter] = strawberry.field(
        description="Those that had been replayed or discarded before; they stay as they are."
    )


_REPLAY = "replay"


@strawberry.type
class DeadLetterQueries:
    @resolved("Records that could not be applied, newest recorded first. Only for operators.")
    async def dead_letters(
        self,
        info: Info,
        filter: Annotated[
            LettersWanted | None,
            strawberry.argument(description="Which dead letters; all, in any state, when left out."),
        ] = None,
        first: First = 50,
        after: After = None,
    ) -> Connection[DeadLetter]:
        letters = info.context.operator()
        wanted = LetterFilter() if filter is None else filter.to_store()
        size, question = page_size(first, 50), fingerprint("dead letters", wanted)
        cursor, moment = await begin(info.context, question, after, None, None)
        found = await letters.listed(wanted, first=size, after=None if cursor is None else cursor.after)
        return page(
            found,
            node=lambda row: DeadLetter(row=row, moment=moment),
            after=letter_cursor,
            question=question,
            moment=moment,
            resumed=cursor is not None,
        )

    @resolved("One dead letter; null when there is none. Only for operators.")
    async def dead_letter(
        self,
        info: Info,
        id: Annotated[
            strawberry.ID, strawberry.argument(description="Its `id`, or its origin: topic/partition/offset.")
        ],
    ) -> DeadLetter | None:
        return await letter_by_id(info.context, _letter_id(id))


@strawberry.type
class DeadLetterMutations:
    @resolved(
        "Try dead letters again under the mapping as it is now, in the order of the log. What they say takes its true place in time, on "
        "both clocks: answers about the past, also final ones, become as if the mapping had always been so."
    )
    async def replay_dead_letters(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID] | None,
            strawberry.argument(description="These, each by its `id` or origin; also discarded ones."),
        ] = None,
        reason: Annotated[
            str | None,
            strawberry.argument(description="Instead of `ids`: all that wait and have this reason."),
        ] = None,
        first: Annotated[
            int | None,
            strawberry.argument(description="With `reason`: how many at most in this request, 1 to 1000."),
        ] = 200,
        after: Annotated[
            str | None,
            strawberry.argument(description="With `reason`: the `endCursor` of the request before."),
        ] = None,
    ) -> ReplayResult:
        letters = info.context.operator()
        if (ids is None) == (reason is None):
            raise BadRequest("give either `ids` or `reason`: which dead letters are to be replayed")
        if ids is not None:
            found = await letters.replay([_letter_id(id) for id in ids], by=info.context.principal.name)
        else:
            found = await letters.replay(
                LetterFilter(reason=reason),
                by=info.context.principal.name,
                most=page_size(first, 200, REPLAYED_AT_ONCE_MAX),
                after=_replay_cursor(after),
            )
        return ReplayResult(found=found)

    @resolved(
        "Decide that dead letters are not to be replayed. They are kept, with the note, and counted apart."
    )
    async def discard_dead_letters(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID], strawberry.argument(description="These, each by its `id` or origin.")
        ],
        note: Annotated[str, strawberry.argument(description="Why, for those who ask later.")],
    ) -> DiscardResult:
        asked = tuple(dict.fromkeys(_letter_id(id) for id in ids))
        done = await info.context.operator().discard(asked, note=note, by=info.context.principal.name)
        return DiscardResult(
            discarded=await letters_of(info.context, done),
            settled_before=await letters_of(info.context, tuple(id for id in asked if id not in done)),
        )


async def letters_of(context: Context, ids: tuple[str, ...]) -> list[DeadLetter]:
    """Dead letters by id as they are now, in the given order."""
    if not ids:
        return []
    moment = await context.moment(None, None)
    found = await context.operator().by_id(ids)
    return [DeadLetter(row=found[id], moment=moment) for id in ids if id in found]


async def letter_by_id(context: Context, id: str) -> DeadLetter | None:
    """One dead letter.

    Raises:
        Forbidden: who asks is no operator.
    """
    return next(iter(await letters_of(context, (id,))), None)


def _letter_id(text: str) -> str:
    """What the store calls it, from a global id or from that itself."""
    match decode(text):
        case ["DeadLetter", str(id)]:
            return id
        case _:
            return text


def _replay_cursor(text: str | None) -> str | None:
    if text is None:
        return None
    match decode(text):
        case [name, str(cursor)] if name == _REPLAY:
            return cursor
        case _:
            raise BadRequest(
                "`after` is not a cursor: pass the `endCursor` of a replay before, or leave it out"
            )
