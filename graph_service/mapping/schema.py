"""The JSON Schema of mapping files, for editors: made from the models, kept in `docs/mapping.schema.json`.

`python -m graph_service.mapping.schema` prints it.
"""

from __future__ import annotations

import json
from typing import Any

from graph_service.mapping.files import MappingModel

TITLE = "graph-service mapping file"


def json_schema() -> dict[str, Any]:
    """The schema, draft 2020-12. What it cannot say (that CEL compiles, that types are declared) only loading a file tells."""
    schema = MappingModel.model_json_schema(by_alias=True, mode="validation")
    _tighten(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": TITLE}


def json_schema_text() -> str:
    """The schema as it stands in `docs/mapping.schema.json`."""
    return json.dumps(json_schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _tighten(node: Any) -> None:
    """Say what pydantic checks but does not write down (no names beside the pattern), and drop the titles it makes up."""
    if isinstance(node, list):
        for inner in node:
            _tighten(inner)
    if not isinstance(node, dict):
        return
    if "patternProperties" in node:
        node.setdefault("additionalProperties", False)
    if isinstance(node.get("title"), str):
        del node["title"]
    for inner in node.values():
        _tighten(inner)


if __name__ == "__main__":
    print(json_schema_text(), end="")
