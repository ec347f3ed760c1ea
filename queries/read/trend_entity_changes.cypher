// trend_entity_changes: what became of entities within a span of valid time, as believed at a known time. Needs known, from (exclusive), to,
// width, kinds (or null). Returns a record a bucket and kind of change: bucket (from 0), kind (APPEARED, CHANGED, ENDED), value.
CALL () {
  MATCH (e:Entity) WHERE $from < e.valid_from <= $to AND e.present AND e.known_from <= $known
  RETURN e, e.valid_from AS begun, null AS over
  UNION
  MATCH ()-[h:HAD]->(e:Entity)
  WHERE $from < h.valid_from <= $to AND h.known_from <= $known AND $known < h.known_to
  RETURN e, h.valid_from AS begun, null AS over
  UNION
  MATCH ()-[h:HAD]->(e:Entity)
  WHERE $from < h.valid_to <= $to AND h.known_from <= $known AND $known < h.known_to AND NOT coalesce($known < h.end_known, false)
  RETURN e, null AS begun, h.valid_to AS over
}
WITH e, collect(begun) AS begun, collect(over) AS over WHERE $kinds IS NULL OR e.kind IN $kinds
UNWIND [x IN begun | [x, CASE WHEN x IN over THEN 'CHANGED' ELSE 'APPEARED' END]] + [x IN over WHERE NOT x IN begun | [x, 'ENDED']] AS one
RETURN (one[0] - $from - 1) / $width AS bucket, one[1] AS kind, count(*) AS value
