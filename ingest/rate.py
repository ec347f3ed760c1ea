"""How fast it goes: counts, and a line for the log while something moves."""

from __future__ import annotations

from dataclasses import dataclass

LINE_EVERY_S = 5.0


@dataclass(slots=True, kw_only=True)
class Progress:
    """What this ingester has done since it started. Read by anyone, written by the ingester only."""

    #: Records that are done with, whatever became of them.
    applied: int = 0
    events: int = 0
    duplicates: int = 0
    unmapped: int = 0
    dead_letters: int = 0
    conflicts: int = 0
    batches: int = 0
    #: Records in Kafka that are not applied yet; None while not known.
    lag: int | None = None
    #: Why nothing moves, for people; None when all is well.
    trouble: str | None = None
    #: Whether every partition that is ours has its place and all of it is applied.
    at_end: bool = False


class Rate:
    """Decides when a line is due, and what it says. Time is given, in seconds of a monotonic clock."""

    def __init__(self, now_s: float, every_s: float = LINE_EVERY_S) -> None:
        """The first line is due `every_s` from now."""
        self._since_s = now_s
        self._every_s = every_s
        self._applied = 0
        self._batches = 0

    def line(self, progress: Progress, now_s: float) -> dict[str, int | float | None] | None:
        """The fields of a line when one is due and something was applied since the last one; otherwise None."""
        passed_s = now_s - self._since_s
        if passed_s < self._every_s:
            return None
        applied, batches = progress.applied - self._applied, progress.batches - self._batches
        self._since_s, self._applied, self._batches = now_s, progress.applied, progress.batches
        if applied == 0:
            return None
        return {
            "events_per_s": round(applied / max(passed_s, 0.001), 1),
            "applied_total": progress.applied,
            "lag": progress.lag,
            "batch_events": round(applied / max(batches, 1), 1),
            "duplicates": progress.duplicates,
            "unmapped": progress.unmapped,
            "dead_letters": progress.dead_letters,
        }
