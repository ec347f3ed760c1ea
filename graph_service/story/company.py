"""Larkspur as it was on 1 May 2025: an online shop for outdoor gear with its own warehouse. All of it is invented."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A team: nobody is named, teams are."""

    name: str
    title: str
    mission: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What a service needs and feeds, by name."""

    calls: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()
    publishes: tuple[str, ...] = ()
    consumes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service as it is registered."""

    name: str
    title: str
    team: str
    language: str
    #: 1: the shop stops without it; 3: nobody notices for a day.
    tier: int
    wiring: Wiring


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A data store or a topic as it is registered."""

    name: str
    title: str
    team: str
    engine: str


TEAMS = (
    Team(name="storefront", title="Storefront", mission="What customers see in the browser"),
    Team(name="core-commerce", title="Core Commerce", mission="Basket to payment, and the old shop"),
    Team(name="discovery", title="Discovery", mission="Search and recommendations"),
    Team(
        name="logistics",
        title="Logistics",
        mission="From the door of the warehouse to the door of the customer",
    ),
    Team(name="warehouse", title="Warehouse", mission="Stock, picking, packing, returns"),
    Team(name="customer-care", title="Customer Care", mission="Help, chat and reviews"),
    Team(name="data", title="Data", mission="The lake and the reports"),
    Team(name="platform", title="Platform", mission="What all others stand on"),
)


def _service(
    name: str,
    title: str,
    team: str,
    language: str,
    tier: int,
    *,
    calls: str = "",
    stores: str = "",
    pub: str = "",
    sub: str = "",
) -> Service:
    """Names separated by blanks, so that the table below reads like one."""
    wiring = Wiring(
        calls=tuple(calls.split()),
        stores=tuple(stores.split()),
        publishes=tuple(pub.split()),
        consumes=tuple(sub.split()),
    )
    return Service(name=name, title=title, team=team, language=language, tier=tier, wiring=wiring)


SERVICES = (
    _service("web-storefront", "Web shop", "storefront", "typescript", 1,
             calls="api-gateway content-pages", stores="session-cache", pub="clicks"),
    _service("content-pages", "Content pages", "storefront", "typescript", 2, calls="image-resizer"),
    _service("image-resizer", "Image resizer", "storefront", "python", 3, stores="image-bucket"),
    _service("newsletter", "Newsletter", "storefront", "python", 3,
             stores="customer-db", pub="emails.requested", sub="customers.changed"),
    _service("shop-monolith", "The old shop", "core-commerce", "java", 1,
             calls="search stock identity shipping", stores="shop-db legacy-orders-db",
             pub="orders.placed catalog.changed customers.changed"),
    _service("checkout", "Checkout", "core-commerce", "java", 1,
             calls="shop-monolith payment-gateway delivery-slots fraud-check identity", stores="session-cache"),
    _service("payment-gateway", "Payment gateway", "core-commerce", "java", 1,
             calls="paygrid-adapter fraud-check", stores="payments-ledger", pub="payments.captured"),
    _service("paygrid-adapter", "Paygrid adapter", "core-commerce", "java", 1),
    _service("invoice", "Invoices", "core-commerce", "java", 2,
             calls="shop-monolith", stores="payments-ledger", pub="emails.requested", sub="payments.captured"),
    _service("fraud-check", "Fraud check", "core-commerce", "python", 1, calls="identity", stores="analytics-lake"),
    _service("search", "Search", "discovery", "java", 1, calls="feature-flags", stores="search-index"),
    _service("search-indexer", "Search indexer", "discovery", "java", 2,
             stores="search-index", sub="catalog.changed stock.changed"),
    _service("recommendations", "Recommendations", "discovery", "python", 3,
             calls="search", stores="analytics-lake", sub="clicks"),
    _service("shipping", "Shipping", "logistics", "java", 1,
             calls="carrier-gateway delivery-slots", stores="shipping-db", pub="parcels.moved", sub="orders.placed"),
    _service("carrier-gateway", "Carrier gateway", "logistics", "java", 1, calls="nightpost-adapter"),
    _service("nightpost-adapter", "Nightpost adapter", "logistics", "java", 2),
    _service("delivery-slots", "Delivery slots", "logistics", "typescript", 2, stores="shipping-db"),
    _service("parcel-tracking", "Parcel tracking", "logistics", "typescript", 2,
             stores="shipping-db", pub="emails.requested", sub="parcels.moved"),
    _service("stock", "Stock", "warehouse", "java", 1, stores="stock-db", pub="stock.changed", sub="orders.placed"),
    _service("picking", "Picking", "warehouse", "java", 1, calls="stock", stores="stock-db", sub="orders.placed"),
    _service("label-printer", "Label printer", "warehouse", "java", 2, calls="picking"),
    _service("returns", "Returns", "warehouse", "java", 2, calls="stock shop-monolith", stores="stock-db"),
    _service("help-desk", "Help desk", "customer-care", "typescript", 2, calls="identity parcel-tracking shop-monolith"),
    _service("chat", "Chat", "customer-care", "typescript", 3, calls="help-desk"),
    _service("reviews", "Reviews", "customer-care", "python", 3, calls="identity", stores="customer-db", sub="orders.placed"),
    _service("returns-portal", "Returns portal", "customer-care", "typescript", 3, calls="returns identity"),
    _service("events-collector", "Events collector", "data", "python", 3, stores="analytics-lake", sub="clicks"),
    _service("analytics-loader", "Analytics loader", "data", "python", 3,
             stores="analytics-lake", sub="orders.placed payments.captured stock.changed"),
    _service("reporting", "Reporting", "data", "python", 2, stores="analytics-lake legacy-orders-db"),
    _service("api-gateway", "API gateway", "platform", "typescript", 1,
             calls="shop-monolith checkout search recommendations reviews parcel-tracking identity"),
    _service("identity", "Identity", "platform", "java", 1, stores="customer-db"),
    _service("notification", "Notification", "platform", "python", 2, sub="emails.requested"),
    _service("feature-flags", "Feature flags", "platform", "typescript", 2),
    _service("audit-log", "Audit log", "platform", "java", 2, stores="analytics-lake", sub="customers.changed payments.captured"),
)  # fmt: skip

DATASTORES = (
    Resource(
        name="legacy-orders-db", title="Orders of the old shop", team="core-commerce", engine="mainframe"
    ),
    Resource(name="shop-db", title="Shop database", team="core-commerce", engine="relational"),
    Resource(name="payments-ledger", title="Payments ledger", team="core-commerce", engine="relational"),
    Resource(name="customer-db", title="Customers", team="platform", engine="relational"),
    Resource(name="session-cache", title="Sessions", team="platform", engine="cache"),
    Resource(name="search-index", title="Search index", team="discovery", engine="search"),
    Resource(name="stock-db", title="Stock database", team="warehouse", engine="relational"),
    Resource(name="shipping-db", title="Shipping database", team="logistics", engine="relational"),
    Resource(name="analytics-lake", title="Data lake", team="data", engine="lake"),
    Resource(name="image-bucket", title="Product images", team="storefront", engine="bucket"),
)

TOPICS = (
    Resource(name="orders.placed", title="Orders placed", team="core-commerce", engine="log"),
    Resource(name="payments.captured", title="Payments captured", team="core-commerce", engine="log"),
    Resource(name="catalog.changed", title="Catalogue changes", team="core-commerce", engine="log"),
    Resource(name="customers.changed", title="Customer changes", team="core-commerce", engine="log"),
    Resource(name="stock.changed", title="Stock changes", team="warehouse", engine="log"),
    Resource(name="parcels.moved", title="Parcel movements", team="logistics", engine="log"),
    Resource(name="clicks", title="Clicks", team="storefront", engine="log"),
    Resource(name="emails.requested", title="E-mails to send", team="platform", engine="log"),
)

#: Package ecosystem, and libraries with the version that was current on 1 May 2025, by language.
LIBRARIES = {
    "java": ("maven", {
        "forge-json": "4.1.2", "granite-http": "2.8.0", "pooled-sql": "5.3.1", "tracewell": "1.19.0", "clockwork-cron": "3.0.4",
        "ledger-money": "1.6.2", "kettle-kafka": "3.9.0", "sievecache": "2.2.7", "plainlog": "1.4.0",
    }),
    "typescript": ("npm", {
        "wicket-web": "7.4.1", "loom-state": "3.2.0", "paperplane-http": "1.11.3", "tinted-ui": "12.0.2", "tracewell-js": "1.17.0",
        "schema-otter": "5.1.0", "datebook": "2.9.8", "quill-markup": "0.14.6",
    }),
    "python": ("pypi", {
        "marten-web": "2.6.0", "columnist": "1.3.5", "heron-ml": "0.21.0", "pyforge-json": "3.4.4", "slipway-kafka": "2.2.1",
        "tracewell-py": "1.16.2", "picturebox": "10.3.0", "tallyho": "0.9.1",
    }),
}  # fmt: skip


def libraries_of(service: Service) -> tuple[str, ...]:
    """The libraries that a service uses, as ECOSYSTEM/NAME: what it is written in and what it talks to decide."""
    ecosystem, versions = LIBRARIES[service.language]
    names = list(versions)
    wiring = service.wiring
    needed = set(names[:2])
    if wiring.stores:
        needed.add(names[2])
    if wiring.publishes or wiring.consumes:
        needed.add(names[6 if service.language == "java" else 4])
    if service.tier == 1:
        needed.add(names[3])
    needed.add(names[4 + len(service.name) % 4])
    return tuple(sorted(f"{ecosystem}/{name}" for name in needed))
