// position_taken: raise the epoch of a partition. Needs topic, partition, topic_id. Returns offset (-1: none), recorded_at, epoch.
MATCH (g:Graph {id: 'graph'})
SET g.tick = g.tick + 1
MERGE (p:Position {topic: $topic, partition: $partition})
ON CREATE SET p.offset = -1, p.epoch = 0, p.topic_id = $topic_id
SET p.epoch = p.epoch + 1
RETURN p.offset AS offset, p.recorded_at AS recorded_at, p.epoch AS epoch
