"""The company in motion: a clock, what is the case at its time, and the events that tell of every change.

A chapter is a generator. What it yields is the time at which it wants to go on; between two yields it does things through `World`,
and the world writes the events. Nothing here reads a wall clock or a random source: the same story comes out every time.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, TypeAlias

from graph_service.story.company import LIBRARIES, Resource, Service, Team, Wiring, libraries_of

BEGIN = datetime(2025, 5, 1, tzinfo=UTC)
END = datetime(2026, 10, 31, tzinfo=UTC)

CloudEvent: TypeAlias = dict[str, Any]
#: Yields when it wants to go on: an instant as `at` reads it, or a moment.
Chapter: TypeAlias = Iterator[str | datetime]

_SOURCES = {"catalog", "ci", "deploy", "incidents", "org", "review", "tracing"}


def at(text: str) -> datetime:
    """A moment in UTC from "2025-05-01" or "2025-05-01 09:30"."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def chance(*label: object) -> float:
    """A number in [0, 1) that depends on nothing but its label: the same in every run, on every machine."""
    return int.from_bytes(blake2b(repr(label).encode(), digest_size=6).digest(), "big") / 2**48


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC, with milliseconds where there are any."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
    return text.replace("+00:00", "Z")


@dataclass(slots=True)
class Running:
    """A service that is there, as it is now."""

    service: Service
    version: tuple[int, int, int]
    libraries: dict[str, str]
    #: The version before, with its libraries: what a rollback goes back to.
    before: tuple[tuple[int, int, int], dict[str, str]] | None = None
    #: The highest version that was ever built.
    built: tuple[int, int, int] = (0, 0, 0)

    @property
    def release(self) -> str:
        """The name of the release that runs."""
        return f"{self.service.name}-{'.'.join(map(str, self.version))}"


