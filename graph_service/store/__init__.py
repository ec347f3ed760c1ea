"""Neo4j, and the only place that knows it: what is written, what is read, and the queries by name."""
