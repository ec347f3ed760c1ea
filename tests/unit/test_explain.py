"""What decides why something is, or is not, there; no engine. Whole histories are held against the oracle in the live tests."""

from __future__ import annotations

from typing import Any

import pytest

from graph_service.api.explained import summary
from graph_service.core.errors import UnknownType
from graph_service.core.explain import Reason, by_belief, by_claims, disowned, ended_by, speaks
from graph_service.core.fold import Claim, claim, fold
from graph_service.core.model import NOTHING, Properties, RecordOrder, Row
from graph_service.core.time import FOREVER
from graph_service.core.vocabulary import near
from graph_service.store.keep.letters import LetterRecord
from graph_service.store.read.answers import Explained, LetterAt, Point, Subject, Waiting
from graph_service.store.read.waiting import names
from tests.builders import end, entity, link, links, unlink


def row(valid_from: int, valid_to: int, known_from: int, known_to: int = FOREVER, **more: Any) -> Row:
    """A row that was born as it is, or with `end_known` was open until then."""
    end_known = more.get("end_known", FOREVER if valid_to == FOREVER else known_from)
    return Row(
        item="", properties=more.get("properties", NOTHING), event=f"{valid_from}", valid_from=valid_from,
        valid_to=valid_to, known_from=known_from, known_to=known_to, end_known=end_known, ended_by=None,
    )  # fmt: skip


OPEN, OVER, FALSE, NEXT = (
    row(10, FOREVER, 100), row(1, 5, 100, end_known=120), row(2, FOREVER, 100, 110), row(20, FOREVER, 130),
)  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "valid", "known", "reason", "decisive"),
    [
        ([OPEN], 10, 100, Reason.HOLDS, OPEN),
        ([OPEN], 9, 100, Reason.NOT_YET_VALID, OPEN),
        ([OPEN], 10, 99, Reason.NOT_YET_KNOWN, OPEN),
        ([OVER], 5, 119, Reason.HOLDS, OVER),
        ([OVER], 5, 120, Reason.ENDED, OVER),
        ([OVER, OPEN], 7, 120, Reason.ENDED, OVER),
        ([FALSE], 3, 110, None, None),
        ([FALSE, NEXT], 25, 110, Reason.NOT_YET_KNOWN, NEXT),
        ([FALSE, NEXT], 15, 110, None, None),
        ([OVER, NEXT], 25, 125, Reason.ENDED, OVER),
        ([], 1, 1, None, None),
    ],
)
def test_rows_decide_the_first_four_reasons(
    rows: list[Row], valid: int, known: int, reason: Reason | None, decisive: Row | None
) -> None:
    """In their order: what is over comes before what was learnt later, and that before what begins later."""
    found = by_belief([("it", one) for one in rows], valid, known, 1000)
    assert (None if found is None else found.reason) is reason
    assert found is None or found.rows == (("it", decisive),)


def test_what_was_learnt_later_than_anybody_asks_for_does_not_count() -> None:
    """Up to a known time, inclusive; and of several the first to be known."""
    later = row(10, FOREVER, 150)
    assert by_belief([("it", OPEN)], 10, 50, 99) is None
    found = by_belief([("it", later), ("other", OPEN)], 10, 50, 100)
    assert found is not None and (found.known, found.rows) == (100, (("other", OPEN),))


def test_naming_does_not_count_once_the_entity_itself_began() -> None:
    """What is learnt of relationships makes nothing be there that is known to have ended; until that is taken back."""
    own = [row(1, 5, 90, 140)]
    found = by_belief([("edge", OPEN)], 12, 50, 1000, own)
    assert found is not None and (found.reason, found.known) == (Reason.NOT_YET_KNOWN, 140)
    found = by_belief([("edge", OPEN)], 12, 50, 130, own)
    assert found is None


