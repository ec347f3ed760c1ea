// nodes: the present of entities. Needs rows. Returns nothing.
UNWIND $rows AS row
MATCH (e:Entity {key: row.key})
SET e = row.node