class World:
    """The company at one moment. Every method that changes it writes an event and returns its id, so that others can name it as cause."""

    def __init__(self) -> None:
        self.now = BEGIN
        self.running: dict[str, Running] = {}
        #: Version of each library that is current now.
        self.current = {
            f"{ecosystem}/{name}": version
            for ecosystem, all in LIBRARIES.values()
            for name, version in all.items()
        }
        self._events: list[tuple[datetime, int, CloudEvent]] = []
        #: Correlation id and recording time of every event by its id.
        self._chains: dict[str, str] = {}
        self._recorded: dict[str, datetime] = {}
        self._agenda: list[tuple[datetime, int, Chapter]] = []
        self._entered = 0

    def begin(self, chapter: Chapter, when: datetime | None = None) -> None:
        """Let a chapter run, from `when` on or now."""
        self._entered += 1
        heapq.heappush(self._agenda, (when or self.now, self._entered, chapter))

    def run(self) -> None:
        """Let time pass until nothing is left to happen, or the story ends."""
        while self._agenda:
            self.now, number, chapter = heapq.heappop(self._agenda)
            if self.now >= END:
                continue
            wanted = next(chapter, None)
            if wanted is not None:
                moment = at(wanted) if isinstance(wanted, str) else wanted
                if moment < self.now:
                    raise ValueError(
                        f"a chapter wants to go on at {stamp(moment)}, and it is {stamp(self.now)} already"
                    )
                heapq.heappush(self._agenda, (moment, number, chapter))

    def events(self) -> Iterator[CloudEvent]:
        """All events in the order in which they were recorded, no two in the same millisecond."""
        last = BEGIN - timedelta(days=1)
        for recorded, _, event in sorted(self._events, key=lambda found: found[:2]):
            last = max(recorded, last + timedelta(milliseconds=1))
            yield {**event, "recordedtime": stamp(last)}

    def tell(
        self,
        source: str,
        type: str,
        subject: str,
        data: dict[str, Any],
        *,
        id: str,
        cause: str | None = None,
        happened: datetime | None = None,
        lag_s: float | None = None,
    ) -> str:
        """Write an event: it happened now, or at `happened`, and is recorded some seconds (or `lag_s`) from now."""
        if source not in _SOURCES or id in self._chains:
            raise ValueError(f"no such source, or told before: {source} {id}")
        self._chains[id] = self._chains[cause] if cause is not None else id
        event: CloudEvent = {
            "specversion": "1.0",
            "id": id,
            "source": f"/larkspur/{source}",
            "type": f"example.larkspur.{type}.v1",
            "subject": subject,
            "time": stamp(happened or self.now),
            "datacontenttype": "application/json",
            "correlationid": self._chains[id],
            "data": data,
        }
        if cause is not None:
            event["causationid"] = cause
        wait_s = lag_s if lag_s is not None else 1 + 8 * chance("lag", id)
        recorded = self.now + timedelta(milliseconds=round(wait_s * 1000))
        if cause is not None:
            recorded = max(recorded, self._recorded[cause] + timedelta(milliseconds=40))
        self._recorded[id] = recorded
        self._events.append((recorded, len(self._events), event))
        return id

    def form_team(self, team: Team, cause: str | None = None) -> str:
        """A team is there from now on."""
        data = {"team": team.name, "title": team.title, "mission": team.mission}
        return self.tell(
            "org", "team.formed", f"team:{team.name}", data, id=f"team-formed-{team.name}", cause=cause
        )

    def dissolve_team(self, name: str, cause: str | None = None) -> str:
        """A team is no more."""
        return self.tell(
            "org", "team.dissolved", f"team:{name}", {"team": name}, id=f"team-dissolved-{name}", cause=cause
        )

    def hand_over(
        self, key: str, team: str, *, reason: str, cause: str | None = None, happened: datetime | None = None
    ) -> str:
        """Something changes its owner."""
        kind, _, name = key.partition(":")
        data = {"kind": kind, "name": name, "team": team, "reason": reason}
        id = f"owner-{name}-{team}-{(happened or self.now):%Y%m%d}"
        return self.tell("org", "ownership.changed", key, data, id=id, cause=cause, happened=happened)

    def register_resource(self, kind: str, resource: Resource, cause: str | None = None) -> str:
        """A data store or topic is there from now on, and owned."""
        data = {
            "name": resource.name,
            "title": resource.title,
            "engine": resource.engine,
            "team": resource.team,
        }
        id = f"{kind}-registered-{resource.name}"
        return self.tell("catalog", f"{kind}.registered", f"{kind}:{resource.name}", data, id=id, cause=cause)

    def retire_resource(self, kind: str, name: str, *, id: str, cause: str | None = None) -> str:
        """A data store or topic is switched off."""
        return self.tell("catalog", f"{kind}.retired", f"{kind}:{name}", {"name": name}, id=id, cause=cause)

    def register(
        self, service: Service, version: tuple[int, int, int] = (1, 0, 0), cause: str | None = None
    ) -> str:
        """A service is there from now on: registered, and observed in its wiring. Its first release is what runs."""
        libraries = {name: self.current[name] for name in libraries_of(service)}
        self.running[service.name] = Running(service, version, libraries)
        data = {
            "service": service.name,
            "title": service.title,
            "team": service.team,
            "language": service.language,
            "tier": service.tier,
        }
        id = self.tell(
            "catalog",
            "service.registered",
            f"service:{service.name}",
            data,
            id=f"service-registered-{service.name}",
            cause=cause,
        )
        self._deploy(service.name, cause=id, fixes=None)
        self.observe(service.name, cause=id)
        return id

    def fall_silent(self, name: str) -> None:
        """A service is switched off, and nobody writes it down: see `retire` with `happened`."""
        del self.running[name]

    def retire(self, name: str, *, cause: str | None = None, happened: datetime | None = None) -> str:
        """A service is switched off; `happened` where that was earlier and only becomes known now."""
        self.running.pop(name, None)
        return self.tell(
            "catalog",
            "service.retired",
            f"service:{name}",
            {"service": name},
            id=f"service-retired-{name}",
            cause=cause,
            happened=happened,
        )

    def rewire(self, name: str, change: Callable[[Wiring], Wiring], cause: str | None = None) -> str:
        """A service is wired differently from now on, and tracing observes it."""
        running = self.running[name]
        running.service = replace(running.service, wiring=change(running.service.wiring))
        return self.observe(name, cause=cause)

    def observe(self, name: str, cause: str | None = None) -> str:
        """Tracing says with what a service talks: all of it."""
        wiring = self.running[name].service.wiring
        data = {
            "service": name,
            "calls": sorted(wiring.calls),
            "stores": sorted(wiring.stores),
            "publishes": sorted(wiring.publishes),
            "consumes": sorted(wiring.consumes),
        }
        id = f"traced-{name}-{self.now:%Y%m%d%H%M}"
        return self.tell("tracing", "wiring.observed", f"service:{name}", data, id=id, cause=cause)

    def release(
        self,
        name: str,
        *,
        size: str = "patch",
        upgrade: Sequence[str] = (),
        cause: str | None = None,
        fixes: str | None = None,
    ) -> str:
        """A release is built and deployed, with the current version of the libraries in `upgrade`. Returns the deployment."""
        running = self.running[name]
        running.before = (running.version, dict(running.libraries))
        major, minor, patch = max(running.version, running.built)
        running.version = {
            "major": (major + 1, 0, 0),
            "minor": (major, minor + 1, 0),
            "patch": (major, minor, patch + 1),
        }[size]
        running.libraries.update(
            {library: self.current[library] for library in upgrade if library in running.libraries}
        )
        return self._deploy(name, cause=cause, fixes=fixes)

    def _deploy(self, name: str, cause: str | None, fixes: str | None) -> str:
        running = self.running[name]
        running.built = running.version
        version = ".".join(map(str, running.version))
        commit = blake2b(running.release.encode(), digest_size=5).hexdigest()
        built = self.tell(
            "ci",
            "release.built",
            f"release:{running.release}",
            {"release": running.release, "service": name, "version": version, "commit": commit},
            id=f"built-{running.release}",
            cause=cause,
        )
        data: dict[str, Any] = {
            "service": name,
            "release": running.release,
            "version": version,
            "replicas": 4 - running.service.tier,
            "libraries": dict(sorted(running.libraries.items())),
        }
        if fixes is not None:
            data["fixes"] = fixes
        happened = self.now + timedelta(minutes=6 + int(20 * chance("deploy", running.release)))
        return self._later(
            "deploy", "deployment.finished", name, data, f"deployed-{running.release}", built, happened
        )

    def roll_back(self, name: str, *, cause: str) -> str:
        """The release before runs again."""
        running = self.running[name]
        if running.before is None:
            raise ValueError(f"{name} has no release to go back to")
        left = running.release
        running.version, running.libraries = running.before[0], dict(running.before[1])
        running.before = None
        data = {
            "service": name,
            "release": running.release,
            "version": ".".join(map(str, running.version)),
            "replicas": 4 - running.service.tier,
            "libraries": dict(sorted(running.libraries.items())),
            "instead_of": left,
        }
        return self._later(
            "deploy", "deployment.rolledback", name, data, f"rolledback-{left}", cause, self.now
        )

    def _later(
        self, source: str, type: str, name: str, data: dict[str, Any], id: str, cause: str, happened: datetime
    ) -> str:
        lag_s = (happened - self.now).total_seconds() + 1 + 8 * chance("lag", id)
        return self.tell(
            source, type, f"service:{name}", data, id=id, cause=cause, happened=happened, lag_s=lag_s
        )

    def open_incident(
        self, number: int, title: str, *, severity: int, affects: Sequence[str], cause: str | None = None
    ) -> str:
        """Something is broken from now on. `affects` are keys."""
        data = {"incident": f"INC-{number}", "title": title, "severity": severity, "affects": sorted(affects)}
        return self.tell(
            "incidents",
            "incident.opened",
            f"incident:INC-{number}",
            data,
            id=f"INC-{number}-opened",
            cause=cause,
        )

    def resolve_incident(self, number: int, resolution: str, *, cause: str) -> str:
        """It works again."""
        data = {"incident": f"INC-{number}", "resolution": resolution}
        return self.tell(
            "incidents",
            "incident.resolved",
            f"incident:INC-{number}",
            data,
            id=f"INC-{number}-resolved",
            cause=cause,
        )
