"""Promises of the npm package: what `npm pack` makes has the element with its types, and a strict project of somebody else compiles against it."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.portal_browser import ELEMENT, PORTAL, Browser, find_browser

CONSUMER = """
import { KnowledgeGraph, addLanguage, en, type KgSelectDetail, type Words } from "@graph-service/knowledge-graph";

const element: KnowledgeGraph = document.createElement("knowledge-graph");
element.endpoint = "/graphql";
element.entity = "service:checkout";
element.validAt = "2026-01-01T00:00:00Z";
element.headers = async () => ({ authorization: "Bearer token" });
element.fetcher = (url, init) => fetch(url, { ...init, keepalive: false });
element.addEventListener("kg-select", (event) => {
  const detail: KgSelectDetail = (event as CustomEvent<KgSelectDetail>).detail;
  console.log(detail.key?.toUpperCase(), detail.relationship?.type);
});
const words: Words = { ...en, graph: "Bild" };
addLanguage("de", words);
const found: KnowledgeGraph | null = document.querySelector("knowledge-graph");
found?.reload();
document.body.append(element);
"""
WRONG = {
    'element.endpoint = "/graphql";': "element.endpoint = 7;",
    "detail.key?.toUpperCase()": "detail.nothing",
    'graph: "Bild"': "graph: 7",
    "found?.reload();": "found?.render();",
}


@pytest.fixture(scope="module")
def browser() -> Browser:
    """For its Node."""
    return find_browser()


@pytest.fixture(scope="module")
def consumer(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the packed package in it."""
    folder = tmp_path_factory.mktemp("package")
    source = folder / "source"
    shutil.copytree(ELEMENT.parent, source / "dist", ignore=shutil.ignore_patterns(".*"))
    for name in ("package.json", "README.md"):
        shutil.copy(PORTAL / name, source / name)
    # Built already: of the same sources, by portal/build.py.
    run(browser, source, browser.npm, "pack", "--ignore-scripts", "--pack-destination", str(folder))
    (packed,) = folder.glob("*.tgz")
    project = folder / "project"
    modules = project / "node_modules"
    target = modules / "@graph-service" / "knowledge-graph"
    target.parent.mkdir(parents=True)
    with tarfile.open(packed) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (folder / "unpacked" / "package").rename(target)
    needed = json.loads((target / "package.json").read_text())["dependencies"]
    assert needed.keys() == {"lit"}
    # What an installation would bring: lit and what it needs.
    for name in ("lit", "lit-html", "lit-element", "@lit", "@types/trusted-types"):
        place = modules / name
        place.parent.mkdir(exist_ok=True)
        place.symlink_to((PORTAL / "node_modules" / name).resolve())
    options = {
        "strict": True, "target": "ES2022", "module": "NodeNext", "lib": ["ES2023", "DOM", "DOM.Iterable"], "noEmit": True, "types": [],
        "exactOptionalPropertyTypes": True, "verbatimModuleSyntax": True, "skipLibCheck": False,
    }  # fmt: skip
    (project / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "include": ["*.ts"]}))
    (project / "package.json").write_text('{"name": "consumer", "private": true, "type": "module"}')
    return project


def run(browser: Browser, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A command, with its output."""
    return subprocess.run(
        command, cwd=folder, env=browser.variables, capture_output=True, text=True, timeout=120, check=False
    )


def compiled(browser: Browser, project: Path, text: str) -> str:
    """What the compiler says of a module; nothing, if all is well."""
    (project / "main.ts").write_text(text)
    compiler = PORTAL / "node_modules" / "typescript" / "bin" / "tsc"
    return run(browser, project, browser.node, str(compiler)).stdout


def test_it_has_what_it_promises(consumer: Path) -> None:
    """The module, types, and a page to read; nothing that was only there to build it."""
    package = consumer / "node_modules" / "@graph-service" / "knowledge-graph"
    told = json.loads((package / "package.json").read_text())
    for path in (told["main"], told["types"], *told["exports"]["."].values(), "README.md"):
        assert (package / path).is_file(), path
    names = {path.name for path in package.iterdir()}
    assert names == {"package.json", "README.md", "dist"}


def test_a_strict_project_compiles_against_it(browser: Browser, consumer: Path) -> None:
    """With all types checked, also those of the package itself."""
    assert compiled(browser, consumer, CONSUMER) == ""


@pytest.mark.parametrize("right", WRONG)
def test_the_types_refuse_what_is_wrong(browser: Browser, consumer: Path, right: str) -> None:
    """They are types, and not `any`."""
    assert right in CONSUMER
    assert "error TS" in compiled(browser, consumer, CONSUMER.replace(right, WRONG[right]))