def test_only_what_was_taken_back_is_a_correction() -> None:
    """Not what was only ended when its end was learnt, and not what goes on in the same state."""
    other = row(2, FOREVER, 110, properties=Properties.of({"x": 1}))
    assert disowned([("it", OVER), ("it", OPEN)], 12, 200) == []
    assert disowned([("it", FALSE)], 3, 110) == [("it", FALSE, None)]
    assert disowned([("it", FALSE)], 3, 109) == []
    assert disowned([("it", FALSE), ("it", other)], 3, 200) == [("it", FALSE, other)]
    assert disowned([("it", FALSE), ("it", row(2, 9, 110))], 3, 200) == []


def said(*assertions: Any, retracted: dict[int, int] | None = None) -> list[Claim]:
    """Claims recorded at 100, 101, …, by events named 0, 1, …; some retracted from a known time on."""
    found = []
    for nth, one in enumerate(assertions):
        made = claim(one, str(nth), RecordOrder(100 + nth, "t", 0, nth), 0, None)
        until = (retracted or {}).get(nth, FOREVER)
        found.append(Claim(assertion=one, event=made.event, place=made.place, believed=((100 + nth, until),)))
    return found


def test_claims_decide_between_retracted_and_superseded() -> None:
    """What would be there at the instant comes first, and of that what was retracted."""
    ab, gone = link("a", "CALLS", "b", 5), unlink("a", "CALLS", "b", 5)
    found = by_claims(said(ab, gone), "CALLS", "b", 7, 200, None)
    assert found is not None and (found.reason, found.claim.event, found.by) == (Reason.SUPERSEDED, "0", "1")
    found = by_claims(said(ab, gone, retracted={0: 150}), "CALLS", "b", 7, 200, None)
    assert found is not None and (found.reason, found.claim.event) == (Reason.RETRACTED, "0")
    later = link("a", "CALLS", "b", 9)
    found = by_claims(said(ab, gone, later, retracted={2: 150}), "CALLS", "b", 7, 200, None)
    assert found is not None and found.reason is Reason.SUPERSEDED
    found = by_claims(said(later, retracted={0: 150}), "CALLS", "b", 7, 200, None)
    assert found is not None and found.reason is Reason.RETRACTED
    assert by_claims(said(ab, gone), "CALLS", "b", 7, 99, None) is None
    assert by_claims(said(ab), "CALLS", "b", 7, 200, "other") is None
    assert by_claims(said(gone, end("a", 1)), "CALLS", "b", 7, 200, None) is None


def test_who_supersedes_is_the_last_to_take_it_away() -> None:
    """Also a set without it, or the end of the entity."""
    ab = link("a", "CALLS", "b", 5)
    for by in (links("a", "CALLS", {"c": {}}, 5), end("a", 5)):
        found = by_claims(said(ab, unlink("a", "CALLS", "c", 5), by), "CALLS", "b", 5, 200, None)
        assert found is not None and found.by == "2"
    found = by_claims(said(entity("a", 5), end("a", 5)), "", "", 5, 200, None)
    assert found is not None and found.by == "1"


def test_who_ended_it_is_as_believed_now() -> None:
    """Who was first believed to, as long as that still says so; then whoever does."""
    claims = said(link("a", "CALLS", "b", 1), unlink("a", "CALLS", "b", 5), end("a", 5), retracted={1: 150})
    asked = ("CALLS", "b", "", 5)
    assert ended_by(claims, *asked, 120, "1") == "1"
    assert ended_by(claims, *asked, 150, "1") == "2"
    assert ended_by(said(link("a", "CALLS", "b", 1, 5)), *asked, 150, "?") == "0"
    assert ended_by([], *asked, 150, "?") == "?"


def test_an_end_speaks_of_all_that_goes_out() -> None:
    """A rule is told only for what bears on the answer."""
    assert speaks(end("a", 1), "CALLS", "b", None) and not speaks(entity("a", 1), "CALLS", "b", None)
    assert speaks(links("a", "CALLS", {}, 1), "CALLS", "b", "")
    assert not speaks(links("a", "CALLS", {}, 1, disc="x"), "CALLS", "b", "")
    assert not speaks(link("a", "USES", "b", 1), "CALLS", "b", None)


