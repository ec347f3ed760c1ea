"""Arguments that many fields take."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import strawberry

from graph_service.api.context import Side

First = Annotated[int | None, strawberry.argument(description="How many items at most: 1 to 200.")]
After = Annotated[
    str | None, strawberry.argument(description="The cursor behind which to go on; its point in time wins.")
]
Corrections = Annotated[
    bool | None, strawberry.argument(description="Whether to add versions that are no longer believed.")
]
Types = Annotated[
    list[str] | None, strawberry.argument(description="Only relationships of these types; all when left out.")
]


@strawberry.enum(description="Which relationships of an entity.")
class Direction(Enum):
    OUT = strawberry.enum_value("out", description="Those it is the source of.")
    IN = strawberry.enum_value("in", description="Those it is the target of.")
    BOTH = strawberry.enum_value("both", description="Those it is either end of.")


SIDES: dict[Direction, Side] = {Direction.OUT: "out", Direction.IN: "in", Direction.BOTH: "both"}
