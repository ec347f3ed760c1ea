// positions: how far partitions are applied. Needs places. Returns topic, partition, offset, epoch.
UNWIND $places AS place
MATCH (p:Position {topic: place.topic, partition: place.partition})
RETURN p.topic AS topic, p.partition AS partition, p.offset AS offset, p.epoch AS epoch
