// nodes_noted: what the ingester remembers of streams. Needs rows. Returns nothing.
UNWIND $rows AS row
MATCH (e:Entity {key: row.key})
SET e.heads = row.heads
