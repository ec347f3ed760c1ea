"""The five questions that the demo asks, what it expects to hear, and how it says it to people.

Answers are expected by hand, from the chapters: what Larkspur's people would say, not what any code of this service computed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph_service.story.world import stamp

NOW = "2026-10-31T00:00:00Z"
"""The end of the story: the demo's present, whatever the wall clock says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question over GraphQL: the operation is `queries/saved/<operation>.graphql`."""

    title: str
    #: One line for people.
    lead_in: str
    operation: str
    variables: Mapping[str, Any]
    #: What `simplify` must make of the answer.
    expected: Any
    #: The part of the answer's `data` that is checked: without cursors, ids and order where order does not matter.
    simplify: Callable[[Mapping[str, Any]], Any]
    #: The answer in some lines for people.
    told: Callable[[Mapping[str, Any]], list[str]]

    def wrong(self, data: Mapping[str, Any]) -> str | None:
        """None when the answer is as expected; otherwise what was expected and what came."""
        try:
            found = self.simplify(data)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            return f"{self.title}: the answer does not have the expected shape ({error!r}): {data!r:.400}"
        return (
            None
            if found == self.expected
            else f"{self.title}: expected {self.expected!r}, but the answer is {found!r}"
        )


def questions() -> tuple[Question, ...]:
    """Now, then, what changed, what depends on it, and why: in the order of the demo."""
    return (_now(), _then(), _changed(), _depends(), _why())


def _now() -> Question:
    return Question(
        title="As it is now",
        lead_in="What is Checkout today, who owns it, and what does it need?",
        operation="demo_entity",
        variables={"key": "service:checkout", "at": {"valid": NOW}},
        expected={
            "key": "service:checkout",
            "title": "Checkout",
            "CALLS": [
                "cart",
                "delivery-slots",
                "fraud-check",
                "gift-cards",
                "identity",
                "orders",
                "payment-gateway",
            ],
            "OWNED_BY": ["buying"],
            "STORES_IN": ["session-cache"],
        },
        simplify=_entity,
        told=_tell_entity,
    )


def _then() -> Question:
    return Question(
        title="As it was then",
        lead_in="And in June 2025, before the old shop was split and the teams were cut anew?",
        operation="demo_entity",
        variables={"key": "service:checkout", "at": {"valid": "2025-06-15T12:00:00Z"}},
        expected={
            "key": "service:checkout",
            "title": "Checkout",
            "CALLS": ["delivery-slots", "fraud-check", "identity", "payment-gateway", "shop-monolith"],
            "OWNED_BY": ["core-commerce"],
            "STORES_IN": ["session-cache"],
        },
        simplify=_entity,
        told=_tell_entity,
    )


_TO_BUYING = (
    ("datastore:legacy-orders-db", "datastore:orders-db", "datastore:pricing-db", "datastore:shop-db")
    + (
        "service:cart",
        "service:checkout",
        "service:orders",
        "service:pricing",
        "service:promotions",
        "service:shop-monolith",
    )
    + ("topic:catalog.changed", "topic:customers.changed", "topic:orders.placed")
)
_TO_PAYMENTS = (
    ("datastore:payments-ledger", "service:fraud-check", "service:invoice", "service:northbank-adapter")
    + ("service:payment-gateway", "topic:payments.captured")
)  # fmt: skip


def _changed() -> Question:
    return Question(
        title="What changed between",
        lead_in="What did the reorganisation of February 2026 do? Teams, and who owns what.",
        operation="demo_diff",
        variables={
            "from": {"valid": "2026-02-01T00:00:00Z"},
            "to": {"valid": "2026-03-01T00:00:00Z"},
            "kinds": ["team"],
            "types": ["OWNED_BY"],
        },
        expected=sorted(
            [("APPEARED", "team:buying"), ("APPEARED", "team:payments"), ("ENDED", "team:core-commerce")]
            + [("APPEARED", f"{key} OWNED_BY team:buying") for key in _TO_BUYING]
            + [("APPEARED", f"{key} OWNED_BY team:payments") for key in _TO_PAYMENTS]
            + [("ENDED", f"{key} OWNED_BY team:core-commerce") for key in _TO_BUYING + _TO_PAYMENTS]
        ),
        simplify=_differences,
        told=_tell_differences,
    )


def _depends() -> Question:
    return Question(
        title="What depends on it, then and now",
        lead_in="If the payment gateway stops, who notices? In June 2025, and today.",
        operation="demo_impact",
        variables={
            "of": ["service:payment-gateway"],
            "then": {"valid": "2025-06-15T12:00:00Z"},
            "now": {"valid": NOW},
        },
        expected={
            "then": {
                1: ["service:checkout", "topic:payments.captured"],
                2: [
                    "service:analytics-loader",
                    "service:api-gateway",
                    "service:audit-log",
                    "service:invoice",
                ],
                3: ["service:web-storefront", "topic:emails.requested"],
                4: ["service:notification", "topic:clicks"],
                5: ["service:events-collector", "service:recommendations"],
            },
            "now": {
                1: ["service:checkout", "service:gift-cards", "topic:payments.captured"],
                2: [
                    "service:analytics-loader",
                    "service:api-gateway",
                    "service:audit-log",
                    "service:invoice",
                    "service:loyalty",
                ]
                + ["topic:emails.requested"],
                3: ["service:mobile-bff", "service:notification", "service:web-storefront"],
                4: ["topic:clicks"],
                5: ["service:events-collector", "service:recommendations"],
            },
        },
        simplify=lambda data: {side: _by_distance(data[side]) for side in ("then", "now")},
        told=_tell_impact,
    )


