"""The activity feed: changes as they landed, and what may be asked of them, once or for as long as somebody listens."""

from __future__ import annotations

import asyncio
from typing import Annotated

import strawberry

from graph_service.api.answers import ChangeKind, as_relationship
from graph_service.api.arguments import After, First
from graph_service.api.connections import Connection, Edge, PageInfo
from graph_service.api.context import Context, Info, Moment, page_size
from graph_service.api.fields import resolved
from graph_service.api.ids import encode, read_cursor, write_place
from graph_service.api.nodes import Entity, Event, Node, Relationship, Version, event_of
from graph_service.api.scalars import DateTime, instant
from graph_service.core.changes import ChangeKind as CoreKind
from graph_service.core.errors import BadRequest
from graph_service.core.model import kind_of
from graph_service.store.read.answers import EntityAt, Point, VersionAt
from graph_service.store.read.feed import ChangeAt, ChangeFilter, Place, cursor_of

QUESTION = "changes"
"""A cursor names a place in the log, so it is good for any filter, for the query and the subscription alike."""
NAMED_MAX = 100


@strawberry.input(name="ChangeFilter", description="Which changes: all that is given must hold.")
class ChangesWanted:
    kinds: list[str] | None = strawberry.field(
        default=None,
        description="Of entities of these kinds, and of relationships with an end of them; with `types`, of entities alone.",
    )
    types: list[str] | None = strawberry.field(
        default=None,
        description="Of relationships of these types; without `kinds`, of nothing else.",
    )
    around: list[str] | None = strawberry.field(
        default=None, description="Of the entities with these keys, and of relationships that touch them."
    )
    changes: list[ChangeKind] | None = strawberry.field(default=None, description="What became of it.")
    corrects: bool | None = strawberry.field(
        default=None, description="Whether what was believed about the past was altered."
    )

    async def to_store(self, context: Context) -> ChangeFilter:
        """The filter as the store takes it.

        Raises:
            UnknownKind, UnknownType: words that there are not.
            BadRequest: too much at once.
        """
        if self.around is not None and len(self.around) > NAMED_MAX:
            raise BadRequest(f"`around` has {len(self.around)} items; it may have {NAMED_MAX}")
        return ChangeFilter(
            kinds=await context.kinds(self.kinds),
            types=await context.types(self.types),
            around=_some(self.around),
            changes=None if self.changes is None else tuple(CoreKind(one.value) for one in self.changes),
            corrects=self.corrects,
        )


def _some(given: list[str] | None) -> tuple[str, ...] | None:
    return None if given is None else tuple(sorted(set(given)))


@strawberry.type(
    description="One change as it was recorded. Exactly one of `entity` and `relationship` is there. Read from the graph as it is now: what was "
    "erased since is not told."
)
class Change(Node):
    row: strawberry.Private[ChangeAt]
    feed: strawberry.Private[str]

    def global_id(self) -> str:
        """Its place in this graph's log."""
        return encode(["Change", self.feed, *self.row.entry.place[:2]])

    def _moment(self, known: int) -> Moment:
        valid = self.row.entry.point.valid
        return Moment(point=Point(valid=valid, known=known), valid=valid, known=known)

    def _side(self) -> tuple[VersionAt, Moment]:
        """Where the subject is to be seen: as known from the change on, or just before it when it is not there any more."""
        known = self.row.entry.point.known
        if self.row.after is not None:
            return self.row.after, self._moment(known)
        assert self.row.before is not None, "a change has a version on at least one side"
        return self.row.before, self._moment(known - 1)

    @resolved("What became of it.")
    def kind(self) -> ChangeKind:
        return ChangeKind(self.row.kind.value)

    @resolved("The entity that changed, as known from then on (just before, when it ended).")
    def entity(self) -> Entity | None:
        version, moment = self._side()
        return None if version.type else Entity(row=_entity(version), moment=moment)

    @resolved("The relationship that changed, as known from then on (just before, when it ended).")
    def relationship(self) -> Relationship | None:
        version, moment = self._side()
        return Relationship(row=as_relationship(version), moment=moment) if version.type else None

    @resolved("What was believed just before; null when it was not there.")
    def before(self) -> Version | None:
        row = self.row.before
        moment = self._moment(self.row.entry.point.known - 1)
        return None if row is None else Version(row=row, before=None, moment=moment)

    @resolved("What is believed from then on; null when it is not there.")
    def after(self) -> Version | None:
        row = self.row.after
        moment = self._moment(self.row.entry.point.known)
        return None if row is None else Version(row=row, before=self.row.before, moment=moment)

    @resolved("The event that did it.")
    async def event(self, info: Info) -> Event:
        found = await event_of(info.context, self.row.entry.event, self._moment(self.row.entry.point.known))
        assert found is not None, f"the event {self.row.entry.event} of a change is not in the ledger"
        return found

    @resolved("Since when it is otherwise, in the world.")
    def valid_from(self) -> DateTime:
        return DateTime(self.row.entry.point.valid)

    @resolved("Until when it is otherwise than was believed before, exclusive; null while open.")
    def valid_to(self) -> DateTime | None:
        return instant(self.row.entry.valid_to)

    @resolved("When the log recorded what changed it: since when it is known.")
    def recorded_at(self) -> DateTime:
        return DateTime(self.row.entry.point.known)

    @resolved("Whether it altered what was believed about the past.")
    def corrects(self) -> bool:
        return self.row.entry.corrects

    @resolved(
        "Pass it as `after`: the subscription goes on with what landed later, the query with what landed earlier."
    )
    def cursor(self) -> str:
        return place_text(self.feed, self.row.entry.place)


def _entity(version: VersionAt) -> EntityAt:
    """The entity that has this version of its state."""
    return EntityAt(
        key=version.owner, kind=kind_of(version.owner), declared=True, ended=False, properties=version.properties,
        valid_from=version.valid_from, valid_to=version.valid_to, known_from=version.known_from,
        known_to=version.known_to, event=version.event,
    )  # fmt: skip


def place_text(feed: str, place: Place) -> str:
    """The opaque cursor of a place in the log."""
    return write_place(QUESTION, cursor_of(feed, place))


def place_asked(after: str | None) -> str | None:
    """The store's cursor behind an opaque one.

    Raises:
        BadRequest: it is no cursor of changes.
    """
    cursor = read_cursor(QUESTION, after)
    return None if cursor is None else cursor.after


@strawberry.type
class ChangeQueries:
    @resolved(
        "Every change, newest first, as an activity feed, as far back as they are kept; `after` resumes it. Newest is what landed last: the log of one "
        "partition may be behind that of another."
    )
    async def changes(
        self,
        info: Info,
        filter: Annotated[
            ChangesWanted | None, strawberry.argument(description="Which changes; all when left out.")
        ] = None,
        first: First = 50,
        after: After = None,
    ) -> Connection[Change]:
        size = page_size(first, 50)
        wanted = ChangeFilter() if filter is None else await filter.to_store(info.context)
        found, _ = await asyncio.gather(
            info.context.reader.feed.before(wanted, place_asked(after), size), info.context.standing()
        )
        cursors = [place_text(found.feed, row.entry.place) for row in found.changes]
        end = None if found.end is None else place_text(found.feed, found.end)
        return Connection(
            edges=[
                Edge(node=Change(row=row, feed=found.feed), cursors=str, place=cursor)
                for row, cursor in zip(found.changes, cursors, strict=True)
            ],
            page_info=PageInfo(
                has_next_page=found.more, has_previous_page=after is not None, cursors=str,
                ends=None if end is None else ((cursors or [end])[0], end),
            ),
        )  # fmt: skip
