"""One self-contained HTML file of a recorded view: the element, the answers, and a policy under which nothing else runs and nothing is asked."""

from __future__ import annotations

import base64
import json
import re
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

from graph_service import __version__

PARTS = Path(__file__).parent / "exported"
_EXPORTS = re.compile(r"export\s*\{([^{}]*)\};?\s*$")
_NAMES = {"addLanguage", "en"}
_STANDING_FOR = re.compile(r"<!--(\w+)-->")


def page(view: dict[str, Any], element: str) -> str:
    """The file. `view` is as `view.recorded` makes it, `element` the built module.

    All that came from events is text: JSON in a block that is not executed, with every `<` written as an escape, and escaped HTML.

    Raises:
        ValueError: the module is not one that can stand in a page.
    """
    script = _script(element)
    style = (PARTS / "page.css").read_text("utf-8")
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'; trusted-types lit-html"
    )
    parts = {
        "policy": policy,
        "generator": f"graph-service {__version__}",
        "title": escape(view["key"]),
        "style": style,
        "said": escape(_said(view)),
        "leftOut": "".join(f"<li>{escape(one)}</li>" for one in _left_out(view)),
        "data": json_text(view),
        "script": script,
    }
    # In one pass: what takes a place is not looked at again.
    return _STANDING_FOR.sub(lambda found: parts[found[1]], (PARTS / "page.html").read_text("utf-8"))


def json_text(value: Any) -> str:
    """JSON that ends no script, begins no comment, and is read the same."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _script(element: str) -> str:
    """The element behind what answers it, as one module; what it exports is handed over instead."""
    found = _EXPORTS.search(element)
    pairs = [one.split(" as ") for one in found[1].split(",")] if found else []
    names = {pair[-1].strip(): pair[0].strip() for pair in pairs}
    if found is None or not names.keys() >= _NAMES or re.search(r"</?script|<!--", element, re.IGNORECASE):
        raise ValueError("the built element cannot stand in a page")
    handed = ", ".join(f"{name}: {names[name]}" for name in sorted(_NAMES))
    recorded = (PARTS / "recorded.js").read_text("utf-8")
    return f"{recorded}{element[: found.start()]}\nrecordedShow({{ {handed} }});\n"


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(sha256(text.encode()).digest()).decode()


def _said(view: dict[str, Any]) -> str:
    instants = len(view["entities"][view["key"]]["points"])
    known = f", as known at {view['asKnown']}" if view["asKnown"] else ""
    return f"Recorded on {view['made']}{known}, at {instants} instants. It is a picture of that moment, and asks no server."


def _left_out(view: dict[str, Any]) -> list[str]:
    focus = view["entities"][view["key"]]
    first = focus["from"] or "the beginning"
    entities = (
        f"{len(view['entities'])} entities and what is one step around each"
        if len(view["entities"]) > 1
        else "it and what is one step around it"
    )
    return [
        f"Made by graph-service {__version__} on {view['made']}, with all that was recorded by {view['known']}. “Now” in it is the moment when it was made.",
        f"In it: {entities}, from {first} on.",
        f"The impact is in it at {' and '.join(view['impacts'])} only.",
        "Not in it: what was known at other times (“as known then”), entities further away, live changes, and which events led to those that are not shown.",
        *(f"Left out: {one}." for one in view["leftOut"]),
        *([f"{view['basis']['deadLetters']} records could not be applied when it was made."] if view["basis"]["deadLetters"] else []),
    ]  # fmt: skip
