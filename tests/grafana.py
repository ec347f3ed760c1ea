"""What Grafana and its Infinity data source do with a dashboard, as far as tests need it: which queries there are, how variables are
filled in, which rows and columns are read from an answer. After the documents and the source of the plugin, 3.11.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
)

VARIABLE = re.compile(r"\$\{(\w+)(?::(\w+))?\}")


def panels(dashboard: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All that show something."""
    return [one for one in dashboard["panels"] if one["type"] != "row"]


def annotations(dashboard: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Those of the data source."""
    return [one for one in dashboard["annotations"]["list"] if "target" in one]


def targets(dashboard: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every query that the dashboard sends, with the name of what it is for: panels, variables, annotations."""
    for panel in panels(dashboard):
        for target in panel["targets"]:
            yield f"{panel['title']} {target['refId']}", target
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield f"${variable['name']}", {**variable["query"]["infinityQuery"]}
    for annotation in annotations(dashboard):
        yield annotation["name"], annotation["target"]


def variables_of(text: str) -> set[str]:
    """The variables of Grafana that a text names."""
    return {found[1] for found in VARIABLE.finditer(text)}


def filled(text: str, values: Mapping[str, str | Sequence[str]]) -> str:
    """The text with the values of Grafana's variables in it."""

    def one(found: re.Match[str]) -> str:
        value, form = values[found[1]], found[2]
        if form == "doublequote":
            several = [value] if isinstance(value, str) else value
            return ",".join('"' + text.replace('"', '\\"') + '"' for text in several)
        assert form is None and isinstance(value, str), found[0]
        return value

    return VARIABLE.sub(one, text)


def request_of(target: Mapping[str, Any], values: Mapping[str, str | Sequence[str]]) -> dict[str, Any]:
    """The body that the plugin posts."""
    options = target["url_options"]
    return {
        "query": filled(options["body_graphql_query"], values),
        "variables": json.loads(filled(options["body_graphql_variables"], values)),
    }


def rows_of(target: Mapping[str, Any], body: Any) -> list[dict[str, Any]]:
    """What becomes of an answer: a row for each item below the root selector, with the columns by their titles.

    Raises:
        KeyError: the answer has nothing at the root.
        TypeError: a value is not of the type of its column.
    """
    root = at(body, target["root_selector"])
    items = root if isinstance(root, list) else [root]
    return [
        {
            column["text"]: converted(at(item, column["selector"], loose=True), column["type"])
            for column in target["columns"]
        }
        for item in items
    ]


def asked_for(query: str, path: str) -> bool:
    """Whether an operation asks for what a path of its answer leads to, such as `entities.edges.node.key`."""
    document = parse(query)
    fragments = {
        one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
    }
    (operation,) = (one for one in document.definitions if isinstance(one, OperationDefinitionNode))

    def fields(selections: SelectionSetNode | None) -> Iterator[FieldNode]:
        for one in selections.selections if selections else ():
            if isinstance(one, FieldNode):
                yield one
            elif isinstance(one, FragmentSpreadNode):
                yield from fields(fragments[one.name.value].selection_set)

    below: SelectionSetNode | None = operation.selection_set
    for name in path.split("."):
        found = next((one for one in fields(below) if (one.alias or one.name).value == name), None)
        if found is None:
            return False
        below = found.selection_set
    return True


def at(value: Any, selector: str, *, loose: bool = False) -> Any:
    """What a path with dots leads to. `loose`: nothing, where there is nothing on the way."""
    for name in selector.split("."):
        if loose and (value is None or name not in value):
            return None
        value = value[name]
    return value


def converted(value: Any, type: str) -> Any:
    """A value as its column has it; what cannot be one is refused.

    Raises:
        TypeError: a number or an instant is something else.
    """
    if value is None:
        return None
    if type == "number" and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise TypeError(f"{value!r} is not a number")
    if type == "timestamp" and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", str(value)):
        raise TypeError(f"{value!r} is not an instant")
    return value
