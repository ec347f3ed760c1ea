"""Promises of the file of `export --html` that need no graph: what it is made of, and that data stays data."""

from __future__ import annotations

import base64
import html
import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from graph_service.cli.view_page import json_text, page

ROOT = Path(__file__).parents[2]
ELEMENT = "const V=class{},p=()=>{},e={};export{V as KnowledgeGraph,p as addLanguage,e as en};\n"
NASTY = "</script><!--<script>\u2028<img src=x onerror=alert(1)>&amp;\"'"


def view(key: str = "service:checkout") -> dict[str, Any]:
    """One that was recorded at one instant."""
    points = [{"at": "2026-01-01T00:00:00Z", "head": None, "ties": [], "more": False}]
    return {
        "key": key, "depth": 1, "made": "2026-01-02T00:00:00Z", "at": None, "known": "2026-01-02T00:00:00Z", "asKnown": None,
        "basis": {"deadLetters": 2}, "entities": {key: {"moments": [], "from": None, "points": points}},
        "impacts": {"2026-01-02T00:00:00Z": None}, "leftOut": [f"what was before {key}"],
    }  # fmt: skip


def test_the_policy_allows_just_what_is_in_the_file() -> None:
    """By hashes of one script and one style; nothing else runs, and nothing is asked."""
    text = page(view(), ELEMENT)
    found = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert found is not None
    policy = dict(one.strip().split(" ", 1) for one in found[1].split(";"))
    (script,) = re.findall(r'<script type="module">(.*?)</script>', text, re.S)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.S)
    for part, directive in ((script, "script-src"), (style, "style-src")):
        digest = base64.b64encode(sha256(part.encode()).digest()).decode()
        assert policy[directive] == f"'sha256-{digest}'"
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert "http:" not in text and "https:" not in text and "src=" not in text.replace("script-src", "")


def test_data_stays_data() -> None:
    """It ends no script, and comes out as it went in."""
    assert not set("<>&\u2028") & set(json_text(NASTY)) and json.loads(json_text(NASTY)) == NASTY
    text = page(view(NASTY), ELEMENT)
    assert text.count("</script>") == 2 and "<img" not in text and "<!--" not in text
    data = text.split('id="recorded">', 1)[1].split("</script>", 1)[0]
    assert json.loads(data)["key"] == NASTY
    assert html.unescape(re.findall(r"<title>(.*?)</title>", text, re.S)[0]) == NASTY


def test_a_name_that_looks_like_a_place_stays_a_name() -> None:
    """What takes a place is not looked at again."""
    text = page(view("<!--script-->"), ELEMENT)
    assert "&lt;!--script--&gt;" in text and text.count("recordedShow(") == 2


def test_it_says_what_it_leaves_out() -> None:
    """And how many records could not be applied."""
    text = page(view(), ELEMENT)
    assert "Left out: what was before service:checkout." in text
    assert "2 records could not be applied when it was made." in text
    assert "at 1 instants" in text


@pytest.mark.parametrize(
    "element", ["const a=1;", ELEMENT.replace("p as addLanguage,", ""), f"'</script>';{ELEMENT}"]
)
def test_another_module_is_refused(element: str) -> None:
    """Better no file than one that does nothing."""
    with pytest.raises(ValueError, match="cannot stand"):
        page(view(), element)


@pytest.mark.parametrize("folder", ["examples/backstage", "portal/frame"])
def test_locks_name_no_registry(folder: str) -> None:
    """What is installed is known by its content alone."""
    text = (ROOT / folder / "package-lock.json").read_text("utf-8")
    assert '"resolved"' not in text and '"integrity"' in text
    told = json.loads((ROOT / folder / "package.json").read_text("utf-8"))
    exact = {**told.get("dependencies", {}), **told.get("devDependencies", {})}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in exact.values()), exact
