"""Promises of `<knowledge-graph>` where something is wrong, slow, large or meant badly: in a real Chromium, against a real API and a real Neo4j.

What is done in the browser is in tests/portal/hostile.mjs; screenshots are kept in test-output/hostile.
"""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio
from neo4j import AsyncDriver

from tests.clients.stage import EVENTS, event, seen
from tests.live.conftest import EngineAddresses
from tests.live.showing import shown
from tests.portal_browser import find_browser

pytestmark = pytest.mark.asyncio(loop_scope="session")

TIMEOUT_S = 240.0
CROWD = 5_000
DRAWN_MAX = 200
#: A step among 200 drawn of 5,000; the machine is shared.
STEP_MS_MAX = 400
MARKUP = "<script>alert(1)</script>"
STORY = [
    *EVENTS,
    *(seen(f"crowd-{n}", 3 if n % 100 else 15, f"service:one-{n:04}", "service:crowd") for n in range(CROWD)),
    seen("crowd", 5, "service:crowd", tier=1),
    event("crowd-owned", "owned", 5, key="service:crowd", by="team:shop"),
    seen(
        "odd",
        5,
        "service:odd",
        "service:<img src=x onerror=alert(1)>",
        "service:" + "long " * 60,
        "service:שירות התשלומים של החנות",
        note=MARKUP,
        html="<b>bold</b>&amp;<marquee>",
        text="שלום <i>",
    ),
]
LIVE = seen("live", 25, "service:checkout", "service:cart", "service:payment", "service:brand-new", tier=2)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def found(
    engines: EngineAddresses, neo4j_driver: AsyncDriver, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """All that was found in one run through the browser."""
    return await shown(
        find_browser(), "hostile.mjs", TIMEOUT_S, story=STORY, live=LIVE, engines=engines, driver=neo4j_driver,
        folder=tmp_path_factory.mktemp("hostile"),
    )  # fmt: skip


async def test_5000_neighbours_are_counted_and_the_page_stays_usable(found: dict[str, Any]) -> None:
    """What is drawn, what is folded and what was not read add up; steps, tables and filters work on."""
    crowd = found["crowd"]
    there = CROWD - CROWD // 100 + 1
    shown = crowd["shown"] - 1 + int(crowd["folded"][0].strip("+ more"))
    assert shown >= DRAWN_MAX
    assert crowd["notices"][0].startswith(
        f"{shown} of {there:,} relationships shown: +{there - shown:,} more."
    )
    folded, drawn = crowd["unfolded"]
    assert 150 < drawn <= DRAWN_MAX and folded[0].startswith("+")
    assert crowd["step_ms"] <= STEP_MS_MAX
    assert crowd["rows"] > 100
    assert crowd["filtered"] == [[], ["service:crowd", "team:shop"]]


async def test_three_steps_are_walked(found: dict[str, Any]) -> None:
    """Depth 3 shows all that is three relationships away, each step in a column; and depth 1 takes it back."""
    deep = found["deep"]
    expected = {"frontend", "checkout", "cart", "payment", "bank"}
    assert {key.removeprefix("service:") for key in deep["statuses"]} - {"team:shop"} == expected
    assert deep["columns"] == 4
    assert deep["shallow"] == ["service:cart", "service:checkout", "service:frontend"]


async def test_several_on_a_page_do_not_disturb_each_other(found: dict[str, Any]) -> None:
    """Keys, pointer, zoom, errors and the end of one concern that one alone."""
    several = found["several"]
    assert several["alike"] and several["moved"] and several["heard"] > 3
    assert several["lone"] == "Nothing is known of service:nobody."
    assert several["bad"] == "valid-at is “never”, which is no instant."
    assert several["after"] in ("present", "changed")


async def test_slow_answers_are_said_and_never_come_over_newer_ones(found: dict[str, Any]) -> None:
    """Loading, then still waiting; and what comes late, of another entity or of another instant, changes nothing any more."""
    slow = found["slow"]
    assert slow["loading"] == "Loading…" and slow["skeleton"] == 1
    assert slow["still"] == "Still waiting for the answer…"
    assert slow["overwritten"] is False and slow["errors"] == []
    assert slow["state"].startswith("service:checkout was not there at Dec 1, 2025")


async def test_a_service_that_is_down_loses_nothing(found: dict[str, Any]) -> None:
    """What was there stays and says that it is old; another try goes on; what is followed goes on by itself."""
    down = found["down"]
    assert down["kept"] == "present"
    assert down["said"].startswith("The service does not answer. This is what was read before")
    assert down["instead"] == "The service does not answer."
    assert down["again"] == ["present", []]
    assert down["live"] == ["Live updates are interrupted; connecting again…"]
    assert down["landed"] == "undeclared"


async def test_a_token_that_ends_is_asked_for_and_it_goes_on(found: dict[str, Any]) -> None:
    """It says so once, by `kg-error`; with another token in `headers` it asks again, and what was selected still is."""
    token = found["token"]
    assert token["said"].startswith("You are signed out.")
    assert token["events"] == ["expired"]
    assert token["kept"] == "present"
    assert token["after"] == {
        "said": [],
        "status": "present",
        "details": "cart",
        "token": "Bearer second",
        "events": 1,
    }


async def test_names_and_texts_are_only_text(found: dict[str, Any]) -> None:
    """Markup in names and properties, 300 characters, right-to-left: shown as they are, cut where they do not fit, whole where one asks."""
    names = found["names"]
    assert names["details"]["note"] == MARKUP
    assert names["details"]["html"] == "<b>bold</b>&amp;<marquee>"
    assert names["details"]["text"] == "שלום <i>"
    assert names["markup"] == [0, 0]
    assert names["fit"] and not names["wide"]
    assert names["titles"] > 300 and names["long"] >= 299


async def test_times_that_make_no_sense_are_told(found: dict[str, Any]) -> None:
    """None of them is guessed at, and each says what is wrong or what is shown."""
    clocks = found["clocks"]
    assert clocks["no date"] == "valid-at is “the day before”, which is no instant."
    assert clocks["no date known"] == "known-at is “2026-02-31”, which is no instant."
    assert clocks["no date compared"] == "compare-to is “13”, which is no instant."
    assert clocks["before the graph began"].endswith("nothing was known of service:checkout yet.")
    assert clocks["compared with itself"].startswith("Both instants are the same")
    assert clocks["compared with later"].startswith("What became otherwise from Jan 25, 2026")
    assert clocks["not there then"].startswith("service:checkout was not there at Jun 1, 2025")
    assert clocks["not there when compared"].startswith("What became otherwise from Dec 1, 2025")
    assert clocks["far future"].startswith("This instant is in the future")
    assert clocks["long ago"].startswith("service:checkout was not there at Jan 1, 1")
    assert clocks["freed"] is None


async def test_a_step_in_memory_asks_nothing(found: dict[str, Any]) -> None:
    """While it moves nothing is asked; at rest once; from change to change the instant and who made it, and never twice."""
    asked = found["asked"]
    assert asked["moving"] == []
    assert asked["rest"] == ["Around"]
    assert len(asked["changes"]) <= 2 * 4 and set(asked["changes"]) <= {"Around", "Moment"}
    assert asked["again"] == []


async def test_what_is_chosen_comes_from_outside_and_is_told_outside(found: dict[str, Any]) -> None:
    """The attributes `selected`, `hide` and `impact`, and the events that tell hosts what to put there."""
    chosen = found["chosen"]
    assert chosen["relationship"] == "checkout calls payment" and chosen["lit"] >= 2
    told, selected = chosen["told"]
    assert told["id"] == told["key"] == selected == "service:cart"
    assert chosen["none"] == [None, None]
    assert chosen["astray"][0].startswith("What is selected is not within what is shown here.")
    assert chosen["folded"] == ["one-0100", 1]
    view, shown = chosen["hidden"]
    assert view["hide"] == "team" and not shown
    assert chosen["dependents"] == ["1 frontend"]
    rows, impact = chosen["dependencies"]
    assert impact == "dependencies"
    assert rows == ["1 cart", "1 payment", "2 bank"]


async def test_the_page_stays_strict(found: dict[str, Any]) -> None:
    """No violation of the policy, no error, and no request but to the endpoint."""
    assert found["problems"] == []
    assert found["strangers"] == []


async def test_axe_finds_nothing(found: dict[str, Any]) -> None:
    """No violation in any of these states."""
    assert found["axe"] == {}
