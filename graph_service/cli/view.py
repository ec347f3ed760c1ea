"""`graph-service export --html`: what is around an entity, recorded at every instant at which something is known to have become otherwise."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson

from graph_service.cli.places import page_operations
from graph_service.core.errors import BadInput, EngineError
from graph_service.core.time import format_instant, now, parse_instant

if TYPE_CHECKING:
    from graph_service.settings import Settings

#: Instants of the entity itself, and of each of those whose relationships are recorded, too.
INSTANTS_MAX, INNER_INSTANTS_MAX = 400, 24
INNER_MAX, HISTORIES_MAX, MADE_BY_MAX, CAUSES_MAX = 40, 150, 60, 100
PAGE = 200
GRID = 8
HISTORY_PAGES_MAX = 20
TIMEOUT_S = 60.0
_OPERATION = re.compile(r"^(?:query|subscription) (\w+)")
Json = dict[str, Any]
Ask: TypeAlias = Callable[[str, Json], Awaitable[Json]]
Instants: TypeAlias = Callable[[str, int, int], Awaitable[list[int]]]


@dataclass(frozen=True, kw_only=True)
class ViewAsked:
    """Which view. Times in microseconds."""

    key: str
    #: What is shown first; None: now.
    at: int | None
    #: None: all that is recorded.
    known: int | None
    #: From when on; None: from the beginning, as far as instants go.
    since: int | None
    depth: int


@dataclass(kw_only=True)
class Recorder:
    """Asks, and keeps what comes: equal parts once."""

    #: Executes one operation by its text and variables; returns its `data`.
    ask: Ask
    #: The newest instants before one at which something around an entity became otherwise, at most so many; the newest first.
    instants: Instants
    texts: Mapping[str, str]
    #: The one known time of all answers.
    known: str
    now: int
    since: int | None
    ties: list[Json] = field(default_factory=list)
    heads: list[Json] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    _places: dict[str, int] = field(default_factory=dict)

    async def of(self, operation: str, **variables: Any) -> Json:
        """The answer to one of the element's operations."""
        found: Json = await self.ask(self.texts[operation], variables)
        return found

    async def history(self, key: str) -> Json | None:
        """An entity with all its versions; None where nothing was known of it."""
        found: Json | None = None
        after: str | None = None
        for _ in range(HISTORY_PAGES_MAX):
            entity = (await self.of("History", key=key, known=self.known, after=after))["entity"]
            if entity is None:
                return found
            page = entity["history"]
            if found is None:
                found = entity
            else:
                found["history"]["edges"] += page["edges"]
            if not page["pageInfo"]["hasNextPage"]:
                found["history"]["pageInfo"] = {"hasNextPage": False, "endCursor": None}
                return found
            after = page["pageInfo"]["endCursor"]
        self.left_out.append(f"versions of {key} beyond the first {HISTORY_PAGES_MAX * PAGE:,}")
        return found

    def point(self, instant: int) -> Json:
        """A point on both clocks, as the API wants it."""
        return {"valid": format_instant(instant), "known": self.known}

    async def entity(self, key: str, most: int) -> Json:
        """All answers about one entity: `moments`, and `points` from the earliest instant on."""
        moments, whole = await self._moments(key, most)
        start = self.since if self.since is not None else (min(moments, default=self.now) - 1)
        waiting = {self.now, start, *(at for at in moments if start < at <= self.now)}
        if self.since is not None:
            step = max(1, (self.now - start) // GRID)
            waiting |= set(range(start, self.now, step))
        points: dict[int, Json] = {}
        # The newest first; each answer may tell of instants nobody asked about yet.
        while waiting and len(points) < most:
            at = max(waiting) if len(points) < most - 1 else min(waiting)
            waiting.discard(at)
            points[at], told = await self._around(key, at)
            waiting |= {one for one in told if start < one < self.now and one not in points}
        if waiting:
            start = min(at for at in points if at > max(waiting))
            self.left_out.append(
                f"{len(waiting)} more instants at which something about {key} may have become otherwise"
            )
        elif not whole:
            self.left_out.append(f"what was before {format_instant(start)} of {key}")
        newest = [format_instant(at) for at in sorted(moments, reverse=True)[:60]]
        cut = bool(waiting) or not whole or self.since is not None
        kept = [points[at] for at in sorted(points) if at >= start]
        return {"moments": newest, "from": format_instant(start) if cut else None, "points": kept}

    async def _moments(self, key: str, most: int) -> tuple[set[int], bool]:
        """When it, or a relationship of it, became otherwise; and whether these are all."""
        around = await self.instants(key, self.now, most)
        history = await self.history(key)
        versions = [edge["node"] for edge in history["history"]["edges"]] if history else []
        own = {parse_instant(at) for one in versions for at in (one["validFrom"], one["validTo"]) if at}
        if len(around) < most:
            return {*around, *own}, True
        return {*around, *(at for at in own if at >= around[-1])}, False

    async def _around(self, key: str, at: int) -> tuple[Json, set[int]]:
        asked = {
            "key": key,
            "at": self.point(at),
            "types": None,
            "direction": "BOTH",
            "first": PAGE,
            "moments": False,
        }
        entity = (await self.of("Around", **asked))["entity"]
        if entity is None:
            return {"at": format_instant(at), "head": None, "ties": [], "more": False}, set()
        page = entity.pop("relationships")
        ties = [edge["node"] for edge in page["edges"]]
        # Neighbours change by themselves, too, or are declared later.
        parts = [entity, *ties, *(tie[end] for tie in ties for end in ("source", "target"))]
        told = {parse_instant(one[name]) for one in parts for name in ("validFrom", "validTo") if one[name]}
        point = {
            "at": format_instant(at),
            "head": self._place(self.heads, entity),
            "ties": [self._place(self.ties, tie) for tie in ties],
            "more": page["pageInfo"]["hasNextPage"],
        }
        return point, told

    def _place(self, into: list[Json], part: Json) -> int:
        name = f"{id(into)} {json.dumps(part, sort_keys=True)}"
        if name not in self._places:
            self._places[name] = len(into)
            into.append(part)
        return self._places[name]


def operations() -> dict[str, str]:
    """What the built element asks, by name.

    Raises:
        EngineError: it is not built here.
    """
    for manifest in page_operations():
        if manifest.parent.name == "element":
            texts: list[str] = list(json.loads(manifest.read_text("utf-8")).values())
            return {found[1]: text for text in texts if (found := _OPERATION.match(text))}
    raise EngineError("the element is not built here: run `python portal/build.py`")


async def recorded(ask: Ask, instants: Instants, asked: ViewAsked) -> Json:
    """The view, as JSON that the page answers from.

    `ask` executes an operation by its text and variables, and returns its `data`; `instants` is as in `Recorder`.

    Raises:
        BadInput: nothing was ever known of the entity.
    """
    texts = operations()
    at_first = {"known": format_instant(asked.known)} if asked.known is not None else {}
    began = now() // 1000 * 1000
    basis = (await ask("query B($at: At) { basis(at: $at) { valid known watermark stable deadLetters } }", {"at": at_first}))["basis"]  # fmt: skip
    recorder = Recorder(
        ask=ask, instants=instants, texts=texts, known=basis["known"], now=began, since=asked.since
    )
    focus = await recorder.entity(asked.key, INSTANTS_MAX)
    if all(point["head"] is None for point in focus["points"]):
        raise BadInput(f"nothing is known of {asked.key!r} in that time; check the key")
    entities = {asked.key: focus}
    ring = _near(recorder, focus)
    for _ in range(asked.depth - 1):
        new = [key for key in sorted(ring) if key not in entities]
        room = INNER_MAX - len(entities) + 1
        if len(new) > room:
            recorder.left_out.append(f"what is around {len(new) - room} entities further away")
        for key in new[: max(0, room)]:
            entities[key] = await recorder.entity(key, INNER_INSTANTS_MAX)
            ring |= _near(recorder, entities[key])
    shown = asked.at if asked.at is not None else began
    return {
        "key": asked.key,
        "depth": asked.depth,
        "made": format_instant(began),
        "at": None if asked.at is None else format_instant(asked.at),
        "known": recorder.known,
        "asKnown": None if asked.known is None else format_instant(asked.known),
        "basis": basis,
        "entities": entities,
        **await _beside(recorder, asked.key, focus, sorted(ring), {shown, began}),
        "ties": recorder.ties,
        "heads": recorder.heads,
        "leftOut": recorder.left_out,
    }


async def view_of(settings: Settings, asked: ViewAsked) -> Json:
    """`recorded` from the Neo4j of the settings, answered by the schema that the API has.

    Raises:
        BadInput: nothing was ever known of the entity, or a question of it is refused.
    """
    from graph_service.api.context import Context
    from graph_service.api.schema import make_schema
    from graph_service.api.security.roles import Principal, Role
    from graph_service.cli.running import driver_of
    from graph_service.store.read.instants import instants_around
    from graph_service.store.read.reader import Reader

    principal = Principal(name="export", realm="insecure", role=Role.READER)
    schema = make_schema()
    async with driver_of(settings) as driver:
        reader = Reader(driver, database=settings.neo4j_database, timeout_s=TIMEOUT_S)

        async def ask(text: str, variables: Json) -> Json:
            context = Context(reader, principal=principal)
            found = await schema.execute(text, variable_values=variables, context_value=context)
            if found.errors:
                raise BadInput(f"the view of {asked.key} cannot be recorded: {found.errors[0].message}")
            # As it would come over HTTP: plain values only.
            plain: Json = orjson.loads(orjson.dumps(found.data))
            return plain

        async def instants(key: str, before: int, most: int) -> list[int]:
            words = await reader.vocabulary()
            known = now() if asked.known is None else asked.known
            return await instants_around(
                driver, key, types=words.relationships, known=known, before=before, most=most,
                database=settings.neo4j_database,
            )  # fmt: skip

        return await recorded(ask, instants, asked)


def _near(recorder: Recorder, entity: Json) -> set[str]:
    """Who was ever one step away."""
    ties = {place for point in entity["points"] for place in point["ties"]}
    return {recorder.ties[place][end]["key"] for place in ties for end in ("source", "target")}


async def _beside(recorder: Recorder, key: str, focus: Json, near: list[str], shown: set[int]) -> Json:
    """What is told beside the picture: words, histories, what made each change, causes, impact."""
    words = (await recorder.of("Vocabulary"))["vocabulary"]
    histories = {
        one: await recorder.history(one)
        for one in [key, *(other for other in near if other != key)][:HISTORIES_MAX]
    }
    moments: dict[str, Any] = {}
    for point in focus["points"][-MADE_BY_MAX:]:
        at = parse_instant(point["at"])
        between = {"from": recorder.point(at - 1), "to": recorder.point(at), "around": key}
        moments[point["at"]] = (await recorder.of("Moment", **between))["diff"]
    events = {
        (event["source"], event["eventId"]): None
        for diff in moments.values()
        for edge in diff["edges"]
        if (event := edge["node"]["event"])
    }
    causes = [
        [source, id, (await recorder.of("Cause", source=source, id=id))["event"]]
        for source, id in list(events)[-CAUSES_MAX:]
    ]
    feed = await recorder.of("Feed", filter={"around": [key]}, first=100, after=None)
    owners = [one["type"] for one in words["relationshipTypes"] if one["owner"]]
    asked = {
        "of": [key],
        "direction": "DEPENDENTS",
        "types": None,
        "maxDepth": 5,
        "first": PAGE,
        "owners": owners,
    }
    impacts = {
        format_instant(at): (await recorder.of("Impact", at=recorder.point(at), **asked))["impact"]
        for at in sorted(shown)
    }
    changes = {"edges": feed["changes"]["edges"], "pageInfo": {"hasNextPage": False, "endCursor": None}}
    return {
        "changes": changes,
        "words": words,
        "histories": histories,
        "moments": moments,
        "causes": causes,
        "impacts": impacts,
    }


def element_text() -> str:
    """The built element as text.

    Raises:
        EngineError: it is not built here.
    """
    for manifest in page_operations():
        path: Path = manifest.parent / "knowledge-graph.js"
        if path.is_file():
            return path.read_text("utf-8")
    raise EngineError("the element is not built here: run `python portal/build.py`")
