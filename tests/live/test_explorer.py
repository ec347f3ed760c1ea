"""Promises of the explorer: in a real Chromium, as it is served from the package, on the demo story, where nothing but kept operations is executed.

What is done in the browser is in tests/portal/explorer.mjs; screenshots are kept in test-output/explorer.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from neo4j import AsyncDriver

from graph_service.cli.places import demo_mapping
from graph_service.mapping import Mapping
from tests.clients.environments import ROOT
from tests.clients.stage import HOST, free_port, served
from tests.live.conftest import EngineAddresses, emptied
from tests.live.story import write_story
from tests.live.writing import write_events
from tests.portal_browser import STATIC, find_browser, shots

pytestmark = pytest.mark.asyncio(loop_scope="session")

EXPLORER = STATIC / "explorer"
TIMEOUT_S = 240.0
BYTES_MAX = 85_000
#: Promised is one second on a machine of its own; this one is shared.
USEFUL_MS = 1_000
SHARED_FACTOR = 4
UNREADABLE = 3
LONG = "The team of " + "long " * 57 + "names"
RTL = "צוות התשלומים של החנות"


def team(id: str, title: str, day: int = 2, **data: str) -> dict[str, Any]:
    """A team is formed, after the story."""
    time = f"2026-11-{day:02}T00:00:00Z"
    data = {"team": id, "title": title, "mission": "none", **data}
    kind = "example.larkspur.team.formed.v1"
    return {"specversion": "1.0", "id": f"{id}-formed", "source": "/odd", "type": kind, "time": time, "data": data}  # fmt: skip


ODD = [
    team("odd", "<img src=x onerror=alert(1)>", mission="<script>alert(1)</script> <b>bold</b>"),
    team("long", LONG, mission="x" * 2_000),
    team("rtl", RTL, mission="כל מה שקשור לתשלומים"),
]


#: What a mapping that was wrong then could not apply, and the mapping as it is now can.
LATE = [team("late", "Late shift", 4), team("later", "Later shift", 4)]
WRONG = ("title: data.title, mission: data.mission", "title: data.caption")
LIVE = team("live", "Night shift", 3)


async def prepare(driver: AsyncDriver) -> int:
    """The story, dead letters of two reasons, and odd names; returns the known time of the last."""
    known = await write_story(driver, unreadable=UNREADABLE)
    mapping = Mapping.load([demo_mapping()])
    wrong = Mapping.parse([(one.name, one.text.replace(*WRONG)) for one in mapping.files])
    known = await write_events(driver, wrong, LATE, recorded_from=known + 1, letters=True)
    return await write_events(driver, mapping, ODD, recorded_from=known + 1)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def found(
    engines: EngineAddresses, neo4j_driver: AsyncDriver, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, Any]]:
    """All that was found in one run through the browser."""
    assert (EXPLORER / "index.html").is_file(), "the explorer is not built: run `make build-portal`"
    browser = find_browser()
    await emptied(neo4j_driver)
    known = await prepare(neo4j_driver)
    folder, port = tmp_path_factory.mktemp("explorer"), free_port()
    kept = folder / "kept"
    kept.mkdir()
    neo4j = (engines.neo4j_uri, engines.neo4j_user, engines.neo4j_password)
    server = served(folder, port, neo4j, kept, PERSISTED_ONLY="true")
    keys = await asyncio.to_thread(server.__enter__)
    try:
        given = {"BASE": f"http://{HOST}:{port}/explorer", "SHOTS": str(shots("explorer"))}
        given |= {"READER": keys["reader"], "OPERATOR": keys["operator"]}

        async def told(_: str) -> None:
            await landing(neo4j_driver, known)

        found = await browser.run("explorer.mjs", TIMEOUT_S, told, **given)
        found["files"] = await served_files(f"http://{HOST}:{port}")
        yield found
    finally:
        await asyncio.to_thread(server.__exit__, None, None, None)


async def landing(driver: AsyncDriver, known: int) -> None:
    """A team is formed while somebody looks."""
    await write_events(driver, Mapping.load([demo_mapping()]), [LIVE], recorded_from=known + 1_000)


async def served_files(base: str) -> dict[str, tuple[int, str]]:
    """Status and caching of what a browser loads, without any key."""
    async with httpx.AsyncClient(base_url=base) as client:
        script = next((EXPLORER / "assets").glob("*.js")).name
        paths = ("/explorer", f"/explorer/assets/{script}", "/element/knowledge-graph.js", "/docs")
        answers = {path.replace(script, "*.js"): await client.get(path) for path in paths}
        return {
            path: (one.status_code, one.headers.get("cache-control", "")) for path, one in answers.items()
        }


async def test_a_key_is_asked_for_and_kept_nowhere(found: dict[str, Any]) -> None:
    """Not in the address, not in any store; and the page goes on where it was."""
    assert found["signed_in"] == {"search": "?entity=service:checkout&tab=history", "kept": [0, 0, ""]}
    assert found["corrections"].endswith("&corrections=1")


async def test_the_first_page_is_quick(found: dict[str, Any]) -> None:
    """Something is painted, and then what happened lately."""
    assert found["first_paint_ms"] <= found["useful_ms"] <= USEFUL_MS * SHARED_FACTOR, found["useful_ms"]


async def test_what_is_searched_is_found_as_it_is_typed(found: dict[str, Any]) -> None:
    """The name that begins like it and is shortest comes first; back and forward work."""
    assert found["options"][0] == "service:checkout"
    assert found["active"] == "option-0"
    assert found["opened"] == ["Checkout", "?entity=service:checkout"]
    assert (found["back"], found["forward"]) == (
        "What is there, what depends on it, and how it came to be",
        "Checkout",
    )
    assert found["title"].startswith("service:checkout · Overview")


async def test_an_entity_is_told_with_who_changed_what(found: dict[str, Any]) -> None:
    """As it was at that instant: owner, properties, and the event behind each."""
    assert found["owner"] == "Buying"
    assert found["properties"]["title"] == "Checkout" and found["properties"]["language"] == "java"
    assert found["who"] == "example.larkspur.deployment.finished.v1"


async def test_an_address_shared_shows_the_same(found: dict[str, Any]) -> None:
    """Scrubbing gets into the address, and out of it again; back leads to where the movement began."""
    assert found["scrubbed"].startswith("?entity=service:checkout&valid=202")
    assert found["shared"] == [True, True]
    assert "entities" in found["announced"]
    assert found["before"] == "Mar 1, 2026, 00:00 UTC"
    assert found["told"] != found["before"]


async def test_two_instants_are_compared(found: dict[str, Any]) -> None:
    """On the picture and as a list: the reorganisation of February is in it."""
    compared = found["compared"]
    assert "tab=compare" in compared["search"] and "compare=2025-12-01T00:00:00Z" in compared["search"]
    assert {"added", "changed", "removed"} <= set(compared["kinds"])
    assert compared["rows"] >= 4 and compared["owned"] >= 1


async def test_impact_and_how_it_changed(found: dict[str, Any]) -> None:
    """What the story says: who entered, and who came nearer."""
    assert found["impact"] == "15 entities depend on it"
    assert found["drift"] == [
        "+ Entered Gift cards 1",
        "+ Entered Loyalty points 2",
        "+ Entered App backend 3",
        "△ Moved E-mails to send 3 → 2",
        "△ Moved Notification 4 → 3",
    ]
    assert found["csv"][0].lstrip("\ufeff").startswith("state,key,name,kind")
    assert found["csv"][1].startswith("Entered,service:gift-cards,Gift cards,service,,1,")


async def test_why_and_why_not(found: dict[str, Any]) -> None:
    """The printer's link to the old database: not known on June 1, and there all the same."""
    assert found["why_not"] == "It was so, and was learnt only later."
    assert "rel=STORES_IN" in found["why"][0] and found["why"][1].startswith("An event says so")


