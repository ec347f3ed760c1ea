"""The service as one more peer: what `bench.py --add` of the peers' folder loads, in environments of its own. Standard library only.

Where the service listens, and the cursors behind the keys that pages are asked for, are in the file that `BENCH_PEERS_SERVICE` names. `service` is asked everything as of an instant, `service-now` what is
about the present without one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

AS_OF, NOW = "service", "service-now"
VARIABLE = "BENCH_PEERS_SERVICE"
FIRST_MAX = 50_000
"""More than there are: an impact is answered whole, as by the others."""

_ITEMS = "{ items { distance entity { key } } }"
QUESTIONS = {
    "Q1": "query ($key: String!, $at: At) { entity(key: $key, at: $at) { key properties } }",
    "Q2": "query ($kind: String!, $at: At, $after: String) { entities(kinds: [$kind], first: 100, at: $at, after: $after) "
    "{ edges { node { key properties } } } }",
    "Q3": 'query ($key: String!, $at: At) { entity(key: $key, at: $at) { key owners: relationships(types: ["OWNS"], direction: IN) '
    '{ edges { node { source { key } } } } needs: relationships(types: ["DEPENDS_ON"], first: 50) '
    "{ edges { node { target { key properties } } } } } }",
    "Q4": f"query ($key: String!, $at: At) {{ impact(of: [$key], maxDepth: 5, first: {FIRST_MAX}, at: $at) {_ITEMS} }}",
    "Q5": f"query ($key: String!, $at: At) {{ impact(of: [$key], maxDepth: 5, first: {FIRST_MAX}, at: $at) {_ITEMS} }}",
    # A list of relationships has at most 200 on a page, an impact of one step has all of them.
    "Q6": 'query ($key: String!, $at: At) { out: impact(of: [$key], maxDepth: 1, first: 10000, types: ["DEPENDS_ON"], direction: DEPENDENCIES, at: $at) '
    f'{_ITEMS} in: impact(of: [$key], maxDepth: 1, first: 10000, types: ["DEPENDS_ON"], direction: DEPENDENTS, at: $at) {_ITEMS} }}',
}


class Service:
    """GraphQL of the service, a request for each question."""

    path = "/graphql"

    def __init__(self, name: str, questions: list[str], *, as_of: bool) -> None:
        """As the file says; the peers' own modules are there by then."""
        self._theirs: Any = import_module("peers")
        self._data: Any = import_module("gen")
        told = json.loads(Path(os.environ[VARIABLE]).read_text(encoding="utf-8"))
        self.port: int = told["port"]
        self.questions, self._as_of = questions, as_of
        self._cursors: dict[str, str] = told["cursors"][name]

    def question(self, q: str) -> tuple[str, Callable[[dict[str, Any]], bytes]]:
        """How it is asked: the body for a choice of parameters."""

        def body(choice: dict[str, Any]) -> bytes:
            values: dict[str, Any] = {name: choice[name] for name in ("key", "kind") if name in choice}
            if q == "Q2":
                values["after"] = self._cursors[choice["after"]]
            if self._as_of:
                # `known` is left out: as far as it is known today.
                values["at"] = {"valid": instant(choice.get("at", self._data.NOW))}
            return bytes(self._theirs.gql(QUESTIONS[q], values))

        return "http", body

    def canon(self, q: str, choice: dict[str, Any], raw: bytes) -> Any:
        """The answer in the common form, that is held against the reference: one that was cut is found there."""
        data = self._theirs.data(raw)
        if q == "Q1":
            its = data["entity"]
            return [its["key"], *(its["properties"][name] for name in self._data.Q1P)]
        if q == "Q2":
            return [_listed(edge["node"]) for edge in data["entities"]["edges"]]
        if q == "Q3":
            its = data["entity"]
            owners = [edge["node"]["source"]["key"] for edge in its["owners"]["edges"]]
            needs = [_listed(edge["node"]["target"]) for edge in its["needs"]["edges"]]
            return self._theirs.shape(q, choice, [its["key"], owners, needs])
        if q == "Q6":
            return self._theirs.shape(
                q, choice, [[key for key, _ in _hits(data[way])] for way in ("out", "in")]
            )
        return self._theirs.shape(q, choice, _hits(data["impact"]))


def instant(at_ms: int) -> str:
    """Milliseconds as GraphQL takes them."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")


def _listed(node: dict[str, Any]) -> list[Any]:
    return [node["key"], node["properties"]["name"], node["properties"]["tier"]]


def _hits(impact: dict[str, Any]) -> list[tuple[str, int]]:
    return [(hit["entity"]["key"], hit["distance"]) for hit in impact["items"]]


PEERS = {
    name: Service(name, questions, as_of=as_of)
    for name, questions, as_of in ((AS_OF, list(QUESTIONS), True), (NOW, ["Q1", "Q2", "Q3", "Q4"], False))
    if VARIABLE in os.environ
}
