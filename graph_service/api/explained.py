"""An explanation in words, for people. Times are those of the two clocks, in UTC."""

from __future__ import annotations

from collections.abc import Mapping

from graph_service.core.explain import Reason
from graph_service.core.time import EARLIEST, FOREVER, LATEST, format_instant
from graph_service.store.read.answers import EventRow, Explained, RuleAt, VersionAt

TOLD_MAX = 3
"""Of anything that there may be many of."""


def summary(found: Explained, events: Mapping[str, EventRow]) -> str:
    """Why it is, or is not, there. `events`: those that are named, by uid."""
    return " ".join(part for part in (_said(found, events), *_besides(found, events)) if part)


def _said(found: Explained, events: Mapping[str, EventRow]) -> str:
    what, point = subject_of(found), f"at {time(found.at.valid)}, as known at {time(found.at.known)}"
    told = [event_of(events.get(uid)) for uid in found.events]
    first, second = (*told, "an event", "an event")[:2]
    version = found.versions[0] if found.versions else None
    there, absent = f"{what} is there {point}", f"{what} is not there {point}"
    naming = ""
    if found.by_name:
        names = sorted({relationship_of(one) for one in found.versions})
        naming = f"Nothing asserts {what} itself" + (f"; others name it: {_some(names)}. " if names else ". ")
    match found.reason:
        case Reason.HOLDS:
            assert version is not None
            until = "" if version.valid_to == FOREVER else f" to {time(version.valid_to)}"
            by = f"{naming}{there}: {first} says so, from {time(version.valid_from)}{until}{_under(found.rules)}."
            more = len(found.versions) - 1
            return by if found.by_name or not more else f"{by} So do {more} more, of other discriminators."
        case Reason.ENDED:
            assert version is not None
            begun = f"it had begun at {time(version.valid_from)}, by {second}"
            return f"{naming}{absent}: it ended at {time(version.valid_to)}, by {first}; {begun}."
        case Reason.NOT_YET_KNOWN:
            assert version is not None
            learned = f"that it was, was learnt only at {time(version.known_from)}, by {first}"
            return f"{naming}{absent}: {learned}. Since then it is known to hold from {time(version.valid_from)}."
        case Reason.NOT_YET_VALID:
            assert version is not None
            return f"{naming}{absent}: it begins at {time(version.valid_from)}, by {first}."
        case Reason.RETRACTED:
            return f"{naming}{absent}: {second} asserted it, and {first} retracted that."
        case Reason.SUPERSEDED:
            return f"{naming}{absent}: {second} asserted it, and {first} says otherwise for the same instant."
        case Reason.IN_DEAD_LETTERS:
            places = _some([letter.id for letter in found.waiting.letters])
            return f"{absent}: no event asserted it by then. Dead letters that wait name it: {places}; an operator can say why, and replay them."
        case Reason.NEVER_ASSERTED:
            unseen = " Not all dead letters could be looked into." if found.waiting.unseen else ""
            return f"{absent}: no event that was recorded by then asserts it.{unseen}"


def _besides(found: Explained, events: Mapping[str, EventRow]) -> list[str]:
    """What it replaced, and what was believed before."""
    said = [
        f"It took the place of what was so from {time(one.valid_from)}, by {event_of(events.get(one.event))}."
        for one in found.superseded[:TOLD_MAX]
    ]
    for one in found.corrections[:TOLD_MAX]:
        by = event_of(events.get(one.event or ""))
        was = f"what was said by {event_of(events.get(one.before.event))}"
        said.append(f"Until {time(one.known)} {was} was believed of this instant; {by} corrected it.")
    return said


def subject_of(found: Explained) -> str:
    """What is explained."""
    subject = found.subject
    if not subject.type:
        return subject.key
    word = f" ({subject.discriminator})" if subject.discriminator else ""
    return f"{subject.key} -{subject.type}-> {subject.target}{word}"


def relationship_of(version: VersionAt) -> str:
    """A relationship as an arrow."""
    word = f" ({version.discriminator})" if version.discriminator else ""
    return f"{version.owner} -{version.type}-> {version.target}{word}"


def event_of(event: EventRow | None) -> str:
    """An event, and where it was recorded."""
    if event is None:
        return "an event"
    place = f"{event.topic}/{event.partition}/{event.offset}"
    return f"{event.type} {event.id!r} of {event.source} (recorded at {time(event.recorded_at)}, {place})"


def time(instant: int) -> str:
    """An instant in RFC 3339; those beyond the years 1 to 9999 at their edge."""
    return format_instant(min(max(instant, EARLIEST), LATEST))


def _under(rules: tuple[RuleAt, ...]) -> str:
    return f", under the rule {rules[0].file}#{rules[0].rule}" if rules else ""


def _some(names: list[str]) -> str:
    more = len(names) - TOLD_MAX
    return ", ".join(names[:TOLD_MAX]) + (f" and {more} more" if more > 0 else "")
