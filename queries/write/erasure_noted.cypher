// erasure_noted: from here on whatever was recorded up to an erasure's known time is blanked when it comes. Needs rows (maps with key
// and known_to; what else they hold is kept with an erasure that is new). Returns erasure (map), in no order.
MATCH (g:Graph {id: 'graph'})
UNWIND $rows AS row
MERGE (x:Erasure {key: row.key, known_to: row.known_to})
ON CREATE SET x = row
SET g.erased_to = CASE WHEN g.erased_to >= row.known_to THEN g.erased_to ELSE row.known_to END
RETURN properties(x) AS erasure