def _why() -> Question:
    valid = "2026-05-30T12:00:00Z"
    return Question(
        title="Why",
        lead_in="On 1 June 2026 the old orders database was switched off: nothing used it. Was that so, and how do we know?",
        operation="demo_why",
        variables={
            "key": "service:label-printer",
            "types": ["STORES_IN"],
            "before": {"valid": valid, "known": "2026-06-01T12:00:00Z"},
            "after": {"valid": valid, "known": NOW},
        },
        expected={
            "before": [],
            "after": [
                {
                    "target": "datastore:legacy-orders-db",
                    "from": "2025-09-14T22:00:00Z",
                    "to": "2026-06-23T10:30:00Z",
                    "event": "found-label-printer-legacy-orders-db",
                    "happened": "2026-06-09T14:00:00Z",
                    "causes": ["INC-1187-opened"],
                }
            ],
        },
        simplify=lambda data: {
            side: [_learned(node) for node in _nodes(data[side])] for side in ("before", "after")
        },
        told=_tell_why,
    )


def _nodes(entity: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [edge["node"] for edge in entity["relationships"]["edges"]]


def _bare(key: str) -> str:
    return key.partition(":")[2]


def _utc(text: str | None) -> str | None:
    """One spelling of an instant, to the second."""
    if text is None:
        return None
    return stamp(datetime.fromisoformat(text).replace(microsecond=0))


def _entity(data: Mapping[str, Any]) -> dict[str, Any]:
    entity = data["entity"]
    found: dict[str, Any] = {"key": entity["key"], "title": entity["properties"]["title"]}
    for node in _nodes(entity):
        found.setdefault(node["type"], []).append(_bare(node["target"]["key"]))
    return {name: sorted(value) if isinstance(value, list) else value for name, value in found.items()}


def _tell_entity(data: Mapping[str, Any]) -> list[str]:
    found, properties = _entity(data), data["entity"]["properties"]
    return [
        f"{found['title']} {properties.get('version', '')} is owned by {', '.join(found.get('OWNED_BY', ['nobody']))}",
        f"calls      {', '.join(found.get('CALLS', ['nothing']))}",
        f"stores in  {', '.join(found.get('STORES_IN', ['nothing']))}",
    ]


def _differences(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    return sorted((node["kind"], _subject(node)) for node in (edge["node"] for edge in data["diff"]["edges"]))


def _subject(node: Mapping[str, Any]) -> str:
    if node.get("entity") is not None:
        return str(node["entity"]["key"])
    edge = node["relationship"]
    return f"{edge['source']['key']} {edge['type']} {edge['target']['key']}"


def _tell_differences(data: Mapping[str, Any]) -> list[str]:
    found = _differences(data)
    words = {"APPEARED": "is new", "ENDED": "is no more", "CHANGED": "is different"}
    lines = [f"{subject} {words[kind]}" for kind, subject in found if " " not in subject]
    moved: dict[str, list[str]] = defaultdict(list)
    for kind, subject in found:
        if kind == "APPEARED" and " " in subject:
            source, _, target = subject.split(" ")
            moved[target].append(_bare(source))
    return lines + [
        f"{target} now owns {', '.join(sorted(sources))}" for target, sources in sorted(moved.items())
    ]


def _by_distance(impact: Mapping[str, Any]) -> dict[int, list[str]]:
    """Keys by distance. Refuses an answer whose paths do not prove it."""
    found: dict[int, list[str]] = defaultdict(list)
    for item in impact["items"]:
        found[item["distance"]].append(item["entity"]["key"])
        path = [entity["key"] for entity in item["path"]["entities"]]
        ends = {path[0], path[-1]}
        if len(path) != item["distance"] + 1 or ends != {item["entity"]["key"], "service:payment-gateway"}:
            raise ValueError(
                f"the path {path} does not prove {item['entity']['key']} at distance {item['distance']}"
            )
    if impact["count"] != len(impact["items"]):
        raise ValueError(f"count is {impact['count']}, with {len(impact['items'])} items")
    return {distance: sorted(keys) for distance, keys in sorted(found.items())}


def _tell_impact(data: Mapping[str, Any]) -> list[str]:
    lines = []
    for side, word in (("then", "June 2025"), ("now", "today")):
        lines.append(f"{word}: {data[side]['count']}")
        for distance, keys in _by_distance(data[side]).items():
            lines.append(f"  {distance}  {', '.join(_bare(key) for key in keys)}")
    farthest = max(data["now"]["items"], key=lambda item: item["distance"])
    lines.append("such as " + " - ".join(_bare(entity["key"]) for entity in farthest["path"]["entities"]))
    return lines


def _learned(node: Mapping[str, Any]) -> dict[str, Any]:
    event = node["event"]
    return {
        "target": node["target"]["key"],
        "from": _utc(node["validFrom"]),
        "to": _utc(node["validTo"]),
        "event": event["eventId"],
        "happened": _utc(event["time"]),
        "causes": [cause["eventId"] for cause in event["causes"]],
    }


def _tell_why(data: Mapping[str, Any]) -> list[str]:
    before = ", ".join(_bare(node["target"]["key"]) for node in _nodes(data["before"])) or "nothing"
    lines = [f"on 30 May 2026 label-printer stored in: {before}          (as known on 1 June)"]
    for node in _nodes(data["after"]):
        learned = _learned(node)
        lines += [
            f"on 30 May 2026 label-printer stored in: {_bare(learned['target'])}  (as known today)",
            f"so it was from {learned['from']} to {learned['to']}",
            f"said by the event {learned['event']}, recorded {node['event']['recordedAt']}",
        ]
        lines += [f"caused by {cause['eventId']} ({cause['type']})" for cause in node["event"]["causes"]]
    return lines
