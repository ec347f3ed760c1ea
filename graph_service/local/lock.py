"""Remake `jars.lock`: resolve both engines with everything they need, download, and write down what each jar
is.

Run it with `python -m graph_service.local.lock` after changing a version below, and review the difference.
"""

from __future__ import annotations

import hashlib
import importlib
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from graph_service.local.jars import LOCK_PATH, LockedJar, read_lock

ROOTS = {
    "neo4j": ("org.neo4j:neo4j:2026.08.1",),
    # Kafka brings no logger of its own; the simple one starts fastest, and its version follows the slf4j-api
    # of Kafka.
    "kafka": ("org.apache.kafka:kafka_2.13:4.4.0", "org.slf4j:slf4j-simple:1.7.36"),
}
HEADER = """\
# Every jar of the local engines: engine, group:artifact:version[:classifier], SHA-256, size in bytes.
# In the order of the class path. Made by: python -m graph_service.local.lock
"""


def resolve(engine: str, context: Any) -> tuple[LockedJar, ...]:
    """Everything one engine needs at run time, the engine itself first; downloads it into the context's
    cache.
    """
    roots = [context.create_dependency(coordinate) for coordinate in ROOTS[engine]]
    inputs, transitive = context.resolver.resolve(roots)
    wanted = [*inputs, *(one for one in transitive if one.scope in ("compile", "runtime"))]
    artifacts = list({one.artifact.key: one.artifact for one in wanted}.values())
    with ThreadPoolExecutor(4) as pool:
        return tuple(pool.map(lambda one: _locked(engine, one), artifacts))


def _locked(engine: str, artifact: Any) -> LockedJar:
    content = Path(artifact.resolve()).read_bytes()
    return LockedJar(
        engine=engine,
        group=artifact.groupId,
        artifact=artifact.artifactId,
        version=artifact.version,
        classifier=artifact.classifier,
        sha256=hashlib.sha256(content).hexdigest(),
        bytes_total=len(content),
    )


def main() -> None:
    """Write the lock, and say what is in it."""
    maven: Any = importlib.import_module("jgo.maven")
    with tempfile.TemporaryDirectory() as folder:
        # An empty cache: a jar that was tampered with on this machine must not get into the lock.
        context = maven.MavenContext(repo_cache=Path(folder))
        jars = [jar for engine in ROOTS for jar in resolve(engine, context)]
    text = HEADER + "".join(f"{jar.line()}\n" for jar in jars)
    read_lock(text)
    LOCK_PATH.write_text(text, encoding="utf-8")
    print(
        f"{len(jars)} jars, {sum(jar.bytes_total for jar in jars) / 1e6:.0f} MB, written to {LOCK_PATH.name}"
    )


if __name__ == "__main__":
    main()
