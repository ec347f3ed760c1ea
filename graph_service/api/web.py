"""The pages: GraphiQL, the explorer, the schema as text. They ask no other site for anything, and hold no data of their own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from html import escape
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, PlainTextResponse, Response

from graph_service.api.assets import Assets
from graph_service.api.security.access import CHALLENGE, Access, bearer
from graph_service.api.security.roles import Audience
from graph_service.core.errors import GraphServiceError, Unauthenticated

PAGES = Path(__file__).parent / "pages"
GRAPHIQL = Path(__file__).parents[1] / "static" / "graphiql"
#: Pages of which even the files stand for something: programs without data, which ask for a token themselves.
EXPLORER = Assets("explorer", title="The explorer")
ELEMENT = Assets("element", title="<knowledge-graph>")
FRAME = Assets("frame", title="The page for frames")

Page = Callable[[Request], Awaitable[Response]]

_ENDPOINTS = (
    ("graphql", "GraphQL: POST application/json with query, variables and operationName"),
    ("graphiql/", "GraphiQL: ask in the browser"),
    ("explorer", "Explorer: look at one thing at any instant"),
    ("embed", "The same in a frame of a page of yours, which talks to it by messages"),
    ("element/knowledge-graph.js", "<knowledge-graph>: the same picture for pages of your own"),
    ("schema.graphql", "The schema as text"),
    ("healthz", "200 while the process is up"),
    ("readyz", "200 when questions can be answered, otherwise 503"),
)


def add_pages(
    app: FastAPI, schema: str, *, access: Access, audience: Audience, embed_origins: tuple[str, ...] = ()
) -> None:
    """Serve the pages to those of the audience; `schema` is its text.

    The programs of the explorer and the element are served to everybody, unless the audience is nobody: a browser cannot send a token when
    it opens a page, and there is nothing in them but the program.
    """
    docs = _docs_page(schema)

    def page(path: str, *, program: bool = False) -> Callable[[Page], None]:
        whom = Audience(everybody=True) if program and audience.role is not None else audience

        def add(make: Page) -> None:
            async def admitted(request: Request) -> Response:
                refused = await _refused(request, access, whom)
                return refused if refused is not None else await make(request)

            app.add_api_route(path, admitted, methods=["GET"], include_in_schema=False)

        return add

    @page("/")
    async def root(_: Request) -> Response:
        return Response(status_code=307, headers={"location": "docs"})

    @page("/schema.graphql")
    async def schema_text(_: Request) -> Response:
        return PlainTextResponse(schema)

    @page("/docs")
    async def docs_page(_: Request) -> Response:
        return HTMLResponse(docs)

    @page("/explorer", program=True)
    async def explorer(request: Request) -> Response:
        return EXPLORER.answer(request, "index.html", needs="index.html")

    @page("/explorer/{path:path}", program=True)
    async def explorer_file(request: Request) -> Response:
        if not request.path_params["path"]:
            query = f"?{request.url.query}" if request.url.query else ""
            return Response(status_code=307, headers={"location": f"../explorer{query}"})
        return EXPLORER.answer(request, request.path_params["path"], needs="index.html")

    @page("/element/{path:path}", program=True)
    async def element_file(request: Request) -> Response:
        return ELEMENT.answer(request, request.path_params["path"], needs="knowledge-graph.js")

    @page("/embed", program=True)
    async def embed(request: Request) -> Response:
        # Whose pages may talk to it is in the page itself, so that its program knows before the first message comes.
        told = {"<!--origins-->": escape(" ".join(embed_origins))}
        return FRAME.answer(request, "index.html", needs="index.html", told=told)

    @page("/embed/{path:path}", program=True)
    async def embed_file(request: Request) -> Response:
        return FRAME.answer(request, request.path_params["path"], needs="index.html")

    @page("/pages/{name}")
    async def page_file(request: Request) -> Response:
        return _file(PAGES, request.path_params["name"])

    @page("/graphiql")
    async def graphiql_bare(_: Request) -> Response:
        return Response(status_code=307, headers={"location": "graphiql/"})

    @page("/graphiql/{path:path}")
    async def graphiql(request: Request) -> Response:
        if not (GRAPHIQL / "index.html").is_file():
            sentence = "GraphiQL is not built here: run `python portal/build.py` and load this page again.\n"
            return PlainTextResponse(sentence, 503)
        return _file(GRAPHIQL, request.path_params["path"] or "index.html")


async def _refused(request: Request, access: Access, audience: Audience) -> Response | None:
    """The answer to those who may not see pages; None for those who may."""
    if audience.everybody:
        return None
    if audience.role is None:
        return PlainTextResponse("there is no such page\n", 404)
    try:
        principal = await access.authenticate(bearer(request.headers.raw))
    except Unauthenticated as error:
        return PlainTextResponse(f"{error}\n", 401, headers={"www-authenticate": CHALLENGE})
    except GraphServiceError:
        return PlainTextResponse("who asks cannot be told at the moment; try again\n", 503)
    if not audience.admits(principal):
        return PlainTextResponse(f"for this page the role {audience.role.value} is needed\n", 403)
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
