"""Promises of the page files: what is built is served as it is, kept by browsers as long as it may be, and asks only what is executed."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import cast

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import Response

from graph_service.api.app import create_app
from graph_service.api.assets import Assets
from graph_service.api.exposure import Exposure
from graph_service.api.kept import Kept, hash_of
from graph_service.api.security.access import Insecure
from graph_service.api.security.doors import Doors
from graph_service.core.errors import BadSettings
from graph_service.store.read.reader import Reader

SCRIPT = "export const answer = 42;\n" * 100
PAGE = "<!doctype html><title>Page</title>"


@pytest.fixture
def client(tmp_path: Path) -> httpx.AsyncClient:
    """Files below `/part/`, some of them built."""
    folder = tmp_path / "static" / "part"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (folder / "assets" / "part-1a2b.js").write_text(SCRIPT)
    (folder / ".built-from").write_text("hidden")
    (tmp_path / "static" / "secret.txt").write_text("outside")
    root = tmp_path / "static"
    built, missing = Assets("part", title="Part", root=root), Assets("other", title="Other", root=root)
    app = FastAPI()

    @app.get("/part/{name:path}")
    async def part(request: Request, name: str) -> Response:
        return built.answer(request, name, needs="index.html")

    @app.get("/other/{name:path}")
    async def other(request: Request, name: str) -> Response:
        return missing.answer(request, name, needs="index.html")

    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_hashed_names_are_kept_for_ever_and_others_asked_for_again(client: httpx.AsyncClient) -> None:
    """A page is asked for each time, and answered 304 while it is the same."""
    page = await client.get("/part/index.html")
    assert (page.status_code, page.text, page.headers["cache-control"]) == (200, PAGE, "no-cache")
    again = await client.get("/part/index.html", headers={"if-none-match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    script = await client.get("/part/assets/part-1a2b.js")
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert script.headers["content-type"].startswith("text/javascript")


async def test_a_file_that_is_another_is_another_answer(client: httpx.AsyncClient, tmp_path: Path) -> None:
    """A build while the service runs is seen."""
    before = await client.get("/part/index.html")
    (tmp_path / "static" / "part" / "index.html").write_text(PAGE + "<p>New</p>")
    after = await client.get("/part/index.html", headers={"if-none-match": before.headers["etag"]})
    assert (after.status_code, after.text) == (200, PAGE + "<p>New</p>")


async def test_large_texts_come_compressed_to_who_takes_them(client: httpx.AsyncClient) -> None:
    """And as they are to others; a small one is not worth it."""
    async with client.stream(
        "GET", "/part/assets/part-1a2b.js", headers={"accept-encoding": "gzip"}
    ) as answer:
        raw = b"".join([piece async for piece in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip" and gzip.decompress(raw).decode() == SCRIPT
    assert "accept-encoding" in answer.headers["vary"]
    plain = await client.get("/part/assets/part-1a2b.js", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers and plain.text == SCRIPT
    small = await client.get("/part/index.html", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in small.headers


async def test_nothing_else_is_served(client: httpx.AsyncClient) -> None:
    """Nothing outside the folder, nothing hidden; and what is not built says what to do."""
    for name in ("..%2fsecret.txt", ".built-from", "assets", "assets/no.js", "..%2f..%2fetc%2fpasswd"):
        assert (await client.get(f"/part/{name}")).status_code == 404, name
    unbuilt = await client.get("/other/index.html")
    assert unbuilt.status_code == 503 and "portal/build.py" in unbuilt.text


def test_what_pages_ask_is_kept_as_far_as_it_fits(tmp_path: Path) -> None:
    """A page of another version loses its questions, and the service starts; what somebody put there himself must fit."""
    good, bad = "{ status { ready } }", "{ nothing }"
    manifest = tmp_path / "operations.json"
    manifest.write_text(json.dumps({hash_of(text): text for text in (good, bad)}))
    kept = Kept.load(folder_with(tmp_path, "{ __typename }"), only=True, pages=[manifest])
    assert kept.document(text=good, document_id=None, extension=None) == good
    create_app(cast("Reader", None), access=Insecure(), exposure=Exposure(kept=kept))
    own = Kept.load(folder_with(tmp_path, bad), pages=[manifest])
    with pytest.raises(BadSettings, match="nothing"):
        create_app(cast("Reader", None), access=Insecure(), exposure=Exposure(kept=own))


def folder_with(tmp_path: Path, text: str) -> Path:
    """A folder of one document."""
    folder = tmp_path / hash_of(text)[:8]
    folder.mkdir(exist_ok=True)
    (folder / "one.graphql").write_text(text)
    return folder


def test_the_explorer_makes_no_markup_of_text() -> None:
    """Its policy lets nothing but its own templates become markup; all others stay as they were."""
    assert "require-trusted-types-for 'script'; trusted-types lit-html" in Doors().policy("/explorer")
    assert "unsafe-inline" not in Doors().policy("/explorer")
    assert "trusted-types" not in Doors().policy("/docs")
