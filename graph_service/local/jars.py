"""The published jars that Neo4j and Kafka are made of: pinned, downloaded once, verified, and then only
looked at.

`jars.lock` beside this file names every jar of both engines with its SHA-256 and its size, so nothing is
resolved at run time and nothing unexpected can run. It is remade with `python -m graph_service.local.lock`.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graph_service.core.errors import EngineError

LOCK_PATH = Path(__file__).with_name("jars.lock")
DOWNLOADS_PARALLEL_MAX = 8
DOWNLOAD_ATTEMPTS_MAX = 3
DOWNLOAD_TIMEOUT_S = 60
INSTALL_HINT = "install it with: pip install 'graph-service[local]'"


@dataclass(frozen=True, kw_only=True)
class LockedJar:
    """One line of the lock: a jar on the class path of one engine, and what its bytes must be."""

    engine: str
    group: str
    artifact: str
    version: str
    classifier: str
    sha256: str
    bytes_total: int

    @property
    def coordinate(self) -> str:
        """`group:artifact:version`, with `:classifier` where the jar has one."""
        parts = (self.group, self.artifact, self.version, self.classifier)
        return ":".join(part for part in parts if part)

    @property
    def path(self) -> Path:
        """Where the jar lies, relative to the folder of jars.

        The group is part of it, so no two jars can collide.
        """
        suffix = f"-{self.classifier}" if self.classifier else ""
        return Path(self.group, f"{self.artifact}-{self.version}{suffix}.jar")

    def line(self) -> str:
        """The jar as it stands in the lock."""
        return f"{self.engine} {self.coordinate} sha256:{self.sha256} {self.bytes_total}"


Fetch = Callable[[LockedJar, Callable[[bytes], None]], None]
"""Gets the bytes of one jar and hands them over piece by piece.

Any exception means that the jar cannot be had.
"""


@dataclass(frozen=True, kw_only=True)
class Jars:
    """All jars of a lock, on this disk and verified."""

    folder: Path
    locked: tuple[LockedJar, ...]

    def class_path(self, engine: str) -> tuple[Path, ...]:
        """The jars of one engine, in the order of the lock.

        The order is stable, which class data sharing needs.
        """
        return tuple(self.folder / jar.path for jar in self.locked if jar.engine == engine)


def cache_folder() -> Path:
    """The folder for what can be downloaded or computed again: `GRAPH_SERVICE_CACHE`, or the user's cache
    folder.
    """
    chosen = os.environ.get("GRAPH_SERVICE_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "graph-service"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "graph-service"


def read_lock(text: str) -> tuple[LockedJar, ...]:
    """The jars that the text of a lock names, in its order.

    Raises EngineError with the line that is wrong.
    """
    return tuple(
        _read_line(line, number)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.startswith("#")
    )


def _read_line(line: str, number: int) -> LockedJar:
    try:
        engine, coordinate, digest, bytes_total = line.split()
        group, artifact, version, *rest = coordinate.split(":")
        scheme, sha256 = digest.split(":")
        if scheme != "sha256" or len(sha256) != 64 or len(rest) > 1:
            raise ValueError
        return LockedJar(
            engine=engine,
            group=group,
            artifact=artifact,
            version=version,
            classifier=rest[0] if rest else "",
            sha256=sha256,
            bytes_total=int(bytes_total),
        )
    except ValueError:
        raise EngineError(
            f"Line {number} of the jar lock cannot be read; remake it with: "
            "python -m graph_service.local.lock"
        ) from None


def ensure_jars(*, progress: bool = True, lock_path: Path = LOCK_PATH, fetch: Fetch | None = None) -> Jars:
    """Have every jar of the lock on this disk, verified; download what is missing, in parallel.

    The first call downloads some 220 MB and shows a progress bar on standard error if `progress`; what an
    interrupted call has finished stays. Later calls only compare sizes. `fetch` replaces the download, for
    tests. Raises EngineError if a jar cannot be had or is not what the lock says.
    """
    text = lock_path.read_text(encoding="utf-8")
    locked = read_lock(text)
    folder = cache_folder() / "jars"
    stamp = folder / f"verified-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    jars = Jars(folder=folder, locked=locked)
    if stamp.exists() and not _of_wrong_size(jars):
        return jars
    _make_folder(folder)
    with _one_at_a_time(folder):
        missing = _of_wrong_size(jars) if stamp.exists() else _not_as_locked(jars)
        if missing:
            _download_all(folder, missing, fetch or central_fetch(), progress=progress)
        stamp.touch()
    return jars


def _of_wrong_size(jars: Jars) -> list[LockedJar]:
    return [jar for jar in _distinct(jars.locked) if _size_of(jars.folder / jar.path) != jar.bytes_total]


def _not_as_locked(jars: Jars) -> list[LockedJar]:
    """Reads every byte: only before the stamp is written."""
    wrong_size = _of_wrong_size(jars)
    rest = [jar for jar in _distinct(jars.locked) if jar not in wrong_size]
    return wrong_size + [jar for jar in rest if _sha256_of(jars.folder / jar.path) != jar.sha256]


def _distinct(locked: Sequence[LockedJar]) -> list[LockedJar]:
    """A jar that both engines use is one file."""
    return list({jar.path: jar for jar in locked}.values())


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return -1


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EngineError(
            f"The cache folder {folder} cannot be made ({error.strerror}); set GRAPH_SERVICE_CACHE to "
            "one that can."
        ) from error


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Two first starts at once would download everything twice: the second waits, and then finds it done."""
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _download_all(folder: Path, missing: list[LockedJar], fetch: Fetch, *, progress: bool) -> None:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=not progress) as bar:
        task = bar.add_task("Neo4j and Kafka, once", total=sum(jar.bytes_total for jar in missing))

        def advance(bytes_more: int) -> None:
            bar.advance(task, bytes_more)

        with ThreadPoolExecutor(DOWNLOADS_PARALLEL_MAX) as pool:
            jobs = [pool.submit(_download, folder, jar, fetch, advance) for jar in missing]
            try:
                for job in as_completed(jobs):
                    job.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def _download(folder: Path, jar: LockedJar, fetch: Fetch, advance: Callable[[int], None]) -> None:
    """Bring one jar to its place, whole or not at all."""
    for attempt in range(1, DOWNLOAD_ATTEMPTS_MAX + 1):
        try:
            return _download_once(folder / jar.path, jar, fetch, advance)
        except EngineError:
            raise
        except Exception as error:
            if attempt == DOWNLOAD_ATTEMPTS_MAX:
                raise EngineError(
                    f"{jar.coordinate} cannot be downloaded ({_cause(error)}); check the network, the proxy "
                    "and the certificates of this machine, and start again: what is here already is kept."
                ) from error
            time.sleep(attempt)


