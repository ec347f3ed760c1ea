// position_taken: raise the epoch of a partition. Needs topic, partition, topic_id (the topic's name where Kafka does not tell), partitions
// (how many the topic has; 0: not known). Returns offset (-1: none), recorded_at (what comes is not before it, or null), epoch.
// Partitions that nobody has taken yet get their positions, too, and hold the watermark back from now on.
// A topic that was made anew begins at its own beginning, and after all of the former one in known time; dead letters of the former
// one then name it by its id, and those of its partitions that the new one lacks no longer hold the watermark back.
// The lock is taken as in graph_locked.
MATCH (g:Graph {id: 'graph'})
SET g.lock = true
WITH g
SET g.tick = g.tick + 1
WITH g
MERGE (p:Position {topic: $topic, partition: $partition})
ON CREATE SET p.offset = -1, p.epoch = 0, p.topic_id = $topic_id
WITH p, p.topic_id AS former,
     p.topic_id <> $topic_id AND NOT $topic IN [p.topic_id, $topic_id] AS anew
SET p.topic_id = CASE WHEN $topic_id = $topic AND former IS NOT NULL THEN former ELSE $topic_id END
SET p.epoch = p.epoch + 1, p.gone = null
FOREACH (_ IN CASE WHEN anew THEN [1] ELSE [] END |
  SET p.offset = -1, p.incarnation = coalesce(p.incarnation, 1) + 1)
WITH p, former, anew
CALL (p, former, anew) {
  WITH p, former WHERE anew
  MATCH (d:DeadLetter {topic: p.topic, partition: p.partition})
  WHERE d.id = p.topic + '/' + toString(p.partition) + '/' + toString(d.offset)
  SET d.id = p.topic + '@' + former + '/' + toString(p.partition) + '/' + toString(d.offset)
}
CALL (p) {
  UNWIND range(0, $partitions - 1) AS number
  MERGE (o:Position {topic: p.topic, partition: number})
  ON CREATE SET o.offset = -1, o.epoch = 0, o.topic_id = p.topic_id
}
CALL (p) {
  MATCH (o:Position {topic: p.topic})
  WHERE 0 < $partitions <= o.partition AND o.topic_id <> p.topic_id
  SET o.gone = true
}
RETURN p.offset AS offset, p.epoch AS epoch, CASE WHEN p.offset < 0 THEN p.recorded_at + 1 ELSE p.recorded_at END AS recorded_at
