"""Promises of the settings: where they come from, what is refused, and that secrets stay secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph_service.core.errors import BadSettings
from graph_service.settings import PREFIX, load_settings


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, and no settings in the environment."""
    import os

    for name in list(os.environ):
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_flags_win_over_environment_over_file(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the file over the defaults."""
    (alone / "graph-service.toml").write_text('port = 1\nhost = "file"\ngroup_id = "file"\n')
    monkeypatch.setenv("GRAPH_SERVICE_PORT", "2")
    monkeypatch.setenv("GRAPH_SERVICE_HOST", "environment")
    found = load_settings(port=3)
    assert (found.port, found.host, found.group_id, found.batch_events_max) == (
        3,
        "environment",
        "file",
        8000,
    )


def test_lists_in_the_environment_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Topics and mapping files."""
    monkeypatch.setenv("GRAPH_SERVICE_TOPICS", "a, b")
    monkeypatch.setenv("GRAPH_SERVICE_MAPPING", "one.yaml,two.yaml")
    found = load_settings()
    assert found.topics == ("a", "b")
    assert found.mapping == (Path("one.yaml"), Path("two.yaml"))


def test_secrets_are_masked_and_may_come_from_files(alone: Path) -> None:
    """Never shown, also not in the representation."""
    (alone / "secret").write_text("sesame\n")
    found = load_settings(neo4j_password_file=alone / "secret")
    assert found.neo4j_password is not None
    assert found.neo4j_password.get_secret_value() == "sesame"
    assert "sesame" not in repr(found) + str(dict(found.shown()))


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("PORT", "many", r"GRAPH_SERVICE_PORT: .*integer"),
        ("NEO4J_URI", "http://x", r"GRAPH_SERVICE_NEO4J_URI"),
        ("TOPICS", "a b", r"GRAPH_SERVICE_TOPICS"),
        ("PROT", "1", r"no setting of this name: the variable GRAPH_SERVICE_PROT"),
        ("NEO4J_PASSWORD_FILE", "/nowhere/to/be/found", r"neo4j_password_file: .*cannot be read"),
    ],
)
def test_a_wrong_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    """By where it comes from."""
    monkeypatch.setenv(PREFIX + variable, value)
    with pytest.raises(BadSettings, match=said):
        load_settings()


def test_a_wrong_file_is_named(alone: Path) -> None:
    """Not TOML, or a name that is no setting, or not there."""
    path = alone / "my.toml"
    with pytest.raises(BadSettings, match=r"my\.toml cannot be read"):
        load_settings(path)
    path.write_text("port = \n")
    with pytest.raises(BadSettings, match=r"my\.toml cannot be read"):
        load_settings(path)
    path.write_text("prot = 1\n")
    with pytest.raises(BadSettings, match=r"prot in .*my\.toml"):
        load_settings(path)


def test_two_places_for_one_secret_are_refused(alone: Path) -> None:
    """And the secret is not in the message."""
    (alone / "secret").write_text("sesame")
    with pytest.raises(BadSettings, match="both given") as caught:
        load_settings(neo4j_password="open", neo4j_password_file=alone / "secret")
    assert "sesame" not in str(caught.value)


def test_what_is_needed_is_asked_for_by_name() -> None:
    """With the three ways to give it."""
    with pytest.raises(BadSettings, match="pass --neo4j-uri, set GRAPH_SERVICE_NEO4J_URI"):
        load_settings().need("neo4j_uri")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"insecure": True, "api_keys_file": Path("keys")}, "insecure and api_keys_file are both given"),
        ({"jwt_jwks": "https://issuer.example.org/keys"}, "jwt_issuer"),
        ({"jwt_issuer": "x", "jwt_audience": "y"}, "belong together"),
        ({"query_cost_max": 100, "cost_burst": 99}, "could never be asked"),
        ({"cors_origins": "https://portal.example.org/path"}, "cors-origins"),
        ({"cors_origins": "*"}, "cors-origins"),
        ({"introspection": "anybody"}, "--introspection"),
        ({"insecure_role": "nobody"}, "--insecure-role"),
    ],
)
def test_what_would_expose_by_mistake_is_refused(given: dict[str, object], said: str) -> None:
    """Two answers to who is let in, half an issuer, every origin."""
    with pytest.raises(BadSettings, match=said):
        load_settings(None, **given)


def test_an_empty_variable_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """As compose files leave them."""
    monkeypatch.setenv("GRAPH_SERVICE_API_KEYS_FILE", "")
    monkeypatch.setenv("GRAPH_SERVICE_INSECURE", "true")
    found = load_settings()
    assert found.api_keys_file is None and found.insecure
