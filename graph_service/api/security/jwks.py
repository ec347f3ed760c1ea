"""The keys that tokens are signed with: a JSON Web Key Set from an address or a file, kept and renewed within bounds."""

from __future__ import annotations

import asyncio
import http.client
import json
import time
import urllib.request
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import structlog
from jwt import PyJWK, PyJWTError

from graph_service.core.errors import BadSettings, Unavailable

KEYS_MAX = 100
SET_BYTES_MAX = 256 * 1024
FETCH_TIMEOUT_S = 5.0
#: Older keys are renewed, while tokens are still checked with them.
FRESH_S = 300.0
#: Older keys are not used any more: the issuer has been out of reach for too long to know which still hold.
STALE_S = 3600.0
#: Not asked more often than this, whatever tokens come.
GAP_S = 10.0
LOOPBACK = ("localhost", "127.0.0.1", "::1")

_log = structlog.get_logger("graph_service.api.jwks")


class KeySet:
    """The public keys of an issuer by `kid`. Symmetric and private keys in the set are not taken."""

    def __init__(
        self, place: str, *, fresh_s: float = FRESH_S, stale_s: float = STALE_S, gap_s: float = GAP_S
    ) -> None:
        """`place`: an https address (http only on this machine), or a file. A file is read at once, an address when it is needed.

        Raises:
            BadSettings: no such address, or a file that cannot be used.
        """
        self._place = place
        self._is_address = "://" in place
        self._fresh_s, self._stale_s, self._gap_s = fresh_s, stale_s, gap_s
        self._keys: dict[str, dict[str, Any]] = {}
        self._read_s: float | None = None
        self._tried_s: float | None = None
        self._renewing: asyncio.Task[None] | None = None
        if self._is_address:
            _check_address(place)
        else:
            try:
                self._keys = _keys_of(Path(place).read_bytes())
            except (OSError, ValueError) as error:
                raise BadSettings(f"jwt_jwks: {place} cannot be used: {error}") from error
            self._read_s = self._tried_s = time.monotonic()

    async def key(self, kid: str, algorithm: str) -> PyJWK | None:
        """The key of that id, bound to that algorithm; None when there is none, also after asking the issuer again.

        Raises:
            Unavailable: the set could not be read for too long.
        """
        age_s = self._age_s()
        if age_s is None or age_s > self._stale_s:
            await self._renewed()
            age_s = self._age_s()
            if age_s is None or age_s > self._stale_s:
                raise Unavailable("the keys of the issuer of tokens cannot be read at the moment; try again")
        elif age_s > self._fresh_s:
            self._start()
        if kid not in self._keys:
            await self._renewed()
        found = self._keys.get(kid)
        return None if found is None else _bound(found, algorithm)

    def _age_s(self) -> float | None:
        return None if self._read_s is None else time.monotonic() - self._read_s

    async def _renewed(self) -> None:
        """Ask again, together with all who want that now, unless it was asked just before."""
        self._start()
        if self._renewing is not None:
            await asyncio.shield(self._renewing)

    def _start(self) -> None:
        at_s = time.monotonic()
        busy = self._renewing is not None and not self._renewing.done()
        if busy or (self._tried_s is not None and at_s - self._tried_s < self._gap_s):
            return
        self._tried_s = at_s
        self._renewing = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        try:
            read = _fetched if self._is_address else _file
            keys = _keys_of(await asyncio.to_thread(read, self._place))
        except (OSError, ValueError, http.client.HTTPException) as error:
            _log.error("the keys of the issuer cannot be read", place=self._place, reason=str(error))
            return
        if keys.keys() != self._keys.keys():
            _log.info("keys of the issuer", kids=sorted(keys)[:20])
        self._keys, self._read_s = keys, time.monotonic()


def _check_address(place: str) -> None:
    try:
        parts = urlsplit(place)
        host = parts.hostname or ""
    except ValueError as error:
        raise BadSettings(f"jwt_jwks: {place!r} is not an address: {error}") from error
    if parts.scheme == "https" and host:
        return
    if parts.scheme != "http" or host not in LOOPBACK:
        raise BadSettings(
            f"jwt_jwks: {place!r} is not an https address (http is taken on this machine only) and no file"
        )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """None: keys come from where the settings say, from nowhere else."""
        return None


def _fetched(address: str) -> bytes:
    opener = urllib.request.build_opener(_NoRedirect)
    if urlsplit(address).hostname in LOOPBACK:
        opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))
    asked = urllib.request.Request(address, headers={"accept": "application/json"})
    with opener.open(asked, timeout=FETCH_TIMEOUT_S) as response:
        return _bounded(response)


def _file(place: str) -> bytes:
    with Path(place).open("rb") as file:
        return _bounded(file)


def _bounded(source: IO[bytes]) -> bytes:
    content = source.read(SET_BYTES_MAX + 1)
    if len(content) > SET_BYTES_MAX:
        raise ValueError(f"the key set is larger than {SET_BYTES_MAX} bytes")
    return content


def _keys_of(content: bytes) -> dict[str, dict[str, Any]]:
    """The usable keys by id.

    Raises:
        ValueError: this is no key set, or one without a usable key.
    """
    try:
        plain = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is not JSON") from error
    keys = plain.get("keys") if isinstance(plain, dict) else None
    if not isinstance(keys, list):
        raise ValueError("it is not a JSON Web Key Set: an object with a list of `keys`")
    if len(keys) > KEYS_MAX:
        raise ValueError(f"it has {len(keys)} keys; the most is {KEYS_MAX}")
    found = {key["kid"]: key for key in keys if _usable(key)}
    if not found:
        raise ValueError("it has no public key for signatures with a `kid`")
    return found


def _usable(key: object) -> bool:
    return (
        isinstance(key, dict)
        and isinstance(key.get("kid"), str)
        and key.get("kty") in ("RSA", "EC", "OKP")
        and key.get("use", "sig") == "sig"
        # A private key in a public set is a mistake of the issuer, and not made use of.
        and "d" not in key
    )


def _bound(key: dict[str, Any], algorithm: str) -> PyJWK | None:
    """The key for that algorithm; None when it is for another one."""
    if key.get("alg", algorithm) != algorithm:
        return None
    try:
        return PyJWK.from_dict(key, algorithm)
    except PyJWTError:
        return None
