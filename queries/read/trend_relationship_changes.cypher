// trend_relationship_changes: what became of relationships of one type within a span of valid time, as believed at a known time. Needs
// {present}, {past}: the type and its past; known, from (exclusive), to, width, kinds (of either end, or null).
// Returns a record a bucket and kind of change: bucket (from 0), kind (APPEARED, CHANGED, ENDED), value.
CALL () {
  MATCH (s:Entity)-[r:{present}]->(t:Entity) WHERE $from < r.valid_from <= $to RETURN s, r, t
  UNION
  MATCH (s:Entity)-[r:{present}]->(t:Entity) WHERE $from < r.valid_to <= $to RETURN s, r, t
  UNION
  MATCH (s:Entity)-[r:{past}]->(t:Entity) WHERE $from < r.valid_from <= $to RETURN s, r, t
  UNION
  MATCH (s:Entity)-[r:{past}]->(t:Entity) WHERE $from < r.valid_to <= $to RETURN s, r, t
}
WITH s, r, t
WHERE r.known_from <= $known AND $known < r.known_to AND ($kinds IS NULL OR s.kind IN $kinds OR t.kind IN $kinds)
WITH s, t, coalesce(r.discriminator, '') AS discriminator,
     collect(CASE WHEN $from < r.valid_from <= $to THEN r.valid_from END) AS begun,
     collect(CASE WHEN $from < r.valid_to <= $to AND NOT coalesce($known < r.end_known, false) THEN r.valid_to END) AS over
UNWIND [x IN begun | [x, CASE WHEN x IN over THEN 'CHANGED' ELSE 'APPEARED' END]] + [x IN over WHERE NOT x IN begun | [x, 'ENDED']] AS one
RETURN (one[0] - $from - 1) / $width AS bucket, one[1] AS kind, count(*) AS value
