"""The tests can tell a broken fold, or a broken append, from a whole one: cases, histories, batches or appends see every mutant."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random

import pytest

from tests.appends import WORKED, Appending, once
from tests.batches import Lend, batched
from tests.builders import CORE, Core, Fact, facts, folded, oracle_facts
from tests.fold_cases import CASES
from tests.histories import appending_history, late_history, seeded_histories
from tests.logs import Delivery, delivery
from tests.mutants import MUST_BE_SEEN, MUTANTS, Mutant
from tests.oracle import Oracle, Recorded

HISTORIES = 500


@cache
def _histories() -> list[tuple[list[Recorded], list[Fact]]]:
    """The same histories on every machine, each with what the oracle makes of it."""
    return [(history, oracle_facts(Oracle(history))) for history in seeded_histories(HISTORIES)]


def _cases(core: Core) -> str | None:
    for case in CASES:
        if facts(folded(case.records, core), core) != sorted(case.expected):
            return case.name
    return None


def _generated(core: Core) -> str | None:
    for number, (history, expected) in enumerate(_histories()):
        if facts(folded(history, core), core) != expected:
            return f"history {number}"
    return None


@cache
def _deliveries() -> list[tuple[str, Delivery, list[Fact]]]:
    """Batches for the store's append, each with the facts that they must end in."""
    random = Random(4)
    found = [(name, batches, _folded(batches)) for name, batches in WORKED.items()]
    for number, (history, expected) in enumerate(_histories()):
        found.append((f"history {number}", delivery(random.randrange, once(history)), expected))
    for number in range(HISTORIES):
        batches = delivery(random.randrange, appending_history(random.randrange))
        found.append((f"nothing but appends {number}", batches, _folded(batches)))
        batches = delivery(random.randrange, late_history(random.randrange))
        found.append((f"late events {number}", batches, _folded(batches)))
    return found


def _folded(batches: Delivery) -> list[Fact]:
    return facts(folded([record for batch in batches for record in batch]))


def _appends(core: Core) -> str | None:
    for name, batches, expected in _deliveries():
        store = Appending(core)
        for batch in batches:
            store.write(batch)
        if store.wrong() is not None or facts(store.stored()) != expected:
            return name
    return None


def _batches(core: Core) -> str | None:
    random = Random(4)
    for number, (history, expected) in enumerate(_histories()):
        cuts = [random.randrange(1, 9) for _ in range(3)]
        rows, whole = batched(history, cuts, Lend.LEAST, core), folded(history, core)
        if facts(rows, core) != expected or any(set(rows[stream]) != set(whole[stream]) for stream in whole):
            return f"history {number} cut at {sorted(cuts)}"
    return None


CHECKS: dict[str, Callable[[Core], str | None]] = {
    "cases": _cases,
    "histories": _generated,
    "batches": _batches,
    "appends": _appends,
}


def _seen_by(core: Core) -> dict[str, str]:
    """By check, the first difference from what is expected; a crash is a difference too."""
    seen = {}
    for name, check in CHECKS.items():
        try:
            difference = check(core)
        except Exception as error:  # a mutant may do anything
            difference = f"raised {type(error).__name__}"
        if difference is not None:
            seen[name] = difference
    return seen


def test_the_real_fold_is_whole() -> None:
    """Nothing is seen in the code as it is: what the mutants show comes from their mistakes."""
    assert _seen_by(CORE) == {}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_is_seen(mutant: Mutant) -> None:
    """At least one check differs; a mutant that no longer applies to the source fails here."""
    seen = _seen_by(mutant.core())
    print(f"{mutant.name}: {seen}")
    assert seen


def test_the_mistakes_that_must_be_seen_are_among_the_mutants() -> None:
    """By name, so that none of them is lost when mutants change."""
    names = {mutant.name for mutant in MUTANTS}
    assert {name for some in MUST_BE_SEEN.values() for name in some} <= names
