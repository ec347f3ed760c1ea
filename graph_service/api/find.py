"""From a global id back to what it names."""

from __future__ import annotations

from graph_service.api.answers import as_relationship
from graph_service.api.changes import Change
from graph_service.api.context import Context
from graph_service.api.dead_letters import letter_by_id
from graph_service.api.ids import decode
from graph_service.api.nodes import Entity, Node, Relationship, event_by_identity, version_among


async def find_node(context: Context, id: str) -> Node | None:
    """What has this id, at the point that it names; None for an id of nothing, or of no known shape."""
    match decode(id):
        case ["Entity", str(key), *mark]:
            return await _entity(context, key, mark)
        case ["Relationship", str(source), str(type), str(target), str(discriminator), *mark]:
            return await _relationship(context, (source, type, target, discriminator), mark)
        case [
            "Version", str(owner), str(type), str(target), str(discriminator), int(valid), int(known), *mark
        ]:  # fmt: skip
            return await _version(context, (owner, type, target, discriminator), (valid, known), mark)
        case ["Event", str(source), str(event), *mark]:
            point = _asked(mark)
            moment = None if point is None else await context.moment(*point)
            return None if moment is None else await event_by_identity(context, source, event, moment)
        case ["DeadLetter", str(letter)]:
            return await letter_by_id(context, letter)
        case ["Change", str(feed), int(tick), int(nth)]:
            change = await context.reader.feed.at(feed, tick, nth)
            return None if change is None else Change(row=change, feed=feed)
        case _:
            return None


def _asked(mark: list[object]) -> tuple[int | None, int | None] | None:
    """The point in an id; None for something else."""
    match mark:
        case []:
            return (None, None)
        case [(int() | None) as valid, (int() | None) as known]:
            return (valid, known)
        case _:
            return None


async def _entity(context: Context, key: str, mark: list[object]) -> Node | None:
    if (point := _asked(mark)) is None:
        return None
    moment = await context.moment(*point)
    row = await context.entities.load((key, moment.point))
    return None if row is None else Entity(row=row, moment=moment)


async def _relationship(
    context: Context, owner: tuple[str, str, str, str], mark: list[object]
) -> Node | None:
    if (point := _asked(mark)) is None or not owner[1]:
        return None
    moment = await context.moment(*point)
    for row in await context.versions.load((owner, moment.point.known, False)):
        if row.valid_from <= moment.point.valid < row.valid_to:
            return Relationship(row=as_relationship(row), moment=moment)
    return None


async def _version(
    context: Context, owner: tuple[str, str, str, str], starts: tuple[int, int], mark: list[object]
) -> Node | None:
    if (point := _asked(mark)) is None:
        return None
    moment = await context.moment(*point)
    rows = list(await context.versions.load((owner, moment.point.known, True)))
    found = next((row for row in rows if (row.valid_from, row.known_from) == starts), None)
    return None if found is None else version_among(rows, found, moment)
