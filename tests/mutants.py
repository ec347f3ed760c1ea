"""Mistakes put into copies of the fold, and of the store's append, on purpose: tests that let one of them pass are not worth their time.

A mutant is a replacement in the source text. The copy is loaded as a module of its own, next to the real one.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Literal

from tests.builders import CORE, Core


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One mistake: in `module`, `old` becomes `new`."""

    name: str
    module: Literal["fold", "retraction", "heads", "refold"] = "fold"
    old: str
    new: str

    def core(self) -> Core:
        """The core with this mistake in it.

        Raises:
            LookupError: the source has changed, `old` is not in it exactly once; write the mutant anew.
        """
        real: ModuleType = getattr(CORE, self.module)
        source = Path(str(real.__file__)).read_text()
        if source.count(self.old) != 1:
            raise LookupError(
                f"mutant {self.name!r}: {source.count(self.old)} times in {self.module}.py: {self.old!r}"
            )
        name = f"{self.module} with {self.name}"
        copy = ModuleType(name)
        sys.modules[name] = copy  # dataclasses look their module up while they are made
        try:
            exec(compile(source.replace(self.old, self.new), name, "exec"), copy.__dict__)
        finally:
            del sys.modules[name]
        return CORE._replace(**{self.module: copy})


MUTANTS = (
    Mutant(
        name="no sequence tie-break",
        old="place=Place(assertion.valid_from, sequence_key(sequence), order, index)",
        new="place=Place(assertion.valid_from, (0, 0, ''), order, index)",
    ),
    Mutant(
        name="sequence numbers as text",
        old="return (1, len(digits), digits)",
        new="return (1, 0, digits)",
    ),
    Mutant(
        name="no record-order tie-break",
        old="sequence_key(sequence), order, index)",
        new="sequence_key(sequence), RecordOrder(-order.recorded_at, '', 0, -order.offset), index)",
    ),
    Mutant(
        name="no order of claims within an event",
        old="sequence_key(sequence), order, index)",
        new="sequence_key(sequence), order, -index)",
    ),
    Mutant(
        name="a finite claim that still holds at its end",
        old="c.place.valid_from <= instant < c.assertion.valid_to",
        new="c.place.valid_from <= instant <= c.assertion.valid_to",
    ),
    Mutant(
        name="an interval closed where it began",
        old="current._replace(valid_to=instant",
        new="current._replace(valid_to=current.valid_from + 1",
    ),
    Mutant(
        name="an end on the valid axis that rewrites what was believed",
        old="valid_to=segment.valid_to, end_known=known, ended_by",
        new="valid_to=segment.valid_to, end_known=row.known_from, ended_by",
    ),
    Mutant(
        name="a belief that is never given up",
        old="self._finished.extend(replace(row, known_to=known) for row in known_before.values())",
        new="self._finished.extend(known_before.values())",
    ),
    Mutant(name="known time ignored", old="steps.setdefault(known_from, ", new="steps.setdefault(0, "),
    Mutant(
        name="the discriminator forgotten",
        old="(StreamKey(assertion.source, assertion.type, assertion.discriminator),)",
        new="(StreamKey(assertion.source, assertion.type),)",
    ),
    Mutant(
        name="a retraction skipped",
        old="yield known, added, removed",
        new="yield known, added or removed, []",
    ),
    Mutant(
        name="a retracted retraction that still retracts",
        module="retraction",
        old="self._answers[by] for by in against",
        new="self._recorded(by) for by in against",
    ),
    Mutant(
        name="a circle of retractions moved by the earlier one",
        module="retraction",
        old="self._orders[by] > self._orders[uid]",
        new="self._orders[by] < self._orders[uid]",
    ),
    Mutant(
        name="a circle of retractions seen before it is closed",
        module="retraction",
        old="[by], self._retractors, self._recorded",
        new="[by], self._retractors",
    ),
    Mutant(
        name="an end that leaves the relationships",
        old="return (own, *(stream for stream in existing if stream != own))",
        new="return (own,)",
    ),
    Mutant(name="neighbours not merged", old="if current.properties == properties:", new="if False:"),
    Mutant(
        name="later claims not applied again after a late one",
        old="since = min(one.place.valid_from for one in (*added, *removed))",
        new="since = max(one.place.valid_from for one in self._standing or [*removed])",
    ),
    Mutant(
        name="replace taken for a patch",
        old="if assertion.replace or current is None",
        new="if current is None",
    ),
    Mutant(
        name="a complete set that ends nothing",
        old="altered.update(dict.fromkeys(target for target in state if target not in assertion.targets))",
        new="pass",
    ),
    Mutant(
        name="what a finite claim covered does not show again",
        old="for instant in sorted({*starts, *ends}):",
        new="ends = {}\n    for instant in sorted(starts):",
    ),
    Mutant(
        name="what ends where a late claim begins is carried on",
        old="ends = since <= self._last_end",
        new="ends = since < self._last_end",
    ),
    Mutant(
        name="a known time learned anew on top of itself",
        old="if row.end_known == known:",
        new="if False:",
    ),
    Mutant(
        name="stored claims forgotten on an advance", old="belief.stand(standing)", new="belief.stand(())"
    ),
    Mutant(
        name="an append at an instant that is reached already",
        module="heads",
        old="one.place.valid_from > head.valid or",
        new="one.place.valid_from >= head.valid or",
    ),
    Mutant(
        name="an append without regard to the ends of the entity",
        module="heads",
        old="for name in {*names, ENDS}:\n            head = result",
        new="for name in names:\n            head = result",
    ),
    Mutant(
        name="an end that does not tell the streams to come",
        module="heads",
        old="names.add(ENDS)",
        new="pass",
    ),
    Mutant(
        name="an append of what was recorded before",
        module="heads",
        old="if not beyond or one.place.order < head.order:",
        new="if not beyond:",
    ),
    Mutant(
        name="an append that forgets that a retraction speaks too",
        module="heads",
        old="max([one.place.order, *map(_after, moved)])",
        new="one.place.order",
    ),
    Mutant(
        name="an append of a span that ends",
        module="heads",
        old="] = {}\n    for one in claims:\n        if one.assertion.valid_to != FOREVER or",
        new="] = {}\n    for one in claims:\n        if",
    ),
    Mutant(
        name="an append within a span that is yet to end",
        module="heads",
        old="valid = max(valid, one.assertion.valid_to)",
        new="pass",
    ),
    Mutant(
        name="late claims without regard to the ends of the entity",
        module="heads",
        old="for name in {*names, ENDS}:\n            head = heads",
        new="for name in names:\n            head = heads",
    ),
    Mutant(
        name="late claims of a known time that is told already",
        module="heads",
        old="one.place.order.recorded_at <= head.order.recorded_at",
        new="one.place.order.recorded_at < head.order.recorded_at",
    ),
    Mutant(
        name="a late claim of a span that ends",
        module="heads",
        old="result = dict(heads)\n    for one in claims:\n        if one.assertion.valid_to != FOREVER or",
        new="result = dict(heads)\n    for one in claims:\n        if",
    ),
    Mutant(
        name="a late claim within a span that is yet to end",
        module="refold",
        old="if any(since <= one.assertion.valid_to < FOREVER for one in old):",
        new="if False:",
    ),
    Mutant(
        name="a late claim that forgets what stands behind it",
        module="refold",
        old="advance(kept.get(stream, ()), earlier[stream], its)",
        new="advance(kept.get(stream, ()), (), its)",
    ),
    Mutant(
        name="late claims on a retracted past",
        module="refold",
        old="[one for one in standing if one.believed and one.believed[-1][1] == FOREVER]",
        new="list(standing)",
    ),
    Mutant(
        name="a late end of which only the last is known",
        module="refold",
        old="        if not any(_open(row) for row in own):\n            return None",
        new="        if False:\n            return None",
    ),
    Mutant(
        name="an appended end that leaves the relationships",
        module="refold",
        old="for stream in streams_of(one.assertion, by_stream):",
        new="for stream in streams_of(one.assertion, ()):",
    ),
    Mutant(
        name="an appended end that forgets what ended before",
        module="refold",
        old="if own := rows.get(StreamKey(owner)):",
        new="if (own := rows.get(StreamKey(owner))) is not None:",
    ),
    Mutant(
        name="an end that is as old as its beginning",
        module="refold",
        old='plain["end_known"] = row.end_known',
        new="pass",
    ),
)

#: The five ways to break the fold that must be seen (and some more are above), each with the mutants that do it.
MUST_BE_SEEN = {
    "a tie-break dropped": (
        "no sequence tie-break",
        "no record-order tie-break",
        "no order of claims within an event",
    ),
    "an interval closed at the wrong end": (
        "an interval closed where it began",
        "a finite claim that still holds at its end",
    ),
    "the discriminator forgotten": ("the discriminator forgotten",),
    "a retraction skipped": ("a retraction skipped",),
    "`known` ignored": ("known time ignored", "an end on the valid axis that rewrites what was believed"),
}
