"""How much somebody may ask for over time: a bucket of cost for each principal, which fills steadily."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from graph_service.api.security.roles import Principal
from graph_service.core.errors import RateLimited

PRINCIPALS_MAX = 10_000


class Budget:
    """Cost that is left for each principal of this process."""

    def __init__(
        self, *, cost_per_s: int, cost_burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`cost_per_s` comes in each second, up to `cost_burst`."""
        self._per_s, self._burst, self._clock = cost_per_s, cost_burst, clock
        #: What is left, and when that was so in seconds; who asked last, is last.
        self._left: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def take(self, principal: Principal, cost: int) -> int | None:
        """Take the cost of a request; returns what is left. Nobody can be told from anybody where access is insecure: there is no limit then,
        and None is left.

        Raises:
            RateLimited: not enough is left; says after how many seconds there will be. Nothing is taken.
        """
        if principal.realm == "insecure":
            return None
        who, at_s = (principal.realm, principal.name), self._clock()
        left, since_s = self._left.pop(who, (float(self._burst), at_s))
        left = min(float(self._burst), left + (at_s - since_s) * self._per_s)
        enough = cost <= left
        self._left[who] = (left - cost if enough else left, at_s)
        if len(self._left) > PRINCIPALS_MAX:
            self._left.popitem(last=False)
        if not enough:
            wait_s = max(1, math.ceil((min(cost, self._burst) - left) / self._per_s))
            raise RateLimited(
                f"this costs {cost}, and {int(left)} is left of {self._burst} with {self._per_s} more each second; "
                f"come again in {wait_s} s, or ask for less: a smaller `first`, fewer nested lists",
                retry_after_s=wait_s,
            )
        return int(left - cost)

    def give_back(self, principal: Principal, cost: int) -> None:
        """What was taken for work that was not done."""
        who = (principal.realm, principal.name)
        if who in self._left and cost > 0:
            left, since_s = self._left[who]
            self._left[who] = (min(float(self._burst), left + cost), since_s)
