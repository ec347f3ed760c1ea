"""`graph-service digest`: one hash over a graph, or what tells it from another."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from typing import TYPE_CHECKING, Any

import typer

from graph_service.cli.running import driver_of
from graph_service.settings import Settings

if TYPE_CHECKING:
    from graph_service.core.model import StreamKey
    from graph_service.store.keep.digest import DigestComparison, StreamDigest
    from graph_service.store.keep.streams import EventMark, Graph

MEANWHILE = (
    "the graph was written to meanwhile, so this is about no one moment; stop the ingesters, or ask again"
)


def stream_name(stream: StreamKey) -> str:
    """A stream as people read it: `service:cart`, `service:cart -CALLS->`, `service:cart -CALLS[blue]->`."""
    owner, type, discriminator = stream
    return owner if not type else f"{owner} -{type}{f'[{discriminator}]' if discriminator else ''}->"


def run_digest(settings: Settings, *, valid: bool, streams: bool, as_json: bool) -> None:
    """Print the digest; with `streams` also that of each stream, before it, as they are read."""

    async def go() -> str:
        from graph_service.store.keep.digest import digest
        from graph_service.store.keep.streams import Graph

        async with driver_of(settings) as driver:
            graph = Graph(driver=driver, database=settings.neo4j_database)
            async with _Moment(graph):
                return await digest(
                    driver,
                    valid=valid,
                    database=settings.neo4j_database,
                    each=(_print_json if as_json else _print_stream) if streams else None,
                )

    whole = asyncio.run(go())
    typer.echo(json.dumps({"digest": whole}) if as_json else whole)


def run_compare(settings: Settings, other: Settings, *, valid: bool, first: int, as_json: bool) -> None:
    """Print whether two graphs are equal, else what differs first. Exit code 1 when they differ."""

    async def go() -> DigestComparison:
        from graph_service.store.keep.digest import compare
        from graph_service.store.keep.streams import Graph

        async with driver_of(settings) as one, driver_of(other) as two:
            graphs = (
                Graph(driver=one, database=settings.neo4j_database),
                Graph(driver=two, database=other.neo4j_database),
            )
            async with _Moment(graphs[0]), _Moment(graphs[1]):
                return await compare(
                    one,
                    two,
                    valid=valid,
                    first=first,
                    database=settings.neo4j_database,
                    database_two=other.neo4j_database,
                )

    result = asyncio.run(go())
    if as_json:
        typer.echo(json.dumps({"equal": result.equal, **_plain(result)}))
    else:
        _print_comparison(result)
    if not result.equal:
        raise typer.Exit(1)


class _Moment:
    """Says so when a graph was written to between the beginning and the end."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._tick: int | None = None

    async def __aenter__(self) -> None:
        from graph_service.store.keep.streams import tick

        self._tick = await tick(self._graph)

    async def __aexit__(self, type: object, *_: object) -> None:
        from graph_service.store.keep.streams import tick

        if type is None and await tick(self._graph) != self._tick:
            typer.echo(f"graph-service: {MEANWHILE}", err=True)


def _plain(result: Any) -> dict[str, Any]:
    return dataclasses.asdict(result)


def _print_stream(one: StreamDigest) -> None:
    typer.echo(f"{one.digest} {one.versions:>8} {stream_name(one.stream)}")


def _print_json(one: StreamDigest) -> None:
    typer.echo(json.dumps(_plain(one), ensure_ascii=False))


def _print_comparison(result: DigestComparison) -> None:
    if result.equal:
        typer.echo(f"equal: {result.streams} streams, {result.events} events, {result.one}")
        return
    typer.echo(f"different: {result.one} here, {result.two} there")
    if result.streams_differ:
        typer.echo(_heading(result.streams_differ, result.streams, "streams", len(result.first_streams)))
    for one in result.first_streams:
        typer.echo(f"  {stream_name(one.stream)}: {_versions(one.one)} here, {_versions(one.two)} there")
    if result.events_differ:
        typer.echo(_heading(result.events_differ, result.events, "events", len(result.first_events)))
    for here, there in result.first_events:
        typer.echo(f"  {event_line(here, there, ('here', 'there'))}")


def _heading(differ: int, total: int, what: str, told: int) -> str:
    return f"{differ} of {total} {what} differ" + (f"; the first {told}:" if told < differ else ":")


def _versions(side: StreamDigest | None) -> str:
    return "nothing" if side is None else f"{side.versions} versions ({side.digest[:8]})"


def event_line(one: EventMark | None, two: EventMark | None, sides: tuple[str, str]) -> str:
    """An event that is not the same in two graphs, as people read it."""
    event = one or two
    assert event is not None
    name = f"{event.id} of {event.source}"
    if one is None or two is None:
        side = sides[1] if one is None else sides[0]
        return f"{name}: only {side}, from {event.topic}/{event.partition}/{event.offset}"
    if one.content_hash != two.content_hash:
        return f"{name}: other content"
    places = [f"{side.topic}/{side.partition}/{side.offset}" for side in (one, two)]
    return f"{name}: from {places[0]} {sides[0]}, from {places[1]} {sides[1]}"
