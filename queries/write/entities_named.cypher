// entities_named: entities that are named, made where they are new. Needs rows, beginning. Returns nothing.
UNWIND $rows AS row
MERGE (e:Entity {key: row.key})
ON CREATE SET e.kind = row.kind, e.declared = false, e.present = false, e.valid_from = $beginning, e.known_from = $beginning
