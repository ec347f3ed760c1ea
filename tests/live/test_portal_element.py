"""Promises of `<knowledge-graph>`: in a real Chromium, on a page with a strict policy, against a real API and a real Neo4j.

What is done in the browser is in tests/portal/element.mjs; screenshots are kept in test-output/element.
"""

from __future__ import annotations

import gzip
import subprocess
from typing import Any

import pytest
import pytest_asyncio
from neo4j import AsyncDriver

from tests.clients.stage import EVENTS, seen
from tests.live.conftest import EngineAddresses
from tests.live.showing import shown
from tests.portal_browser import ELEMENT, PORTAL, Browser, find_browser

pytestmark = pytest.mark.asyncio(loop_scope="session")

BYTES_MAX = 45_000
TIMEOUT_S = 240.0
#: Promised are 50 and 150 on a machine of its own; this one is shared.
SHARED_FACTOR = 3.0
#: By CPU time of the page's main thread, which others on the machine make longer only through its caches; with the drawing of the frame.
CPU_FACTOR = 2.5
HUB = tuple(f"service:spoke-{number:03}" for number in range(189))
ODD = (
    "service:<img src=x onerror=alert(1)>",
    "service:" + "long " * 60,
    "service:שירות התשלומים של החנות",
    "service:<b>bold</b>&amp;",
)
STORY = [
    *EVENTS,
    seen("hub-1", 5, "service:hub", *HUB, tier=1),
    seen("hub-2", 12, "service:hub", *HUB[::2], tier=2),
    seen("hub-3", 18, "service:hub", *HUB, tier=1),
    seen("odd", 5, "service:odd", *ODD, note="<script>alert(1)</script>"),
]
LIVE = seen("live", 25, "service:checkout", "service:cart", "service:payment", "service:brand-new", tier=2)


@pytest.fixture(scope="module")
def browser() -> Browser:
    """A Chromium with Node, and the element that is built."""
    return find_browser()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def found(
    engines: EngineAddresses,
    neo4j_driver: AsyncDriver,
    browser: Browser,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Any]:
    """All that was found in one run through the browser."""
    return await shown(
        browser, "element.mjs", TIMEOUT_S, story=STORY, live=LIVE, engines=engines, driver=neo4j_driver,
        folder=tmp_path_factory.mktemp("element"),
    )  # fmt: skip


async def test_the_neighbourhood_is_seen_as_it_was(found: dict[str, Any]) -> None:
    """What is around an entity at an instant; who was only ever named is undeclared."""
    assert found["at_first"] == {
        "service:frontend": "present",
        "service:checkout": "present",
        "service:cart": "present",
        "service:payment": "present",
        "team:shop": "present",
    }


async def test_moving_through_time_moves_nothing(found: dict[str, Any]) -> None:
    """Scrubbing by key and by pointer tells where it is, and no card changes its place."""
    assert found["moved"] == []
    assert found["moves"] > 20


async def test_the_next_change_tells_who_made_it(found: dict[str, Any]) -> None:
    """`]` goes to the change, marks it, names its event, and says so to a screen reader; `n` goes to now."""
    assert found["next"] == "2026-01-20T00:00:00Z"
    assert found["changed_there"]["service:checkout"] == "changed"
    assert found["event_there"] == "seen /t · 7"
    assert "differ" in found["announced"]
    assert found["now"] is None


async def test_the_keyboard_alone_is_enough(found: dict[str, Any]) -> None:
    """One stop of the tab key; arrows follow columns and relationships; Enter opens, and the way from the middle lights up."""
    assert found["tab_stops"] == 1
    assert found["way"][0] == found["way"][3] == found["way"][5] == "service:checkout"
    assert found["way"][1:3] != [found["way"][0]] * 2
    assert found["way"][4] == "service:frontend"
    assert found["selected"]["key"] == "service:frontend"
    assert (found["details"], found["made_by"]) == ("frontend", "/t · 3")
    assert found["dimmed"][2] == 1 and found["dimmed"][0] == 2 and found["dimmed"][1] == 1


async def test_two_instants_are_compared(found: dict[str, Any]) -> None:
    """What came, went and changed between them, on the picture and in the tables."""
    compared = found["compared"]
    assert compared["service:checkout"] == "changed"
    assert compared["service:frontend"] == "added"
    assert compared["team:shop"] == "added"
    assert found["tables"][0] == f"Entities ({len(compared)})"


