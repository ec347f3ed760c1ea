"""The story of Larkspur, May 2025 to October 2026, chapter by chapter. Dates are told, the rest follows from the world."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from graph_service.story.company import DATASTORES, SERVICES, TEAMS, TOPICS, Resource, Service, Team, Wiring
from graph_service.story.growth import new_things
from graph_service.story.world import Chapter, World, at, chance


def as_it_was(world: World) -> Chapter:
    """1 May 2025. Everything that is there is written down for the first time."""
    for team in TEAMS:
        world.form_team(team)
    yield "2025-05-01 00:10"
    for store in DATASTORES:
        world.register_resource("datastore", store)
    for topic in TOPICS:
        world.register_resource("topic", topic)
    yield "2025-05-01 00:20"
    for index, service in enumerate(SERVICES):
        world.register(service, version=(2 + index % 3, 4 + index % 7, index % 5))
        yield world.now + timedelta(minutes=1)


def a_new_payment_provider(world: World) -> Chapter:
    """Summer 2025. Paygrid raises its prices; Larkspur moves to Northbank, a tenth of the payments at first."""
    yield "2025-07-14 09:30"
    begun = world.register(
        Service(
            name="northbank-adapter",
            title="Northbank adapter",
            team="core-commerce",
            language="java",
            tier=1,
            wiring=Wiring(),
        )
    )
    yield "2025-08-25 10:00"
    both = world.release("payment-gateway", size="minor", cause=begun)
    world.rewire(
        "payment-gateway",
        lambda was: replace(was, calls=("paygrid-adapter", "northbank-adapter", "fraud-check")),
        both,
    )
    yield "2025-09-10 13:40"
    wobble = world.open_incident(
        1042,
        "One payment in nine is declined",
        severity=2,
        affects=["service:payment-gateway", "service:checkout"],
        cause=both,
    )
    yield "2025-09-10 14:25"
    fix = world.release("northbank-adapter", fixes="INC-1042", cause=wobble)
    yield "2025-09-10 15:05"
    world.resolve_incident(1042, "Northbank wanted amounts without a fraction in yen", cause=fix)
    yield "2025-10-13 08:00"
    only = world.release("payment-gateway", size="major", cause=both)
    world.rewire(
        "payment-gateway", lambda was: replace(was, calls=("northbank-adapter", "fraud-check")), only
    )
    yield "2025-10-20 16:00"
    world.retire("paygrid-adapter", cause=only)


def the_old_shop_is_split(world: World) -> Chapter:
    """August 2025 to September 2026. One service after the other leaves the old shop, until nothing is left of it."""
    yield "2025-08-04 09:00"
    started = world.register(_java("cart", "Cart", 1, Wiring(calls=("stock",), stores=("session-cache",))))
    world.rewire("checkout", lambda was: replace(was, calls=(*was.calls, "cart")), started)
    world.rewire("api-gateway", lambda was: replace(was, calls=(*was.calls, "cart")), started)
    yield "2025-10-06 09:00"
    store = world.register_resource(
        "datastore",
        Resource(name="pricing-db", title="Prices", team="core-commerce", engine="relational"),
        started,
    )
    pricing = world.register(
        _java("pricing", "Pricing", 1, Wiring(stores=("pricing-db",), consumes=("catalog.changed",))),
        cause=store,
    )
    world.rewire("cart", lambda was: replace(was, calls=(*was.calls, "pricing")), pricing)
    world.rewire("shop-monolith", lambda was: replace(was, calls=(*was.calls, "pricing")), pricing)
    yield "2025-11-03 09:30"
    promotions = world.register(
        _java("promotions", "Promotions", 2, Wiring(calls=("pricing",), stores=("pricing-db",))),
        cause=pricing,
    )
    world.rewire("cart", lambda was: replace(was, calls=(*was.calls, "promotions")), promotions)
    yield "2026-01-12 09:00"
    store = world.register_resource(
        "datastore",
        Resource(name="orders-db", title="Orders", team="core-commerce", engine="relational"),
        started,
    )
    wiring = Wiring(
        calls=("stock", "pricing"),
        stores=("orders-db", "legacy-orders-db"),
        publishes=("orders.placed", "customers.changed"),
    )
    orders = world.register(_java("orders", "Orders", 1, wiring), cause=store)
    world.rewire(
        "shop-monolith",
        lambda was: replace(was, publishes=("catalog.changed",), calls=(*was.calls, "orders")),
        orders,
    )
    world.rewire(
        "checkout", lambda was: replace(was, calls=_swap(was.calls, "shop-monolith", "orders")), orders
    )
    yield "2026-02-16 10:00"
    world.rewire("invoice", lambda was: replace(was, calls=("orders",)), orders)
    world.rewire(
        "help-desk", lambda was: replace(was, calls=_swap(was.calls, "shop-monolith", "orders")), orders
    )
    yield "2026-03-30 09:00"
    world.rewire("shop-monolith", lambda was: replace(was, stores=("shop-db",)), orders)
    world.rewire(
        "returns", lambda was: replace(was, calls=_swap(was.calls, "shop-monolith", "orders")), orders
    )
    yield "2026-06-15 09:00"
    catalog = world.register(
        replace(_java("catalog", "Catalogue", 1, Wiring(calls=("search",), stores=("shop-db",), publishes=("catalog.changed",))),
                team="discovery"), cause=started
    )  # fmt: skip
    world.rewire(
        "api-gateway",
        lambda was: replace(was, calls=_swap(was.calls, "shop-monolith", "catalog") + ("orders",)),
        catalog,
    )
    world.rewire(
        "shop-monolith", lambda was: replace(was, publishes=(), calls=(*was.calls, "catalog")), catalog
    )
    yield "2026-09-15 14:00"
    world.retire("shop-monolith", cause=catalog)


def black_friday(world: World) -> Chapter:
    """28 November 2025. A small release of the search brings the shop down on the busiest day, for 47 minutes."""
    yield "2025-11-28 07:10"
    release = world.release("search", size="minor")
    yield "2025-11-28 08:02"
    slow = world.open_incident(
        1077,
        "The shop is slow, then down",
        severity=1,
        affects=["service:search", "service:api-gateway", "service:web-storefront", "service:shop-monolith"],
        cause=release,
    )
    yield "2025-11-28 08:31"
    back = world.roll_back("search", cause=slow)
    yield "2025-11-28 08:49"
    world.resolve_incident(
        1077, "Search rolled back: every request had asked for all feature flags", cause=back
    )
    yield "2025-12-02 10:00"
    world.release("search", size="minor", fixes="INC-1077", cause=slow)


def a_library_with_a_hole(world: World) -> Chapter:
    """December 2025. Everyone patches forge-json within days. One service is forgotten, for ten weeks."""
    yield "2025-12-09 15:00"
    library = "maven/forge-json"
    advisory = world.tell(
        "review",
        "library.advised",
        f"library:{library}",
        {
            "library": library,
            "advisory": "LSA-2025-31",
            "severity": "critical",
            "below": "4.2.0",
            "fixed_in": "4.2.0",
        },
        id="advisory-LSA-2025-31",
    )
    world.current[library] = "4.2.0"
    for name in sorted(world.running, key=lambda name: (world.running[name].service.tier, name)):
        if library not in world.running[name].libraries or name == "label-printer":
            continue
        yield world.now + timedelta(minutes=37 + int(300 * chance("patching", name)))
        world.release(name, upgrade=[library], fixes="LSA-2025-31", cause=advisory)
    yield "2026-02-18 11:20"
    world.release("label-printer", upgrade=[library], fixes="LSA-2025-31", cause=advisory)


def a_reorganisation(world: World) -> Chapter:
    """February 2026. Core Commerce becomes two teams. Somebody picks the wrong team from a list, and takes it back."""
    yield "2026-02-02 08:00"
    split = world.form_team(
        Team(name="payments", title="Payments", mission="Every way to pay, and getting paid")
    )
    world.form_team(Team(name="buying", title="Buying", mission="From the basket to the order"), cause=split)
    for name in ("payment-gateway", "northbank-adapter", "invoice"):
        yield world.now + timedelta(minutes=4)
        world.hand_over(f"service:{name}", "payments", reason="reorganisation", cause=split)
    yield world.now + timedelta(minutes=4)
    wrong = world.hand_over("service:fraud-check", "platform", reason="reorganisation", cause=split)
    for name in ("cart", "checkout", "orders", "pricing", "promotions", "shop-monolith"):
        yield world.now + timedelta(minutes=4)
        world.hand_over(f"service:{name}", "buying", reason="reorganisation", cause=split)
    for name in ("legacy-orders-db", "orders-db", "pricing-db", "shop-db"):
        yield world.now + timedelta(minutes=2)
        world.hand_over(f"datastore:{name}", "buying", reason="reorganisation", cause=split)
    world.hand_over("datastore:payments-ledger", "payments", reason="reorganisation", cause=split)
    for name in ("orders.placed", "catalog.changed", "customers.changed"):
        yield world.now + timedelta(minutes=2)
        world.hand_over(f"topic:{name}", "buying", reason="reorganisation", cause=split)
    world.hand_over("topic:payments.captured", "payments", reason="reorganisation", cause=split)
    yield "2026-02-02 12:00"
    world.dissolve_team("core-commerce", cause=split)
    # Three weeks later the alarm of fraud-check rings at the wrong people.
    yield "2026-02-23 09:15"
    taken_back = world.tell(
        "org",
        "entry.withdrawn",
        "service:fraud-check",
        {"id": wrong, "why": "picked the wrong team from the list"},
        id=f"withdrawn-{wrong}",
        cause=wrong,
    )
    yield "2026-02-23 09:20"
    world.hand_over(
        "service:fraud-check",
        "payments",
        reason="reorganisation",
        cause=taken_back,
        happened=at("2026-02-02 08:16"),
    )


def news_that_came_late(world: World) -> Chapter:
    """The night carrier was given up at the end of November 2025. The record of it turned up in March 2026."""
    yield "2025-11-17 09:00"
    world.register(
        Service(
            name="swiftlane-adapter",
            title="Swiftlane adapter",
            team="logistics",
            language="java",
            tier=2,
            wiring=Wiring(),
        )
    )
    world.rewire(
        "carrier-gateway", lambda was: replace(was, calls=("nightpost-adapter", "swiftlane-adapter"))
    )
    yield "2025-11-30 23:00"
    world.fall_silent("nightpost-adapter")
    world.rewire("carrier-gateway", lambda was: replace(was, calls=("swiftlane-adapter",)))
    yield "2026-03-05 10:40"
    world.retire("nightpost-adapter", happened=at("2025-11-30 23:00"))


def the_database_nobody_used(world: World) -> Chapter:
    """June 2026. The old orders database is switched off, for nothing depends on it any more. Something did."""
    yield "2026-04-20 09:00"
    world.rewire("reporting", lambda was: replace(was, stores=("analytics-lake", "orders-db")))
    yield "2026-05-18 09:00"
    world.rewire("orders", lambda was: replace(was, stores=("orders-db",)))
    yield "2026-06-01 18:00"
    off = world.retire_resource("datastore", "legacy-orders-db", id="legacy-orders-db-off")
    yield "2026-06-02 04:10"
    stuck = world.open_incident(
        1187,
        "No parcel gets a label",
        severity=1,
        affects=["service:label-printer", "service:picking"],
        cause=off,
    )
    yield "2026-06-02 06:55"
    store = next(store for store in DATASTORES if store.name == "legacy-orders-db")
    on = world.tell(
        "catalog",
        "datastore.registered",
        "datastore:legacy-orders-db",
        {"name": store.name, "title": store.title, "engine": store.engine, "team": "buying"},
        id="legacy-orders-db-on-again",
        cause=stuck,
    )
    world.resolve_incident(1187, "The old orders database is switched on again", cause=on)
    yield "2026-06-09 14:00"
    world.tell(
        "review",
        "dependency.found",
        "service:label-printer",
        {
            "service": "label-printer",
            "store": "legacy-orders-db",
            "since": "2025-09-14T22:00:00Z",
            "review": "INC-1187",
            "found": "A nightly job reads addresses from the old orders database; tracing does not see the mainframe.",
        },
        id="found-label-printer-legacy-orders-db",
        cause=stuck,
    )
    yield "2026-06-23 09:30"
    fix = world.release("label-printer", size="major", fixes="INC-1187", cause=stuck)
    world.rewire("label-printer", lambda was: replace(was, calls=("picking", "orders")), fix)
    yield "2026-06-23 10:30"
    gone = world.tell(
        "review",
        "dependency.gone",
        "service:label-printer",
        {"service": "label-printer", "store": "legacy-orders-db"},
        id="gone-label-printer-legacy-orders-db",
        cause=fix,
    )
    yield "2026-06-30 18:00"
    world.retire_resource("datastore", "legacy-orders-db", id="legacy-orders-db-off-for-good", cause=gone)


def _java(name: str, title: str, tier: int, wiring: Wiring) -> Service:
    """A service that comes out of the old shop. Until February 2026 that is Core Commerce's work."""
    return Service(name=name, title=title, team="core-commerce", language="java", tier=tier, wiring=wiring)


def _swap(names: tuple[str, ...], old: str, new: str) -> tuple[str, ...]:
    return tuple(new if name == old else name for name in names)


CHAPTERS = (
    as_it_was,
    a_new_payment_provider,
    the_old_shop_is_split,
    black_friday,
    a_library_with_a_hole,
    a_reorganisation,
    news_that_came_late,
    the_database_nobody_used,
    new_things,
)
