// rows_since: rows of entities, their node apart, that are believed and reach an instant. Needs owners [id, instant].
// Returns key, rows [id, type, target, properties].
UNWIND $owners AS owner
MATCH (e) WHERE elementId(e) = owner[0]
MATCH (e)-[r]->(t:Entity) WHERE 0 + r.valid_to >= owner[1] AND r.known_to = 9223372036854775807
RETURN e.key AS key, collect([elementId(r), type(r), t.key, properties(r)]) AS rows
