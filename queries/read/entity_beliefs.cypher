// entity_beliefs: what was believed of entities just before known instants and from them on. Needs asked [key, valid, known].
// Returns one record: found [number in asked, rows (maps) of which at most one holds before and one after].
// The node is read first: a row that leaves it is in its history by then, or is about to be.
// `0 +` keeps the planner from reading all that the index on valid_from has, instead of what one entity has.
UNWIND range(0, size($asked) - 1) AS n
WITH n, $asked[n][0] AS key, $asked[n][1] AS valid, $asked[n][2] AS known
MATCH (e:Entity {key: key})
WITH n, e, valid, known, CASE WHEN e.present AND e.valid_from <= valid AND e.known_from <= known
                              THEN [e {.properties, .event, .valid_from, .known_from}] ELSE [] END AS held
OPTIONAL MATCH (e)-[h:HAD]->(e)
WHERE 0 + h.valid_from <= valid AND h.known_from <= known AND known <= h.known_to AND (valid < h.valid_to OR known <= h.end_known)
WITH n, held, collect(properties(h)) AS had
RETURN collect([n, had + held]) AS found
