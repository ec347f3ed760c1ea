// nodes: the present of entities. Needs rows [id, properties]. Returns nothing.
UNWIND $rows AS row
MATCH (e) WHERE elementId(e) = row[0]
SET e = row[1]
