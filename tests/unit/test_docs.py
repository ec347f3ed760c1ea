"""The documents keep their word: links lead somewhere, commands exist, and no file tells of the machine it was written on."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "deploy").glob("*.md"), *(ROOT / "docs").rglob("*.md")])

# Put together from parts, so that this file does not match itself.
_FOLDERS = "|".join(
    ("home/" + "[a-z]", "root/" + r"[.\w]", "work/" + r"[.\w]", "Users/" + r"\w", "tmp/" + r"\w+/")
)
MACHINE_FOLDER = re.compile(rf"(?<![\w.$}}>)/~-])/(?:{_FOLDERS})")
_HOSTS = (
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "npmjs" + ".org",
    "yarnpkg" + ".com",
    "repo1" + ".maven",
    "repo.maven" + ".apache",
)
REGISTRY_HOST = re.compile(
    "|".join(re.escape(host) for host in _HOSTS) + "|" + "artifact" + "ory|/simple" + "/"
)


def tracked_files() -> list[Path]:
    """Files of the repository, also those not committed yet; all that are here where there is no git."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("this is no git checkout")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def texts() -> list[tuple[Path, str]]:
    found = []
    for path in tracked_files():
        try:
            found.append((path.relative_to(ROOT), path.read_text("utf-8")))
        except UnicodeDecodeError:
            continue
    return found


def lines_with(pattern: re.Pattern[str], text: str) -> list[int]:
    return [number for number, line in enumerate(text.splitlines(), 1) if pattern.search(line)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(document: Path) -> None:
    """Each relative link of a document names a file or folder that exists."""
    broken = []
    for target in LINK.findall(document.read_text("utf-8")):
        path = target.partition("#")[0]
        inside = path and "://" not in path and not path.startswith("mailto:")
        if inside and not (document.parent / path).exists():
            broken.append(target)
    assert not broken


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_questions_fit_the_schema(document: Path) -> None:
    """Each GraphQL example of a document is a valid question to this API."""
    schema = build_schema((ROOT / "schema.graphql").read_text("utf-8"))
    for question in re.findall(r"```graphql\n(.*?)```", document.read_text("utf-8"), re.DOTALL):
        assert not validate(schema, parse(question)), question


def test_clients_are_shown_as_they_are_run() -> None:
    """Each piece of code about a client is, to the letter, the piece of that name in the script that the live tests run."""
    page = (ROOT / "docs" / "clients.md").read_text("utf-8")
    shown = re.findall(r"<!-- (\S+) (\S+) -->\n```\w+\n(.*?)```", page, re.DOTALL)
    assert len(shown) >= 8
    for script, name, code in shown:
        pattern = rf"^(?://|#) snippet: {re.escape(name)}\n\n*(.*?)\n+(?://|#) end$"
        piece = re.search(pattern, (ROOT / script).read_text("utf-8"), re.DOTALL | re.MULTILINE)
        assert piece is not None and piece.group(1) == code.strip("\n"), f"{script}: {name}"


def test_make_commands_exist() -> None:
    """Each `make NAME` of the documents is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for document in DOCUMENTS:
        text = document.read_text("utf-8")
        code = re.findall(r"`(make [^`]+)`", text) + re.findall(r"^(make .+)$", text, re.MULTILINE)
        named = {command.split()[1] for command in code}
        assert named <= targets, f"{document.name} names {named - targets}"


def test_ci_runs_the_test_command() -> None:
    """CI runs what the README tells people to run, without input, and passes the exit status on."""
    script = ROOT / ".ci" / "run"
    commands = [line for line in script.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    assert commands[-1] == "exec make test </dev/null"
    assert script.stat().st_mode & 0o111


def test_no_file_names_folders_of_a_machine() -> None:
    """Nobody else has these folders."""
    found = {str(path): lines for path, text in texts() if (lines := lines_with(MACHINE_FOLDER, text))}
    assert not found


def test_no_file_names_a_registry() -> None:
    """Packages come from where the user's own tools take them: a host in a file would break closed networks."""
    found = {str(path): lines for path, text in texts() if (lines := lines_with(REGISTRY_HOST, text))}
    assert not found


def test_the_patterns_find_what_they_should() -> None:
    """The two checks above would notice."""
    for folder in ("home/" + "me/x", "work/" + "main", "root/" + ".cache", "Users/" + "me"):
        assert MACHINE_FOLDER.search(f"see /{folder}")
    assert REGISTRY_HOST.search("https://" + "pypi" + ".org/x")
    assert not MACHINE_FOLDER.search("uses network/" + "work/x and ~/work/" + "x")
