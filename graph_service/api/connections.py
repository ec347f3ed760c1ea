"""Relay connections: pages whose cursors carry the sort key and the point, so that going on reads the same graph."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

import strawberry

from graph_service.api.bases import Basis
from graph_service.api.context import Context, Info, Moment
from graph_service.api.fields import resolved
from graph_service.api.ids import Cursor, read_cursor, write_cursor
from graph_service.store.read.answers import Page

T = TypeVar("T")
Row = TypeVar("Row")


def _cursor_text(question: str, after: str, moment: Moment | None, earlier: Moment | None) -> str:
    """Names the very points of this page, so that later pages do not see what is recorded in between. Without a moment, `after` is the cursor itself."""
    if moment is None:
        return after
    point, other = moment.point, None if earlier is None else earlier.point
    return write_cursor(question, Cursor(after=after, valid=point.valid, known=point.known, earlier=other))


@strawberry.type(description="One item of a page.")
class Edge(Generic[T]):
    node: T = strawberry.field(description="The item.")
    question: strawberry.Private[str]
    #: Gives the store's cursor, which few ask for.
    after: strawberry.Private[Callable[[], str]]
    moment: strawberry.Private[Moment | None]
    earlier: strawberry.Private[Moment | None] = None

    @classmethod
    def at_place(cls, node: T, cursor: str) -> Edge[T]:
        """An edge whose cursor is at hand, for it names a place that stays."""
        return cls(node=node, question="", after=lambda: cursor, moment=None)

    @resolved("Pass it as `after` to go on behind this item, at the same point.")
    def cursor(self) -> str:
        return _cursor_text(self.question, self.after(), self.moment, self.earlier)


@strawberry.type(description="Where a page lies among all items.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether more items follow.")
    has_previous_page: bool = strawberry.field(description="Whether items came before: true after a cursor.")
    question: strawberry.Private[str]
    ends: strawberry.Private[tuple[Callable[[], str], Callable[[], str]] | None]
    moment: strawberry.Private[Moment | None]
    earlier: strawberry.Private[Moment | None] = None

    @classmethod
    def between_places(cls, *, more: bool, resumed: bool, ends: tuple[str, str] | None) -> PageInfo:
        """Of a page whose cursors are at hand, for they name places that stay."""
        own = None if ends is None else (partial(str, ends[0]), partial(str, ends[1]))
        return cls(has_next_page=more, has_previous_page=resumed, question="", ends=own, moment=None)

    @resolved("The cursor of the first item; null on an empty page.")
    def start_cursor(self) -> str | None:
        return self._cursor(0)

    @resolved("The cursor of the last item: `after` for the next page; null on an empty page.")
    def end_cursor(self) -> str | None:
        return self._cursor(1)

    def _cursor(self, end: int) -> str | None:
        if self.ends is None:
            return None
        return _cursor_text(self.question, self.ends[end](), self.moment, self.earlier)


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
    keys = [partial(after, row) for row in found.items]
    return Connection(
        edges=[
            Edge(node=node(row), question=question, after=key, moment=moment, earlier=earlier)
            for row, key in zip(found.items, keys, strict=True)
        ],
        page_info=PageInfo(
            has_next_page=found.more,
            has_previous_page=resumed,
            question=question,
            ends=(keys[0], keys[-1]) if keys else None,
            moment=moment,
            earlier=earlier,
        ),
        moment=moment,
    )
