// relationship_rows: all rows of relationships of one type that were known by then. Needs {types}: the type and its past;
// owners (list of [source, target, discriminator]), known. Returns a record each: owner, rows (maps).
UNWIND $owners AS owner
MATCH (s:Entity {key: owner[0]})
MATCH (t:Entity {key: owner[1]})
MATCH (s)-[r:{types}]->(t)
WHERE coalesce(r.discriminator, '') = owner[2] AND r.known_from <= $known
RETURN owner, collect(properties(r)) AS rows
