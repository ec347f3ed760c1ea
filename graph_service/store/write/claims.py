"""Assertions as the text that an ABOUT relationship keeps, and back as claims.

What an assertion says as most do (no end, no discriminator, the first of its event, ...) is not in the text; `whole` adds it. Texts
that say all of it, as those of graphs that were written by earlier versions, mean the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, assert_never

from graph_service.core.assertions import (
    EntityAsserted,
    EntityEnded,
    RelationshipAsserted,
    RelationshipEnded,
    RelationshipsAsserted,
    Spanned,
)
from graph_service.core.fold import Claim, Place, sequence_key
from graph_service.core.model import NOTHING, Properties, RecordOrder, canonical
from graph_service.core.time import FOREVER


def to_text(numbered: Iterable[tuple[int, Spanned]]) -> str:
    """Assertions of one event about one owner, each with its place within the event, as canonical JSON."""
    return "[" + ",".join(_text(nth, assertion) for nth, assertion in numbered) + "]"


def numbered_of(plain: Iterable[Mapping[str, Any]]) -> list[tuple[int, Spanned]]:
    """What `to_text` wrote down, read as JSON: assertions, each with its place within the event."""
    return [(one["nth"], _assertion(one)) for one in map(whole, plain)]


_ALWAYS: dict[str, Any] = {"nth": 0, "rule": "", "to": FOREVER}
_UNSAID: Mapping[str, Mapping[str, Any]] = {
    "entity": _ALWAYS | {"replace": False, "set": {}, "unset": []},
    "end": _ALWAYS,
    "relationship": _ALWAYS | {"discriminator": "", "properties": {}},
    "end_relationship": _ALWAYS | {"discriminator": ""},
    "relationships": _ALWAYS | {"discriminator": ""},
}
"""By `op`, what a text does not say."""


def whole(plain: Mapping[str, Any]) -> dict[str, Any]:
    """One of what `to_text` wrote down, read as JSON, with all that it does not say."""
    return {**_UNSAID[plain["op"]], **plain}


def _text(nth: int, assertion: Spanned) -> str:
    """Put together from texts that are canonical already; names in the order of the alphabet."""
    start, number = f'"from":{assertion.valid_from},', f'"nth":{nth},' if nth else ""
    rule = f',"rule":{canonical(assertion.rule)}' if assertion.rule else ""
    end = "" if assertion.valid_to == FOREVER else f',"to":{assertion.valid_to}'
    match assertion:
        case EntityAsserted():
            replace = ',"replace":true' if assertion.replace else ""
            values = _not_empty("set", assertion.set)
            unset = f',"unset":{canonical(assertion.unset)}' if assertion.unset else ""
            key = f'"key":{canonical(assertion.key)},'
            return f'{{{start}{key}{number}"op":"entity"{replace}{rule}{values}{end}{unset}}}'
        case EntityEnded():
            return f'{{{start}"key":{canonical(assertion.key)},{number}"op":"end"{rule}{end}}}'
        case RelationshipAsserted() | RelationshipEnded() | RelationshipsAsserted():
            name = assertion.discriminator
            head = (f'{{"discriminator":{canonical(name)},' if name else "{") + start + number
            tail = f'{end},"type":{canonical(assertion.type)}}}'
            source = f'{rule},"source":{canonical(assertion.source)},'
        case _:
            assert_never(assertion)
    if isinstance(assertion, RelationshipsAsserted):
        found = sorted(assertion.targets.items())
        targets = ",".join(f"{canonical(target)}:{properties.text}" for target, properties in found)
        return f'{head}"op":"relationships"{source}"targets":{{{targets}}}{tail}'
    target = f'"target":{canonical(assertion.target)}'
    if isinstance(assertion, RelationshipEnded):
        return f'{head}"op":"end_relationship"{source}{target}{tail}'
    return f'{head}"op":"relationship"{_not_empty("properties", assertion.properties)}{source}{target}{tail}'


def _not_empty(name: str, properties: Properties) -> str:
    return "" if properties == NOTHING else f',"{name}":{properties.text}'


def from_text(
    text: str, *, event: str, order: RecordOrder, sequence: str | None, believed: Sequence[int] | None
) -> list[Claim]:
    """The claims that `to_text` wrote down. `believed`: a flat list of known spans where the event was retracted."""
    spans = (
        ((order.recorded_at, FOREVER),)
        if believed is None
        else tuple(zip(believed[::2], believed[1::2], strict=True))
    )
    return [
        Claim(
            assertion=_assertion(plain),
            event=event,
            place=Place(plain["from"], sequence_key(sequence), order, plain["nth"]),
            believed=spans,
        )
        for plain in map(whole, json.loads(text))
    ]


def _assertion(plain: Mapping[str, Any]) -> Spanned:
    span = {"valid_from": plain["from"], "valid_to": plain["to"], "rule": plain["rule"]}
    match plain["op"]:
        case "entity":
            return EntityAsserted(
                key=plain["key"], set=Properties.of(plain["set"]), unset=tuple(plain["unset"]),
                replace=plain["replace"], **span,
            )  # fmt: skip
        case "end":
            return EntityEnded(key=plain["key"], **span)
        case "relationship":
            return RelationshipAsserted(**_ends(plain), properties=Properties.of(plain["properties"]), **span)
        case "end_relationship":
            return RelationshipEnded(**_ends(plain), **span)
        case _:
            targets = {target: Properties.of(values) for target, values in plain["targets"].items()}
            return RelationshipsAsserted(
                source=plain["source"], type=plain["type"], discriminator=plain["discriminator"],
                targets=targets, **span,
            )  # fmt: skip


def _ends(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain[name] for name in ("source", "type", "target", "discriminator")}
