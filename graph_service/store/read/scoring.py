"""The scores of an impact, from what was found and what is known of it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping

from graph_service.core.impact import Factors, factors, weight_of
from graph_service.core.vocabulary import Vocabulary
from graph_service.store.read.answers import EntityAt, ImpactAt, Point
from graph_service.store.read.seen import EdgeKey, edge_key


def scored(
    found: ImpactAt,
    at: Point,
    *,
    entities: Mapping[str, EntityAt],
    seen: Mapping[EdgeKey, int],
    vocabulary: Vocabulary,
    criticality: str | None = None,
) -> dict[str, Factors]:
    """The factors of each hit, by key.

    `entities`: the hits as they were at the point, as far as there are such. `seen`: when their relationships were last seen.
    `criticality`: the property that says how much an entity matters, of every kind; None: the one that its kind declares.
    """
    stalest: dict[str, int | None] = {}
    answer = {}
    for hit in found.hits:
        last = seen.get(edge_key(hit.relationship))
        before = stalest[hit.parent] if hit.distance > 1 else last
        age = stalest[hit.key] = None if last is None or before is None else min(last, before)
        weight = _weight(entities.get(hit.key), vocabulary, criticality)
        answer[hit.key] = factors(hit.distance, weight, None if age is None else at.valid - age)
    return answer


def _weight(entity: EntityAt | None, vocabulary: Vocabulary, criticality: str | None) -> float | None:
    if entity is None:
        return None
    declared = vocabulary.kinds.get(entity.kind)
    own = declared.criticality if declared else None
    name = criticality or own
    if name is None:
        return None
    levels = declared.criticality_levels if declared and name == own else ()
    return weight_of(json.loads(entity.properties).get(name), levels)
