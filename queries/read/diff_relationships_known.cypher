// diff_relationships_known: rows of relationships that become, or cease to be, believed within a span of known time, and hold at one of two points only.
// Needs {present}, {past}: the types and their past; low (exclusive), high, uids (events taken back, or no more, within it), ends (kinds of either end, or
// null), a_valid, a_known, b_valid, b_known (the points). Returns up to two records for each stored type: type, side (before: held at a; after: at b), columns
// (as diff_relationships_began). Whatever is believed from a known time on, or no more, is so by an event that was recorded then, or by what that retracts.
CALL () {
  MATCH (v:Event)-[:ABOUT]->(e:Entity) WHERE $low < v.recorded_at <= $high RETURN e
  UNION
  UNWIND $uids AS uid
  MATCH (:Event {uid: uid})-[:ABOUT]->(e:Entity) RETURN e
}
CALL (e) {
  MATCH (e)-[r:{present}]->(t) WHERE $low < r.known_from <= $high OR $low < r.known_to <= $high OR $low < r.end_known <= $high RETURN r, t
  UNION ALL
  MATCH (e)-[r:{past}]->(t) WHERE $low < r.known_from <= $high OR $low < r.known_to <= $high OR $low < r.end_known <= $high RETURN r, t
}
WITH e, t, type(r) AS type, properties(r) AS r WHERE $ends IS NULL OR e.kind IN $ends OR t.kind IN $ends
WITH e, t, type, r,
  coalesce(r.valid_from <= $a_valid AND r.known_from <= $a_known AND $a_known < r.known_to
    AND ($a_valid < r.valid_to OR $a_known < r.end_known), false) AS at_a,
  coalesce(r.valid_from <= $b_valid AND r.known_from <= $b_known AND $b_known < r.known_to AND ($b_valid < r.valid_to OR $b_known < r.end_known), false) AS at_b
WHERE at_a <> at_b
WITH e, t, type, r, at_a, coalesce(CASE WHEN at_a THEN $a_known ELSE $b_known END < r.end_known, r.valid_to = 9223372036854775807) AS open
RETURN type, CASE WHEN at_a THEN 'before' ELSE 'after' END AS side, [
  collect(e.key), collect(t.key), collect(coalesce(r.discriminator, '')), collect(coalesce(r.properties, '{}')), collect(r.valid_from),
  collect(CASE WHEN open THEN 9223372036854775807 ELSE r.valid_to END),
  collect(CASE WHEN open THEN r.known_from ELSE coalesce(r.end_known, r.known_from) END), collect(r.event),
  collect(CASE WHEN open THEN '' ELSE coalesce(r.ended_by, '') END)] AS columns