def test_the_fold_and_the_verdict_agree() -> None:
    """From claims to rows to a reason."""
    rows = [("it", one) for one in fold(said(entity("a", 1), end("a", 5), entity("a", 9)))]
    reasons = [by_belief(rows, valid, 200, 300) for valid in (0, 1, 5, 9)]
    assert [one and one.reason for one in reasons] == [
        Reason.NOT_YET_VALID, Reason.HOLDS, Reason.ENDED, Reason.HOLDS,
    ]  # fmt: skip


EVENT = b'{"specversion": "1.0", "id": "s:id", "subject": "sub", "data": {"who": ["s:deep", "name"], "member": "x y"}}'


@pytest.mark.parametrize(
    ("key", "value", "of", "named"),
    [
        (b"s:a", None, "s:a", True),
        (b"a", b"", "s:a", True),
        (b"s:ab", None, "s:a", False),
        (None, EVENT, "s:sub", True),
        (None, EVENT, "s:deep", True),
        (None, EVENT, "s:name", True),
        (None, EVENT, "x", False),
        (None, EVENT, "s:id", False),
        (None, EVENT, "member", False),
        (None, b'{"who": "s:a", ', "s:a", True),
        (None, b'{"who": "a", ', "s:a", True),
        (None, b'{"who": "a", ', "s:who", False),
        (None, b"who=s:a;", "s:a", True),
        (None, b"who=s:a/b;", "s:a", False),
        (None, b"who=a;", "s:a", False),
        (None, b"a secret;", "secret", False),
        (None, b"\xff\xfes:a", "s:a", False),
        (None, None, "s:a", False),
    ],
)
def test_a_record_names_an_entity_by_whole_values(
    key: bytes | None, value: bytes | None, of: str, named: bool
) -> None:
    """By its key or its name; never by a part of a text, the name of a member, or an attribute that is about the event."""
    assert names(LetterRecord(key=key, headers=(), value=value), of) is named


def test_a_binary_event_names_its_subject() -> None:
    """In a header."""
    record = LetterRecord(key=None, headers=(("ce_subject", b"s:a"), ("ce_id", b"s:b")), value=None)
    assert names(record, "s:a") and not names(record, "s:b")


def test_words_that_are_much_alike() -> None:
    """Whatever the case; cheap also for huge ones."""
    assert near(["calls", "servce"], ["CALLS", "USES", "service"]) == ("CALLS", "service")
    assert near(["x" * 1_000_000] * 1000, ["CALLS"] * 10_000) == ()
    error = UnknownType(["calls"], ["CALLS"])
    assert "did you mean CALLS?" in str(error) and error.details() == {"near": ["CALLS"]}
    assert len(str(UnknownType(["y" * 10_000] * 1000))) < 600


def test_the_summary_of_an_absence_without_any_event() -> None:
    """Tells where dead letters are; and whether all were looked into."""
    asked: dict[str, Any] = {
        "subject": Subject(key="a", type="CALLS", target="b", discriminator="x"), "at": Point(valid=0, known=0),
        "learned_to": 0, "by_name": False, "versions": (), "events": (), "superseded": (), "corrections": (), "rules": (),
    }  # fmt: skip
    never = Explained(reason=Reason.NEVER_ASSERTED, waiting=Waiting(unseen=True), **asked)
    assert summary(never, {}) == (
        "a -CALLS-> b (x) is not there at 1970-01-01T00:00:00Z, as known at 1970-01-01T00:00:00Z: no event that was recorded by then asserts it. "
        "Not all dead letters could be looked into."
    )
    letters = tuple(LetterAt(id=f"t/0/{nth}", recorded_at=0) for nth in range(5))
    waiting = Explained(reason=Reason.IN_DEAD_LETTERS, waiting=Waiting(letters=letters), **asked)
    assert "t/0/0, t/0/1, t/0/2 and 2 more" in summary(waiting, {})
