"""What Larkspur built while the story went on."""

from __future__ import annotations

from dataclasses import replace

from graph_service.story.company import Service, Wiring
from graph_service.story.world import Chapter, World


def new_things(world: World) -> Chapter:
    """What Larkspur built meanwhile: an app, gift cards, a second warehouse, a promise of the delivery day, points for loyalty."""
    yield "2025-10-01 09:00"
    wiring = Wiring(calls=("api-gateway", "identity", "feature-flags"), publishes=("clicks",))
    world.register(
        Service(
            name="mobile-bff",
            title="App backend",
            team="storefront",
            language="typescript",
            tier=1,
            wiring=wiring,
        )
    )
    yield "2026-03-09 09:00"
    wiring = Wiring(calls=("identity",), stores=("customer-db",), consumes=("customers.changed",))
    world.register(
        Service(
            name="customer-profile",
            title="Customer profile",
            team="customer-care",
            language="typescript",
            tier=2,
            wiring=wiring,
        )
    )
    yield "2026-04-13 09:00"
    wiring = Wiring(calls=("stock", "shipping"), consumes=("orders.placed",))
    router = world.register(
        Service(
            name="warehouse-router",
            title="Warehouse router",
            team="warehouse",
            language="java",
            tier=1,
            wiring=wiring,
        )
    )
    world.rewire("picking", lambda was: replace(was, calls=("stock", "warehouse-router")), router)
    yield "2026-05-11 09:00"
    cards = world.register(
        Service(
            name="gift-cards",
            title="Gift cards",
            team="payments",
            language="java",
            tier=2,
            wiring=Wiring(
                calls=("payment-gateway",), stores=("payments-ledger",), publishes=("emails.requested",)
            ),
        )
    )
    world.rewire("checkout", lambda was: replace(was, calls=(*was.calls, "gift-cards")), cards)
    yield "2026-07-06 09:00"
    promise = world.register(
        Service(
            name="delivery-promise",
            title="Delivery promise",
            team="logistics",
            language="python",
            tier=2,
            wiring=Wiring(calls=("delivery-slots", "stock", "warehouse-router")),
        )
    )
    world.rewire("api-gateway", lambda was: replace(was, calls=(*was.calls, "delivery-promise")), promise)
    yield "2026-08-17 09:00"
    loyalty = world.register(
        Service(
            name="loyalty",
            title="Loyalty points",
            team="buying",
            language="typescript",
            tier=3,
            wiring=Wiring(
                calls=("customer-profile",), consumes=("payments.captured",), publishes=("emails.requested",)
            ),
        )
    )
    world.rewire("mobile-bff", lambda was: replace(was, calls=(*was.calls, "loyalty")), loyalty)
