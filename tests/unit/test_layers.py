"""The arrows between the parts: `ingest` and `api` -> `mapping` and `store` -> `core`. Read from the imports, without importing."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULE_LINES_MAX = 450

OWNERS = {
    "neo4j": "graph_service.store",
    "strawberry": "graph_service.api",
    "fastapi": "graph_service.api",
    "starlette": "graph_service.api",
    "uvicorn": "graph_service.api",
    "graphql": "graph_service.api",
    "aiokafka": "ingest",
}
"""Packages that exactly one part may import, and that part."""

PARTS: dict[str, set[str]] = {
    "graph_service.core": set(),
    "graph_service.mapping": {"graph_service.core"},
    "graph_service.store": {"graph_service.core", "graph_service.mapping"},
    "graph_service.local": {"graph_service.core"},
    "graph_service.story": set(),
    "ingest": {
        "graph_service.core",
        "graph_service.mapping",
        "graph_service.store",
        "graph_service.settings",
    },
    "graph_service.api": {
        "graph_service.core",
        "graph_service.mapping",
        "graph_service.store",
        "graph_service.settings",
    },
}
"""What each part may import of this project, besides itself. Parts that are not named (the command line) put them together."""

OURS = {"graph_service", "ingest"}


def modules() -> list[Path]:
    return sorted(path for top in OURS for path in (ROOT / top).rglob("*.py"))


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(source: str, module: str, *, is_package: bool) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every import in `source`, also those in functions; `from a import b` gives `a.b`."""
    package = module if is_package else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = package.split(".")
            up = names[: len(names) - node.level + 1] if node.level else []
            base = ".".join([*up, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and _imports_by_name(node):
            argument = node.args[0]
            assert isinstance(argument, ast.Constant)
            yield node.lineno, str(argument.value)


def _imports_by_name(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return (
        name in ("import_module", "__import__") and bool(call.args) and isinstance(call.args[0], ast.Constant)
    )


def within(name: str, part: str) -> bool:
    return name == part or name.startswith(part + ".")


def wrong_arrows(source: str, module: str, *, is_package: bool = False) -> list[str]:
    """What this module imports and must not, in words."""
    part = next((part for part in PARTS if within(module, part)), None)
    wrong = []
    for line, name in imported(source, module, is_package=is_package):
        top = name.partition(".")[0]
        owner = OWNERS.get(top)
        if owner and not within(module, owner):
            wrong.append(f"{module}:{line} imports {name}; only {owner} may")
        if part == "graph_service.core" and top not in OURS and top not in sys.stdlib_module_names:
            wrong.append(f"{module}:{line} imports {name}; the core uses the standard library only")
        ours = part and top in OURS and name != f"{top}.__version__"
        if part and ours and not any(within(name, allowed) for allowed in (part, *PARTS[part])):
            wrong.append(f"{module}:{line} imports {name}; {part} may not")
        if top == "tests":
            wrong.append(f"{module}:{line} imports {name}; tests are not part of the product")
    return wrong


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_imports_follow_the_arrows(path: Path) -> None:
    """No module imports what its layer must not know."""
    assert not wrong_arrows(path.read_text("utf-8"), dotted(path), is_package=path.name == "__init__.py")


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_modules_are_short(path: Path) -> None:
    """A module that grows beyond this holds more than one idea."""
    assert len(path.read_text("utf-8").splitlines()) <= MODULE_LINES_MAX


def test_queries_are_text_only() -> None:
    """`queries/` has no Python: it is loaded by name, and must not become a package."""
    assert not list((ROOT / "queries").rglob("*.py"))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("graph_service.core.fold", "import pydantic"),
        ("graph_service.core.fold", "from graph_service.store import batch"),
        ("graph_service.core.fold", "from ..store import batch"),
        ("graph_service.core.fold", "from .. import store"),
        ("graph_service.mapping.compile", "def later() -> None:\n    import neo4j"),
        ("graph_service.mapping.compile", "import graph_service.store.write.batch"),
        ("graph_service.store.write.batch", "from ingest import apply"),
        ("graph_service.api.schema", "from ingest.apply import apply"),
        ("graph_service.api.schema", "from neo4j import AsyncDriver"),
        ("graph_service.api.schema", "importlib.import_module('aiokafka')"),
        ("graph_service.cli.serve", "import uvicorn"),
        ("graph_service.cli.serve", "from fastapi import FastAPI"),
        ("ingest.consume", "from graph_service.api import app"),
        ("ingest.consume", "from graph_service import api"),
        ("ingest.consume", "from tests.builders import event"),
    ],
)
def test_a_wrong_arrow_is_found(module: str, source: str) -> None:
    """The check finds what it is there to find, however the import is written."""
    assert len(wrong_arrows(source, module)) >= 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("graph_service.core.fold", "from bisect import insort\nfrom graph_service.core.model import Row"),
        ("graph_service.core.fold", "from .model import Row"),
        ("graph_service.store.write.batch", "import neo4j\nfrom graph_service.core import fold"),
        ("graph_service.cli.up", "from graph_service import api\nimport ingest"),
        (
            "ingest.consume",
            "from aiokafka import AIOKafkaConsumer\nfrom graph_service.mapping import mapping",
        ),
    ],
)
def test_a_right_arrow_is_let_through(module: str, source: str) -> None:
    """The check does not cry for nothing."""
    assert not wrong_arrows(source, module)
