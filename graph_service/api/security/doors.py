"""The doors of the HTTP side: which hosts and origins are let in, and the headers that tell browsers what pages may do. Plain ASGI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import orjson

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
PREFLIGHT_S = 600
ADDED_MAX = 64
METHODS = "GET, POST"
#: What a page of another origin may send and read.
SENT_HEADERS = "accept, authorization, content-type, if-none-match, last-event-id"
READ_HEADERS = "etag, retry-after, www-authenticate"

_LOOKED_AT = frozenset({b"host", b"origin", b"sec-fetch-site"})

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors "
)
#: No text becomes markup but by the templates of the page itself.
_ONLY_TEMPLATES = "; require-trusted-types-for 'script'; trusted-types lit-html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What is let in, and from where."""

    #: Origins whose pages may ask from a browser, such as https://portal.example.org.
    cors_origins: tuple[str, ...] = ()
    #: Origins whose pages may show ours in a frame, beside our own.
    frame_ancestors: tuple[str, ...] = ()
    #: Origins whose pages may show /embed in a frame and talk to it; nobody's otherwise, not even our own.
    embed_origins: tuple[str, ...] = ()
    #: Names that this service is asked under; empty: any. Guards what is on this machine against pages whose name was bent to it.
    hosts: tuple[str, ...] = ()

    def host_allowed(self, host: str) -> bool:
        """Whether a `Host` header names this service. The port does not matter."""
        return not self.hosts or _without_port(host.lower()) in self.hosts

    def origin_allowed(self, origin: str | None, host: str) -> bool:
        """Whether a request or a connection with this `Origin` header is let in: without one, of our own, or of a configured one."""
        return origin is None or self.same_origin(origin, host) or origin.lower() in self.cors_origins

    def same_origin(self, origin: str, host: str) -> bool:
        """Whether the origin is this service under the name it is asked by. What ends TLS before us is not known, so the scheme is left out."""
        try:
            return bool(host) and urlsplit(origin).netloc.lower() == host.lower()
        except ValueError:
            return False

    def policy(self, path: str) -> str:
        """The content security policy of a page."""
        if path == "/embed":
            return _POLICY + " ".join(self.embed_origins or ("'none'",)) + _ONLY_TEMPLATES
        text = _POLICY + " ".join(("'self'", *self.frame_ancestors))
        if path.startswith("/graphiql"):
            # GraphiQL's editor sets styles from its script, and its style sheet has fonts inside; nothing else may.
            text = text.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
            text = text.replace("font-src 'self'", "font-src 'self' data:")
        elif path == "/explorer":
            text += _ONLY_TEMPLATES
        return text


class Guard:
    """Around the whole app: refuses strange hosts and origins, answers preflights, and sets the headers."""

    def __init__(self, app: App, doors: Doors) -> None:
        """`app` is asked only what the doors let in."""
        self._app, self._doors = app, doors
        #: What is added to answers, by path and by the origin that asks; the last few.
        self._added = lru_cache(maxsize=ADDED_MAX)(self._headers_added)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = _headers(scope)
        host, origin = headers.get(b"host", ""), headers.get(b"origin")
        refused = self._refused(scope, host, origin, headers.get(b"sec-fetch-site"))
        if scope["type"] == "websocket":
            # Before it is accepted, `close` answers 403.
            await (
                send({"type": "websocket.close", "code": 1008})
                if refused
                else self._app(scope, receive, send)
            )
            return
        added = self._added(scope["path"], origin)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = {name.lower() for name, _ in message.get("headers", ())}
                message["headers"] = [
                    *message.get("headers", ()),
                    *((name, value) for name, value in added if name not in there),
                ]
            await send(message)

        if refused is not None:
            await _answer(with_headers, 403, _body(refused))
        elif scope["method"] == "OPTIONS" and origin is not None:
            await _answer(with_headers, 204, b"", _preflight(origin.lower() in self._doors.cors_origins))
        else:
            await self._app(scope, receive, with_headers)

    def _refused(self, scope: Scope, host: str, origin: str | None, site: str | None) -> str | None:
        """Why it is not let in; None when it is."""
        doors = self._doors
        if not doors.host_allowed(host):
            return f"this service is not asked as {host[:100]!r}: use one of its names, or add this one to `hosts`"
        if not doors.origin_allowed(origin, host):
            return "pages of this origin may not ask here: add it to `cors_origins`"
        # A browser that asks for another site without saying where from: an image, a form, a script. Following a link is no asking.
        if site == "cross-site" and origin is None and scope["path"].startswith("/graphql"):
            return "pages of other sites may not ask here without saying who they are"
        return None

    def _headers_added(self, path: str, origin: str | None) -> tuple[tuple[bytes, bytes], ...]:
        found = {
            "content-security-policy": self._doors.policy(path),
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            "cross-origin-resource-policy": "same-origin",
        }
        if self._doors.cors_origins:
            found["vary"] = "origin"
        if origin is not None and origin.lower() in self._doors.cors_origins:
            found |= {
                "access-control-allow-origin": origin,
                "access-control-expose-headers": READ_HEADERS,
                "cross-origin-resource-policy": "cross-origin",
            }
        return tuple((name.encode(), value.encode("latin-1")) for name, value in found.items())


def _preflight(allowed: bool) -> dict[str, str]:
    if not allowed:
        return {}
    return {
        "access-control-allow-methods": METHODS,
        "access-control-allow-headers": SENT_HEADERS,
        "access-control-max-age": str(PREFLIGHT_S),
    }


async def _answer(send: Send, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
    plain = {
        "content-length": str(len(body)),
        **({"content-type": "application/json"} if body else {}),
        **(headers or {}),
    }
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(name.encode(), value.encode()) for name, value in plain.items()],
        }
    )
    await send({"type": "http.response.body", "body": body})


def _body(message: str) -> bytes:
    return orjson.dumps({"errors": [{"message": message, "extensions": {"code": "FORBIDDEN"}}]})


def _headers(scope: Scope) -> dict[bytes, str]:
    return {name: value.decode("latin-1") for name, value in scope["headers"] if name in _LOOKED_AT}


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
