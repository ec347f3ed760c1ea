// diff_relationships_ended: rows of one relationship type that end within a span of valid time, and do not hold at its end. Needs {type}, {stored}: the type,
// and under which it is kept; low (exclusive), high, low_known, high_known (the known times at which beginning and end are seen), ends (kinds of either end,
// or null). Returns one record: type, side, columns (as diff_relationships_began, of the version that is believed at low_known). Some began within as well.
MATCH (s)-[r:{stored}]->(t)
WHERE $low < r.valid_to <= $high AND r.known_from <= $low_known AND $low_known < r.known_to
  AND NOT coalesce($high_known < r.end_known AND r.known_from <= $high_known AND $high_known < r.known_to, false)
  AND ($ends IS NULL OR s.kind IN $ends OR t.kind IN $ends)
WITH s, t, properties(r) AS r
WITH s, t, r, coalesce($low_known < r.end_known, r.valid_to = 9223372036854775807) AS open
RETURN '{type}' AS type, 'ended' AS side, [
  collect(s.key), collect(t.key), collect(coalesce(r.discriminator, '')), collect(coalesce(r.properties, '{}')), collect(r.valid_from),
  collect(CASE WHEN open THEN 9223372036854775807 ELSE r.valid_to END),
  collect(CASE WHEN open THEN r.known_from ELSE coalesce(r.end_known, r.known_from) END), collect(r.event),
  collect(CASE WHEN open THEN '' ELSE coalesce(r.ended_by, '') END)] AS columns
