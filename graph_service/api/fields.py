"""A typed front for `strawberry.field` on methods: the library's own is `Any` to a type checker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import strawberry

Resolver = TypeVar("Resolver", bound=Callable[..., Any])


LOADS, AT_HAND = "__loads__", "__at_hand__"
"""The marks of a resolver: that it loads, and what gives its value without waiting where that is at hand."""


def resolved(
    description: str,
    *,
    name: str | None = None,
    loads: bool = False,
    at_hand: Callable[..., Any] | None = None,
) -> Callable[[Resolver], Resolver]:
    """Makes a method a field of the schema, under its own name in camel case unless another is given. Every field is described.

    `loads` is a promise: of all that it may wait for, it awaits only what the loaders, `standing`, `moment`, `basis`, `vocabulary` and `types` of
    the context give, never the reader itself. Then it is carried on together with others, without a task of its own.
    `at_hand` takes what the resolver takes and gives the same value, or None where that has to be waited for.
    """
    field = cast("Callable[[Resolver], Resolver]", strawberry.field(name=name, description=description))

    def marked(resolver: Resolver) -> Resolver:
        setattr(resolver, LOADS, loads)
        setattr(resolver, AT_HAND, at_hand)
        return field(resolver)

    return marked


def subscribed(description: str) -> Callable[[Resolver], Resolver]:
    """Makes an asynchronous generator a field of the subscriptions, under its own name in camel case."""
    return cast("Callable[[Resolver], Resolver]", strawberry.subscription(description=description))
