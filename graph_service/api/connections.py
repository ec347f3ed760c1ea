"""Relay connections: pages whose cursors carry the sort key and the point, so that going on reads the same graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import strawberry

from graph_service.api.bases import Basis
from graph_service.api.context import Context, Info, Moment
from graph_service.api.fields import resolved
from graph_service.api.ids import Cursor, read_cursor, write_cursor
from graph_service.store.read.answers import Page

T = TypeVar("T")
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursors:
    """How the cursors of one page are written. They name its very points, so that later pages do not see what is recorded in between."""

    question: str
    #: Gives the store's cursor of a row.
    after: Callable[[Any], str]
    moment: Moment
    earlier: Moment | None

    def __call__(self, row: object) -> str:
        """The cursor of a row."""
        point, other = self.moment.point, None if self.earlier is None else self.earlier.point
        cursor = Cursor(after=self.after(row), valid=point.valid, known=point.known, earlier=other)
        return write_cursor(self.question, cursor)


@strawberry.type(description="One item of a page.")
class Edge(Generic[T]):
    node: T = strawberry.field(description="The item.")
    #: Gives the cursor of `place`, which few ask for: `str` where that is a cursor already, for it names a place that stays.
    cursors: strawberry.Private[Callable[[Any], str]]
    place: strawberry.Private[object]

    @resolved("Pass it as `after` to go on behind this item, at the same point.")
    def cursor(self) -> str:
        return self.cursors(self.place)


@strawberry.type(description="Where a page lies among all items.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether more items follow.")
    has_previous_page: bool = strawberry.field(description="Whether items came before: true after a cursor.")
    #: See `Edge`.
    cursors: strawberry.Private[Callable[[Any], str]]
    #: The places of the first and the last item; None on an empty page.
    ends: strawberry.Private[tuple[object, object] | None]

    @resolved("The cursor of the first item; null on an empty page.")
    def start_cursor(self) -> str | None:
        return None if self.ends is None else self.cursors(self.ends[0])

    @resolved("The cursor of the last item: `after` for the next page; null on an empty page.")
    def end_cursor(self) -> str | None:
        return None if self.ends is None else self.cursors(self.ends[1])


@strawberry.type(description="One page of items, in a stable order.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = strawberry.field(description="The items, each with its cursor.")
    page_info: PageInfo = strawberry.field(description="Whether more follow, and the cursor to go on with.")
    moment: strawberry.Private[Moment | None] = None

    @resolved(
        "What this page rests on; pages behind it, asked for with its cursors, rest on the same point.",
        loads=True,
    )
    async def basis(self, info: Info) -> Basis:
        moment = self.moment or await info.context.moment(None, None)
        return Basis.of(await info.context.basis(moment.point))


async def resume(
    context: Context, question: str, after: str | None, moment: Moment
) -> tuple[Cursor | None, Moment]:
    """Where to go on. The point in the cursor wins over what is asked now: a page never mixes two points."""
    cursor = read_cursor(question, after)
    if cursor is None:
        return None, moment
    point = (await context.moment(cursor.valid, cursor.known)).point
    return cursor, Moment(point=point, valid=moment.valid, known=moment.known)


async def begin(
    context: Context, question: str, after: str | None, valid: int | None, known: int | None
) -> tuple[Cursor | None, Moment]:
    """As `resume`, for what names its own point: where there is a cursor, that of the arguments is not asked about at all."""
    cursor = read_cursor(question, after)
    if cursor is None:
        return None, await context.moment(valid, known)
    point = (await context.moment(cursor.valid, cursor.known)).point
    return cursor, Moment(point=point, valid=valid, known=known)


def page(
    found: Page[Row],
    *,
    node: Callable[[Row], T],
    after: Callable[[Row], str],
    question: str,
    moment: Moment,
    resumed: bool,
    earlier: Moment | None = None,
) -> Connection[T]:
    """A page of the store as a connection; `after` gives the store's cursor of a row. `earlier` is the point it compares with, if any."""
    cursors, rows = Cursors(question=question, after=after, moment=moment, earlier=earlier), found.items
    return Connection(
        edges=[Edge(node=node(row), cursors=cursors, place=row) for row in rows],
        page_info=PageInfo(
            has_next_page=found.more,
            has_previous_page=resumed,
            cursors=cursors,
            ends=(rows[0], rows[-1]) if rows else None,
        ),
        moment=moment,
    )
