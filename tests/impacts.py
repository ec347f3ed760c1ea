"""What the oracle says of drift and paths, by brute force: small graphs only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from graph_service.core.model import StreamKey
from graph_service.store.read.answers import DriftAt, DriftHit, Point, RelationshipAt
from tests.oracle import Edge, Graph, Oracle


def edge_of(found: RelationshipAt) -> Edge:
    """As the oracle names it."""
    return Edge(found.source, found.type, found.discriminator, found.target)


def graph_at(oracle: Oracle, point: Point) -> Graph:
    """All that holds at a point."""
    return oracle.as_of(point.valid, point.known)


def wrong_drift(
    found: DriftAt,
    oracle: Oracle,
    of: Sequence[str],
    points: tuple[Point, Point],
    depth: int,
    depends: Mapping[str, str],
    dependents: bool,
) -> str | None:
    """What is not as the oracle has it: who is in which list, with which distances; whether paths and events are right."""
    graphs = [graph_at(oracle, point) for point in points]
    before, after = (graph.impact(of, depth, depends, dependents) for graph in graphs)
    lists = {
        "entered": {key: (None, after[key]) for key in after.keys() - before.keys()},
        "left": {key: (before[key], None) for key in before.keys() - after.keys()},
        "moved": {key: (before[key], after[key]) for key in before.keys() & after.keys() if before[key] != after[key]},
    }  # fmt: skip
    for name, expected in lists.items():
        items: Sequence[DriftHit] = getattr(found, name)
        if (got := {item.key: (item.before, item.after) for item in items}) != expected:
            return f"{name}: expected {expected}, answered {got}"
        for item in items:
            if (wrong := _wrong_item(item, oracle, of, points, graphs)) is not None:
                return f"{name} {item.key}: {wrong} in {item}"
    same = sum(1 for key in before.keys() & after.keys() if before[key] == after[key])
    return None if found.unchanged == same else f"{found.unchanged} unchanged, expected {same}"


def _wrong_item(
    item: DriftHit, oracle: Oracle, of: Sequence[str], points: tuple[Point, Point], graphs: Sequence[Graph]
) -> str | None:
    side = 0 if item.of_before else 1
    parent = item.path[0].parent
    if parent not in of or item.path[-1].key != item.key:
        return "the path does not lead from what was asked to it"
    for distance, hit in enumerate(item.path, start=1):
        if (
            hit.parent != parent
            or hit.distance != distance
            or edge_of(hit.relationship) not in graphs[side].edges
        ):
            return f"no step: {hit}"
        parent = hit.key
    changed = [
        edge_of(hit.relationship)
        for hit in item.path
        if edge_of(hit.relationship) not in graphs[1 - side].edges
    ]
    if item.relationship is None or edge_of(item.relationship) not in changed:
        return f"not what made the difference; that is one of {changed}"
    here, there = points if side == 0 else points[::-1]
    allowed = _events_between(oracle, edge_of(item.relationship), here, there)
    return None if item.event in allowed else f"not the event; allowed {allowed}"


def _events_between(oracle: Oracle, edge: Edge, here: Point, there: Point) -> set[str]:
    """The events that can be named for an edge that is at `here` and not at `there`."""
    stream = StreamKey(edge.source, edge.type, edge.discriminator)

    def segments(known: int) -> list[tuple[int, int, str, str | None]]:
        return sorted(
            (s.valid_from, s.valid_to, s.event.uid, s.ended_by and s.ended_by.uid)
            for s in oracle.belief(stream, known)
            if s.item == edge.target
        )

    then = segments(here.known)
    if not any(start <= there.valid < end for start, end, _, _ in then):
        if here.valid > there.valid:
            return {event for start, end, event, _ in then if start <= here.valid < end}
        over = [segment for segment in then if segment[1] <= there.valid]
        last = max(over, key=lambda segment: segment[1])
        # Who ended it is told as it was first believed.
        return {
            str(by)
            for known in oracle.known
            if known <= here.known
            for *same, by in segments(known)
            if same == list(last[:3])
        }
    low, high = sorted((here.known, there.known))
    flips = [
        known
        for known in oracle.known
        if low < known <= high
        and any(s <= there.valid < e for s, e, _, _ in segments(known))
        != any(s <= there.valid < e for s, e, _, _ in segments(known - 1))
    ]
    return {record.event.uid for record in oracle.records.values() if record.order.recorded_at == flips[-1]}


def all_paths(
    graph: Graph, start: str, end: str, most: int, depends: Mapping[str, str], way: str
) -> list[tuple[str, ...]]:
    """Every simple path of up to `most` steps, by length and then by keys."""
    steps: set[tuple[str, str]] = set()
    for edge in graph.edges:
        forward = depends[edge.type] != "target"
        if way == "any" or forward == (way == "dependencies"):
            steps.add((edge.source, edge.target))
        if way == "any" or forward != (way == "dependencies"):
            steps.add((edge.target, edge.source))
    found: list[tuple[str, ...]] = []
    paths: Iterable[tuple[str, ...]] = [(start,)]
    for _ in range(most):
        paths = [(*path, there) for path in paths if path[-1] != end for here, there in steps if here == path[-1] and there not in path]  # fmt: skip
        found += [path for path in paths if path[-1] == end]
    return sorted(set(found), key=lambda path: (len(path), path))
