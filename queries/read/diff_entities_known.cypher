// diff_entities_known: rows of entities that become, or cease to be, believed within a span of known time, and hold at one of two points only. Needs and
// returns what diff_relationships_known does, without types; kinds (or null). The node is looked at before its history, as what it says may become that.
CALL () {
  MATCH (v:Event)-[:ABOUT]->(e:Entity) WHERE $low < v.recorded_at <= $high RETURN e
  UNION
  UNWIND $uids AS uid
  MATCH (:Event {uid: uid})-[:ABOUT]->(e:Entity) RETURN e
}
WITH e WHERE $kinds IS NULL OR e.kind IN $kinds
CALL (e) {
  WITH e WHERE e.present AND $low < e.known_from <= $high
  RETURN e {.event, .properties, .valid_from, .known_from} AS h
  UNION ALL
  MATCH (e)-[h:HAD]->(e) WHERE $low < h.known_from <= $high OR $low < h.known_to <= $high OR $low < h.end_known <= $high RETURN properties(h) AS h
}
WITH e, h,
  coalesce(h.valid_from <= $a_valid AND h.known_from <= $a_known AND $a_known < coalesce(h.known_to, 9223372036854775807)
    AND ($a_valid < coalesce(h.valid_to, 9223372036854775807) OR $a_known < h.end_known), false) AS at_a,
  coalesce(h.valid_from <= $b_valid AND h.known_from <= $b_known AND $b_known < coalesce(h.known_to, 9223372036854775807)
    AND ($b_valid < coalesce(h.valid_to, 9223372036854775807) OR $b_known < h.end_known), false) AS at_b
WHERE at_a <> at_b
WITH e, h, at_a, coalesce(CASE WHEN at_a THEN $a_known ELSE $b_known END < h.end_known, coalesce(h.valid_to, 9223372036854775807) = 9223372036854775807) AS open
RETURN '' AS type, CASE WHEN at_a THEN 'before' ELSE 'after' END AS side, [
  collect(e.key), collect(''), collect(coalesce(h.discriminator, '')), collect(coalesce(h.properties, '{}')), collect(h.valid_from),
  collect(CASE WHEN open THEN 9223372036854775807 ELSE h.valid_to END),
  collect(CASE WHEN open THEN h.known_from ELSE coalesce(h.end_known, h.known_from) END), collect(h.event),
  collect(CASE WHEN open THEN '' ELSE coalesce(h.ended_by, '') END)] AS columns
