"""Generated GraphQL questions about the past: any fields, any arguments, at points that are given."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    is_composite_type,
    is_required_argument,
)

from graph_service.api.dated import ABOUT_NOW, DATED
from graph_service.core.time import format_instant
from graph_service.store.read.answers import Point
from tests.histories import Pick

SCHEMA = build_schema((Path(__file__).parents[1] / "schema.graphql").read_text())
#: Every question about a point. The others ask about now: positions, the newest events, the declared words, dead letters.
ROOTS = tuple(DATED)
#: Of trends those that all other arguments fit.
MEASURES = ("RELATIONSHIPS", "CHANGES", "APPEARED", "CORRECTIONS", "EVENTS", "RECORDED")
BEGINNING = "1969-12-31T23:59:59Z"
#: How many fields of a document have fields of their own, at most.
FIELDS_MAX = 16
DEPTH_MAX = 9


class Asking:
    """Writes documents about a few keys at points of the past."""

    def __init__(self, pick: Pick, keys: Sequence[str], schema: GraphQLSchema = SCHEMA) -> None:
        """`keys` are those that questions may name; there is at least one."""
        self._pick, self._keys, self._schema = pick, keys, schema
        self._left = FIELDS_MAX

    def document(self, points: Sequence[Point]) -> str:
        """One question at one of the points, or about the difference between two."""
        assert self._schema.query_type is not None
        self._left = FIELDS_MAX
        name = ROOTS[self._pick(len(ROOTS))]
        return "{ " + self._field(name, self._schema.query_type.fields[name], points, DEPTH_MAX) + " }"

    def _field(self, name: str, field: GraphQLField, points: Sequence[Point], depth: int) -> str:
        values = [
            f"{argument}: {value}"
            for argument, declared in field.args.items()
            if (value := self._value(argument, declared, points)) is not None
        ]
        type = get_named_type(field.type)
        asked = f"({', '.join(values)})" if values else ""
        if not is_composite_type(type):
            return name + asked
        assert isinstance(type, GraphQLObjectType)
        self._left -= 1
        return f"{name}{asked} {{ {self._selection(type, points, depth - 1)} }}"

    def _selection(self, type: GraphQLObjectType, points: Sequence[Point], depth: int) -> str:
        chosen = ["__typename"]
        for name, field in type.fields.items():
            composite = is_composite_type(get_named_type(field.type))
            if (type.name, name) in ABOUT_NOW or (composite and (depth <= 0 or self._left <= 0)):
                continue
            # All plain fields, and what is in pages; of the other ways to go on about half.
            if not composite or name in ("edges", "node", "items") or self._pick(2) == 1:
                chosen.append(self._field(name, field, points, depth))
        return " ".join(chosen)

    def _value(self, name: str, declared: GraphQLArgument, points: Sequence[Point]) -> str | None:
        """A value in GraphQL's words; None: left out."""
        if str(get_named_type(declared.type)) == "At":
            point = points[self._pick(len(points))]
            return f'{{valid: "{format_instant(point.valid)}", known: "{format_instant(point.known)}"}}'
        if str(get_named_type(declared.type)) == "DateTime":
            point = points[self._pick(len(points))]
            times = {
                "known": format_instant(point.known),
                "from": BEGINNING,
                "to": format_instant(point.valid),
            }
            return f'"{times[name]}"'
        if name == "buckets":
            return str(1 + self._pick(5))
        if name == "first":
            return str(1 + self._pick(3))  # always: what a question may cost is reckoned from it
        if not is_required_argument(declared) and self._pick(4) < 3:
            return None
        match name:
            case "key" | "around" | "from" | "to":
                return self._key()
            case "of":
                return f"[{self._key()}]"
            case "text":
                return '"' + "".join(self._keys[0])[:1] + '"'
            case "name":
                return ('"x"', '"y"')[self._pick(2)]
            case "measure":
                return MEASURES[self._pick(len(MEASURES))]
            case "depth":
                return str(1 + self._pick(3))
            case "maxDepth":
                return str(1 + self._pick(4))
            case "types":
                return ('["CALLS"]', '["USES"]', '["CALLS", "USES"]')[self._pick(3)]
            case "kinds":
                return '["thing"]'
            case "corrections":
                return ("true", "false")[self._pick(2)]
            case "direction" if str(get_named_type(declared.type)) == "Direction":
                return ("IN", "BOTH", "OUT")[self._pick(3)]
            case "direction":
                return ("DEPENDENTS", "DEPENDENCIES")[self._pick(2)]
            case "orderBy":
                return ("{by: VALID_FROM}", '{by: PROPERTY, property: "x", descending: true}')[self._pick(2)]
            case "where":
                return ('[{property: "x", op: EXISTS, value: true}]', '[{property: "x", op: EQUAL, value: 1}]')[self._pick(2)]  # fmt: skip
            case _:
                return None

    def _key(self) -> str:
        return f'"{self._keys[self._pick(len(self._keys))]}"'
