"""What the commands of `graph-service dead-letters` do, and how they say it."""

from __future__ import annotations

import asyncio
import dataclasses
import getpass
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from graph_service.cli.places import need_neo4j
from graph_service.cli.running import dead_letters_of, driver_of
from graph_service.core.errors import BadInput, BadRequest, GraphServiceError
from graph_service.core.time import format_instant
from graph_service.settings import Settings
from graph_service.store.keep.deadletters import DeadLetters
from graph_service.store.keep.letters import (
    LetterFilter,
    LetterRecord,
    LetterRow,
    LetterState,
    json_of,
    letter_cursor,
    text_of,
)
from graph_service.store.keep.replay import Replayed

if TYPE_CHECKING:
    from graph_service.mapping import Mapping

T = TypeVar("T")

MESSAGE_CHARS = 160
"""Of an explanation in the table; `show` has all of it."""
LISTED_MAX = 20
"""Of letters that failed again, for people; JSON has all of them."""


def wanted(reason: str | None, topic: str | None, type: str | None, state: str) -> LetterFilter:
    """The filter of a list.

    Raises:
        BadInput: there is no such state.
    """
    if state != "all" and state not in list(LetterState):
        raise BadInput(f"--state: {state!r} is not one of {', '.join(LetterState)}, all")
    return LetterFilter(
        reason=reason, topic=topic, event_type=type, state=None if state == "all" else LetterState(state)
    )


def selected(
    ids: Sequence[str], reason: str | None, topic: str | None, type: str | None, every: bool
) -> Sequence[str] | LetterFilter:
    """What is to be replayed: the ids, or all that a filter finds.

    Raises:
        BadInput: nothing was chosen, or two ways at once.
    """
    filtered = any(one is not None for one in (reason, topic, type))
    if (bool(ids), filtered, every).count(True) != 1:
        raise BadInput(
            "say which dead letters to replay in one way: ids as in the list, or --reason, --topic and --type, or --all"
        )
    return ids or LetterFilter(reason=reason, topic=topic, event_type=type)


def user(given: str | None) -> str:
    """Who does it: as given, or who runs this."""
    if given:
        return given
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def list_letters(
    settings: Settings,
    which: LetterFilter,
    *,
    oldest_first: bool,
    limit: int,
    after: str | None,
    as_json: bool,
) -> None:
    """Print a page of dead letters."""

    async def go(letters: DeadLetters) -> tuple[Sequence[LetterRow], bool]:
        cursor = None if after is None else letter_cursor(await _one(letters, after))
        page = await letters.listed(which, first=limit, after=cursor, oldest_first=oldest_first)
        return page.items, page.more

    rows, more = _run(settings, go)
    following = rows[-1].id if more else None
    if as_json:
        _print_json({"dead_letters": [_plain(row) for row in rows], "after": following})
        return
    if not rows:
        typer.echo("no dead letters" + ("" if which == LetterFilter() else " of this kind"))
        return
    Console().print(_table(rows))
    if following is not None:
        typer.echo(f"{len(rows)} shown, and there are more: --after {following}")


def show_letter(settings: Settings, id: str, *, as_json: bool) -> None:
    """Print all of one dead letter."""

    async def go(letters: DeadLetters) -> tuple[LetterRow, LetterRecord]:
        row = await _one(letters, id)
        return row, (await letters.records([row]))[row.id]

    row, record = _run(settings, go)
    if as_json:
        _print_json({**_plain(row), "record": _plain_record(record)})
        return
    for name, value in _plain(row).items():
        if value is not None:
            typer.echo(f"{name:12} {value}")
    for line in _told(row, record):
        typer.echo(line)


def replay_letters(
    settings: Settings, which: Sequence[str] | LetterFilter, *, by: str, as_json: bool
) -> None:
    """Replay, and print what came of it. Exit code 1 when some are still not in the graph."""
    from graph_service.mapping import Mapping

    mapping = Mapping.load(settings.mapping) if settings.mapping else None
    reached: list[Replayed] = []

    async def go(letters: DeadLetters) -> Replayed:
        with Console(stderr=True).status("replaying") as status:

            def on_batch(so_far: Replayed) -> None:
                reached[:] = [so_far]
                status.update(f"replaying: {so_far.tried} tried, {len(so_far.replayed)} in the graph")

            return await letters.replay(which, by=by, on_batch=on_batch)

    try:
        found = _run(settings, go, mapping)
    except (GraphServiceError, KeyboardInterrupt):
        if reached:
            typer.echo(f"{_summary(reached[0])}; the rest was not reached: replay again", err=True)
        raise
    if as_json:
        _print_json(dataclasses.asdict(found))
    else:
        for line in _results(found):
            typer.echo(line)
    if found.failed or found.not_kept:
        raise typer.Exit(1)


def discard_letters(settings: Settings, ids: Sequence[str], *, note: str, by: str, as_json: bool) -> None:
    """Discard, and print what was. Exit code 1 when some had been settled before."""

    async def go(letters: DeadLetters) -> tuple[str, ...]:
        return await letters.discard(ids, note=note, by=by)

    done = _run(settings, go)
    before = [id for id in dict.fromkeys(ids) if id not in done]
    if as_json:
        _print_json({"discarded": done, "settled_before": before})
    else:
        typer.echo(f"{len(done)} discarded")
        for id in before:
            typer.echo(f"{id} had been replayed or discarded before, and stays as it is")
    if before:
        raise typer.Exit(1)


