// tails: the open relationships of one type from entities. Needs keys. Returns key, rows [id, target, properties].
UNWIND $keys AS key
MATCH (e:Entity {key: key})-[r:{type}]->(t:Entity)
WHERE 0 + r.valid_to = 9223372036854775807
RETURN key, collect([elementId(r), t.key, properties(r)]) AS rows
