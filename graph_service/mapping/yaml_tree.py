"""YAML with line numbers, and without surprises: plain values, and the line on which each of them stands.

Only what JSON can say, plus comments, anchors and block text: `yes`, `on` and dates stay text, doubled names and tags are refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

from graph_service.core.errors import BadMapping
from graph_service.core.model import Json

NODES_MAX = 50_000
DEPTH_MAX = 40

#: Where a value stands: names and indexes from the top of the document.
Path: TypeAlias = tuple[str | int, ...]

_INT = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?")
_WORDS: dict[str, bool | None] = {"null": None, "~": None, "": None, "true": True, "false": False}
_TAGS = tuple(f"tag:yaml.org,2002:{name}" for name in (
    "null", "bool", "int", "float", "str", "seq", "map", "timestamp", "merge", "value",
))  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlTree:
    """One document: its plain value, and the first line (from 1) of every value in it."""

    name: str
    value: Json
    lines: dict[Path, int]

    def known(self, path: Sequence[str | int]) -> Path:
        """`path` without the steps that are not in the document."""
        found: Path = ()
        for step in path:
            if (*found, step) in self.lines:
                found = (*found, step)
        return found

    def line(self, path: Sequence[str | int]) -> int:
        """The line of the value at `path`, or of the nearest one around it."""
        return self.lines.get(self.known(path), 1)


def read_yaml(name: str, text: str) -> YamlTree:
    """The one document in `text`; `name` is for messages.

    Raises:
        BadMapping: no YAML, no document or several, or something this reader refuses; names file and line.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise BadMapping(
            f"{name}:{mark.line + 1 if mark else 1}: not YAML: {error.problem or error.context}"
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise BadMapping(f"{name}: not YAML: {error}") from error
    if node is None:
        raise BadMapping(f"{name}: the file is empty")
    reader = _Reader(name)
    value = reader.read(node, ())
    return YamlTree(name=name, value=value, lines=reader.lines)


def shown(path: Sequence[str | int]) -> str:
    """A path for people: `events[0].assert[1].target`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".") or "(top)"


@dataclass(slots=True)
class _Reader:
    name: str
    lines: dict[Path, int] = field(default_factory=dict)

    def read(self, node: yaml.Node, path: Path) -> Json:
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        if len(self.lines) > NODES_MAX or len(path) > DEPTH_MAX:
            raise BadMapping(
                f"{self.name}:{line}: too large: at most {NODES_MAX} values, {DEPTH_MAX} levels deep"
            )
        if node.tag not in _TAGS:
            raise BadMapping(
                f"{self.name}:{line}: {shown(path)}: the tag {node.tag} has no meaning here; take it away"
            )
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(inner, (*path, index)) for index, inner in enumerate(node.value)]
        return _scalar(node) if isinstance(node, yaml.ScalarNode) else None

    def _mapping(self, node: yaml.MappingNode, path: Path) -> Json:
        value: dict[str, Json] = {}
        for name_node, inner in node.value:
            line = name_node.start_mark.line + 1
            if not isinstance(name_node, yaml.ScalarNode) or not isinstance(name := _scalar(name_node), str):
                raise BadMapping(
                    f"{self.name}:{line}: {shown(path)}: a field name must be text; put it in quotes"
                )
            if name in value:
                first = self.lines[*path, name]
                raise BadMapping(
                    f"{self.name}:{line}: {shown((*path, name))}: the field is there twice; the first is on line {first}"
                )
            # The line of a field is that of its name, where people look for it.
            self.lines[*path, name] = line
            value[name] = self.read(inner, (*path, name))
        return value


def _scalar(node: yaml.ScalarNode) -> Json:
    text: str = node.value
    if node.style is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
