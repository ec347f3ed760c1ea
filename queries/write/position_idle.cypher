// position_idle: whether a partition is read to its end. Needs topic, partition, idle. Returns nothing.
MATCH (p:Position {topic: $topic, partition: $partition})
SET p.idle = $idle