async def test_impact_has_a_table_and_csv(found: dict[str, Any]) -> None:
    """What depends on it with its owners, and the same as a file."""
    assert found["impact"] == [
        ["1", "payment", "Service", "nobody known"],
        ["2", "checkout", "Service", "shop"],
        ["3", "frontend", "Service", "nobody known"],
    ]
    assert found["csv"].startswith("1,service:payment,")


async def test_what_goes_wrong_is_told(found: dict[str, Any]) -> None:
    """A wrong token, one that ends, a service that is down, times that are none, entities that are not there."""
    assert found["signed_out"] == "You are signed out."
    assert found["signed_in"] == "present"
    assert found["expired"] == [
        "You are signed out. This is what was read before; the newest answer did not come.",
        "present",
    ]
    assert found["down"] == "The service does not answer."
    assert found["errors"] == ["expired", "expired", "unreachable"]
    assert found["bad_time"] == "valid-at is “yesterday”, which is no instant."
    assert found["before"].startswith("service:cart was not there at Jun 1, 2025")
    assert found["unknown"] == "Nothing is known of service:nobody."
    assert found["nothing_chosen"] == "Nothing is chosen."
    assert found["known_first"].startswith("It is shown as known before it happened")


async def test_what_lands_is_seen(found: dict[str, Any]) -> None:
    """A change is drawn as it lands."""
    assert found["live"] == "undeclared"


async def test_names_are_only_text(found: dict[str, Any]) -> None:
    """Markup, 300 characters and right-to-left names are drawn as what they are."""
    assert (found["odd"], found["markup"]) == (1 + len(ODD), 0)


async def test_nothing_is_left_out_uncounted(found: dict[str, Any]) -> None:
    """More than fit are folded with their number, and unfolded up to 200."""
    assert found["folded"] == [f"+{len(HUB) - 16} more"]
    assert 150 < found["drawn"] <= 200


async def test_the_panel_tells_where_time_rests(found: dict[str, Any]) -> None:
    """On the way it keeps its place and says nothing; a line among many says what it is when it is pointed at."""
    assert found["panel"] == [[0, 0], [1, 40], [1, 0], [1, 40]]
    assert found["pointed"] == [0, ["calls", "added"]]


async def test_200_nodes_are_quick(found: dict[str, Any]) -> None:
    """A step in time, a layout of all of it, and all of it drawn from nothing."""
    timing = found["timing"]
    assert timing["scrub_ms_p95"] <= 50 * SHARED_FACTOR, timing
    assert timing["layout_ms"] <= 150 * SHARED_FACTOR, timing
    assert timing["first_ms"] <= 150 * SHARED_FACTOR, timing
    assert timing["scrub_cpu_ms_p95"] <= 50 * CPU_FACTOR, timing
    assert timing["layout_cpu_ms"] <= 150 * CPU_FACTOR, timing
    assert timing["first_cpu_ms"] <= 150 * CPU_FACTOR, timing


async def test_the_page_stays_strict(found: dict[str, Any]) -> None:
    """No violation of the policy, no error, and no request but to the endpoint."""
    assert found["problems"] == []
    assert found["strangers"] == []


async def test_axe_finds_nothing(found: dict[str, Any]) -> None:
    """No violation in any state that was seen."""
    assert found["axe"] == {}


async def test_pure_parts(browser: Browser) -> None:
    """The properties of layout, facts and small parts hold (vitest)."""
    done = subprocess.run(
        [browser.npm, "test"],
        cwd=PORTAL,
        env=browser.variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]


async def test_the_module_is_small_and_alone() -> None:
    """One file within its budget, with types beside it; nothing imported, nothing evaluated."""
    text = ELEMENT.read_bytes()
    assert len(gzip.compress(text, 9)) <= BYTES_MAX
    assert b"eval(" not in text and b"new Function" not in text and b'from"' not in text
    assert (ELEMENT.parent / "types" / "index.d.ts").is_file()
    assert {path.name for path in ELEMENT.parent.iterdir() if path.is_file()} <= {
        ELEMENT.name,
        ".built-from",
        "operations.json",
    }


async def test_the_lock_names_no_registry() -> None:
    """The lock has what is installed by content alone, from wherever it comes."""
    assert '"resolved"' not in (PORTAL / "package-lock.json").read_text()
