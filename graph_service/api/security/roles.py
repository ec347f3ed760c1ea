"""Who asks, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from graph_service.core.errors import Forbidden


class Role(Enum):
    """What somebody may do. Each role may all that the one before it may."""

    #: Ask questions.
    READER = "reader"
    #: See, replay and discard dead letters; see why this process is not ready.
    OPERATOR = "operator"
    #: Take values out of the graph for good.
    ERASER = "eraser"

    def covers(self, other: Role) -> bool:
        """Whether this role may do what the other may."""
        return _RANK[self] >= _RANK[other]


_RANK = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Somebody whose credentials hold."""

    #: As the credentials say: the `sub` of a token, the name of a key. For logs and limits; unique within `realm`.
    name: str
    #: What vouches for the name: `token`, `key`, or `insecure`.
    realm: str
    #: None: known, but without any role here.
    role: Role | None
    #: When the credentials end, in microseconds UTC; None: not at a set time. A connection does not outlive it.
    expires_at: int | None = None

    def may(self, role: Role) -> bool:
        """Whether they may do what this role may."""
        return self.role is not None and self.role.covers(role)

    def require(self, role: Role, what: str) -> None:
        """Go on only with this role. `what` is for the message, such as "to replay dead letters".

        Raises:
            Forbidden: names the role that is needed.
        """
        if not self.may(role):
            has = "no role here" if self.role is None else f"the role {self.role.value}"
            raise Forbidden(
                f"{what} the role {role.value} is needed, and {self.name[:64]!r} has {has}: ask whoever gives out keys or tokens",
                role=role.value,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """For whom something is: everybody who reaches this process, those with a role, or nobody."""

    everybody: bool = False
    role: Role | None = None

    @classmethod
    def of(cls, word: str) -> Audience:
        """From `everybody`, `nobody`, or the name of a role."""
        if word in ("everybody", "nobody"):
            return cls(everybody=word == "everybody")
        return cls(role=Role(word))

    def admits(self, principal: Principal | None) -> bool:
        """Whether somebody (None: a stranger) belongs to it."""
        return self.everybody or (
            self.role is not None and principal is not None and principal.may(self.role)
        )
