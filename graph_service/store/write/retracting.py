"""Retractions at work on the graph, within one transaction: which events stand at other known times than before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from neo4j import AsyncTransaction

from graph_service.core.assertions import EventRetracted
from graph_service.core.model import RecordOrder
from graph_service.core.retraction import believed_spans
from graph_service.store.queries import ask
from graph_service.store.write.batch import MappedEvent


async def retract(tx: AsyncTransaction, new: Iterable[MappedEvent], touched: Iterable[str]) -> set[str]:
    """Note what new events retract, and when each event concerned stands; returns the keys of the entities that those speak about.

    `touched`: uids of events that were retracted by a record that no longer counts.
    """
    listed = list(new)
    pairs: list[dict[str, Any]] = [
        {
            "by": mapped.event.uid,
            "uid": assertion.event.uid,
            "source": assertion.event.source,
            "id": assertion.event.id,
            "nth": nth,
            "rule": assertion.rule,
        }
        for mapped in listed
        for nth, assertion in enumerate(mapped.assertions)
        if isinstance(assertion, EventRetracted)
    ]
    if pairs:
        await ask(tx, "write/retractions", rows=pairs)
    start = {mapped.event.uid for mapped in listed} | {pair["uid"] for pair in pairs} | set(touched)
    retractors, connected = await _around(tx, start)
    concerned = connected | set(touched)
    if not concerned:
        return set()
    before: dict[str, list[int] | None] = {}
    orders: dict[str, RecordOrder] = {}
    for row in await ask(tx, "write/events_standing", uids=sorted(concerned)):
        before[row["uid"]] = row["believed"]
        orders[row["uid"]] = RecordOrder(*row["order"])
    spans = believed_spans(orders, retractors)
    now = {uid: [i for span in spans[uid] for i in span] if uid in spans else None for uid in orders}
    changed = [{"uid": uid, "believed": now[uid]} for uid in sorted(orders) if now[uid] != before[uid]]
    if not changed:
        return set()
    await ask(tx, "write/events_believed", rows=changed)
    return {row["key"] for row in await ask(tx, "write/owners_of", uids=[row["uid"] for row in changed])}


async def _around(tx: AsyncTransaction, start: Iterable[str]) -> tuple[dict[str, set[str]], set[str]]:
    """All retractions that are connected with `start`: the retractors by what they retract, and all uids that occur."""
    retractors: dict[str, set[str]] = defaultdict(set)
    seen: set[str] = set()
    connected: set[str] = set()
    todo = set(start)
    while todo:
        rows = await ask(tx, "write/retractions_around", uids=sorted(todo))
        seen |= todo
        for row in rows:
            retractors[row["uid"]].add(row["by"])
            connected |= {row["uid"], row["by"]}
        todo = connected - seen
    return retractors, connected