async def test_a_flow_of_work_is_a_cascade(found: dict[str, Any]) -> None:
    """Each event below the one that caused it."""
    assert len(found["cascade"]) == 10 and found["cascade"][:3] == [0, 1, 2] and max(found["cascade"]) >= 4
    assert found["flow_data"]


async def test_what_lands_is_seen(found: dict[str, Any]) -> None:
    """A change appears at the top, within the filter."""
    assert "Appeared" in found["landed"] and "Night shift" in found["landed"]


async def test_dead_letters_are_for_operators(found: dict[str, Any]) -> None:
    """Others are told how many there are, and whom to ask."""
    assert found["reader"].startswith(f"{UNREADABLE + len(LATE)} records wait to be looked at.")
    assert "role operator" in found["reader"] and found["reader_buttons"] == 0
    assert found["letters"] == UNREADABLE + len(LATE)


async def test_operators_replay_and_discard(found: dict[str, Any]) -> None:
    """One or all of a reason, after a step to confirm; what came of it is said, and stands in the table."""
    did = found["operated"]
    assert did["reasons"] == [
        f"not-json {UNREADABLE} waiting",
        f"mapping-failed {len(LATE)} waiting",
    ]
    assert did["cancelled"] == [0, UNREADABLE + len(LATE)]
    assert did["replayed"] == "2 replayed (2 events were new)."
    assert did["there"] == "Late shift"
    assert did["no_note"] == "Say why first."
    assert did["discarded"] == "1 discarded."
    assert did["failed"] == "0 replayed (0 events were new), 1 failed again."
    assert did["states"] == {"replayed": len(LATE), "discarded": 1, "waiting": UNREADABLE - 1}
    assert did["forbidden"] == "Your role may not do this: the role operator is needed."
    assert did["down"] == "The service does not answer."


