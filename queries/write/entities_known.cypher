// entities_known: entities that are there. Needs keys. Returns one record as entities_named.
UNWIND $keys AS key
MATCH (e:Entity {key: key})
RETURN collect([e.key, elementId(e), e.heads,
                CASE WHEN e.present THEN e {.properties, .event, .valid_from, .known_from} END]) AS entities
