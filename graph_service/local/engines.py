"""Both engines together: the jars once, then both in parallel, and both or none."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from graph_service.local.engine import Engine
from graph_service.local.jars import Jars, ensure_jars
from graph_service.local.java import java
from graph_service.local.kafka_engine import KafkaEngine
from graph_service.local.neo4j_engine import Neo4jEngine


@dataclass(frozen=True, kw_only=True)
class Engines:
    """A running Neo4j and a running Kafka."""

    neo4j: Neo4jEngine
    kafka: KafkaEngine

    def stop(self) -> None:
        """Stop both, in parallel. Harmless if they do not run."""
        _stop_all((self.neo4j, self.kafka))

    def __enter__(self) -> Self:
        """Nothing: `with` only promises the stop at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop both."""
        self.stop()


def start_all(
    data: Path,
    *,
    neo4j: Neo4jEngine | None = None,
    kafka: KafkaEngine | None = None,
    jars: Jars | None = None,
    progress: bool = True,
) -> Engines:
    """Start Neo4j in `data/neo4j` and Kafka in `data/kafka`, in parallel; blocks until both answer.

    Pass engines of your own for other settings. The first call on a machine downloads the jars: see
    `ensure_jars`.
    Raises EngineError, with nothing left running, if either does not start.
    """
    java()
    found = jars or ensure_jars(progress=progress)
    engines = Engines(neo4j=neo4j or Neo4jEngine(data / "neo4j"), kafka=kafka or KafkaEngine(data / "kafka"))
    both: tuple[Engine, ...] = (engines.neo4j, engines.kafka)
    with ThreadPoolExecutor(len(both)) as pool:
        starts = [pool.submit(engine.start, found) for engine in both]
        try:
            for start in as_completed(starts):
                start.result()
        except BaseException:
            # Also at Ctrl-C: an engine that is stopped while it starts gives up at once.
            _stop_all(both)
            raise
    return engines


def _stop_all(engines: tuple[Engine, ...]) -> None:
    with ThreadPoolExecutor(len(engines)) as pool:
        list(pool.map(lambda engine: engine.stop(), engines))
