"""Try a mapping out: which events it knows, what they assert in words for people, and what is left over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from graph_service.core.assertions import (
    Assertion,
    EntityAsserted,
    EntityEnded,
    EventRetracted,
    RelationshipAsserted,
    RelationshipEnded,
    RelationshipsAsserted,
)
from graph_service.core.errors import BadRecord
from graph_service.core.model import Properties
from graph_service.core.time import FOREVER, format_instant
from graph_service.mapping.cloudevents import RECORD_BYTES_MAX, Record, decode

if TYPE_CHECKING:
    from graph_service.mapping import mapping

TARGETS_SHOWN_MAX = 12
VALUE_CHARS_MAX = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedEvent:
    """What became of one sample event."""

    #: Line of the sample file, from 1.
    line: int
    #: "id type" of the event, or the beginning of the line where it is no event.
    event: str
    type: str | None
    #: One line for each assertion.
    assertions: tuple[str, ...]
    #: The rules that asserted something.
    rules: tuple[str, ...]
    #: Set for a bad record: `reason: message`.
    error: str | None
    #: No rule is for this type.
    unmapped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a mapping made of sample events. A mapping that cannot be loaded has no report but an error."""

    version: str
    files: tuple[str, ...]
    events: tuple[CheckedEvent, ...]
    #: Rules that asserted nothing for any event; all of them without sample events.
    rules_never_hit: tuple[str, ...]
    #: Event types without a rule, with how many events had them.
    types_without_rule: Mapping[str, int]

    @property
    def bad(self) -> tuple[CheckedEvent, ...]:
        """The events that would go to the dead letters."""
        return tuple(event for event in self.events if event.error is not None)

    @property
    def ok(self) -> bool:
        """Whether no event failed. Events without a rule are no failure: an unknown type is counted only."""
        return not self.bad


def check(
    paths: Sequence[Path], lines: Iterable[bytes] = (), record_bytes_max: int = RECORD_BYTES_MAX
) -> Report:
    """Load the mapping and run it on CloudEvents, one JSON object a line; empty lines are passed over.

    Raises:
        BadMapping: a mapping file has a mistake.
    """
    # Those who only render need none of it.
    from graph_service.mapping import mapping

    loaded = mapping.Mapping.load(paths)
    events = tuple(
        _checked(loaded, number, line, record_bytes_max)
        for number, line in enumerate(lines, start=1)
        if line.strip()
    )
    hit = {rule for event in events for rule in event.rules}
    unmapped = Counter(event.type for event in events if event.unmapped and event.type is not None)
    return Report(
        version=loaded.version,
        files=tuple(file.name for file in loaded.files),
        events=events,
        rules_never_hit=tuple(rule for rule in loaded.rules if rule not in hit),
        types_without_rule=dict(sorted(unmapped.items())),
    )


def _checked(loaded: mapping.Mapping, number: int, line: bytes, record_bytes_max: int) -> CheckedEvent:
    shown, type, error = line[:80].decode(errors="replace"), None, None
    found: tuple[Assertion, ...] | None = ()
    try:
        record = Record(topic="sample", partition=0, offset=number - 1, timestamp_ms=0, value=line)
        event = decode(record, 0, record_bytes_max)
        shown, type = f"{event.identity.id} {event.type}", event.type
        found = loaded.assertions(event)
    except BadRecord as bad:
        error = f"{bad.reason}: {bad}"
    return CheckedEvent(
        line=number,
        event=shown,
        type=type,
        assertions=tuple(render(assertion) for assertion in found or ()),
        rules=tuple(dict.fromkeys(assertion.rule for assertion in found or ())),
        error=error,
        unmapped=found is None,
    )


def render(assertion: Assertion) -> str:
    """One line that says what the assertion claims, such as `service:a -CALLS-> service:b {port: 80} from 2026-01-01T00:00:00Z`."""
    match assertion:
        case EntityAsserted():
            return f"{assertion.key} is{_replaced(assertion)}{_changes(assertion)}{_span(assertion)}"
        case EntityEnded():
            return f"{assertion.key} ends{_span(assertion)}"
        case RelationshipAsserted():
            arrow = _arrow(assertion.type, assertion.discriminator)
            return f"{assertion.source} {arrow} {assertion.target}{_braces(assertion.properties)}{_span(assertion)}"
        case RelationshipEnded():
            arrow = _arrow(assertion.type, assertion.discriminator)
            return f"{assertion.source} {arrow} {assertion.target} ends{_span(assertion)}"
        case RelationshipsAsserted():
            return f"{assertion.source} {_arrow(assertion.type, assertion.discriminator)} {_targets(assertion)}{_span(assertion)}"
        case EventRetracted():
            return f"event {assertion.event.id} of {assertion.event.source} is retracted"
        case _:
            assert_never(assertion)


def _replaced(assertion: EntityAsserted) -> str:
    return " now only" if assertion.replace else ""


def _changes(assertion: EntityAsserted) -> str:
    unset = f" without {', '.join(assertion.unset)}" if assertion.unset else ""
    return (_braces(assertion.set) or (" {}" if assertion.replace else " there" if not unset else "")) + unset


def _arrow(type: str, discriminator: str) -> str:
    return f"-{type}[{discriminator}]->" if discriminator else f"-{type}->"


def _targets(assertion: RelationshipsAsserted) -> str:
    keys = sorted(assertion.targets)
    shown = [f"{key}{_braces(assertion.targets[key])}" for key in keys[:TARGETS_SHOWN_MAX]]
    rest = f", and {len(keys) - TARGETS_SHOWN_MAX} more" if len(keys) > TARGETS_SHOWN_MAX else ""
    return f"exactly [{', '.join(shown)}{rest}]"


def _braces(properties: Properties) -> str:
    if not properties.texts:
        return ""
    pairs = (f"{name}: {_cut(properties.texts[name])}" for name in sorted(properties.texts))
    return f" {{{', '.join(pairs)}}}"


def _cut(text: str) -> str:
    return text if len(text) <= VALUE_CHARS_MAX else f"{text[: VALUE_CHARS_MAX - 1]}…"


def _span(
    assertion: EntityAsserted
    | EntityEnded
    | RelationshipAsserted
    | RelationshipEnded
    | RelationshipsAsserted,
) -> str:
    end = "" if assertion.valid_to == FOREVER else f" to {format_instant(assertion.valid_to)}"
    return f" from {format_instant(assertion.valid_from)}{end}"
