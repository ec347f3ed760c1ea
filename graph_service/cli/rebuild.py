"""`graph-service rebuild`: the log once more into another graph, and what that graph believes otherwise than the live one."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from graph_service.cli.digest import event_line, stream_name
from graph_service.cli.running import driver_of, ingest_options
from graph_service.core.errors import BadInput
from graph_service.core.time import FOREVER, format_instant, open_or_text
from graph_service.settings import Settings

if TYPE_CHECKING:
    from graph_service.mapping import Mapping
    from graph_service.store.keep.compare import Fact, FactDiffers, FactsCompared
    from graph_service.store.keep.streams import Graph
    from graph_service.store.keep.target import Standing
    from ingest.rebuild import Rebuild

ROUNDS_MAX = 5
"""How often a rebuild follows a live graph that goes on meanwhile."""
LOOK_EVERY_S = 0.2
STATE_CHARS_MAX = 80


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A partition whose log does not begin at its beginning any more."""

    topic: str
    partition: int
    first_offset: int
    #: In the live graph, from records before that offset.
    events_older: int


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a rebuild came to. Counts of records are of this run alone; dead letters are all that the graphs hold."""

    mapping: str
    topics: tuple[str, ...]
    #: Of the live graph, but not read.
    topics_left_out: tuple[str, ...]
    records: int
    events: int
    duplicates: int
    unmapped: int
    erasures: int
    dead_letters_live: dict[str, int]
    dead_letters: dict[str, int]
    cut: tuple[Cut, ...]
    comparison: FactsCompared

    @property
    def partial(self) -> bool:
        """Whether the live graph holds what could not be rebuilt."""
        return bool(self.topics_left_out) or any(one.events_older for one in self.cut)


def run_rebuild(settings: Settings, target: Settings, *, go_on: bool, first: int, as_json: bool) -> None:
    """Rebuild, compare, print. Exit code 1 when the graphs differ."""
    from graph_service.mapping import Mapping

    settings.need("mapping", "kafka_bootstrap")
    mapping = Mapping.load(settings.mapping)
    try:
        report = asyncio.run(rebuild(settings, target, mapping, go_on=go_on, first=first))
    except KeyboardInterrupt:
        typer.echo("graph-service: interrupted; the same command with --continue goes on", err=True)
        raise
    if as_json:
        typer.echo(json.dumps(plain(report), ensure_ascii=False))
    else:
        for line in lines(report):
            typer.echo(line)
    if not report.comparison.equal:
        raise typer.Exit(1)


async def rebuild(
    settings: Settings, target_settings: Settings, mapping: Mapping, *, go_on: bool, first: int
) -> Report:
    """Read the log into the target and compare it with the live graph, which is only read. Shows how far it is on standard error.

    Raises:
        BadSettings: the target may not be written to.
        BadInput: the log is not the one that the live graph was made from.
        StoreUnavailable, LogUnavailable: one of the three does not answer; --continue goes on.
    """
    from graph_service.store.keep.streams import Graph
    from graph_service.store.keep.target import begin, copy_erasures
    from graph_service.store.write.writer import Writer
    from ingest.rebuild import Rebuild

    async with driver_of(settings) as live_driver, driver_of(target_settings) as target_driver:
        live = Graph(driver=live_driver, database=settings.neo4j_database)
        target = Graph(driver=target_driver, database=target_settings.neo4j_database)
        writer = Writer(
            target_driver,
            database=target.database,
            transaction_timeout_s=target_settings.neo4j_transaction_timeout_s,
        )
        await begin(live, target, writer, go_on=go_on, mapping=mapping.version)
        await writer.declare(
            mapping.vocabulary, mapping.version, [(one.name, one.version, one.text) for one in mapping.files]
        )
        await copy_erasures(live, target)
        rebuilding = Rebuild(ingest_options(settings), writer, mapping)
        return await _followed(settings, mapping, rebuilding, live, target, first)


async def _followed(
    settings: Settings, mapping: Mapping, rebuilding: Rebuild, live: Graph, target: Graph, first: int
) -> Report:
    """Rebuild until the target is where the live graph is, or has tried often enough; then compare."""
    from graph_service.store.keep.target import copy_erasures, dead_letters, events_older, standings

    left_out: set[str] = set()
    reached: tuple[Standing, ...] = ()
    firsts: dict[tuple[str, int], int] = {}
    with _bar() as bar:
        for _ in range(ROUNDS_MAX):
            wanted = await standings(live)
            left_out = {one.topic for one in wanted if settings.topics and one.topic not in settings.topics}
            wanted = tuple(one for one in wanted if one.topic not in left_out)
            if not wanted:
                raise BadInput("the live graph has nothing from these topics, so there is nothing to rebuild")
            if wanted == reached:
                break
            await _caught_up(rebuilding, wanted, bar)
            firsts |= {(part.topic, part.partition): part.first for part in rebuilding.parts if part.first}
            reached = wanted
        erasures = await copy_erasures(live, target)
        bar.add_task("comparing", total=None)
        comparison = await _compared(live, target, reached, left_out, first)
    older = await events_older(live, firsts)
    return Report(
        mapping=mapping.version,
        topics=tuple(sorted({one.topic for one in reached})),
        topics_left_out=tuple(sorted(left_out)),
        records=rebuilding.progress.applied,
        events=rebuilding.progress.events,
        duplicates=rebuilding.progress.duplicates,
        unmapped=rebuilding.progress.unmapped,
        erasures=erasures,
        dead_letters_live=await dead_letters(live),
        dead_letters=await dead_letters(target),
        cut=tuple(
            Cut(
                topic=topic,
                partition=partition,
                first_offset=offset,
                events_older=older.get((topic, partition), 0),
            )
            for (topic, partition), offset in sorted(firsts.items())
        ),
        comparison=comparison,
    )


async def _caught_up(rebuilding: Rebuild, wanted: Sequence[Standing], bar: Progress) -> None:
    """One run, with the bar following it."""
    running = asyncio.create_task(rebuilding.run(wanted, asyncio.Event()))
    task = bar.add_task("rebuilding", total=None)
    try:
        while not running.done():
            await asyncio.wait((running,), timeout=LOOK_EVERY_S)
            if rebuilding.parts:
                total = sum(part.offsets for part in rebuilding.parts)
                text = "rebuilding" if rebuilding.progress.trouble is None else "waiting for Neo4j"
                bar.update(task, total=total, completed=total - rebuilding.offsets_left, description=text)
        await running
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(running, return_exceptions=True)


async def _compared(
    live: Graph, target: Graph, reached: Sequence[Standing], left_out: set[str], first: int
) -> FactsCompared:
    """Compare as of all that is recorded; where the live graph goes on meanwhile, as of before what it has more."""
    from graph_service.store.keep.compare import compare_facts
    from graph_service.store.keep.target import comparable, standings

    known = FOREVER
    while True:
        now = [one for one in await standings(live) if one.topic not in left_out]
        known = min(known, comparable(reached, now))
        found = await compare_facts(live, target, known=known, first=first)
        now = [one for one in await standings(live) if one.topic not in left_out]
        if comparable(reached, now) >= known:
            return found


def plain(report: Report) -> dict[str, Any]:
    """The report for programs: times in RFC 3339, null where open; `known` is null for all that is recorded."""
    found = dataclasses.asdict(report)
    found["equal"], found["partial"] = report.comparison.equal, report.partial
    comparison = found["comparison"]
    known = report.comparison.known
    comparison["known"] = None if known == FOREVER else format_instant(known)
    for stream in comparison["first"]:
        stream["stream"] = stream["stream"]._asdict()
        for one in stream["first"]:
            for fact in (one["before"], one["after"]):
                if fact is not None:
                    fact["valid_from"] = format_instant(fact["valid_from"])
                    fact["valid_to"] = open_or_text(fact["valid_to"])
    comparison["first_believed_otherwise"] = [
        one._asdict() for one in report.comparison.first_believed_otherwise
    ]
    return found


def lines(report: Report) -> list[str]:
    """The report for people."""
    return [*_rebuilt_lines(report), *_comparison_lines(report.comparison)]


def _rebuilt_lines(report: Report) -> list[str]:
    found = [
        f"rebuilt from {report.records} records of {', '.join(report.topics)} under mapping {report.mapping}: {report.events} events, "
        f"{report.duplicates} duplicates, {report.unmapped} without a rule"
    ]
    letters = {**dict.fromkeys(report.dead_letters_live, 0), **report.dead_letters}
    if letters:
        said = (
            f"{reason} {count} (live {report.dead_letters_live.get(reason, 0)})"
            for reason, count in sorted(letters.items())
        )
        found.append(f"dead letters: {', '.join(said)}")
    if report.erasures:
        found.append(f"{report.erasures} erasures were carried over")
    for topic in report.topics_left_out:
        found.append(f"PARTIAL: the live graph also holds events of {topic}, which was not read")
    for cut in report.cut:
        place = f"{cut.topic}/{cut.partition}"
        if cut.events_older:
            found.append(
                f"PARTIAL: the log of {place} begins at offset {cut.first_offset}; {cut.events_older} events of the live graph are "
                "older, and cannot be rebuilt. What they said shows as lost or moved"
            )
        else:
            found.append(
                f"the log of {place} begins at offset {cut.first_offset}; the live graph holds nothing older"
            )
    return found


def _comparison_lines(found: FactsCompared) -> list[str]:
    as_of = "" if found.known == FOREVER else f", as recorded by {format_instant(found.known)}"
    if found.equal:
        return [f"equal: {found.streams} streams, {found.events.both} events{as_of}"]
    said = [
        f"different: of {found.streams} streams {found.differ} differ in their facts, and {found.believed_otherwise} only in what "
        f"was believed before, or why{as_of}"
    ]
    if found.counts:
        width = max(map(len, found.counts))
        kinds = list(next(iter(found.counts.values())))
        said.append(f"  {'':{width}} " + " ".join(f"{what:>9}" for what in kinds))
        for name, counts in found.counts.items():
            said.append(f"  {name:{width}} " + " ".join(f"{counts[what]:>9}" for what in kinds))
    for stream in found.first:
        said.append(stream_name(stream.stream))
        said += [f"  {_difference(one)}" for one in stream.first]
        rest = sum(stream.counts.values()) - len(stream.first)
        said += [f"  and {rest} more"] if rest else []
    for key in found.first_believed_otherwise:
        said.append(f"{stream_name(key)}: believed otherwise before")
    events = found.events
    if events.gained or events.lost or events.otherwise:
        said.append(
            f"events: {events.gained} gained, {events.lost} lost, {events.otherwise} of other content or place"
        )
        said += [f"  {event_line(*pair, ('live', 'rebuilt'))}" for pair in events.first]
    return said


def _difference(one: FactDiffers) -> str:
    if one.before is None or one.after is None:
        fact = one.before or one.after
        assert fact is not None
        return f"{one.what:<7} {_target(fact)}{_state(fact)} {_span(fact)}"
    target, after = _target(one.before), one.after
    if one.before.properties == after.properties:
        return f"{one.what:<7} {target}{_state(one.before)} {_span(one.before)} => {_span(after)}"
    return f"{one.what:<7} {target}{_span(one.before)} {_state(one.before)} => {_state(after)}"


def _target(fact: Fact) -> str:
    return f"{fact.target} " if fact.target else ""


def _state(fact: Fact) -> str:
    text = fact.properties
    return text if len(text) <= STATE_CHARS_MAX else f"{text[: STATE_CHARS_MAX - 1]}…"


def _span(fact: Fact) -> str:
    return f"[{format_instant(fact.valid_from)}, {open_or_text(fact.valid_to) or 'open'})"


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
