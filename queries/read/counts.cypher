// counts: entities ever named, and relationships believed now and not over. Needs {types}: present types.
// Returns one record: entities, relationships.
RETURN COUNT { MATCH (:Entity) } AS entities, COUNT { MATCH ()-[:{types}]->() } AS relationships
