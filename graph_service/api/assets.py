"""Files that `portal/build.py` made, as answers: kept at hand, compressed once, and asked for again only when they are others."""

from __future__ import annotations

import gzip
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from fastapi import Request
from fastapi.responses import PlainTextResponse, Response

STATIC = Path(__file__).parents[1] / "static"
#: Below this folder of a part, names have a hash of the content in them.
HASHED = "assets/"
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
_COMPRESSED_FROM_BYTES = 1_000
_TEXTS = ("text/", "application/json", "image/svg")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asset:
    """A file as it was when it had this stamp."""

    stamp: tuple[int, int]
    media_type: str
    etag: str
    plain: bytes
    #: The same by gzip; None where that is not worth it.
    squeezed: bytes | None


class Assets:
    """One folder below `graph_service/static`."""

    def __init__(self, folder: str, *, title: str, root: Path = STATIC) -> None:
        """`title` names it where it is not built."""
        self._folder, self._title = (root / folder).resolve(), title
        self._kept: dict[Path, _Asset] = {}

    def answer(
        self, request: Request, name: str, *, needs: str, told: Mapping[str, str] | None = None
    ) -> Response:
        """The file of that name; 304 when the client has it. Nothing outside the folder and nothing hidden.

        `needs`: the file without which nothing here was built; then the answer is 503 and says what to do.
        `told`: what takes the place of some words of a page; such an answer is made anew each time.
        """
        if not (self._folder / needs).is_file():
            sentence = (
                f"{self._title} is not built here: run `python portal/build.py` and load this page again.\n"
            )
            return PlainTextResponse(sentence, 503)
        path = (self._folder / name).resolve()
        inside = path.is_relative_to(self._folder)
        if not inside or path.name.startswith(".") or not path.is_file():
            return PlainTextResponse("there is no such page\n", 404)
        asset = self._asset(path)
        if told is not None:
            text = asset.plain.decode("utf-8")
            for word, instead in told.items():
                text = text.replace(word, instead)
            return Response(text, media_type=asset.media_type, headers={"cache-control": "no-store"})
        headers = {
            "etag": asset.etag,
            "cache-control": _FOR_EVER if name.startswith(HASHED) else _ASK_AGAIN,
            "vary": "accept-encoding, origin",
        }
        if asset.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if asset.squeezed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            headers["content-encoding"] = "gzip"
            return Response(asset.squeezed, media_type=asset.media_type, headers=headers)
        return Response(asset.plain, media_type=asset.media_type, headers=headers)

    def _asset(self, path: Path) -> _Asset:
        stat = path.stat()
        stamp = (stat.st_mtime_ns, stat.st_size)
        found = self._kept.get(path)
        if found is None or found.stamp != stamp:
            found = self._kept[path] = _read(path, stamp)
        return found


def _read(path: Path, stamp: tuple[int, int]) -> _Asset:
    plain = path.read_bytes()
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if path.suffix in (".js", ".mjs"):
        # What a machine's own table says of scripts is not always what browsers take for a module.
        media_type = "text/javascript"
    worth = len(plain) >= _COMPRESSED_FROM_BYTES and media_type.startswith(_TEXTS)
    return _Asset(
        stamp=stamp,
        media_type=media_type,
        # Weak: plain and compressed are the same file, and not the same bytes.
        etag=f'W/"{sha256(plain).hexdigest()[:32]}"',
        plain=plain,
        squeezed=gzip.compress(plain, 9, mtime=0) if worth else None,
    )
