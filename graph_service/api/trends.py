"""Counts over time, for charts."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import strawberry

from graph_service.api.context import WORDS_MAX, Info
from graph_service.api.fields import resolved
from graph_service.api.scalars import DateTime
from graph_service.core.errors import BadRequest, LimitExceeded
from graph_service.store.read.trend import LEVELS, OF_BOTH, Buckets, Measure, TrendFilter

BUCKETS_MAX = 1000


@strawberry.enum(description="What is counted in each bucket of time.")
class TrendMeasure(Enum):
    ENTITIES = strawberry.enum_value(
        "entities", description="Declared entities that are there at the bucket's end. Narrowed by `kinds`."
    )
    RELATIONSHIPS = strawberry.enum_value(
        "relationships",
        description="Relationships that hold at the bucket's end. Narrowed by `types`, and by `kinds` of either end.",
    )
    CHANGES = strawberry.enum_value(
        "changes",
        description="What changed in the world after the bucket's beginning, up to its end: all of the next three.",
    )
    APPEARED = strawberry.enum_value("appeared", description="Of these, what was not there before.")
    CHANGED = strawberry.enum_value("changed", description="Of these, what got other properties.")
    ENDED = strawberry.enum_value("ended", description="Of these, what is not there any more.")
    CORRECTIONS = strawberry.enum_value(
        "corrections",
        description="Changes of what was believed about the past, by when they became known: after the bucket's beginning, up to its end.",
    )
    EVENTS = strawberry.enum_value(
        "events",
        description="Events by when they happened: from the bucket's beginning on, before its end. Narrowed by `kinds` that they claim something "
        "about, and by `types`, here those of CloudEvents.",
    )
    RECORDED = strawberry.enum_value("recorded", description="The same, by when the log recorded them.")
    DEAD_LETTERS = strawberry.enum_value(
        "dead_letters",
        description="Records that could not be applied, by when the log recorded them, whatever became of them since. Narrowed by `types` of "
        "CloudEvents.",
    )


@strawberry.type(description="One bucket of a trend.")
class TrendPoint:
    from_: DateTime = strawberry.field(name="from", description="Where the bucket begins.")
    to: DateTime = strawberry.field(description="Where it ends.")
    time: DateTime = strawberry.field(
        description="Where to draw the value: at the bucket's end for what is there then, at its beginning for what is counted within."
    )
    value: int = strawberry.field(description="The count.")


@strawberry.type
class TrendQueries:
    @resolved("Counts over time for charts.")
    async def trend(
        self,
        info: Info,
        measure: Annotated[TrendMeasure, strawberry.argument(description="What is counted.")],
        from_: Annotated[
            DateTime, strawberry.argument(name="from", description="Where the first bucket begins.")
        ],
        to: Annotated[
            DateTime, strawberry.argument(description="Where the last bucket ends, later than `from`.")
        ],
        kinds: Annotated[
            list[str] | None,
            strawberry.argument(
                description="Only entities of these kinds, and relationships with an end of them; with `types`, entities alone."
            ),
        ] = None,
        types: Annotated[
            list[str] | None,
            strawberry.argument(
                description="Only relationships of these types; for events and dead letters, those of these CloudEvents types."
            ),
        ] = None,
        buckets: Annotated[
            int | None, strawberry.argument(description="How many buckets, all of one width: 1 to 1000.")
        ] = 60,
        known: Annotated[
            DateTime | None,
            strawberry.argument(
                description="As the log had recorded it by then. Default: all that is recorded."
            ),
        ] = None,
    ) -> list[TrendPoint]:
        number = 60 if buckets is None else buckets
        if not 1 <= number <= BUCKETS_MAX:
            raise BadRequest(f"`buckets` is {number}; it must be from 1 to {BUCKETS_MAX}")
        if not from_ < to:
            raise BadRequest("`from` must lie before `to`: exchange the two, or ask about a longer time")
        counted = Measure(measure.value)
        wanted = await _wanted(info, counted, kinds, types)
        spans = Buckets.of(from_, to, number)
        moment = await info.context.moment(to, known)
        values = await info.context.reader.trend(counted, spans, wanted, moment.point.known)
        return [
            TrendPoint(
                from_=DateTime(start),
                to=DateTime(end),
                time=DateTime(end if counted in LEVELS else start),
                value=value,
            )
            for (start, end), value in zip(spans.edges(), values, strict=True)
        ]


async def _wanted(
    info: Info, measure: Measure, kinds: list[str] | None, types: list[str] | None
) -> TrendFilter:
    context = info.context
    if measure is Measure.ENTITIES and types is not None:
        raise BadRequest("ENTITIES is not narrowed by `types`: leave them out, or count RELATIONSHIPS")
    if measure is Measure.DEAD_LETTERS and kinds is not None:
        raise BadRequest("DEAD_LETTERS is not narrowed by `kinds`, for nobody knows of which they are")
    if measure in LEVELS or measure in OF_BOTH:
        return TrendFilter(kinds=await context.kinds(kinds), types=await context.types(types))
    if types is not None and len(types) > WORDS_MAX:
        raise LimitExceeded("types", WORDS_MAX, f"`types` has {len(types)} items; it may have {WORDS_MAX}")
    return TrendFilter(kinds=await context.kinds(kinds), types=types)
