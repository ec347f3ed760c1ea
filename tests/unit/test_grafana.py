"""The dashboards in deploy/grafana: made by deploy/grafana/make.py, whole, and of saved operations only."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.grafana import annotations, asked_for, panels, targets, variables_of

ROOT = Path(__file__).parents[2]
GRAFANA = ROOT / "deploy" / "grafana"
FILES = sorted((GRAFANA / "dashboards").glob("*.json"))
SAVED = {path.read_text("utf-8") for path in (ROOT / "queries" / "saved").glob("*.graphql")}
COLUMNS_OF_GRID = 24


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def dashboard(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Each of them."""
    found: dict[str, Any] = json.loads(Path(request.param).read_text("utf-8"))
    return found


def test_they_are_as_they_are_made() -> None:
    """What is there is what the script writes."""
    done = subprocess.run(
        [sys.executable, str(GRAFANA / "make.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path.stem for path in FILES} == {"business", "operations"}


def test_they_can_be_told_apart(dashboard: dict[str, Any]) -> None:
    """A uid for each that an address can hold, and an id for each panel."""
    uids = [json.loads(path.read_text("utf-8"))["uid"] for path in FILES]
    assert len(set(uids)) == len(FILES)
    assert len(dashboard["uid"]) <= 40 and dashboard["uid"].replace("-", "").isalnum()
    ids = [one["id"] for one in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    titles = [one["title"] for one in panels(dashboard)]
    assert sorted(set(titles)) == sorted(titles)


def test_panels_are_beside_each_other(dashboard: dict[str, Any]) -> None:
    """Within the grid, and none over another."""
    boxes = [(one["title"], one["gridPos"]) for one in dashboard["panels"]]
    for title, box in boxes:
        assert box["x"] >= 0 and box["x"] + box["w"] <= COLUMNS_OF_GRID and box["w"] * box["h"] > 0, title
    for (one, a), (other, b) in combinations(boxes, 2):
        apart = (
            a["x"] + a["w"] <= b["x"]
            or b["x"] + b["w"] <= a["x"]
            or a["y"] + a["h"] <= b["y"]
            or b["y"] + b["h"] <= a["y"]
        )
        assert apart, f"{one} lies over {other}"


def test_every_panel_says_what_it_shows(dashboard: dict[str, Any]) -> None:
    """A title, a sentence, a unit, and queries that do not take each other's place."""
    for panel in panels(dashboard):
        assert panel["title"] and panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        refs = [one["refId"] for one in panel["targets"]]
        assert refs and len(set(refs)) == len(refs), panel["title"]


def test_every_query_is_a_saved_operation(dashboard: dict[str, Any]) -> None:
    """Text for text, over POST, at the data source that is provisioned."""
    (provisioned,) = yaml.safe_load((GRAFANA / "provisioning" / "datasources" / "graph-service.yaml").read_text())["datasources"]  # fmt: skip
    known = {one["name"] for one in dashboard["templating"]["list"]}
    for title, target in targets(dashboard):
        options = target["url_options"]
        assert options["body_graphql_query"] in SAVED, title
        assert (options["method"], options["body_type"], target["url"]) == ("POST", "graphql", "/graphql")
        assert target["datasource"] == {"type": provisioned["type"], "uid": provisioned["uid"]}
        root = target["root_selector"].removeprefix("data.")
        for column in target["columns"]:
            path = f"{root}.{column['selector']}"
            assert asked_for(options["body_graphql_query"], path), (
                f"{title} reads {path}, and does not ask for it"
            )
        assert variables_of(options["body_graphql_variables"]) <= known | {"__from", "__to"}, title
    assert annotations(dashboard) or dashboard["uid"].endswith("operations")


def test_no_key_is_in_a_file() -> None:
    """Address and key come from the environment of Grafana."""
    text = (GRAFANA / "provisioning" / "datasources" / "graph-service.yaml").read_text()
    (source,) = yaml.safe_load(text)["datasources"]
    assert source["secureJsonData"] == {"bearerToken": "${GRAPH_SERVICE_KEY}"}
    assert source["url"] == "${GRAPH_SERVICE_URL}"
    (provider,) = yaml.safe_load((GRAFANA / "provisioning" / "dashboards" / "graph-service.yaml").read_text())["providers"]  # fmt: skip
    assert provider["options"]["path"]
