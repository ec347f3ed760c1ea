"""The HTTP app: GraphQL, health, and pages that ask no other site for anything."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from html import escape
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response

from graph_service.api.context import Context, LogEnds
from graph_service.api.http import answer
from graph_service.api.schema import make_schema
from graph_service.core.errors import GraphServiceError
from graph_service.store.deadletters import DeadLetters
from graph_service.store.reader import Reader

PAGES = Path(__file__).parent / "pages"
GRAPHIQL = Path(__file__).parents[1] / "static" / "graphiql"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
#: GraphiQL's editor sets styles from its script, and its style sheet has fonts inside; nothing else may.
GRAPHIQL_POLICY = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'").replace(
    "font-src 'self'", "font-src 'self' data:"
)

_log = logging.getLogger(__name__)

_ENDPOINTS = (
    ("graphql", "GraphQL: POST application/json with query, variables and operationName"),
    ("graphiql/", "GraphiQL: ask in the browser"),
    ("explorer", "Explorer: look at one thing at any instant"),
    ("schema.graphql", "The schema as text"),
    ("healthz", "200 while the process is up"),
    ("readyz", "200 when questions can be answered, otherwise 503 with the reason"),
)


def create_app(
    reader: Reader, *, log_ends: LogEnds | None = None, dead_letters: DeadLetters | None = None
) -> FastAPI:
    """The app over a reader that stays the caller's. `log_ends` gives the ends of the log's partitions, for the lag. `dead_letters`
    enables operator actions, for everybody who reaches the app.
    """
    app = FastAPI(title="graph-service", docs_url=None, redoc_url=None, openapi_url=None)
    schema = make_schema()
    text = schema.as_str().rstrip() + "\n"
    docs = _docs_page(text)

    @app.middleware("http")
    async def guard(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call(request)
        inside = request.url.path.startswith("/graphiql")
        response.headers.setdefault("content-security-policy", GRAPHIQL_POLICY if inside else POLICY)
        response.headers["x-content-type-options"] = "nosniff"
        response.headers["referrer-policy"] = "no-referrer"
        return response

    @app.post("/graphql")
    async def graphql(request: Request) -> Response:
        return await answer(request, schema, lambda: Context(reader, log_ends, dead_letters))

    @app.get("/graphql")
    async def graphql_get() -> Response:
        sentence = "questions are sent with POST; /graphiql/ asks them in the browser"
        body = {"errors": [{"message": sentence, "extensions": {"code": "BAD_USER_INPUT"}}]}
        return JSONResponse(body, 405, headers={"allow": "POST"})

    @app.get("/healthz")
    async def healthz() -> Response:
        return JSONResponse({"status": "up"})

    @app.get("/readyz")
    async def readyz() -> Response:
        reason = await not_ready(reader)
        if reason is None:
            return JSONResponse({"status": "ready"})
        return JSONResponse({"status": "not ready", "reason": reason}, 503)

    @app.get("/schema.graphql")
    async def schema_text() -> Response:
        return PlainTextResponse(text)

    @app.get("/docs")
    async def docs_page() -> Response:
        return HTMLResponse(docs)

    @app.get("/")
    async def root() -> Response:
        return Response(status_code=307, headers={"location": "docs"})

    @app.get("/explorer")
    async def explorer() -> Response:
        return FileResponse(PAGES / "explorer.html")

    @app.get("/pages/{name}")
    async def page_file(name: str) -> Response:
        return _file(PAGES, name)

    @app.get("/graphiql")
    async def graphiql_bare() -> Response:
        return Response(status_code=307, headers={"location": "graphiql/"})

    @app.get("/graphiql/{path:path}")
    async def graphiql(path: str) -> Response:
        if not (GRAPHIQL / "index.html").is_file():
            sentence = "GraphiQL is not built here: run `python portal/build.py` and load this page again.\n"
            return PlainTextResponse(sentence, 503)
        return _file(GRAPHIQL, path or "index.html")

    return app


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


def _file(folder: Path, name: str) -> Response:
    """A file of a folder of ours; nothing outside it and nothing hidden."""
    found = (folder / name).resolve()
    if not found.is_relative_to(folder.resolve()) or found.name.startswith(".") or not found.is_file():
        return PlainTextResponse("there is no such page\n", 404)
    return FileResponse(found)


def _docs_page(schema: str) -> str:
    rows = "\n".join(
        f'<tr><td><a href="{escape(path)}">/{escape(path)}</a></td><td>{escape(says)}</td></tr>'
        for path, says in _ENDPOINTS
    )
    return (PAGES / "docs.html").read_text("utf-8").replace("<!--endpoints-->", rows).replace(
        "<!--schema-->", escape(schema)
    )  # fmt: skip
