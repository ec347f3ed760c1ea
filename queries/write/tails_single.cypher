// tails_single: the open relationships of one type between two entities. Needs pairs. Returns key, rows [id, target, properties].
UNWIND $pairs AS pair
MATCH (e:Entity {key: pair.source})
MATCH (t:Entity {key: pair.target})
MATCH (e)-[r:{type}]->(t)
WHERE 0 + r.valid_to = 9223372036854775807
RETURN pair.source AS key, collect([elementId(r), t.key, properties(r)]) AS rows
