"""Who stands retracted when: retractions can themselves be retracted, and can arrive before what they retract."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from graph_service.core.model import RecordOrder
from graph_service.core.time import FOREVER

Spans = tuple[tuple[int, int], ...]


def believed_spans(
    orders: Mapping[str, RecordOrder], retractors: Mapping[str, Iterable[str]]
) -> dict[str, Spans]:
    """For each recorded event that anybody retracts, the spans of known time in which it stands, ascending, half-open.

    Args:
        orders: where each event (by uid) was recorded; only recorded events have an entry.
        retractors: by the uid of the retracted event, the uids of the events that retract it.

    An event stands at `known` when it is recorded by then and no event that stands then retracts it. Retractions that form a
    circle cannot all stand: among those, an event is only moved by one recorded later than itself.
    """
    affected = [uid for uid in retractors if uid in orders]
    instants = sorted({orders[uid].recorded_at for uid in _closure(affected, retractors) if uid in orders})
    spans: dict[str, list[tuple[int, int]]] = {uid: [] for uid in affected}
    for index, known in enumerate(instants):
        until = instants[index + 1] if index + 1 < len(instants) else FOREVER
        standing = _Standing(known, orders, retractors)
        for uid in affected:
            if standing(uid):
                _extend(spans[uid], known, until)
    return {uid: tuple(found) for uid, found in spans.items()}


def _closure(
    start: Iterable[str],
    retractors: Mapping[str, Iterable[str]],
    counted: Callable[[str], bool] = lambda uid: True,
) -> set[str]:
    """`start` and all that directly or indirectly retract it, along events that are `counted`."""
    found: set[str] = set()
    todo = list(start)
    while todo:
        uid = todo.pop()
        if uid not in found:
            found.add(uid)
            todo.extend(by for by in retractors.get(uid, ()) if counted(by))
    return found


class _Standing:
    """Whether an event stands at one known instant; remembers what it has worked out."""

    def __init__(
        self, known: int, orders: Mapping[str, RecordOrder], retractors: Mapping[str, Iterable[str]]
    ) -> None:
        self._known, self._orders, self._retractors = known, orders, retractors
        self._answers: dict[str, bool] = {}

    def __call__(self, uid: str) -> bool:
        todo = [uid]  # a stack of its own: a chain of retractions may be longer than Python's
        while todo:
            current = todo[-1]
            against = [by for by in self._retractors.get(current, ()) if self._counts(by, current)]
            open_questions = [by for by in against if by not in self._answers]
            if open_questions and current not in self._answers:
                todo.extend(open_questions)
            else:
                self._answers[current] = self._recorded(current) and not any(
                    self._answers[by] for by in against
                )
                todo.pop()
        return self._answers[uid]

    def _recorded(self, uid: str) -> bool:
        return uid in self._orders and self._orders[uid].recorded_at <= self._known

    def _counts(self, by: str, uid: str) -> bool:
        """Within a circle only the later recorded moves the earlier, so that the question always comes to an end."""
        if by == uid or not self._recorded(by) or not self._recorded(uid):
            return False
        return self._orders[by] > self._orders[uid] or uid not in _closure(
            [by], self._retractors, self._recorded
        )


def _extend(spans: list[tuple[int, int]], start: int, end: int) -> None:
    if spans and spans[-1][1] == start:
        spans[-1] = (spans[-1][0], end)
    else:
        spans.append((start, end))
