"""What a dashboard of Grafana is made of: queries through the Infinity data source, panels, variables."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SAVED = Path(__file__).resolve().parents[2] / "queries" / "saved"
DATA_SOURCE = {"type": "yesoreyeram-infinity-datasource", "uid": "graph-service"}
COLUMNS_OF_GRID = 24
BUCKETS = 60

Json = dict[str, Any]
#: Selector, title, and type: string, number, timestamp or boolean.
Column = tuple[str, str, str]

FROM, TO = {"valid": "${__from}"}, {"valid": "${__to}"}
#: What one variable holds, as the inside of a JSON list of texts. Quotes in it are escaped by Grafana.
ENTITY, KINDS = ["${entity:doublequote}"], ["${kind:doublequote}"]


def variables_text(variables: Json) -> str:
    """Variables as Infinity wants them: JSON as text, where Grafana's variables are put in before it is read."""
    text = json.dumps(variables, indent=2)
    # `doublequote` brings its own quotes.
    return text.replace('"${entity:doublequote}"', "${entity:doublequote}").replace(
        '"${kind:doublequote}"', "${kind:doublequote}"
    )


def target(
    operation: str,
    variables: Json,
    root: str,
    columns: list[Column],
    *,
    format: str = "table",
    ref: str = "A",
) -> Json:
    """One query of a panel: a saved operation, where its rows are, and the columns that are read from them."""
    return {
        "refId": ref,
        "datasource": DATA_SOURCE,
        "type": "graphql",
        "source": "url",
        "parser": "backend",
        "format": format,
        "url": "/graphql",
        "url_options": {
            "method": "POST",
            "body_type": "graphql",
            "body_content_type": "application/json",
            "body_graphql_query": (SAVED / f"{operation}.graphql").read_text("utf-8"),
            "body_graphql_variables": variables_text(variables),
            "data": "",
            "headers": [],
            "params": [],
        },
        "root_selector": root,
        "columns": [{"selector": selector, "text": text, "type": type} for selector, text, type in columns],
        "filters": [],
        "global_query_id": "",
    }


def series(operation: str, names: dict[str, str], variables: Json) -> list[Json]:
    """Some of the series of one operation: the field of its answer, and what the panel calls it."""
    points = [("time", "Time", "timestamp")]
    return [
        target(
            operation, variables, f"data.{name}", [*points, ("value", title, "number")], ref=chr(65 + number)
        )
        | {"format": "timeseries"}
        for number, (name, title) in enumerate(names.items())
    ]


@dataclass(kw_only=True)
class Panel:
    """One panel; where it is, is found when the dashboard is put together."""

    title: str
    description: str
    type: str
    targets: list[Json]
    width: int = 12
    height: int = 8
    unit: str = "short"
    defaults: Json = field(default_factory=dict)
    overrides: list[Json] = field(default_factory=list)
    options: Json = field(default_factory=dict)
    transformations: list[Json] = field(default_factory=list)

    def json(self, id: int, x: int, y: int) -> Json:
        """As Grafana has it."""
        return {
            "id": id,
            "type": self.type,
            "title": self.title,
            "description": self.description,
            "datasource": DATA_SOURCE,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height},
            "targets": self.targets,
            "fieldConfig": {"defaults": {"unit": self.unit, **self.defaults}, "overrides": self.overrides},
            "options": self.options,
            "transformations": self.transformations,
        }


def stat(title: str, description: str, found: Json, column: str, **more: Any) -> Panel:
    """One number. `calc`: what becomes of several rows, `color`: of the number, or its thresholds (a list of colour and least value)."""
    calc, color = more.pop("calc", "lastNotNull"), more.pop("color", "text")
    width = more.pop("width", 4)
    steps = [("text", None), *color] if isinstance(color, list) else [(color, None)]
    defaults = {
        "color": {"mode": "thresholds"},
        "thresholds": {
            "mode": "absolute",
            "steps": [{"color": name, "value": least} for name, least in steps],
        },
        "noValue": more.pop("no_value", "–"),
    }
    options = {
        "reduceOptions": {"calcs": [calc], "fields": f"/^{column}$/", "values": False},
        "colorMode": "value",
        "graphMode": more.pop("graph", "none"),
        "textMode": "value",
        "justifyMode": "auto",
    }
    return Panel(
        title=title, description=description, type="stat", targets=[found], width=width, height=4,
        defaults=defaults, options=options, **more,
    )  # fmt: skip


