"""What goes on between the chapters: releases, small incidents, new versions of libraries, maintenance, and tracing."""

from __future__ import annotations

from datetime import datetime, timedelta

from graph_service.story.world import BEGIN, Chapter, World, chance, stamp

#: Days between two releases of a service, on average, by tier.
_DAYS_BETWEEN_RELEASES = {1: 23, 2: 29, 3: 37}
_TITLES = (
    "Requests time out",
    "Memory runs full",
    "One in twenty requests fails",
    "Messages pile up",
    "Customers are logged out",
    "A page shows old data",
)
_RESOLUTIONS = (
    "the release before runs again",
    "rolled back; a test for it is written",
    "rolled back until the cause is understood",
)


def releases(world: World) -> Chapter:
    """Every service is released now and then; new services join in by themselves."""
    seen: set[str] = set()
    yield BEGIN + timedelta(days=1)
    while True:
        for name in sorted(set(world.running) - seen):
            seen.add(name)
            world.begin(_releases_of(world, name))
        yield world.now + timedelta(days=1)


def _releases_of(world: World, name: str) -> Chapter:
    number = 0
    while name in world.running:
        tier = world.running[name].service.tier
        days = _DAYS_BETWEEN_RELEASES[tier] * (0.35 + 1.3 * chance("pause", name, number))
        yield _working_hour(world.now + timedelta(days=days), name, number)
        number += 1
        if name not in world.running or _frozen(world.now):
            continue
        libraries = sorted(world.running[name].libraries)
        upgrade = [
            library
            for library in libraries
            if chance("upgrade", name, number, library) < 0.35 and not _held(name, library)
        ]
        size = "minor" if chance("size", name, number) < 0.4 else "patch"
        deployment = world.release(name, size=size, upgrade=upgrade)
        if chance("goes wrong", name, number) < 0.03:
            world.begin(_small_incident(world, name, number, deployment), world.now + timedelta(minutes=31))


def _small_incident(world: World, name: str, number: int, deployment: str) -> Chapter:
    """A release goes wrong: opened, rolled back, resolved; each event names the one before as its cause."""
    incident = 2000 + int(7000 * chance("incident number", name, number))
    yield world.now + timedelta(minutes=int(50 * chance("noticed", name, number)))
    if name not in world.running:
        return
    title = _TITLES[int(len(_TITLES) * chance("title", incident))]
    severity = min(3, world.running[name].service.tier + 1)
    opened = world.open_incident(
        incident, title, severity=severity, affects=[f"service:{name}"], cause=deployment
    )
    yield world.now + timedelta(minutes=9 + int(60 * chance("understood", incident)))
    back = world.roll_back(name, cause=opened)
    yield world.now + timedelta(minutes=5 + int(30 * chance("calm", incident)))
    resolution = _RESOLUTIONS[int(len(_RESOLUTIONS) * chance("resolution", incident))]
    world.resolve_incident(incident, resolution, cause=back)


def new_library_versions(world: World) -> Chapter:
    """The world outside goes on: every library has a new version now and then."""
    number = 0
    yield BEGIN + timedelta(days=5)
    while True:
        libraries = sorted(library for library in world.current if library != "maven/forge-json")
        library = libraries[int(len(libraries) * chance("library", number))]
        major, minor, patch = (int(part) for part in world.current[library].split("."))
        version = (major, minor + 1, 0) if chance("bump", number) < 0.4 else (major, minor, patch + 1)
        world.current[library] = ".".join(map(str, version))
        number += 1
        yield world.now + timedelta(days=2 + 4 * chance("next library", number))


def maintenance(world: World) -> Chapter:
    """Work that is announced a week before: its window has a beginning and an end from the first day on."""
    windows = (
        ("2025-06-15", "shop-db", "New disks"),
        ("2025-08-17", "stock-db", "Upgrade of the database"),
        ("2025-10-26", "customer-db", "Upgrade of the database"),
        ("2026-01-18", "search-index", "The index is built anew"),
        ("2026-03-22", "payments-ledger", "Upgrade of the database"),
        ("2026-05-10", "analytics-lake", "Moved to another region"),
        ("2026-07-19", "shipping-db", "Upgrade of the database"),
        ("2026-09-20", "orders-db", "New disks"),
        ("2026-11-08", "customer-db", "Moved to another region"),
    )
    for number, (day, store, title) in enumerate(windows, start=1):
        begins = datetime.fromisoformat(f"{day}T01:00:00+00:00")
        yield begins - timedelta(days=11, hours=-9)
        window = f"MW-{number}"
        data = {
            "window": window,
            "title": title,
            "affects": [f"datastore:{store}"],
            "from": stamp(begins),
            "to": stamp(begins + timedelta(hours=4)),
        }
        world.tell(
            "catalog", "maintenance.announced", f"maintenance:{window}", data, id=f"announced-{window}"
        )


def tracing(world: World) -> Chapter:
    """Four times a year tracing says again what every service talks to. Saying the same again changes nothing."""
    for day in ("2025-08-01", "2025-11-01", "2026-02-01", "2026-05-01", "2026-08-01"):
        yield f"{day} 03:00"
        for name in sorted(world.running):
            world.observe(name)
            yield world.now + timedelta(seconds=40)


def _working_hour(moment: datetime, name: str, number: int) -> datetime:
    """Weekdays from eight to four, to the second."""
    day = moment.replace(hour=8, minute=0, second=0, microsecond=0)
    day += timedelta(days=(0, 0, 0, 0, 0, 2, 1)[day.weekday()])
    start = day + timedelta(seconds=int(8 * 3600 * chance("hour", name, number)))
    return start if start >= moment else start + timedelta(days=1 if start.weekday() < 4 else 3)


def _frozen(moment: datetime) -> bool:
    """Nobody releases in the two weeks before Christmas and until the new year, or on Black Friday."""
    return (moment.month == 12 and moment.day >= 16) or (moment.month, moment.day) == (11, 28)


def _held(name: str, library: str) -> bool:
    """forge-json moves in its own chapter only."""
    return library == "maven/forge-json"


EVERYDAY = (releases, new_library_versions, maintenance, tracing)
