"""Simple paths through a small known graph, by length and then in the order of their steps. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Step = TypeVar("Step")


class TooManySteps(Exception):
    """The search was given up; the paths found so far are right, and the shortest."""


@dataclass(slots=True)
class Ways(Generic[Step]):
    """Where one can go from where: for each node its next nodes, each with the step that leads there."""

    onward: dict[str, dict[str, Step]] = field(default_factory=dict)
    back: dict[str, set[str]] = field(default_factory=dict)

    def add(self, here: str, there: str, step: Step) -> None:
        """One way. Of several between the same two nodes the first given stays."""
        self.onward.setdefault(here, {}).setdefault(there, step)
        self.back.setdefault(there, set()).add(here)

    def distances_to(self, end: str, most: int) -> dict[str, int]:
        """How far each node is from `end`, which it leads to; only those within `most` steps."""
        found, frontier = {end: 0}, {end}
        for distance in range(1, most + 1):
            frontier = {key for here in frontier for key in self.back.get(here, ())} - found.keys()
            found |= dict.fromkeys(frontier, distance)
        return found


def simple_paths(
    ways: Ways[Step], start: str, end: str, length: int, steps_left: list[int]
) -> Iterator[tuple[str, ...]]:
    """The paths of exactly that length (at least 1) that visit no node twice, in the order of their nodes.

    Goes only where the end can still be reached in time, so that the work is small where there are few detours. `steps_left` holds
    one number, how many more steps may be tried; it is counted down.

    Raises:
        TooManySteps: it has come to 0.
    """
    near = ways.distances_to(end, length)
    if near.get(start, length + 1) > length:
        return
    path, visited = [start], {start}
    todo = [_next(ways.onward, start, near, length - 1)]
    while todo:
        here = next(todo[-1], None)
        if here is None:
            todo.pop()
            visited.discard(path.pop())
            continue
        if here in visited or (here == end) != (len(path) == length):
            continue
        steps_left[0] -= 1
        if steps_left[0] < 0:
            raise TooManySteps
        if here == end:
            yield (*path, here)
            continue
        path.append(here)
        visited.add(here)
        todo.append(_next(ways.onward, here, near, length - len(path)))


def _next(
    onward: Mapping[str, Mapping[str, Step]], here: str, near: Mapping[str, int], left: int
) -> Iterator[str]:
    """Where to go from there so that the end is at most `left` steps away afterwards, in order."""
    reachable: Sequence[str] = [key for key in onward.get(here, ()) if near.get(key, left + 1) <= left]
    return iter(sorted(reachable))
