"""Operations made up over a schema: any field, aliases, fragments, directives, variables; most of them valid, some of what they ask refused."""

from __future__ import annotations

import json
from random import Random
from typing import Any, cast

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from tests.rows import KEYS, NOW

INSTANTS = ("2026-01-30T00:00:00Z", "1970-01-01T00:00:00.000250Z", str(NOW // 1000))
#: Root fields that the made-up reader answers. The others fail, and so take part as well, but seldom.
ANSWERED = (
    "node", "entity", "entities", "search", "diff", "event", "events", "status", "basis", "impact", "impactDrift", "paths",
)  # fmt: skip


class Operations:
    """Makes one document after the other. What answers told (ids, cursors) can be asked with later."""

    def __init__(self, schema: GraphQLSchema, random: Random) -> None:
        """Of all operations the same ones come for the same random numbers."""
        self._schema, self._random = schema, random
        self.ids: list[str] = []
        self.cursors: list[str] = []
        self._fragments: list[str] = []
        self._variables: dict[str, tuple[str, Any]] = {}

    def one(self) -> tuple[str, dict[str, Any]]:
        """A document with one operation, and the values of its variables."""
        self._fragments, self._variables = [], {}
        root = self._schema.query_type
        assert root is not None
        fields = [self._root_field(root, n) for n in range(self._random.randint(1, 3))]
        told = "".join(f"${name}: {type} " for name, (type, _) in self._variables.items())
        head = f"query Made({told})" if told else "query"
        text = "\n".join([f"{head} {{ {' '.join(fields)} }}", *self._fragments])
        values = {name: value for name, (_, value) in self._variables.items() if value is not Undefined}
        return text, values

    def _root_field(self, root: GraphQLObjectType, n: int) -> str:
        names = ANSWERED if self._chance(0.97) else sorted(root.fields)
        name = self._random.choice(names)
        return f"r{n}: " + self._field(root, name, self._random.randint(2, 6)) + self._directive()

    def _field(self, parent: GraphQLObjectType | GraphQLInterfaceType, name: str, depth: int) -> str:
        field = parent.fields[name]
        below = get_named_type(field.type)
        text = name + self._arguments(field)
        if is_leaf_type(below):
            return text
        return f"{text} {self._selection(cast('GraphQLObjectType', below), depth - 1)}"

    def _selection(self, type: GraphQLObjectType | GraphQLInterfaceType, depth: int) -> str:
        parts = [self._part(type, depth, n) for n in range(self._random.randint(1, 4 if depth > 0 else 3))]
        if isinstance(type, GraphQLInterfaceType):
            parts += [
                f"... on {one.name} {self._selection(one, depth)}"
                for one in self._schema.get_possible_types(type)
                if self._chance(0.3) and one.name not in ("DeadLetter", "Change")
            ]
        return "{ " + " ".join(parts) + " }"

    def _part(self, type: GraphQLObjectType | GraphQLInterfaceType, depth: int, n: int) -> str:
        if self._chance(0.06):
            return f"... on {type.name}{self._directive()} {self._selection(type, depth)}"
        if self._chance(0.06):
            name = f"F{len(self._fragments)}"
            self._fragments.append("")
            place = len(self._fragments) - 1
            self._fragments[place] = f"fragment {name} on {type.name} {self._selection(type, depth)}"
            return f"...{name}{self._directive()}"
        if self._chance(0.08):
            return "__typename" if self._chance(0.5) else f"t{self._number()}: __typename"
        names = [
            name
            for name, field in type.fields.items()
            if depth > 0 or (is_leaf_type(get_named_type(field.type)))
        ]
        # Where all is below, one level more.
        name = self._random.choice(names or sorted(type.fields))
        field = type.fields[name]
        deeper = self._field(type, name, depth)
        # Nothing is asked for twice under one name, so that fields never are in each other's way.
        alias = "" if is_leaf_type(get_named_type(field.type)) and not field.args else f"f{self._number()}: "
        return alias + deeper + (self._directive() if self._chance(0.1) else "")

    def _arguments(self, field: GraphQLField) -> str:
        told = []
        for name, argument in field.args.items():
            if not is_non_null_type(argument.type) and self._chance(0.95 if name == "after" else 0.75):
                continue
            told.append(f"{name}: {self._argument(name, argument)}")
        return f"({', '.join(told)})" if told else ""

    def _argument(self, name: str, argument: GraphQLArgument) -> str:
        value = self._value(name, argument.type)
        if not self._chance(0.3):
            return self._literal(value, argument.type)
        variable = f"v{self._number()}"
        if not is_non_null_type(argument.type) and self._chance(0.2):
            value = self._random.choice((None, Undefined))
        self._variables[variable] = (str(argument.type), value)
        return f"${variable}"

    def _directive(self) -> str:
        if not self._chance(0.15):
            return ""
        said = self._random.choice(("true", "false", ""))
        if not said:
            said = f"${(name := f'v{self._number()}')}"
            self._variables[name] = ("Boolean!", self._chance(0.5))
        return f" @{self._random.choice(('skip', 'include'))}(if: {said})"

    def _value(self, name: str, type: Any) -> Any:
        if is_non_null_type(type):
            return self._value(name, type.of_type)
        if is_list_type(type):
            return [self._value(name, type.of_type) for _ in range(self._random.randint(0, 2) or 1)]
        if isinstance(type, GraphQLEnumType):
            return self._random.choice(sorted(type.values))
        if isinstance(type, GraphQLInputObjectType):
            return {
                part: self._value(part, field.type)
                for part, field in type.fields.items()
                if is_non_null_type(field.type) or self._chance(0.5)
            }
        return self._scalar(name, type.name)

    def _scalar(self, name: str, type: str) -> Any:
        choices: dict[str, tuple[Any, ...]] = {
            "Int": (1, 2, 3, 5, 50) if self._chance(0.97) else (0, 201, -1),
            "Boolean": (True, False),
            "DateTime": INSTANTS,
            "ID": tuple(self.ids[-30:]) or ("none",),
            "JSON": (1, "x", {"a": [None]}),
        }
        if name == "after":
            return (
                "nonsense"
                if self._chance(0.1) or not self.cursors
                else self._random.choice(self.cursors[-9:])
            )
        if name in ("types", "type"):
            return self._random.choice(("CALLS", "OWNED_BY")) if self._chance(0.97) else "NO_SUCH"
        if name == "id" and type == "String":
            return f"e{self._random.randrange(12)}"
        if name == "name":
            return self._random.choice(("name", "tier", "a", "none"))
        return self._random.choice(choices.get(type, (*KEYS, "nobody")))

    def _literal(self, value: Any, type: Any) -> str:
        if is_non_null_type(type):
            type = type.of_type
        if isinstance(type, GraphQLEnumType):
            return str(value)
        if is_list_type(type):
            return "[" + ", ".join(self._literal(one, type.of_type) for one in value) + "]"
        if isinstance(type, GraphQLInputObjectType):
            parts = (f"{name}: {self._literal(one, type.fields[name].type)}" for name, one in value.items())
            return "{" + ", ".join(parts) + "}"
        if isinstance(value, dict):
            return "{" + ", ".join(f"{name}: {self._literal(one, None)}" for name, one in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(self._literal(one, None) for one in value) + "]"
        return json.dumps(value)

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _number(self) -> int:
        return self._random.randrange(10**6)

    def learn(self, answer: Any) -> None:
        """Ids and cursors of an answer."""
        if isinstance(answer, list):
            for one in answer:
                self.learn(one)
        elif isinstance(answer, dict):
            for name, one in answer.items():
                if isinstance(one, str) and len(one) > 16 and " " not in one and one[:2] == "Wy":
                    (self.cursors if name in ("cursor", "endCursor", "startCursor") else self.ids).append(one)
                else:
                    self.learn(one)
