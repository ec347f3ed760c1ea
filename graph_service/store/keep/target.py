"""What a rebuild reads of the live graph, which it never writes to, and how it makes sure of the graph that it writes instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from neo4j import RoutingControl

from graph_service.core.errors import BadInput, BadSettings
from graph_service.core.time import FOREVER
from graph_service.store.keep.erasure import erasures, keep_erasures
from graph_service.store.keep.streams import Graph
from graph_service.store.neo4j_errors import translated
from graph_service.store.queries import query
from graph_service.store.write.refold import BEGINNING
from graph_service.store.write.writer import Writer


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a partition is applied in a graph: `offset` is that of the last record that was."""

    topic: str
    partition: int
    #: What Kafka called the topic when it was first read; tells it from a later one of the same name.
    topic_id: str | None
    offset: int
    recorded_at: int


async def standings(graph: Graph) -> tuple[Standing, ...]:
    """Every partition of which something is applied, by topic and number.

    Raises:
        StoreUnavailable: Neo4j does not answer.
    """
    return tuple(Standing(**row) for row in await _read(graph, "read/standings"))


def comparable(rebuilt: Iterable[Standing], live: Iterable[Standing]) -> int:
    """The known time up to which a graph that holds the log as far as `rebuilt` can be compared with one that is at `live`.

    FOREVER when the live one has not moved. Otherwise what came after is not before the last record that both hold of a
    partition that moved, so anything recorded earlier is the same for both.
    """
    held = {(one.topic, one.partition): one for one in rebuilt}
    known = FOREVER
    for now in live:
        then = held.get((now.topic, now.partition))
        if then is None:
            return BEGINNING
        if then.offset < now.offset:
            known = min(known, then.recorded_at - 1)
    return known


async def begin(live: Graph, target: Graph, writer: Writer, *, go_on: bool, mapping: str) -> None:
    """Make sure that `target` may be written: it is not the live graph, and empty or, with `go_on`, begun by a rebuild of it.

    Afterwards it has its schema, and is marked as a rebuild of the live graph. `writer` writes to the target; `mapping` is the
    version to rebuild with.

    Raises:
        BadSettings: it is the live graph, or holds something else, or was begun under another mapping.
        StoreUnavailable: a Neo4j does not answer.
    """
    (own,), (other,) = await _read(live, "read/database_id"), await _read(target, "read/database_id")
    if own["id"] == other["id"]:
        raise BadSettings("--to is the live graph itself; give the address of another, empty Neo4j")
    (found,) = await _read(target, "read/rebuild_target")
    if found["nodes"]:
        if not go_on:
            raise BadSettings(
                "the graph at --to is not empty; give an empty one, or pass --continue to go on with a rebuild that was interrupted"
            )
        if found["rebuild_of"] != own["id"]:
            raise BadSettings("the graph at --to was not begun by a rebuild of this graph; give an empty one")
        if found["mapping"] not in (None, mapping):
            raise BadSettings(
                f"the rebuild at --to was begun with version {found['mapping']} of the mapping, and this is {mapping}; "
                "go on with the same mapping files, or begin again in an empty graph"
            )
    await writer.migrate()
    with translated():
        await target.driver.execute_query(
            query("write/rebuild_begun"), {"of": own["id"]}, database_=target.database
        )


async def copy_erasures(live: Graph, target: Graph) -> int:
    """Bring the erasures of the live graph to the target before anything is written there, so that what was erased does not come back.

    Returns how many there are. May be called again, to make sure that there are no new ones.

    Raises:
        BadInput: something was erased after the rebuild began: its values may be in the target already.
        StoreUnavailable: a Neo4j does not answer.
    """
    wanted = await erasures(live.driver, database=live.database)
    there = {(one.key, one.known_to) for one in await erasures(target.driver, database=target.database)}
    new = [one for one in wanted if (one.key, one.known_to) not in there]
    if new and await standings(target):
        raise BadInput(
            f"{new[0].key} was erased from the live graph after the rebuild began, so the graph at --to may hold what it must not; "
            "empty it, and rebuild again"
        )
    await keep_erasures(target.driver, new, database=target.database)
    return len(wanted)


async def events_older(graph: Graph, firsts: Mapping[tuple[str, int], int]) -> dict[tuple[str, int], int]:
    """How many events of each partition stand before the first offset that the log still has, where there are any.

    `firsts` holds the partitions whose log does not begin at 0. Looks at every event, unless it is empty.

    Raises:
        StoreUnavailable: Neo4j does not answer.
    """
    if not firsts:
        return {}
    by_name = {f"{topic}/{partition}": offset for (topic, partition), offset in firsts.items()}
    rows = await _read(graph, "read/events_older", firsts=by_name)
    return {(row["topic"], row["partition"]): row["events"] for row in rows}


async def dead_letters(graph: Graph) -> dict[str, int]:
    """How many dead letters a graph holds, by reason; those that were replayed since are none any more.

    Raises:
        StoreUnavailable: Neo4j does not answer.
    """
    return {row["reason"]: row["letters"] for row in await _read(graph, "read/dead_letters_by_reason")}


async def _read(graph: Graph, name: str, **values: Any) -> list[dict[str, Any]]:
    with translated():
        result = await graph.driver.execute_query(
            query(name), values, database_=graph.database, routing_=RoutingControl.READ
        )
    return [record.data() for record in result.records]