def _run(
    settings: Settings, work: Callable[[DeadLetters], Awaitable[T]], mapping: Mapping | None = None
) -> T:
    async def go() -> T:
        async with _opened(need_neo4j(settings), mapping) as letters:
            return await work(letters)

    return asyncio.run(go())


@asynccontextmanager
async def _opened(settings: Settings, mapping: Mapping | None) -> AsyncIterator[DeadLetters]:
    async with driver_of(settings) as driver:
        yield dead_letters_of(driver, settings, mapping)


async def _one(letters: DeadLetters, id: str) -> LetterRow:
    found = (await letters.by_id([id])).get(id)
    if found is None:
        raise BadRequest(
            f"there is no dead letter {id!r:.200}; ids are like topic/partition/offset: see `graph-service dead-letters list`"
        )
    return found


def _table(rows: Sequence[LetterRow]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 1, 0), show_header=False)
    table.add_column(overflow="fold", max_width=48)
    table.add_column(overflow="fold", max_width=20)
    table.add_column(overflow="fold", ratio=1)
    for row in rows:
        tries = "1 try" if row.attempts == 1 else f"{row.attempts} tries"
        event = " ".join(part for part in (row.event_type, row.event_id) if part)
        why = row.message if len(row.message) <= MESSAGE_CHARS else row.message[: MESSAGE_CHARS - 1] + "…"
        table.add_row(
            _lines(row.id, format_instant(row.recorded_at)[:19] + "Z"),
            _lines(row.reason, f"{row.state.value}, {tries}"),
            _lines(event, why) if event else _lines(why),
        )
    return table


def _lines(*lines: str) -> str:
    return "\n".join(_plain_text(line) for line in lines)


def _plain_text(cell: str) -> str:
    """Without what a console would take for markup: what is in a record is not ours."""
    from rich.markup import escape

    return escape("".join(sign if sign.isprintable() else " " for sign in cell))


def _results(found: Replayed) -> list[str]:
    lines = [_summary(found)]
    for failed in found.failed[:LISTED_MAX]:
        lines.append(f"{failed.id}: {failed.reason}: {failed.message}")
    if len(found.failed) > LISTED_MAX:
        lines.append(f"and {len(found.failed) - LISTED_MAX} more: see `graph-service dead-letters list`")
    for id in found.not_kept[:LISTED_MAX]:
        lines.append(
            f"{id}: its record was too large to keep, or was erased; if Kafka still has it, it is at that topic, partition and offset: "
            "publish it again in a form that is accepted, and discard this"
        )
    if len(found.not_kept) > LISTED_MAX:
        lines.append(f"and {len(found.not_kept) - LISTED_MAX} more that were not kept")
    return lines


def _summary(found: Replayed) -> str:
    if not found.tried:
        return f"nothing to replay (mapping {found.mapping})"
    parts = [
        f"{len(found.replayed)} replayed under mapping {found.mapping}"
        + (f" ({found.events} new events)" if found.events != len(found.replayed) else "")
    ]
    for count, what in (
        (len(found.failed), "failed again"),
        (len(found.not_kept), "not kept"),
        (len(found.already), "replayed before"),
    ):
        if count:
            parts.append(f"{count} {what}")
    return ", ".join(parts)


def _plain(row: LetterRow) -> dict[str, object]:
    plain = dataclasses.asdict(row)
    for name in ("recorded_at", "operated_at"):
        if plain[name] is not None:
            plain[name] = format_instant(plain[name])
    return {**plain, "state": row.state.value}


def _plain_record(record: LetterRecord) -> dict[str, object]:
    return {
        "key": _told_bytes(record.key),
        "headers": [{"name": name, **_told_bytes(content)} for name, content in record.headers],
        "value": _told_bytes(record.value),
    }


def _told_bytes(content: bytes | None) -> dict[str, object]:
    """As what it is: {json}, {text} or {base64}; {} for none."""
    if content is None:
        return {}
    is_json, value = json_of(content)
    if is_json:
        return {"json": value}
    text = text_of(content)
    return {"text": text} if text is not None else {"base64": b64encode(content).decode()}


def _told(row: LetterRow, record: LetterRecord) -> list[str]:
    lines = []
    if record.key is not None:
        lines.append(f"{'key':12} {_line(record.key)}")
    lines += [
        f"{'header':12} {name}: {'' if content is None else _line(content)}"
        for name, content in record.headers
    ]
    if record.value is not None:
        told = _told_bytes(record.value)
        lines += [
            "",
            json.dumps(told["json"], indent=2, ensure_ascii=False) if "json" in told else _line(record.value),
        ]
    elif not row.complete:
        lines += [
            "",
            f"its record is not kept; Kafka may have it at {row.topic}, partition {row.partition}, offset {row.offset}",
        ]
    return lines


def _line(content: bytes) -> str:
    text = text_of(content)
    return text if text is not None else f"(base64) {b64encode(content).decode()}"


def _print_json(plain: object) -> None:
    typer.echo(json.dumps(plain, indent=2, ensure_ascii=False))
