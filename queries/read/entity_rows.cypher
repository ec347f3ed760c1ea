// entity_rows: all rows of entities that were known by then. Needs keys, known. Returns a record each: key, rows (maps).
UNWIND $keys AS key
MATCH (e:Entity {key: key})
OPTIONAL MATCH (e)-[h:HAD]->(e) WHERE h.known_from <= $known
WITH e, collect(properties(h)) AS had
RETURN e.key AS key, had + CASE WHEN e.present AND e.known_from <= $known
                               THEN [e {.properties, .event, .valid_from, .known_from}] ELSE [] END AS rows
