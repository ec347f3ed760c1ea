// standings: how far each partition is applied, and of which topic it is one. Needs nothing.
// Returns topic, partition, topic_id, offset, recorded_at.
MATCH (p:Position) WHERE p.offset >= 0
RETURN p.topic AS topic, p.partition AS partition, p.topic_id AS topic_id, p.offset AS offset, p.recorded_at AS recorded_at
ORDER BY topic, partition
