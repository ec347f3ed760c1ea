"""Promises of `<knowledge-graph>` to whoever puts it into a page: each attribute, event, part and variable, and what is said of what is much.

What is done in the browser is in tests/portal/attributes.mjs; screenshots are kept in test-output/attributes.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from neo4j import AsyncDriver

from tests.clients.stage import EVENTS, seen
from tests.live.conftest import EngineAddresses
from tests.live.showing import shown
from tests.portal_browser import find_browser

pytestmark = pytest.mark.asyncio(loop_scope="session")

TIMEOUT_S = 300.0
#: More than one page of a history, and more than a table lists.
VERSIONS = 1_050
LISTED_MAX = 1_000
#: More than an impact is read of.
WIDE, READ_MAX = 230, 200
START = datetime(2026, 1, 1, tzinfo=UTC)
AROUND = ["service:cart", "service:checkout", "service:frontend", "service:payment", "team:shop"]
LEADING_OUT = ["service:cart", "service:checkout", "service:payment", "team:shop"]
NARROW = ["service:cart", "service:checkout", "service:payment"]
PARTS = {"frame", "toolbar", "title", "notice", "stage", "node", "present", "added", "changed", "tools", "details", "event", "legend", "time", "thumb", "instant"}  # fmt: skip


def often(number: int) -> dict[str, Any]:
    """A version of what changes every half hour."""
    time = (START + timedelta(minutes=30 * number)).isoformat().replace("+00:00", "Z")
    return {**seen(f"busy-{number}", 1, "service:busy", tier=1, build=number), "time": time}


STORY = [
    *EVENTS,
    *(often(number) for number in range(VERSIONS)),
    *(seen(f"wide-{number}", 3, f"service:leaf-{number:03}", "service:wide") for number in range(WIDE)),
]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def found(
    engines: EngineAddresses, neo4j_driver: AsyncDriver, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """All that was found in one run through the browser."""
    return await shown(
        find_browser(), "attributes.mjs", TIMEOUT_S, story=STORY, engines=engines, driver=neo4j_driver,
        folder=tmp_path_factory.mktemp("attributes"),
    )  # fmt: skip


async def test_each_attribute_does_what_it_says(found: dict[str, Any]) -> None:
    """What is shown with it; and what makes no sense is as if it were not there."""
    shown = found["shown"]
    assert shown["plain"] == shown["direction nonsense"] == shown["depth nonsense"] == AROUND
    assert shown["entity"] == ["service:cart", "service:checkout", "service:frontend"]
    assert shown["valid-at"] == shown["milliseconds"] == shown["offset"] == NARROW
    assert shown["direction in"] == ["service:checkout", "service:frontend"]
    assert shown["direction out"] == LEADING_OUT
    assert shown["depth 2"] == sorted([*AROUND, "service:bank"])
    assert shown["kinds"] == [key for key in AROUND if key.startswith("service:")]
    assert shown["types"] == ["service:checkout", "team:shop"]
    assert shown["compare-to"] == {
        "service:checkout": "present",
        "service:cart": "present",
        "service:payment": "present",
        "service:frontend": "added",
        "team:shop": "added",
    }
    assert shown["known-at"] == NARROW


async def test_a_theme_is_that_of_the_page_or_the_one_that_is_asked_for(found: dict[str, Any]) -> None:
    """`auto` follows the page, `light` and `dark` do not."""
    looks = found["looks"]
    assert looks["light"]["auto"] == looks["light"]["light"] == looks["dark"]["light"]
    assert looks["dark"]["auto"] == looks["dark"]["dark"] == looks["light"]["dark"]
    assert looks["light"]["light"] != looks["dark"]["dark"]


async def test_variables_and_parts_are_honoured(found: dict[str, Any]) -> None:
    """Those of Backstage where ours are not set; and every part of the README that can be seen here."""
    assert set(found["parts"]) >= PARTS
    assert found["portal"][0] == "rgb(1, 2, 3)"
    assert found["own"] == ["rgb(4, 5, 6)", "rgb(7, 8, 9)", "rgb(10, 11, 12)", "3px", "rgb(13, 14, 15)"]


async def test_the_bar_plays_holds_and_keeps_its_window(found: dict[str, Any]) -> None:
    """From change to change to the last; a window; an instant held; the second clock, off by default and explained in a sentence; whole seconds; now."""
    bar = found["bar"]
    assert bar["told"] == "Jan 1, 2026, 00:00:00 UTC"
    assert bar["played"] == [f"2026-01-{day:02}T00:00:00Z" for day in (2, 3, 5, 20)]
    assert bar["rest"] == [False, True]
    assert bar["window"] == "90"
    assert bar["held"] == ["2026-01-20T00:00:00Z"] * 2
    assert bar["freed"] is None
    assert bar["clocks"][0] is False and bar["clocks"][2] is True
    assert bar["clocks"][1].startswith("There are two clocks")
    assert len(bar["dragged"]) == len("2026-01-20T00:00:00Z")
    assert bar["now"] == [None, True]


async def test_the_keys_go_on_where_they_were(found: dict[str, Any]) -> None:
    """What had the focus goes away: the card that it was about, or the button that opened it, has it then."""
    assert found["keys"] == {
        "closed": "service:frontend",
        "escaped": "service:frontend",
        "helped": "Keyboard help",
    }


async def test_events_tell_of_a_new_middle_and_of_a_time_that_is_none(found: dict[str, Any]) -> None:
    """`kg-expand` with the key; `kg-error` once for one mistake, by whatever it is drawn again: no such day is taken for another one."""
    assert found["centred"] == [{"key": "service:frontend", "kind": None}, "service:frontend"]
    assert found["told"] == [
        {"kind": "time", "message": "valid-at is “2026-02-31T00:00:00Z”, which is no instant."}
    ]


async def test_what_is_much_is_counted(found: dict[str, Any]) -> None:
    """Every version is in the bar; a table says how many rows it does not list; of an impact that was cut no total is made up."""
    much = found["much"]
    assert much["changes"] == f"{VERSIONS:,} changes"
    assert much["rows"][0] == LISTED_MAX + 1
    assert much["rows"][1].startswith(f"+{VERSIONS - LISTED_MAX} more")
    assert much["impact"] == [
        f"At least {READ_MAX} entities depend on it",
        READ_MAX,
        f"Save these {READ_MAX} as CSV",
    ]


async def test_a_long_history_ends_with_what_is_so_now(found: dict[str, Any]) -> None:
    """The explorer shows the properties as they are and who made them so, and the newest versions first."""
    busy = found["busy"]
    assert busy["properties"] == [["build", str(VERSIONS - 1)], ["tier", "1"]]
    assert busy["maker"] == often(VERSIONS - 1)["time"]
    assert busy["when"] == "Jan 29, 2026, 00:00 UTC"
    assert busy["newest"] == str(VERSIONS - 1)
    assert (busy["listed"], busy["more"]) == (50, 100)


async def test_the_page_stays_strict_and_axe_finds_nothing(found: dict[str, Any]) -> None:
    """No violation of the policy, no error, no request but to the endpoint; in light and dark within light and dark."""
    assert found["problems"] == []
    assert found["strangers"] == []
    assert found["axe"] == {}
