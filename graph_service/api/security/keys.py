"""Static API keys: a file of names, roles and hashes, read again when it changes.

One key a line: `NAME ROLE sha256:HEX [UNTIL]`, with `#` for comments. The keys themselves are in no file of the service. They are 32 random bytes,
so a plain hash is enough: there is nothing to guess.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import structlog

from graph_service.api.security.roles import Principal, Role
from graph_service.core.errors import BadInput, BadSettings
from graph_service.core.time import now, parse_instant

KEY_PREFIX = "gsk_"
KEY_RANDOM_BYTES = 32
KEYS_MAX = 1000
#: How often the file is looked at.
LOOK_AGAIN_S = 1.0

_NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")
_HASH = re.compile(r"sha256:([0-9a-f]{64})")
_log = structlog.get_logger("graph_service.api.keys")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    digest: bytes
    principal: Principal


def new_key(name: str, role: Role) -> tuple[str, str]:
    """A new key, and the line for the file that lets it in.

    Raises:
        BadInput: a name that cannot stand in the file.
    """
    if _NAME.fullmatch(name) is None:
        raise BadInput(
            f"{name!r:.100} is not a name of a key: 1 to 64 letters, digits, `.`, `_`, `@` and `-`"
        )
    key = KEY_PREFIX + secrets.token_urlsafe(KEY_RANDOM_BYTES)
    return key, f"{name} {role.value} sha256:{sha256(key.encode()).hexdigest()}"


class ApiKeys:
    """The keys of one file. A file that becomes wrong is logged, and the keys that were read last stay."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            BadSettings: it cannot be read, or a line is wrong; names the line.
        """
        self._path = path
        self._stamp = _stamp(path)
        self._keys = _read(path)
        self._looked_s = time.monotonic()

    def find(self, key: str) -> Principal | None:
        """Whose key it is; None for no key of this file, or one that has ended."""
        self._look()
        digest, found = sha256(key.encode(errors="replace")).digest(), None
        # All are compared, and each in constant time: how long it takes tells nothing.
        for one in self._keys:
            if hmac.compare_digest(one.digest, digest):
                found = one.principal
        return None if found is None or _over(found) else found

    def holds(self, principal: Principal) -> bool:
        """Whether the file still has a key with that name and role which has not ended."""
        self._look()
        return not _over(principal) and any(one.principal == principal for one in self._keys)

    def _look(self) -> None:
        at_s = time.monotonic()
        if at_s - self._looked_s < LOOK_AGAIN_S:
            return
        self._looked_s = at_s
        try:
            stamp = _stamp(self._path)
            if stamp == self._stamp:
                return
            self._stamp = stamp
            self._keys = _read(self._path)
        except BadSettings as error:
            _log.error("the keys stay as they were", reason=str(error))
        else:
            _log.info("keys read again", keys=len(self._keys))


def _over(principal: Principal) -> bool:
    return principal.expires_at is not None and principal.expires_at <= now()


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = os.stat(path)
    except OSError as error:
        raise BadSettings(
            f"api_keys_file: {path} cannot be read: {error.strerror}; `graph-service api-key NAME` makes a line for it"
        ) from error
    return found.st_mtime_ns, found.st_size, found.st_ino


def _read(path: Path) -> tuple[_Key, ...]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"api_keys_file: {path} cannot be read: {error}") from error
    found: dict[str, _Key] = {}
    for number, line in enumerate(lines, start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            key = _parsed(words)
        except (ValueError, BadInput) as error:
            raise BadSettings(
                f"api_keys_file: {path}, line {number}: {error}; a line is NAME ROLE sha256:HEX [UNTIL], as `graph-service api-key` prints it"
            ) from error
        if key.principal.name in found:
            raise BadSettings(
                f"api_keys_file: {path}, line {number}: the name {key.principal.name} is there twice"
            )
        found[key.principal.name] = key
    if len(found) > KEYS_MAX:
        raise BadSettings(f"api_keys_file: {path} has {len(found)} keys; the most is {KEYS_MAX}")
    return tuple(found.values())


def _parsed(words: list[str]) -> _Key:
    if not 3 <= len(words) <= 4:
        raise ValueError(f"{len(words)} words where 3 or 4 belong")
    name, role, digest, *until = words
    if _NAME.fullmatch(name) is None:
        raise ValueError("the name is not made of 1 to 64 letters, digits, `.`, `_`, `@` and `-`")
    if role not in {one.value for one in Role}:
        raise ValueError(f"{role!r:.40} is not one of the roles {', '.join(one.value for one in Role)}")
    matched = _HASH.fullmatch(digest)
    if matched is None:
        raise ValueError("the hash is not `sha256:` with 64 hexadecimal digits")
    expires_at = parse_instant(until[0]) if until else None
    return _Key(
        digest=bytes.fromhex(matched[1]),
        principal=Principal(name=name, realm="key", role=Role(role), expires_at=expires_at),
    )
