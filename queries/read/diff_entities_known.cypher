// diff_entities_known: entities with a row that becomes, or ceases to be, believed within a span of known time. Needs low,
// high, kinds (or null). Reads every row. Returns one record: keys.
CALL () {
  MATCH (e:Entity) WHERE $low < e.known_from <= $high RETURN e
  UNION
  MATCH ()-[h:HAD]->(e:Entity)
  WHERE $low < h.known_from <= $high OR $low < h.known_to <= $high OR $low < h.end_known <= $high RETURN e
}
WITH DISTINCT e WHERE $kinds IS NULL OR e.kind IN $kinds
RETURN collect(e.key) AS keys