def chart(
    title: str, description: str, targets: list[Json], *, bars: bool, colors: Json, **more: Any
) -> Panel:
    """Series over time; `colors` by title."""
    custom: Json = {
        "drawStyle": "bars" if bars else "line",
        "lineWidth": 0 if bars else 2,
        "fillOpacity": 80 if bars else 8,
        "showPoints": "never",
        "stacking": {"mode": "normal" if bars else "none", "group": "A"},
    }
    overrides = [
        {
            "matcher": {"id": "byName", "options": name},
            "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": color}}],
        }
        for name, color in colors.items()
    ]
    options = {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return Panel(
        title=title, description=description, type="timeseries", targets=targets, overrides=overrides,
        defaults={"custom": custom, "decimals": 0, "min": 0}, options=options, **more,
    )  # fmt: skip


def linked(name: str, title: str, address: str) -> Json:
    """A column whose cells lead somewhere."""
    link = {"title": title, "url": address, "targetBlank": True}
    return {"matcher": {"id": "byName", "options": name}, "properties": [{"id": "links", "value": [link]}]}


def table(title: str, description: str, found: list[Json], **more: Any) -> Panel:
    """Rows."""
    custom = {"align": "auto", "filterable": True, "inspect": False}
    return Panel(
        title=title, description=description, type="table", targets=found,
        defaults={"custom": custom, "noValue": ""}, options={"cellHeight": "sm", "showHeader": True},
        **{"unit": "none"} | more,
    )  # fmt: skip


NODE = [
    ("id", "string"), ("title", "string"), ("subtitle", "string"), ("mainstat", "string"), ("secondarystat", "string"),
    ("color", "string"), ("icon", "string"), ("nodeRadius", "number"), ("detail__key", "string"), ("detail__kind", "string"),
    ("detail__state", "string"), ("detail__since", "string"), ("detail__event", "string"), ("detail__eventType", "string"),
]  # fmt: skip
EDGE = [
    ("id", "string"), ("source", "string"), ("target", "string"), ("mainstat", "string"), ("secondarystat", "string"),
    ("color", "string"), ("thickness", "number"), ("strokeDasharray", "string"), ("detail__type", "string"),
    ("detail__since", "string"), ("detail__event", "string"), ("detail__eventType", "string"),
]  # fmt: skip


def node_graph(
    title: str, description: str, operation: str, field_name: str, variables: Json, **more: Any
) -> Panel:
    """A picture of entities and relationships: one operation asked twice, once for its nodes and once for its edges."""
    targets = [
        target(
            operation, variables, f"data.{field_name}.{part}", [(name, name, type) for name, type in columns],
            format=f"node-graph-{part}", ref=ref,
        )
        for part, columns, ref in (("nodes", NODE, "A"), ("edges", EDGE, "B"))
    ]  # fmt: skip
    return Panel(title=title, description=description, type="nodeGraph", targets=targets, unit="none", **more)


def placed(parts: list[str | Panel]) -> list[Json]:
    """Panels in rows from left to right; a text begins a new row of the dashboard, with that as its title."""
    found: list[Json] = []
    x = y = deepest = 0
    for id, part in enumerate(parts, 1):
        if isinstance(part, str):
            x, y = 0, deepest
            grid = {"x": 0, "y": y, "w": COLUMNS_OF_GRID, "h": 1}
            found.append(
                {"id": id, "type": "row", "title": part, "collapsed": False, "gridPos": grid, "panels": []}
            )
            y = deepest = y + 1
            continue
        if x + part.width > COLUMNS_OF_GRID:
            x, y = 0, deepest
        found.append(part.json(id, x, y))
        x, deepest = x + part.width, max(deepest, y + part.height)
    return found


def chosen(name: str, label: str, found: Json, *, multi: bool) -> Json:
    """A variable whose values are asked for: columns `__text` and `__value`."""
    query = {"queryType": "infinity", "refId": name, "infinityQuery": {**found, "refId": name}}
    return {
        "type": "query", "name": name, "label": label, "datasource": DATA_SOURCE, "query": query, "refresh": 1,
        "multi": multi, "includeAll": multi, "sort": 5, "regex": "", "hide": 0, "current": {}, "options": [],
    }  # fmt: skip


def constant(name: str, label: str, value: str) -> Json:
    """A text that people may alter."""
    current = {"text": value, "value": value}
    return {
        "type": "textbox", "name": name, "label": label, "query": value, "current": current, "options": [current], "hide": 0,
    }  # fmt: skip


def dashboard(
    uid: str, title: str, description: str, panels: list[Json], *, since: str, refresh: str, **more: Any
) -> Json:
    """A whole one."""
    return {
        "uid": uid, "title": title, "description": description, "tags": ["graph-service"], "schemaVersion": 39, "version": 1,
        "editable": True, "graphTooltip": 1, "time": {"from": since, "to": "now"}, "timezone": "utc", "refresh": refresh,
        "annotations": {"list": more.pop("annotations", [])}, "templating": {"list": more.pop("variables", [])},
        "links": [{"type": "dashboards", "tags": ["graph-service"], "title": "graph-service", "asDropdown": False, "keepTime": True}],
        "panels": panels,
    }  # fmt: skip
