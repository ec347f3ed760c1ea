"""How the API is exposed, in one value: limits, doors, who sees what, and what is written down."""

from __future__ import annotations

from dataclasses import dataclass, field

from graph_service.api.audit import Audit, audit_to_log
from graph_service.api.kept import Kept
from graph_service.api.limits.bounds import Limits
from graph_service.api.live.limits import LiveLimits
from graph_service.api.security.doors import Doors
from graph_service.api.security.roles import Audience, Role

READERS = Audience(role=Role.READER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """All that is set about how the API meets the world, but for who is let in."""

    limits: Limits = field(default_factory=Limits)
    #: Of what stays open.
    live: LiveLimits = field(default_factory=LiveLimits)
    doors: Doors = field(default_factory=Doors)
    #: Who may ask for the schema, and sees suggestions in errors.
    introspection: Audience = READERS
    #: Who sees GraphiQL, the docs and the text of the schema; unless it is nobody, everybody has the explorer, which asks for a key itself.
    pages: Audience = READERS
    #: Documents that may be named instead of sent.
    kept: Kept = field(default_factory=Kept)
    audit: Audit = field(default_factory=audit_to_log)
    #: Whether answers are written by plans where they can be; off, to look for mistakes.
    fast: bool = True
