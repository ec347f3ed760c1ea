"""How much something is affected: a score from what is known of it, with each factor shown. Pure.

    score = distance x criticality x freshness, each above 0 and at most 1

    distance     1 / number of relationships on the shortest path
    criticality  from 1/2 (does not matter) to 1 (matters most); 3/4 where nobody says
    freshness    from 1/2 (evidence as old as can be) to 1 (just seen): the stalest relationship of the path counts, and what
                 is above 1/2 halves every `HALF_LIFE_US`

So an entity is never hidden by one factor: what matters little and was seen long ago keeps a quarter of what its distance gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graph_service.core.model import Json

HALF_LIFE_DAYS = 90
HALF_LIFE_US = HALF_LIFE_DAYS * 24 * 3600 * 1_000_000
UNKNOWN_WEIGHT = 0.5
WORDS = {
    **dict.fromkeys(("critical", "mission-critical", "highest", "blocker", "gold"), 1.0),
    **dict.fromkeys(("high", "major", "silver"), 0.75),
    **dict.fromkeys(("medium", "moderate", "normal", "bronze"), 0.5),
    **dict.fromkeys(("low", "minor"), 0.25),
    **dict.fromkeys(("lowest", "none", "trivial"), 0.0),
}
"""What usual words weigh where no levels are declared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """What a score is made of. Each is above 0 and at most 1; the score is their product."""

    distance: float
    criticality: float
    freshness: float

    @property
    def score(self) -> float:
        """How much it is affected, above 0 and at most 1."""
        return self.distance * self.criticality * self.freshness


def factors(distance: int, weight: float | None, age_us: int | None) -> Factors:
    """The factors of something `distance` (at least 1) relationships away.

    `weight`: from 0 to 1, see `weight_of`; None where nobody says. `age_us`: since the stalest relationship of its path was last
    seen; None where that is not known, which is as old as can be.
    """
    known = UNKNOWN_WEIGHT if weight is None else weight
    fresh = 0.0 if age_us is None else 0.5 ** (max(age_us, 0) / HALF_LIFE_US)
    return Factors(distance=1 / distance, criticality=0.5 + known / 2, freshness=0.5 + fresh / 2)


def weight_of(value: Json, levels: Sequence[str | int] = ()) -> float | None:
    """How much something matters, from 0 to 1, by the value of its criticality property; None where that does not say.

    `levels` are the declared values, the most important first: they weigh from 1 downwards in equal steps. Without them a whole
    number is a rank (1 weighs 1, 2 a half, 3 a third; 0 as 1), a fraction between 0 and 1 is itself, true weighs 1 and false 0, and
    usual words weigh what `WORDS` says, whatever the case.
    """
    if levels:
        for place, level in enumerate(levels):
            if type(level) is type(value) and level == value:
                return 1 - place / len(levels)
        return None
    match value:
        case bool():
            return float(value)
        case str():
            return WORDS.get(value.strip().casefold())
        case int() | float() if value >= 0 and float(value).is_integer():
            return 1 / max(float(value), 1.0)
        case float() if 0 < value < 1:
            return value
        case _:
            return None
