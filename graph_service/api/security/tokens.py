"""Bearer tokens: signed JSON Web Tokens of one issuer, for this service, checked in full."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jwt

from graph_service.api.security.jwks import KeySet
from graph_service.api.security.roles import Principal, Role
from graph_service.core.errors import BadSettings, Unauthenticated
from graph_service.core.time import LATEST

TOKEN_CHARS_MAX = 8192
NAME_CHARS_MAX = 256
#: What may be pinned: asymmetric signatures only, so that no public key can ever be taken for a secret.
ASYMMETRIC = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """What a token must be like."""

    issuer: str
    audience: str
    algorithms: tuple[str, ...]
    #: How far clocks may differ, for `exp`, `nbf` and `iat`.
    leeway_s: float = 30.0
    #: The claim with the role: a name, or several. Dots lead into objects.
    role_claim: str = "role"
    #: Which values of the claim mean which role.
    roles: Mapping[str, Role] = field(default_factory=lambda: {role.value: role for role in Role})

    def __post_init__(self) -> None:
        """
        Raises:
            BadSettings: an algorithm that is not asymmetric, or nothing to compare with.
        """
        wrong = sorted(set(self.algorithms) - set(ASYMMETRIC))
        if wrong or not self.algorithms:
            raise BadSettings(
                f"jwt_algorithms: {', '.join(wrong) or 'nothing'} cannot be pinned; choose from {', '.join(ASYMMETRIC)}"
            )
        if not self.issuer or not self.audience:
            raise BadSettings("jwt_issuer and jwt_audience are needed beside jwt_jwks: set both")


class Tokens:
    """Checks tokens."""

    def __init__(self, keys: KeySet, rules: TokenRules) -> None:
        """`keys` are those of the issuer."""
        self._keys, self._rules = keys, rules

    async def principal(self, token: str) -> Principal:
        """Who the token speaks of.

        Raises:
            Unauthenticated: the token does not hold; the message says why, without what was expected.
            Unavailable: the keys of the issuer cannot be read.
        """
        if len(token) > TOKEN_CHARS_MAX:
            raise _refused(f"is longer than {TOKEN_CHARS_MAX} characters")
        algorithm, kid = self._header(token)
        key = await self._keys.key(kid, algorithm)
        if key is None:
            raise _refused("is signed with a key that its issuer does not have")
        claims = self._claims(token, key)
        return Principal(
            name=_name(claims), realm="token", role=self._role(claims), expires_at=_expires_at(claims)
        )

    def _header(self, token: str) -> tuple[str, str]:
        """Algorithm and key id, before anything else of the token is believed."""
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError as error:
            raise _refused("cannot be read") from error
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in self._rules.algorithms:
            raise _refused("is signed in a way that is not accepted here")
        if not isinstance(kid, str) or not kid:
            raise _refused("does not say which key it is signed with")
        return algorithm, kid

    def _claims(self, token: str, key: jwt.PyJWK) -> dict[str, Any]:
        rules = self._rules
        try:
            return jwt.decode(
                token,
                key,
                algorithms=list(rules.algorithms),
                issuer=rules.issuer,
                audience=rules.audience,
                leeway=rules.leeway_s,
                options={"require": ["exp", "iss", "aud", "sub"], "enforce_minimum_key_length": True},
            )
        except jwt.ExpiredSignatureError as error:
            raise _refused("has expired") from error
        except (jwt.ImmatureSignatureError, jwt.InvalidIssuedAtError) as error:
            raise _refused("is not valid yet") from error
        except jwt.InvalidIssuerError as error:
            raise _refused("is of another issuer") from error
        except jwt.InvalidAudienceError as error:
            raise _refused("is meant for another service") from error
        except jwt.MissingRequiredClaimError as error:
            raise _refused(f"lacks the claim {error.claim}") from error
        except (jwt.PyJWTError, ValueError, OverflowError) as error:
            raise _refused("does not hold") from error

    def _role(self, claims: Mapping[str, Any]) -> Role | None:
        """The highest role that the claim names."""
        said = _claim(claims, self._rules.role_claim)
        words: Sequence[Any] = (
            said.split() if isinstance(said, str) else said if isinstance(said, list) else ()
        )
        found = [
            self._rules.roles[word] for word in words if isinstance(word, str) and word in self._rules.roles
        ]
        return max(found, key=list(Role).index, default=None)


def _claim(claims: Mapping[str, Any], path: str) -> Any:
    """A claim by its name, or else by the way through objects."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _name(claims: Mapping[str, Any]) -> str:
    name = claims["sub"]
    if not isinstance(name, str) or not 0 < len(name) <= NAME_CHARS_MAX or not name.isprintable():
        raise _refused("has a subject that is no name")
    return name


def _expires_at(claims: Mapping[str, Any]) -> int:
    seconds = claims["exp"]
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not math.isfinite(seconds):
        raise _refused("has an end that is no time")
    return min(int(seconds * 1_000_000), LATEST)


def _refused(why: str) -> Unauthenticated:
    return Unauthenticated(f"the token {why}; send `Authorization: Bearer` with a token that holds")
