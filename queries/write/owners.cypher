// owners: entities about to be folded. Needs keys. Returns key, heads, held (the row in the node, or null).
UNWIND $keys AS key
MATCH (e:Entity {key: key})
RETURN key, e.heads AS heads, CASE WHEN e.present THEN e {.properties, .event, .valid_from, .known_from} END AS held
