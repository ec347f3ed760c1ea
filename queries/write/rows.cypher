// rows: all stored rows of entities, their node apart. Needs keys. Returns key, rows [id, type, target, properties].
UNWIND $keys AS key
MATCH (e:Entity {key: key})-[r]->(t:Entity)
RETURN key, collect([elementId(r), type(r), t.key, properties(r)]) AS rows
