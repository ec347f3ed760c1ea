"""The operations that ship: each is one operation, says in a comment what it is for, and is named as its file is."""

from __future__ import annotations

from pathlib import Path

import pytest
from graphql import (
    FragmentDefinitionNode,
    OperationDefinitionNode,
    OperationType,
    build_schema,
    parse,
    validate,
)

from graph_service.api.kept import Kept, hash_of
from graph_service.api.limits.bounds import Limits
from graph_service.api.limits.cost import cost_of
from graph_service.api.schema import printed

FOLDER = Path(__file__).resolve().parents[2] / "queries" / "saved"
FILES = sorted(FOLDER.glob("*.graphql"))
SCHEMA = build_schema(printed())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_is_one_question_with_a_name_and_a_comment_and_within_the_limits(file: Path) -> None:
    """So that a log, a dashboard and a person know what it is."""
    text = file.read_text("utf-8")
    document = parse(text)
    assert validate(SCHEMA, document) == []
    (operation,) = (one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    assert operation.operation is OperationType.QUERY
    assert operation.name is not None
    assert operation.name.value == "".join(word.capitalize() for word in file.stem.split("_"))
    assert text.startswith("# ") and len(text.splitlines()[0]) > 30
    fragments = {
        one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
    }
    assert 0 < cost_of(SCHEMA, operation, fragments, {}) <= Limits().query_cost_max


def test_all_may_be_kept() -> None:
    """As persisted operations, by the hash of the file."""
    kept = Kept.load(FOLDER, only=True)
    for file in FILES:
        text = file.read_text("utf-8")
        assert kept.document(text=None, document_id=hash_of(text), extension=None) == text