def _download_once(target: Path, jar: LockedJar, fetch: Fetch, advance: Callable[[int], None]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    try:
        with part.open("wb") as file:
            sha256 = _receive(jar, fetch, file.write, advance)
        if sha256 != jar.sha256:
            raise EngineError(
                f"{jar.coordinate} was refused: its SHA-256 is {sha256}, and the lock says {jar.sha256}. "
                "Check what stands between this machine and the package repository, and try again."
            )
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _receive(
    jar: LockedJar, fetch: Fetch, write: Callable[[bytes], Any], advance: Callable[[int], None]
) -> str:
    """Take in one jar and return its SHA-256 in hex. A failed attempt takes its progress back."""
    digest = hashlib.sha256()
    received = 0

    def take(piece: bytes) -> None:
        nonlocal received
        write(piece)
        digest.update(piece)
        received += len(piece)
        advance(len(piece))

    try:
        fetch(jar, take)
    except BaseException:
        advance(-received)
        raise
    return digest.hexdigest()


def _cause(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:200] if str(error) else type(error).__name__


def central_fetch() -> Fetch:
    """Downloads from the default repository of `jgo`, or from those named in its settings file (a mirror,
    say).
    """
    try:
        maven: Any = importlib.import_module("jgo.maven")
        http: Any = importlib.import_module("jgo.util.http")
        settings: Any = importlib.import_module("jgo.config").GlobalSettings.load()
    except ImportError as error:
        raise EngineError(f"The package jgo, which finds the jars, is missing; {INSTALL_HINT}") from error
    context = maven.MavenContext(remote_repos=settings.repositories or None)

    def fetch(jar: LockedJar, take: Callable[[bytes], None]) -> None:
        artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact(jar.classifier)
        for repository in context.remote_repos.values():
            url = "/".join(
                (repository.rstrip("/"), artifact.component.path_prefix.as_posix(), artifact.filename)
            )
            response = http.get(url, stream=True, timeout=DOWNLOAD_TIMEOUT_S)
            if response.status_code == 404:
                continue
            response.raise_for_status()
            for piece in response.iter_content(chunk_size=1 << 18):
                take(piece)
            return
        raise EngineError(
            f"{jar.coordinate} is in none of the repositories: {', '.join(context.remote_repos)}"
        )

    return fetch
