"""What subscribers ask for, once their arguments are read."""

from __future__ import annotations

from dataclasses import dataclass

from graph_service.store.read.feed import ChangeFilter


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesAsked:
    """Changes as they land."""

    wanted: ChangeFilter
    #: The store's cursor to go on behind; None: from now on.
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactAsked:
    """How an impact changes."""

    of: tuple[str, ...]
    dependents: bool
    max_depth: int
