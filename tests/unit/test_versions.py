"""Versions below which known holes are open: neither installed nor locked, nor among the jars and images."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-runtime.lock")

FLOORS = {
    "aiokafka": "0.14.0",  # the last without a known advisory
    "cryptography": "44.0.1",  # CVE-2024-12797
    "graphql-core": "3.3.2",  # CVE-2026-75507, -75508 (3.2.12), and the budget of OverlappingFields
    "h11": "0.16.0",  # CVE-2025-43859
    "pyjwt": "2.13.0",  # CVE-2026-48526
    "python-multipart": "0.0.31",  # CVE-2026-24486, -40347, -42561, GHSA-5rvq-cxj2-64vf
    "starlette": "1.3.1",  # CVE-2025-62727, -54121, CVE-2026-48710, -48817, -48818, -54282, -54283
    "strawberry-graphql": "0.341.0",  # CVE-2026-35523, -35526, -47706, -47707; shared extensions below 0.316
}
"""The least version of each that is used."""

OPTIONAL = {"python-multipart"}
"""May be left out: nothing here takes forms."""

NEVER = {"python-jose", "jose"}
"""Not to be used at all: signatures are checked by PyJWT."""

NEO4J_FLOORS = {5: Version("5.26.22"), 2026: Version("2026.1.4")}
"""CVE-2026-1471, by release line."""


def locked(name: str) -> dict[str, Version]:
    """The packages of a lock."""
    text = (ROOT / name).read_text("utf-8")
    return {
        found[1]: Version(found[2])
        for found in re.finditer(r"(?m)^([a-z0-9.-]+)(?:\[[^\]]*\])?==([^ ;\\]+)", text)
    }


@pytest.mark.parametrize("package", FLOORS)
def test_what_is_installed_is_not_below_the_floor(package: str) -> None:
    """Where it is installed at all."""
    try:
        assert Version(version(package)) >= Version(FLOORS[package])
    except PackageNotFoundError:
        assert package in OPTIONAL


@pytest.mark.parametrize("lock", LOCKS)
def test_what_is_locked_is_not_below_the_floor(lock: str) -> None:
    """Neither for development nor for the image."""
    found = locked(lock)
    assert len(found) > 20
    assert FLOORS.keys() - found.keys() <= OPTIONAL
    below = {
        name: str(found[name])
        for name, floor in FLOORS.items()
        if name in found and found[name] < Version(floor)
    }
    assert below == {}
    assert not NEVER & found.keys()


def test_neo4j_is_not_below_the_floor() -> None:
    """Neither the jars nor the image."""
    jars = (ROOT / "graph_service" / "local" / "jars.lock").read_text("utf-8")
    compose = (ROOT / "deploy" / "compose.yaml").read_text("utf-8")
    used = re.findall(r"org\.neo4j:neo4j:(\S+) ", jars) + re.findall(
        r"image: neo4j:([\d.]+)-community", compose
    )
    assert len(used) >= 2
    for text in used:
        found = Version(text)
        floor = NEO4J_FLOORS.get(found.major)
        assert found.major > max(NEO4J_FLOORS) or (floor is not None and found >= floor), text
