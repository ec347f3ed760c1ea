// entities_named: entities that are named, made where they are new. Needs rows (key, kind), beginning.
// Returns one record: entities [key, id, heads, held (the row in the node, or null)].
UNWIND $rows AS row
MERGE (e:Entity {key: row.key})
ON CREATE SET e.kind = row.kind, e.declared = false, e.present = false, e.valid_from = $beginning, e.known_from = $beginning
RETURN collect([e.key, elementId(e), e.heads,
                CASE WHEN e.present THEN e {.properties, .event, .valid_from, .known_from} END]) AS entities
