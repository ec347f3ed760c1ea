"""A typed front for `strawberry.field` on methods: the library's own is `Any` to a type checker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import strawberry

Resolver = TypeVar("Resolver", bound=Callable[..., Any])


def resolved(description: str, *, name: str | None = None) -> Callable[[Resolver], Resolver]:
    """Makes a method a field of the schema, under its own name in camel case unless another is given. Every field is described."""
    return cast("Callable[[Resolver], Resolver]", strawberry.field(name=name, description=description))


def subscribed(description: str) -> Callable[[Resolver], Resolver]:
    """Makes an asynchronous generator a field of the subscriptions, under its own name in camel case."""
    return cast("Callable[[Resolver], Resolver]", strawberry.subscription(description=description))
