"""schemathesis over the schema of the running service: operations of every root field, with values that fit their types and mean nothing.

Promised of every answer: no status of 500 or above, an error has a code that is meant for clients and tells nothing of the inside.
The same seed makes the same operations, as many as the time allows; only ids and cursors within them come from answers.
"""

from __future__ import annotations

import json
import os
import random
import re
import time
from collections import Counter
from dataclasses import replace
from typing import Any

import schemathesis
from graphql import (
    ArgumentNode,
    IntValueNode,
    ListValueNode,
    StringValueNode,
    Visitor,
    parse,
    print_ast,
    visit,
)
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.graphql import nodes

url, key = os.environ["GRAPH_URL"], os.environ["GRAPH_KEY"]
SEED, TIME_S = int(os.environ["FUZZ_SEED"]), float(os.environ["FUZZ_TIME_S"])
INSTANTS = (
    *(
        "2026-01-05T00:00:00Z",
        "2026-01-20T12:00:00+02:00",
        "2026-06-01T00:00:00Z",
        "1970-01-01T00:00:01.000004Z",
    ),
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"),
)
MASKED_NOT = re.compile(
    r"Traceback|neo4j|cypher|bolt://|site-packages|\.py\b|object at 0x|Error\(", re.IGNORECASE
)
ROUND = 5
"""Operations of a root field before the next has its turn."""
SENSIBLE = 0.7
"""How often a value that means nothing becomes one that means something, so that more than the doorstep is tried."""
WORDS = {
    **dict.fromkeys(
        ("key", "of", "around", "impactOf", "from", "to"),
        ("service:cart", "service:checkout", "team:shop", "service:none", "service:old"),
    ),
    "confirm": ("service:none", "service:old"),
    **dict.fromkeys(("kinds",), ("service", "team")),
    **dict.fromkeys(("types",), ("CALLS", "OWNED_BY")),
    **dict.fromkeys(("property", "name"), ("tier", "name")),
    **dict.fromkeys(("source",), ("/t",)),
    **dict.fromkeys(("text",), ("service", "shop che", "s")),
}
"""By argument; values of `id`, `ids` and `after` are those of answers before."""

schemathesis.graphql.scalar(
    "DateTime",
    st.one_of(
        *([st.sampled_from(INSTANTS).map(nodes.String)] * 8),
        st.integers(-(2**60), 2**60).map(nodes.Int),
        st.text(max_size=20).map(nodes.String),
    ),
)
schemathesis.graphql.scalar(
    "JSON",
    st.one_of(
        st.text(max_size=20).map(nodes.String),
        st.integers(-(2**70), 2**70).map(nodes.Int),
        st.floats(allow_nan=False, allow_infinity=False).map(nodes.Float),
        st.booleans().map(nodes.Boolean),
    ),
)


def complaints(status: int, body: Any) -> list[str]:
    """What an answer must not be."""
    found = [f"status {status}"] if status >= 500 else []
    for error in body.get("errors", []) if isinstance(body, dict) else ["no object"]:
        code = error.get("extensions", {}).get("code") if isinstance(error, dict) else None
        if code in (None, "INTERNAL") or MASKED_NOT.search(error["message"]):
            found.append(f"{code}: {error}")
    return found


class Sense(Visitor):
    """Gives arguments values that mean something, now and then."""

    def __init__(self, pick: random.Random, seen: dict[str, list[str]]) -> None:
        super().__init__()
        self._pick, self._words = pick, {**WORDS, **seen, "ids": seen.get("id", [])}

    def enter_argument(self, node: ArgumentNode, *_: Any) -> ArgumentNode | None:
        """The same argument, perhaps with another value."""
        name = node.name.value
        if isinstance(node.value, IntValueNode) and self._pick.random() < SENSIBLE:
            return replace(node, value=IntValueNode(value=str(self._pick.choice((1, 2, 5, 20)))))
        values = node.value.values if isinstance(node.value, ListValueNode) else [node.value]
        words = self._words.get(name)
        if not words or not all(isinstance(value, StringValueNode) for value in values):
            return None
        found = [StringValueNode(value=self._pick.choice(words)) for _ in values[:3]]
        if self._pick.random() > SENSIBLE or not found:
            return None
        return replace(
            node,
            value=ListValueNode(values=tuple(found)) if isinstance(node.value, ListValueNode) else found[0],
        )


def sensible(text: str, pick: random.Random, seen: dict[str, list[str]]) -> str:
    """The document with some values that mean something."""
    return print_ast(visit(parse(text), Sense(pick, seen)))


def keep(body: Any, seen: dict[str, list[str]]) -> None:
    """Remember ids and cursors of an answer."""
    if isinstance(body, dict):
        for name, value in body.items():
            argument = {"id": "id", "cursor": "after", "endCursor": "after"}.get(name)
            if argument and isinstance(value, str):
                words = seen.setdefault(argument, [])
                words[:] = [*words[-30:], value]
        body = list(body.values())
    if isinstance(body, list):
        for value in body:
            keep(value, seen)


def cases(operation: Any, number: int) -> list[Any]:
    """Some operations, always the same for a number."""
    made: list[Any] = []

    @seed(number)
    @settings(
        max_examples=ROUND,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def collect(case: Any) -> None:
        made.append(case)

    collect()
    return made


def main() -> None:
    """Go round the root fields until the time is over."""
    headers = {"Authorization": f"Bearer {key}", "Accept": "application/graphql-response+json"}
    schema = schemathesis.graphql.from_url(url, headers=headers)
    operations = {found.ok().label: found.ok() for found in schema.get_all_operations()}
    codes: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    bad: dict[str, str] = {}
    pick = random.Random(SEED)
    seen: dict[str, list[str]] = {}
    deadline_s, turn = time.monotonic() + TIME_S, 0
    while time.monotonic() < deadline_s:
        for label, operation in operations.items():
            for case in cases(operation, SEED + turn):
                if time.monotonic() > deadline_s:
                    break
                case.body = sensible(case.body, pick, seen)
                response = case.call(headers=headers, timeout=30)
                body = response.json()
                keep(body.get("data"), seen)
                asked[label] += 1
                codes["data"] += "errors" not in body
                codes.update(
                    error.get("extensions", {}).get("code", "none") for error in body.get("errors", [])
                )
                for found in complaints(response.status_code, body):
                    bad.setdefault(found[:60], f"{found} <- {case.body}")
        turn += 1
    found = {"asked": asked, "codes": codes, "bad": list(bad.values())}
    print(json.dumps({"found": found}), flush=True)


main()
