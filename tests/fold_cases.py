"""Worked cases of the fold: short stories with every version that must come out of them, on both clocks.

Valid instants are below 100 and known ones from 100 on, so that no number can be taken for the other clock's.
"""

from __future__ import annotations

from dataclasses import dataclass

from graph_service.core.model import Properties, StreamKey
from graph_service.core.time import FOREVER
from tests.builders import Fact, end, entity, identity, link, links, log, record, retract, unlink
from tests.oracle import Recorded

NOW = FOREVER
"""The open end of a span, on either clock."""

OWN = StreamKey("shop")
CALLS = StreamKey("shop", "CALLS")


@dataclass(frozen=True, kw_only=True)
class Case:
    """Records, and all versions that they make."""

    name: str
    records: list[Recorded]
    expected: list[Fact]


def version(
    stream: StreamKey,
    item: str,
    event: str,
    valid: tuple[int, int],
    known: tuple[int, int],
    **properties: object,
) -> Fact:
    """One expected version; `item` is "" for an entity's state, else the target."""
    return Fact(stream, item, Properties.of(properties).text, identity(event).uid, valid, known)


CASES = [
    Case(
        name="a fact is corrected without losing what was believed before",
        records=log(
            record("created", 100, entity("shop", 10, tier=1)),
            record("wrong", 110, entity("shop", 20, tier=9)),
            record("corrected", 120, entity("shop", 20, tier=2)),
        ),
        expected=[
            version(OWN, "", "created", (10, NOW), (100, 110), tier=1),
            version(OWN, "", "created", (10, 20), (110, NOW), tier=1),
            version(OWN, "", "wrong", (20, NOW), (110, 120), tier=9),
            version(OWN, "", "corrected", (20, NOW), (120, NOW), tier=2),
        ],
    ),
    Case(
        name="a late event changes the middle and what follows inherits it",
        records=log(
            record("first", 100, entity("shop", 10, team="red", tier=1)),
            record("third", 110, entity("shop", 30, tier=3)),
            record("late", 120, entity("shop", 20, team="blue")),
        ),
        expected=[
            version(OWN, "", "first", (10, NOW), (100, 110), team="red", tier=1),
            version(OWN, "", "first", (10, 30), (110, 120), team="red", tier=1),
            version(OWN, "", "first", (10, 20), (120, NOW), team="red", tier=1),
            version(OWN, "", "late", (20, 30), (120, NOW), team="blue", tier=1),
            version(OWN, "", "third", (30, NOW), (110, 120), team="red", tier=3),
            version(OWN, "", "third", (30, NOW), (120, NOW), team="blue", tier=3),
        ],
    ),
    Case(
        name="a late event that says what already follows takes over its beginning",
        records=log(
            record("second", 100, link("shop", "CALLS", "bank", 20)),
            record("first", 110, link("shop", "CALLS", "bank", 10)),
        ),
        expected=[
            version(CALLS, "bank", "second", (20, NOW), (100, 110)),
            version(CALLS, "bank", "first", (10, NOW), (110, NOW)),
        ],
    ),
    Case(
        name="of several claims at one instant the last that changes anything begins the version",
        records=log(
            record(
                "made",
                100,
                entity("shop", 10, tier=1),
                entity("shop", 10, tier=2),
                entity("shop", 10, unset=["none"]),
            ),
            record("again", 110, entity("shop", 10, tier=2)),
        ),
        expected=[version(OWN, "", "made", (10, NOW), (100, NOW), tier=2)],
    ),
    Case(
        name="there and back at one instant is no change",
        records=log(
            record("one", 100, entity("shop", 10, tier=1)),
            record("two", 110, entity("shop", 20, tier=2), entity("shop", 20, tier=1)),
        ),
        expected=[version(OWN, "", "one", (10, NOW), (100, NOW), tier=1)],
    ),
    Case(
        name="1, 1.0 and true are three values",
        records=log(
            record("int", 100, entity("shop", 10, tier=1)),
            record("float", 110, entity("shop", 20, tier=1.0)),
            record("bool", 120, entity("shop", 30, tier=True)),
        ),
        expected=[
            version(OWN, "", "int", (10, NOW), (100, 110), tier=1),
            version(OWN, "", "int", (10, 20), (110, NOW), tier=1),
            version(OWN, "", "float", (20, NOW), (110, 120), tier=1.0),
            version(OWN, "", "float", (20, 30), (120, NOW), tier=1.0),
            version(OWN, "", "bool", (30, NOW), (120, NOW), tier=True),
        ],
    ),
    Case(
        name="sequence: none before numbers, numbers by value, other text last",
        records=log(
            record("text", 100, entity("shop", 10, by="text"), sequence="a"),
            record("ten", 101, entity("shop", 10, by="ten"), sequence="10"),
            record("nine", 102, entity("shop", 10, by="nine", nine=1), sequence="9"),
            record("none", 103, entity("shop", 10, by="none", none=1)),
        ),
        expected=[
            version(OWN, "", "text", (10, NOW), (100, 102), by="text"),
            version(OWN, "", "text", (10, NOW), (102, 103), by="text", nine=1),
            version(OWN, "", "text", (10, NOW), (103, NOW), by="text", nine=1, none=1),
        ],
    ),
    Case(
        name="numbers of equal value with other digits are a tie, which the log decides",
        records=log(
            record("one", 100, entity("shop", 10, tier=1), sequence="2"),
            record("two", 110, entity("shop", 10, tier=2), sequence="02"),
            record("three", 120, entity("shop", 10, tier=3), sequence="2"),
        ),
        expected=[
            version(OWN, "", "one", (10, NOW), (100, 110), tier=1),
            version(OWN, "", "two", (10, NOW), (110, 120), tier=2),
            version(OWN, "", "three", (10, NOW), (120, NOW), tier=3),
        ],
    ),
    Case(
        name="when a finite fact ends, the state is what the others say, and so is who said it",
        records=log(
            record("base", 100, entity("shop", 10, tier=1, team="red")),
            record("sale", 110, entity("shop", 20, 40, tier=9)),
            record("moved", 120, entity("shop", 30, team="blue")),
        ),
        expected=[
            version(OWN, "", "base", (10, NOW), (100, 110), tier=1, team="red"),
            version(OWN, "", "base", (10, 20), (110, NOW), tier=1, team="red"),
            version(OWN, "", "sale", (20, 40), (110, 120), tier=9, team="red"),
            version(OWN, "", "base", (40, NOW), (110, 120), tier=1, team="red"),
            version(OWN, "", "sale", (20, 30), (120, NOW), tier=9, team="red"),
            version(OWN, "", "moved", (30, 40), (120, NOW), tier=9, team="blue"),
            version(OWN, "", "moved", (40, NOW), (120, NOW), tier=1, team="blue"),
        ],
    ),
    Case(
        name="what begins where a finite fact ends does not inherit it",
        records=log(
            record("short", 100, entity("shop", 10, 20, tier=1)),
            record("next", 110, entity("shop", 20, team="red")),
        ),
        expected=[
            version(OWN, "", "short", (10, 20), (100, NOW), tier=1),
            version(OWN, "", "next", (20, NOW), (110, NOW), team="red"),
        ],
    ),
    Case(
        name="an end for a while: afterwards all is as if nothing had ended",
        records=log(
            record("base", 100, entity("shop", 10, tier=1), link("shop", "CALLS", "bank", 10)),
            record("closed", 110, end("shop", 20, 30)),
        ),
        expected=[
            version(OWN, "", "base", (10, NOW), (100, 110), tier=1),
            version(OWN, "", "base", (10, 20), (110, NOW), tier=1),
            version(OWN, "", "base", (30, NOW), (110, NOW), tier=1),
            version(CALLS, "bank", "base", (10, NOW), (100, 110)),
            version(CALLS, "bank", "base", (10, 20), (110, NOW)),
            version(CALLS, "bank", "base", (30, NOW), (110, NOW)),
        ],
    ),
    Case(
        name="an end also cuts what the log speaks of only later, for every type and discriminator",
        records=log(
            record("gone", 100, end("shop", 20)),
            record(
                "late",
                110,
                link("shop", "CALLS", "bank", 10),
                link("shop", "USES", "lib", 15, disc="lock", v="1"),
            ),
        ),
        expected=[
            version(CALLS, "bank", "late", (10, 20), (110, NOW)),
            version(StreamKey("shop", "USES", "lock"), "lib", "late", (15, 20), (110, NOW), v="1"),
        ],
    ),
    Case(
        name="an end at the instant of a start: the later in the log has the last word",
        records=log(
            record("born", 100, entity("shop", 10), link("shop", "CALLS", "bank", 10)),
            record("gone", 110, end("shop", 10)),
        ),
        expected=[
            version(OWN, "", "born", (10, NOW), (100, 110)),
            version(CALLS, "bank", "born", (10, NOW), (100, 110)),
        ],
    ),
    Case(
        name="single claims and complete sets share a stream; discriminators and types do not",
        records=log(
            record("set", 100, links("shop", "CALLS", {"bank": {"p": 1}, "mail": {}}, 10)),
            record(
                "other", 101, link("shop", "CALLS", "bank", 10, disc="b"), link("shop", "USES", "bank", 10)
            ),
            record("fewer", 110, links("shop", "CALLS", {"bank": {"p": 1}}, 20)),
            record("more", 120, link("shop", "CALLS", "mail", 30), unlink("shop", "CALLS", "bank", 30)),
        ),
        expected=[
            version(CALLS, "bank", "set", (10, NOW), (100, 120), p=1),
            version(CALLS, "bank", "set", (10, 30), (120, NOW), p=1),
            version(CALLS, "mail", "set", (10, NOW), (100, 110)),
            version(CALLS, "mail", "set", (10, 20), (110, NOW)),
            version(CALLS, "mail", "more", (30, NOW), (120, NOW)),
            version(StreamKey("shop", "CALLS", "b"), "bank", "other", (10, NOW), (101, NOW)),
            version(StreamKey("shop", "USES"), "bank", "other", (10, NOW), (101, NOW)),
        ],
    ),
    Case(
        name="a retraction takes back all of an event, and its own retraction brings all back",
        records=log(
            record("made", 100, entity("shop", 10, tier=1)),
            record("both", 110, entity("shop", 20, tier=2), link("shop", "CALLS", "bank", 20)),
            record("not so", 120, retract("both")),
            record("so after all", 130, retract("not so")),
        ),
        expected=[
            version(OWN, "", "made", (10, NOW), (100, 110), tier=1),
            version(OWN, "", "made", (10, 20), (110, 120), tier=1),
            version(OWN, "", "made", (10, NOW), (120, 130), tier=1),
            version(OWN, "", "made", (10, 20), (130, NOW), tier=1),
            version(OWN, "", "both", (20, NOW), (110, 120), tier=2),
            version(OWN, "", "both", (20, NOW), (130, NOW), tier=2),
            version(CALLS, "bank", "both", (20, NOW), (110, 120)),
            version(CALLS, "bank", "both", (20, NOW), (130, NOW)),
        ],
    ),
    Case(
        name="two retractions of one event: one of them taken back changes nothing",
        records=log(
            record("made", 100, entity("shop", 10)),
            record("no", 110, retract("made")),
            record("no again", 120, retract("made")),
            record("yes", 130, retract("no")),
        ),
        expected=[version(OWN, "", "made", (10, NOW), (100, 110))],
    ),
    Case(
        name="an event that retracts itself stands",
        records=log(record("odd", 100, retract("odd"), entity("shop", 10))),
        expected=[version(OWN, "", "odd", (10, NOW), (100, NOW))],
    ),
    Case(
        name="of two events that retract each other the later recorded stands",
        records=log(
            record("one", 100, retract("two"), entity("shop", 10, by=1)),
            record("two", 110, retract("one"), entity("shop", 20, by=2)),
        ),
        expected=[
            version(OWN, "", "one", (10, NOW), (100, 110), by=1),
            version(OWN, "", "two", (20, NOW), (110, NOW), by=2),
        ],
    ),
    Case(
        name="a circle of retractions counts only from when it is closed",
        records=log(
            record("one", 100, retract("two")),
            record("two", 110, retract("three"), entity("shop", 10)),
            record("three", 120, retract("one")),
        ),
        expected=[version(OWN, "", "two", (10, NOW), (120, NOW))],
    ),
    Case(
        name="a double with other content counts for nothing, whatever it says",
        records=log(
            record("made", 100, entity("shop", 10, tier=1)),
            record("made", 110, entity("shop", 5, tier=2), link("shop", "CALLS", "bank", 5), retract("made")),
        ),
        expected=[version(OWN, "", "made", (10, NOW), (100, NOW), tier=1)],
    ),
    Case(
        name="what one known instant gives and takes was never believed",
        records=log(
            record("made", 100, entity("shop", 10)),
            record("no", 100, retract("made")),
        ),
        expected=[],
    ),
]
