"""Arguments that many fields take."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import strawberry

from graph_service.api.context import Side
from graph_service.core.errors import BadRequest

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

Steps = Annotated[
    int | None, strawberry.argument(description="How many steps of cause and effect to follow: 1 to 20.")
]
STEPS_MAX = 20


def steps(asked: int | None) -> int:
    """How many steps to follow.

    Raises:
        BadRequest: below 1 or above the most.
    """
    found = 1 if asked is None else asked
    if not 1 <= found <= STEPS_MAX:
        raise BadRequest(f"`maxDepth` is {found}; it must be from 1 to {STEPS_MAX}")
    return found


@strawberry.enum(description="Which relationships of an entity.")
class Direction(Enum):
    OUT = strawberry.enum_value("out", description="Those it is the source of.")
    IN = strawberry.enum_value("in", description="Those it is the target of.")
    BOTH = strawberry.enum_value("both", description="Those it is either end of.")


SIDES: dict[Direction, Side] = {Direction.OUT: "out", Direction.IN: "in", Direction.BOTH: "both"}
