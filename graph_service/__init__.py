"""A knowledge graph that remembers: events from Kafka in, a graph on two clocks in Neo4j, answers over GraphQL."""

__version__ = "0.1.0"