async def test_all_of_what_is_seen_is_in_the_address(found: dict[str, Any]) -> None:
    """What is selected, which kinds are hidden, which groups are unfolded, which way an impact goes: opened again from its address it is the same; and back leads back."""
    state = found["state"]
    assert state["entity"].startswith("?entity=service:checkout&") and "selected=team:" in state["entity"]
    assert state["entity_details"][0] == state["entity_details"][1] != ""
    assert "selected=%5B%22" in state["relationship"]
    assert state["relationship_details"][0] == state["relationship_details"][1] != ""
    assert state["back"] == state["entity_details"][0]
    assert "hide=team" in state["hidden"] and state["hidden_teams"] == [0, 0]
    assert "unfolded=" in state["unfolded"]
    assert state["unfolded_cards"][0] == state["unfolded_cards"][1] > state["folded"] == state["folded_again"]
    assert "impact=dependencies" in state["impact"] and "selected=" in state["impact"]
    assert state["impact_rows"][0] == state["impact_rows"][1] and len(state["impact_rows"][0]) > 1
    assert state["impact_lit"][0] == state["impact_lit"][1] > 1
    assert state["elsewhere"].startswith("?entity=") and "selected=" not in state["elsewhere"]


async def test_what_goes_wrong_loses_nothing(found: dict[str, Any]) -> None:
    """Access that ends, a service that is down: what was there stays, and it goes on."""
    kept, said = found["kept_while"]
    assert kept and said.startswith("You are signed out. This is what was read before.")
    assert found["went_on"] == ["?entity=service:checkout&tab=relationships&types=CALLS", True]
    assert found["down"] == "The service does not answer."


async def test_what_is_not_there_is_explained(found: dict[str, Any]) -> None:
    """At that instant, or at all; and an address that makes no sense shows what of it does."""
    assert found["not_then"].startswith("team:core-commerce was not there at ")
    assert found["then"][0] == "Core Commerce" and "valid=2026-02-02" in found["then"][1]
    assert found["unknown"] == "Nothing is known of service:nobody."
    assert found["nonsense"] == ["Checkout", "“yesterday” is no instant: it is ignored."]
    assert found["known_before"].endswith("nothing was known of service:checkout yet.")
    assert found["freed"] == "?entity=service:checkout"
    assert found["same"] == [
        "Both instants are the same: nothing can differ. Move one of them.",
        "Nothing differs between the two instants.",
    ]


async def test_names_are_only_text(found: dict[str, Any]) -> None:
    """Markup, 300 characters, right-to-left."""
    assert found["markup"] == []
    assert found["long"] <= 91
    assert found["rtl"] == RTL
    assert found["overflow"] == []


async def test_the_keyboard_alone_is_enough(found: dict[str, Any]) -> None:
    """From the first page by the search to a history, the picture, the time bar, and an event."""
    assert [step.split()[0] for step in found["way"]] == ["button", "input", "a", "g", "g", "a"]
    assert found["after_search"].startswith("main")


async def test_the_page_stays_strict(found: dict[str, Any]) -> None:
    """Under the policy it is served with: no violation, no error, no request but to its own service."""
    assert found["problems"] == []
    assert found["strangers"] == []


async def test_axe_finds_nothing(found: dict[str, Any]) -> None:
    """In any state that was seen, light and dark, large and small."""
    assert found["axe"] == {}


async def test_it_is_small_and_names_no_registry() -> None:
    """What a browser loads is within its budget, and the lock has packages by content alone."""
    scripts = [path.read_bytes() for path in (EXPLORER / "assets").glob("*.js")]
    assert sum(len(gzip.compress(one, 9)) for one in scripts) <= BYTES_MAX
    assert not any(b"eval(" in one or b"new Function" in one for one in scripts)
    assert '"resolved"' not in (ROOT / "portal" / "explorer" / "package-lock.json").read_text()


async def test_it_is_served_to_who_has_no_key_yet(found: dict[str, Any]) -> None:
    """The program alone; what shows the schema needs a role."""
    assert found["files"] == {
        "/explorer": (200, "no-cache"),
        "/explorer/assets/*.js": (200, "public, max-age=31536000, immutable"),
        "/element/knowledge-graph.js": (200, "no-cache"),
        "/docs": (401, ""),
    }
