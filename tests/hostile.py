"""Requests that mean harm, or do it by mistake, and a reader of nothing to send them to. Used by tests and by `bench/hostile.py`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graph_service.core.errors import UnknownKind, UnknownType
from graph_service.core.vocabulary import Depends, RelationshipDeclaration, Vocabulary, near
from graph_service.store.read.answers import EntityAt, GraphStatus, Page, Point, Standing
from graph_service.store.read.first import First

NOW = 1_767_225_600_000_000


class Nothing:
    """A graph in which nothing is, and one relationship type is declared."""

    async def vocabulary(self) -> Vocabulary:
        """CALLS."""
        calls = RelationshipDeclaration(type="CALLS", label="calls", depends=Depends.SOURCE)
        return Vocabulary(relationships={"CALLS": calls})

    async def types(self, asked: Sequence[str], *, suggest: bool = False) -> tuple[str, ...]:
        """One."""
        if unknown := sorted(set(asked) - {"CALLS"}):
            raise UnknownType(unknown, near(unknown, ["CALLS"]) if suggest else ())
        return tuple(sorted(set(asked)))

    async def kinds(self, asked: Sequence[str], *, suggest: bool = False) -> tuple[str, ...]:
        """None."""
        raise UnknownKind(sorted(set(asked)))

    async def standing(self) -> Standing:
        """All is known."""
        return Standing(
            recorded_at=NOW, watermark=NOW, dead_letters=0, replayed=0, past="this", unsettled=False
        )

    async def status(self) -> GraphStatus:
        """Nothing came."""
        return GraphStatus(
            events=0, duplicates=0, unmapped=0, entities=0, relationships=0, dead_letters=0, discarded=0, replayed=0,
            recorded_at=None, watermark=None, tick=0, partitions=(),
        )  # fmt: skip

    async def entity(self, key: str, at: Point) -> EntityAt | None:
        """None."""
        return None

    async def entity_first(self, key: str, valid: int, moment: int) -> First:
        """The same."""
        point = Point(valid=valid, known=NOW)
        return First(await self.standing(), point, await self.entity(key, point))

    async def entities(self, **_: Any) -> Page[Any]:
        """None."""
        return Page(items=(), more=False)

    async def search(self, text: str, **_: Any) -> Page[Any]:
        """None."""
        return Page(items=(), more=False)

    async def events(self, uids: Sequence[str]) -> dict[str, Any]:
        """None."""
        return {}

    async def diff(self, frm: Point, to: Point, **_: Any) -> Page[Any]:
        """None."""
        return Page(items=(), more=False)


@dataclass(frozen=True, kw_only=True)
class Harm:
    """One hostile request: what is sent, and the codes one of which must come back."""

    name: str
    content: bytes
    codes: tuple[str, ...]
    content_type: str = "application/json"


def _asked(name: str, query: str, *codes: str, **variables: Any) -> Harm:
    body: dict[str, Any] = {"query": query, "variables": variables}
    return Harm(name=name, content=json.dumps(body).encode(), codes=codes)


def _raw(name: str, content: bytes, *codes: str) -> Harm:
    return Harm(name=name, content=content, codes=codes)


def _spread(levels: int, width: int) -> str:
    """Fragments that spread the next one several times: a document of few tokens with width^levels fields."""
    parts = [f"fragment F{n} on Entity {{ {f'...F{n + 1} ' * width} }}" for n in range(levels)]
    return f'{{ entity(key: "a") {{ ...F0 }} }} {" ".join(parts)} fragment F{levels} on Entity {{ key kind }}'


_NEST = "relationships { edges { node { target { "
_WIDE = " ".join(f"a{n}: key" for n in range(400))
_PAGES = "entities(first: 200) { edges { node { relationships(first: 200) { edges { node { target { history(first: 200) { edges { cursor } } } } } } } } }"

HARMS: tuple[Harm, ...] = (
    _asked("naive time", '{ entity(key: "a", at: {valid: "2026-01-01T00:00:00"}) { key } }', "BAD_TIME"),
    _asked("time of a million digits", '{ entity(key: "a", at: {valid: "' + "9" * 15_000 + '"}) { key } }', "BAD_TIME"),
    _asked("time far away", "query T($v: DateTime) { basis(at: {valid: $v}) { known } }", "BAD_TIME", v=10**18),
    _asked("unknown type", '{ impact(of: ["a"], types: ["NOPE"]) { count } }', "UNKNOWN_TYPE"),
    _asked("unknown kind", '{ entities(kinds: ["nope"]) { edges { cursor } } }', "UNKNOWN_KIND"),
    _asked("kinds without end", "query K($kinds: [String!]) { entities(kinds: $kinds) { edges { cursor } } }", "LIMIT_EXCEEDED", kinds=["a"] * 5_000),
    _asked("unknown type of a million letters", '{ impact(of: ["a"], types: ["' + "N" * 15_000 + '"]) { count } }', "UNKNOWN_TYPE"),
    _asked("depth of a million", '{ impact(of: ["a"], maxDepth: 1000000) { count } }', "BAD_USER_INPUT"),
    _asked("keys without end", "query K($of: [String!]!) { impact(of: $of) { count } }", "BAD_USER_INPUT", of=["a"] * 29_000),
    _asked("page of a million", "{ entities(first: 1000000) { edges { cursor } } }", "BAD_USER_INPUT"),
    _asked("page of less than nothing", "{ entities(first: -1) { edges { cursor } } }", "BAD_USER_INPUT"),
    _asked("a number that is none", "{ entities(first: " + "9" * 5_000 + ") { edges { cursor } } }", "GRAPHQL_VALIDATION_FAILED"),
    _asked("no cursor", '{ entities(after: "nonsense") { edges { cursor } } }', "BAD_USER_INPUT"),
    _asked("a cursor of another query", '{ events(after: "WyJhIiwiYiIsMSwyXQ") { edges { cursor } } }', "BAD_USER_INPUT"),
    _asked("pages in pages in pages", "{ " + _PAGES + " }", "LIMIT_EXCEEDED"),
    _asked("deep", '{ entity(key: "a") { ' + _NEST * 10 + "key" + " }" * 40 + " } }", "LIMIT_EXCEEDED"),
    _asked("deep without end", "{ a " * 4_000, "LIMIT_EXCEEDED"),
    _asked("deep in inline fragments", "{ " + "... { " * 600 + "__typename" + " }" * 601, "LIMIT_EXCEEDED", "GRAPHQL_PARSE_FAILED"),
    _asked("deep arguments", "{ entities(where: " + "[" * 500 + "]" * 500 + ") { edges { cursor } } }", "LIMIT_EXCEEDED"),
    _asked("wide", '{ entity(key: "a") { ' + "properties " * 1_400 + "} }", "LIMIT_EXCEEDED"),
    _asked("many tokens", '{ entity(key: "a") { ' + "key " * 4_000 + "} }", "LIMIT_EXCEEDED"),
    _asked("aliases", '{ entity(key: "a") { ' + _WIDE + " } }", "LIMIT_EXCEEDED"),
    _asked("roots by alias", "{ " + " ".join(f's{n}: status {{ ready }}' for n in range(150)) + " }", "LIMIT_EXCEEDED"),
    _asked("the same again", "{ " + "status { ready } " * 300 + "}", "LIMIT_EXCEEDED"),
    _asked("the same again, deeper", "{ " + ("entity(key: \"a\") { " + "key " * 40 + "} ") * 20 + "}", "LIMIT_EXCEEDED"),
    _asked("directives", '{ entity(key: "a") { key ' + "@include(if: true) " * 200 + "} }", "LIMIT_EXCEEDED"),
    _asked("directives nobody knows", '{ entity(key: "a") { key ' + "@a " * 700 + "} }", "LIMIT_EXCEEDED"),
    _asked("fragment bomb", _spread(12, 8), "LIMIT_EXCEEDED"),
    _asked("fragments in a circle", '{ entity(key: "a") { ...A } } fragment A on Entity { ...B } fragment B on Entity { ...A }', "GRAPHQL_VALIDATION_FAILED"),
    _asked("fragments in a row", '{ entity(key: "a") { ...F0 } } ' + " ".join(f"fragment F{n} on Entity {{ ...F{n + 1} }}" for n in range(200)) + " fragment F200 on Entity { key }", "LIMIT_EXCEEDED"),
    _asked("fields nobody knows", '{ entity(key: "a") { ' + " ".join(f"no{n}" for n in range(700)) + " } }", "GRAPHQL_VALIDATION_FAILED"),
    _asked("operations without end", " ".join(f"query Q{n} {{ __typename }}" for n in range(280)), "BAD_USER_INPUT"),
    _asked("variables without end", "query V(" + " ".join(f"$v{n}: Int" for n in range(350)) + ") { __typename }", "GRAPHQL_VALIDATION_FAILED"),
    _asked("the schema in itself", "{ __schema { types { " + "fields { type { " * 4 + "name" + " } }" * 4 + " } } }", "GRAPHQL_VALIDATION_FAILED"),
    _asked("the schema often", "{ " + " ".join(f"s{n}: __schema {{ types {{ fields {{ args {{ name }} type {{ name }} }} }} }}" for n in range(25)) + " }", "LIMIT_EXCEEDED"),
    _asked("a comment of all", "{ __typename } #" + "x" * 900_000, "LIMIT_EXCEEDED"),
    _asked("a text of all", '{ entity(key: "' + "x" * 900_000 + '") { key } }', "LIMIT_EXCEEDED"),
    _asked("commas", "{ __typename }" + "," * 40_000, "LIMIT_EXCEEDED"),
    _asked("nothing but quotes", "{ a(b: " + '"""' * 6_000, "LIMIT_EXCEEDED", "GRAPHQL_PARSE_FAILED"),
    _asked("huge variables", "query K($k: String!) { entity(key: $k) { key } entities(first: 0) { edges { cursor } } }", "BAD_USER_INPUT", k="x" * 900_000),
    _asked("a wrong value of all", "query K($first: Int) { entities(first: $first) { edges { cursor } } }", "GRAPHQL_VALIDATION_FAILED", first="x" * 900_000),
    _asked("wrong values", "query K($of: [Int!]) { entities(first: $of) { edges { cursor } } }", "GRAPHQL_VALIDATION_FAILED", of=["x"] * 29_000),
    _raw("deep variables", b'{"query": "query Q($w: [PropertyFilter!]) { entities(where: $w) { edges { cursor } } }", "variables": {"w": ' + b"[" * 400 + b"]" * 400 + b"}}", "LIMIT_EXCEEDED"),
    _raw("variables too deep to read", b'{"query": "{ __typename }", "variables": {"w": ' + b"[" * 20_000 + b"]" * 20_000 + b"}}", "BAD_USER_INPUT"),
    _raw("many values", b'{"query": "{ __typename }", "variables": {"w": [' + b"{}," * 300_000 + b"0]}}", "LIMIT_EXCEEDED"),
    _raw("a body of all", b'{"query": "' + b"x" * 2_000_000 + b'"}', "LIMIT_EXCEEDED"),
    _raw("a number without end", b'{"query": "{ __typename }", "variables": {"n": ' + b"9" * 900_000 + b"}}", "BAD_USER_INPUT"),
    _raw("no number", b'{"query": "{ __typename }", "variables": {"n": NaN}}', "BAD_USER_INPUT"),
    _raw("half a character", b'{"query": "query Q($k: String!) { entity(key: $k) { key } }", "variables": {"k": "\\ud800"}}', "BAD_USER_INPUT"),
    _raw("no text", b"\xff\xfe\x00", "BAD_USER_INPUT"),
    _raw("no JSON", b'{"query": ', "BAD_USER_INPUT"),
    _raw("a batch", b"[" + b'{"query": "{ __typename }"},' * 1_000 + b'{"query": "{ __typename }"}]', "BAD_USER_INPUT"),
    _raw("nothing", b"{}", "BAD_USER_INPUT"),
)  # fmt: skip
"""Each is refused with a code, before it costs much."""
