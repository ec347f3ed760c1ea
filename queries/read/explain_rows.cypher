// explain_rows: all rows of relationships between two entities that were known by then. Needs {types}: the type and its past; source, target,
// known. Returns one record: rows (list of [discriminator, map]).
MATCH (s:Entity {key: $source})
MATCH (t:Entity {key: $target})
MATCH (s)-[r:{types}]->(t)
WHERE r.known_from <= $known
RETURN collect([coalesce(r.discriminator, ''), properties(r)]) AS rows
