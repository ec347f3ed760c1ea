"""Mistakes put into copies of the fold on purpose: tests that let one of them pass are not worth their time.

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
    module: Literal["fold", "retraction"] = "fold"
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
)
