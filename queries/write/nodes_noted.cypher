// nodes_noted: what the ingester remembers of streams. Needs rows [id, heads]. Returns nothing.
UNWIND $rows AS row
MATCH (e) WHERE elementId(e) = row[0]
SET e.heads = row[1]
