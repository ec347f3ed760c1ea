"""Real Neo4j and real Kafka as child processes, for a laptop, a demo and the tests. Linux and macOS; no
container, no Java.

    with start_all(Path("~/graph").expanduser()) as engines:
        engines.neo4j.uri, engines.neo4j.user, engines.neo4j.password, engines.kafka.bootstrap

The engines end with the process that started them, however that ends, and find their data again at the next
start.
"""

from graph_service.local.engines import Engines, start_all
from graph_service.local.jars import Jars, cache_folder, ensure_jars
from graph_service.local.kafka_engine import KafkaEngine
from graph_service.local.neo4j_engine import Neo4jEngine

__all__ = ["Engines", "Jars", "KafkaEngine", "Neo4jEngine", "cache_folder", "ensure_jars", "start_all"]
