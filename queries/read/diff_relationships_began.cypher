// diff_relationships_began: rows of one relationship type that begin within a span of valid time, and hold at its end. Needs {type}, {stored}: the type, and
// under which it is kept; low (exclusive), high, high_known (the known time at which the end is seen), ends (kinds of either end, or null).
// Returns one record: type, side, columns (lists: source, target, discriminator, properties, valid_from, valid_to, known_from, event, ended_by or '', of the
// version that is believed then). `0 +` keeps the planner at the index on valid_from.
MATCH (s)-[r:{stored}]->(t)
WHERE $low < r.valid_from <= $high AND r.known_from <= $high_known AND $high_known < r.known_to
  AND ($high < 0 + r.valid_to OR $high_known < r.end_known)
  AND ($ends IS NULL OR s.kind IN $ends OR t.kind IN $ends)
WITH s, t, properties(r) AS r
WITH s, t, r, coalesce($high_known < r.end_known, r.valid_to = 9223372036854775807) AS open
RETURN '{type}' AS type, 'began' AS side, [
  collect(s.key), collect(t.key), collect(coalesce(r.discriminator, '')), collect(coalesce(r.properties, '{}')), collect(r.valid_from),
  collect(CASE WHEN open THEN 9223372036854775807 ELSE r.valid_to END),
  collect(CASE WHEN open THEN r.known_from ELSE coalesce(r.end_known, r.known_from) END), collect(r.event),
  collect(CASE WHEN open THEN '' ELSE coalesce(r.ended_by, '') END)] AS columns
