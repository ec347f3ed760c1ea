// diff_entities_valid: entities with a row that begins or ends within a span of valid time. Needs low, high, kinds (or null).
// Returns one record: keys.
CALL () {
  MATCH (e:Entity) WHERE $low < e.valid_from <= $high RETURN e
  UNION
  MATCH ()-[h:HAD]->(e:Entity) WHERE $low < h.valid_from <= $high RETURN e
  UNION
  MATCH ()-[h:HAD]->(e:Entity) WHERE $low < h.valid_to <= $high RETURN e
}
WITH DISTINCT e WHERE $kinds IS NULL OR e.kind IN $kinds
RETURN collect(e.key) AS keys
