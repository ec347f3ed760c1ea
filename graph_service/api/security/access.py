"""The one place that decides who asks: every request and every connection goes through `authenticate`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from graph_service.api.security.keys import KEY_PREFIX, ApiKeys
from graph_service.api.security.roles import Principal, Role
from graph_service.api.security.tokens import Tokens
from graph_service.core.errors import BadSettings, Unauthenticated
from graph_service.core.time import now

CHALLENGE = 'Bearer realm="graph-service"'
"""What a 401 says in `WWW-Authenticate`."""

_SEND = "send `Authorization: Bearer` with an API key or a token"


class Access(Protocol):
    """Tells who asks."""

    @property
    def insecure(self) -> bool:
        """Whether everybody is let in, as nobody can be told from anybody."""

    async def authenticate(self, credentials: str | None) -> Principal:
        """Who gave these credentials: what follows `Bearer`, or the token of a connection's first message; None: none were given.

        Raises:
            Unauthenticated: they do not hold.
            Unavailable: that cannot be decided now.
        """

    def holds(self, principal: Principal) -> bool:
        """Whether the credentials of somebody who was let in still hold. Cheap; for connections that stay open."""


class Insecure:
    """Lets everybody in, with one role. For a laptop, a demo and tests; to be asked for by name."""

    insecure = True

    def __init__(self, role: Role = Role.READER) -> None:
        """`role`: what everybody may do."""
        self._principal = Principal(name="anybody", realm="insecure", role=role)

    async def authenticate(self, credentials: str | None) -> Principal:
        """Always anybody, whatever is given."""
        return self._principal

    def holds(self, principal: Principal) -> bool:
        """Always."""
        return True


class Secured:
    """Lets in who has an API key of the file, or a token of the issuer."""

    insecure = False

    def __init__(self, keys: ApiKeys | None, tokens: Tokens | None) -> None:
        """At least one of them.

        Raises:
            BadSettings: neither.
        """
        if keys is None and tokens is None:
            raise BadSettings("nobody can be let in: there are neither API keys nor an issuer of tokens")
        self._keys, self._tokens = keys, tokens

    async def authenticate(self, credentials: str | None) -> Principal:
        """Keys are known by their prefix; all else is a token."""
        if not credentials:
            raise Unauthenticated(f"this needs to know who asks: {_SEND}")
        if credentials.startswith(KEY_PREFIX):
            found = None if self._keys is None else self._keys.find(credentials)
            if found is None:
                raise Unauthenticated(f"this API key is not, or no longer, one of this service: {_SEND}")
            return found
        if self._tokens is None:
            raise Unauthenticated(f"tokens are not taken here, only API keys: {_SEND}")
        return await self._tokens.principal(credentials)

    def holds(self, principal: Principal) -> bool:
        """Until they end; a key also no longer than it is in the file."""
        if principal.realm == "key":
            return self._keys is not None and self._keys.holds(principal)
        return principal.expires_at is None or principal.expires_at > now()


def bearer(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The credentials in the headers of a request; None where there are none.

    Raises:
        Unauthenticated: there are several, or such as are not known here.
    """
    found = [value for name, value in headers if name.lower() == b"authorization"]
    if not found:
        return None
    scheme, _, credentials = found[0].decode("latin-1").strip().partition(" ")
    if len(found) > 1 or scheme.lower() != "bearer" or not credentials.strip():
        raise Unauthenticated(f"`Authorization` is to be there once, and to be a Bearer: {_SEND}")
    return credentials.strip()
