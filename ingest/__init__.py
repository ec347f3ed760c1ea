"""Kafka in, batches out: consume, decode, apply in order, bury what is bad, publish. The only place that imports aiokafka."""
