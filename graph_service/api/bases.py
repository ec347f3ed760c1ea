"""What an answer rests on, as part of it."""

from __future__ import annotations

import strawberry

from graph_service.api.scalars import DateTime, instant
from graph_service.store.read.answers import Basis as BasisRow


@strawberry.type(
    description="What an answer rests on: ask again with these and it is the same, once `known` is at or below the watermark."
)
class Basis:
    valid: DateTime = strawberry.field(description="The valid time of the answer.")
    known: DateTime = strawberry.field(description="The latest known time that the answer could see.")
    watermark: DateTime | None = strawberry.field(
        description="The known time up to which answers are final; null before the first record."
    )
    dead_letters: int = strawberry.field(
        description="How many records could not be applied, and wait for an operator."
    )
    replayed: int = strawberry.field(
        description="How many records operators have brought in from dead letters so far, each at its true place in time: an answer "
        "that was final stays the same as long as this does."
    )

    stable: bool = strawberry.field(
        description="Whether the answer stays as it is: `known` is at or below the watermark. Only a replay or an erasure can alter it then."
    )

    @classmethod
    def of(cls, row: BasisRow) -> Basis:
        """From the store."""
        return cls(
            valid=DateTime(row.valid),
            known=DateTime(row.known),
            watermark=instant(row.watermark),
            dead_letters=row.dead_letters,
            replayed=row.replayed,
            stable=row.stable,
        )
