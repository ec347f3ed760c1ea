"""Generated histories in which much depends on much: few entities, many relationships that come, go, are corrected and taken back."""

from __future__ import annotations

from random import Random

from graph_service.core.assertions import Assertion
from graph_service.core.time import FOREVER
from tests import builders
from tests.oracle import Recorded

KEYS = ("a", "b", "c", "d", "e")
RECORDS = 18
KNOWN_FROM = 100
INSTANTS = 12
FORMS = ("link",) * 7 + ("links", "unlink", "unlink", "end", "entity", "retract")


def mesh(seed: int) -> list[Recorded]:
    """Records in record order, the same at every call: late ones, spans that end, equal known times, retractions of all of these."""
    random = Random(seed)
    records: list[Recorded] = []
    for number in range(RECORDS):
        assertions = [_assertion(random, number) for _ in range(random.choice((1, 1, 2)))]
        known = KNOWN_FROM + number * 2 // 3
        records.append(builders.record(f"e{number}", known, *assertions, offset=number))
    return records


def _assertion(random: Random, number: int) -> Assertion:
    form, owner = random.choice(FORMS), random.choice(KEYS)
    start = random.randrange(INSTANTS) if random.random() < 0.3 else number * INSTANTS // RECORDS
    stop = start + random.randint(1, 6) if random.random() < 0.15 else FOREVER
    type, target = random.choice(("CALLS", "CALLS", "USES")), random.choice(KEYS)
    match form:
        case "link":
            disc = random.choice(("", "", "f"))
            return builders.link(owner, type, target, start, stop, disc=disc, x=random.randint(1, 2))
        case "links":
            return builders.links(owner, type, {key: {} for key in random.sample(KEYS, 3)}, start, stop)
        case "unlink":
            return builders.unlink(owner, type, target, start, stop)
        case "end":
            return builders.end(owner, start)
        case "entity":
            return builders.entity(owner, start, stop, x=random.randint(1, 2))
        case _:
            return builders.retract(f"e{random.randrange(RECORDS)}")
