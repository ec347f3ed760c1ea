// digest_nodes: the rows that entity nodes hold. Needs nothing. Returns key, row.
MATCH (e:Entity) WHERE e.present
RETURN e.key AS key, e {.properties, .event, .valid_from, .known_from} AS row
