"""Documents that are kept here, so that a request may name one by its hash instead of sending it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from graph_service.core.errors import BadSettings, UnknownDocument

DOCUMENTS_MAX = 5_000
FILE_BYTES_MAX = 4_000_000
NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
ONLY_KEPT = "PERSISTED_QUERY_ONLY"
MISMATCH = "PERSISTED_QUERY_MISMATCH"
_PREFIX = "sha256:"


def hash_of(text: str) -> str:
    """The SHA-256 of a document as it is sent, in hexadecimal digits."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Documents by hash, and by what a manifest calls them."""

    #: Text by id.
    texts: Mapping[str, str] = field(default_factory=dict)
    #: Whether nothing else is executed.
    only: bool = False
    #: Ids of what our own pages ask. What of it does not fit this schema or these limits is left out, and nothing else fails for it.
    of_pages: frozenset[str] = frozenset()

    @classmethod
    def load(cls, *folders: Path, only: bool = False, pages: Sequence[Path] = ()) -> Kept:
        """All documents of folders: each `.graphql` file is one; a `.json` file is a manifest, of ids and texts, or as Apollo writes it.

        `pages`: manifests of what the explorer and the element ask, so that they work also where nothing else is executed.

        Raises:
            BadSettings: a folder or a file cannot be read, or there are too many.
        """
        found: dict[str, str] = {}
        for folder in folders:
            for id, text in _documents(folder):
                found |= {id: text, hash_of(text): text}
        if len(found) > 2 * DOCUMENTS_MAX:
            raise BadSettings(
                f"persisted_folder: there are more than {DOCUMENTS_MAX} documents; leave out what nobody asks"
            )
        if only and not found:
            raise BadSettings(
                "persisted_only is set, and there is no document: put some into persisted_folder"
            )
        asked = {hash_of(text): text for path in pages for _, text in _manifest(path, _read(path))}
        return cls(texts=asked | found, only=only, of_pages=frozenset(asked.keys() - found.keys()))

    def without(self, ids: Iterable[str]) -> Kept:
        """The same without some documents."""
        left_out = set(ids)
        texts = {id: text for id, text in self.texts.items() if id not in left_out}
        return replace(self, texts=texts, of_pages=self.of_pages - left_out)

    def document(self, *, text: str | None, document_id: str | None, extension: object) -> str:
        """The text that a request means: by `query`, by `documentId`, or by the hash in `extensions.persistedQuery`.

        Raises:
            UnknownDocument: it is not kept, while it has to be; or its text has another hash.
        """
        asked = _bare(document_id) if document_id is not None else _hash_in(extension)
        if asked is None:
            if text is None:
                raise UnknownDocument(
                    "BAD_USER_INPUT",
                    "there is no document: send `query`, or name a kept one with `documentId`",
                )
            return self._allowed(text)
        if text is not None:
            if hash_of(text) != asked:
                raise UnknownDocument(
                    MISMATCH, "`query` has another hash than the one beside it; send the SHA-256 of its text"
                )
            return self._allowed(text)
        found = self.texts.get(asked)
        if found is None:
            hint = "" if self.only else "; send its text in `query`"
            # The first words are those that clients of automatic persisted queries know.
            raise UnknownDocument(
                NOT_FOUND, f"PersistedQueryNotFound: no document of this id is kept here{hint}"
            )
        return found

    def _allowed(self, text: str) -> str:
        if self.only and hash_of(text) not in self.texts:
            raise UnknownDocument(
                ONLY_KEPT,
                "only documents that are kept here are executed; add this one to `persisted_folder`, or ask one that is there",
            )
        return text


def _bare(id: str) -> str:
    return id.removeprefix(_PREFIX)


def _hash_in(extension: object) -> str | None:
    """The hash of `extensions.persistedQuery`, version 1; None where there is none."""
    if not isinstance(extension, dict):
        return None
    found = extension.get("sha256Hash")
    if extension.get("version") != 1 or not isinstance(found, str):
        raise UnknownDocument(
            "BAD_USER_INPUT", "`extensions.persistedQuery` must have `version` 1 and the text `sha256Hash`"
        )
    # Manifests of graphql-codegen say what kind of hash it is.
    return _bare(found.lower())


def _documents(folder: Path) -> Iterator[tuple[str, str]]:
    if not folder.is_dir():
        raise BadSettings(f"persisted_folder: {folder} is not a folder")
    for path in sorted(folder.iterdir()):
        if path.suffix not in (".graphql", ".gql", ".json") or path.name.startswith("."):
            continue
        text = _read(path)
        if path.suffix == ".json":
            yield from _manifest(path, text)
        else:
            # As it is, and as it is when a client trims it.
            yield hash_of(text), text
            yield hash_of(text.strip()), text.strip()


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise BadSettings(f"persisted_folder: {path} is larger than {FILE_BYTES_MAX} bytes")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"persisted_folder: {path} cannot be read: {error}") from error


def _manifest(path: Path, text: str) -> Iterator[tuple[str, str]]:
    try:
        plain: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadSettings(f"persisted_folder: {path} is not JSON: {error}") from error
    if isinstance(plain, dict) and isinstance(plain.get("operations"), list):
        plain = {one.get("id"): one.get("body") for one in plain["operations"] if isinstance(one, dict)}
    if not isinstance(plain, dict) or not all(isinstance(one, str) for pair in plain.items() for one in pair):
        raise BadSettings(
            f"persisted_folder: {path} is no manifest: an object of ids and texts, or that of Apollo"
        )
    yield from ((_bare(id), body) for id, body in plain.items())
