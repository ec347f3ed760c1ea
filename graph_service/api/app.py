"""The HTTP app: GraphQL, health, and pages."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial

from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import JSONResponse, Response
from graphql import GraphQLSyntaxError

from graph_service.api.context import Context, LogEnds
from graph_service.api.documents import Invalid
from graph_service.api.erasing import Erasing
from graph_service.api.exposure import Exposure
from graph_service.api.http import Endpoint, Subscribes, accepts_one_answer
from graph_service.api.kept import Kept
from graph_service.api.limits.turns import Turns
from graph_service.api.live import websocket
from graph_service.api.live.service import Live
from graph_service.api.live.sse import EventStream, asks_for_stream
from graph_service.api.schema import Schema, make_schema
from graph_service.api.security.access import Access, bearer
from graph_service.api.security.doors import App, Guard, Receive, Scope, Send
from graph_service.api.security.roles import Principal, Role
from graph_service.api.warming import warm_up
from graph_service.api.web import add_pages
from graph_service.core.errors import BadInput, BadSettings, GraphServiceError
from graph_service.store.keep.deadletters import DeadLetters
from graph_service.store.read.reader import Reader

#: How long a finding about readiness is answered again: strangers may ask for it as often as they like.
READINESS_FRESH_S = 1.0

_log = logging.getLogger(__name__)


def create_app(
    reader: Reader,
    *,
    access: Access,
    exposure: Exposure | None = None,
    log_ends: LogEnds | None = None,
    dead_letters: DeadLetters | None = None,
    erasing: Erasing | None = None,
) -> FastAPI:
    """The app over a reader that stays the caller's.

    `access` says who is let in: `Secured(…)`, or `Insecure()` where everybody who reaches the app is. `log_ends` gives the ends of the log's
    partitions, for the lag. `dead_letters` is what operators operate on, `erasing` what erasers erase with.

    Raises:
        BadSettings: a kept document cannot be executed under the schema and the limits.
    """
    exposed = exposure or Exposure()
    app = FastAPI(title="graph-service", docs_url=None, redoc_url=None, openapi_url=None)
    schema = make_schema(exposed.limits, exposed.introspection, fast=exposed.fast)
    kept = _checked(schema, exposed.kept)

    def context(principal: Principal) -> Context:
        return Context(reader, log_ends, dead_letters, principal=principal, erasing=erasing)

    endpoint = Endpoint(
        schema=schema,
        access=access,
        limits=exposed.limits,
        turns=Turns(exposed.limits),
        kept=kept,
        audit=exposed.audit,
        context=context,
    )
    readiness = _Readiness(reader)
    live = app.state.live = Live(endpoint, reader, exposed.live)
    app.state.warm_up = partial(warm_up, schema, reader)

    async def graphql(request: Request) -> Response:
        streaming = asks_for_stream(request)
        if streaming and not accepts_one_answer(request.headers.get("accept")):
            return EventStream(request, live)
        try:
            return await endpoint.answer(request, may_stream=streaming)
        except Subscribes as found:
            return EventStream(request, live, (found.principal, found.asked))

    app.add_middleware(_Straight, path="/graphql", methods=frozenset({"GET", "POST"}), answer=graphql)
    app.add_middleware(Guard, doors=exposed.doors)
    # All other methods are refused there.
    app.add_route("/graphql", graphql, methods=["GET", "POST"])

    @app.websocket("/graphql")
    async def graphql_connection(connection: WebSocket) -> None:
        await websocket.serve(connection, live)

    @app.get("/healthz")
    async def healthz() -> Response:
        return JSONResponse({"status": "up"})

    @app.get("/readyz")
    async def readyz(request: Request) -> Response:
        reason = await readiness.reason()
        if reason is None:
            return JSONResponse({"status": "ready"})
        # Why, may tell addresses and versions.
        told = {"reason": reason} if await _may_know_why(request, access) else {}
        return JSONResponse({"status": "not ready", **told}, 503)

    add_pages(
        app,
        schema.as_str().rstrip() + "\n",
        access=access,
        audience=exposed.pages,
        embed_origins=exposed.doors.embed_origins,
    )
    return app


class _Straight:
    """Goes straight from the doors to what answers one path: there is nothing for a router and its layers to find out."""

    def __init__(
        self, app: App, path: str, methods: frozenset[str], answer: Callable[[Request], Awaitable[Response]]
    ) -> None:
        self._app, self._path, self._methods, self._answer = app, path, methods, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != self._path or scope["method"] not in self._methods:
            await self._app(scope, receive, send)
            return
        response = await self._answer(Request(scope, receive, send))
        await response(scope, receive, send)


async def not_ready(reader: Reader) -> str | None:
    """Why questions cannot be answered now; None when they can."""
    try:
        status = await reader.status()
        words = await reader.vocabulary()
    except GraphServiceError as error:
        return str(error)
    except Exception:
        _log.exception("the readiness check failed")
        return "the readiness check failed; the log of the service says more"
    if not words.relationships and not words.kinds and status.recorded_at is None:
        return "the graph is not prepared yet: start the ingester, which creates its schema and loads the mapping"
    return None


class _Readiness:
    """Asks the graph at most once in a while, however often it is asked."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._lock = asyncio.Lock()
        self._found: tuple[float, str | None] | None = None

    async def reason(self) -> str | None:
        async with self._lock:
            if self._found is None or time.monotonic() - self._found[0] > READINESS_FRESH_S:
                self._found = None
                reason = await not_ready(self._reader)
                self._found = (time.monotonic(), reason)
            return self._found[1]


async def _may_know_why(request: Request, access: Access) -> bool:
    if access.insecure:
        return True
    try:
        return (await access.authenticate(bearer(request.headers.raw))).may(Role.OPERATOR)
    except GraphServiceError:
        return False


def _checked(schema: Schema, kept: Kept) -> Kept:
    """What of the kept documents can be executed: all that somebody put there, and of our own pages' as many as fit."""
    left_out = []
    for id, text in kept.texts.items():
        try:
            schema.gate.check(text)
        except (BadInput, GraphQLSyntaxError, Invalid) as error:
            why = error.errors[0].message if isinstance(error, Invalid) else str(error)
            if id not in kept.of_pages:
                raise BadSettings(f"the kept document {id:.80} cannot be executed: {why}") from error
            _log.warning("what a page asks cannot be executed: %.80s …: %s", text, why)
            left_out.append(id)
    return kept.without(left_out)
