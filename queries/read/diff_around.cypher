// diff_around: rows of an entity, and of relationships that touch it, that hold at one of two points only. Needs {types}: the types and their past; key,
// entity (whether its own rows are wanted), kinds (of it, or null), ends (kinds of either end, or null), a_valid, a_known, b_valid, b_known (the points).
// Returns up to two records for each stored type, '' for the entity: type, side (before: held at a; after: at b), columns (as diff_relationships_began).
MATCH (e:Entity {key: $key})
CALL (e) {
  WITH e WHERE $entity AND e.present AND ($kinds IS NULL OR e.kind IN $kinds)
  RETURN '' AS type, e.key AS source, '' AS target, e {.event, .properties, .valid_from, .known_from} AS r
  UNION ALL
  MATCH (e)-[h:HAD]->(e) WHERE $entity AND ($kinds IS NULL OR e.kind IN $kinds)
  RETURN '' AS type, e.key AS source, '' AS target, properties(h) AS r
  UNION ALL
  MATCH (e)-[r:{types}]-(o) WHERE $ends IS NULL OR e.kind IN $ends OR o.kind IN $ends
  RETURN type(r) AS type, startNode(r).key AS source, endNode(r).key AS target, properties(r) AS r
}
WITH type, source, target, r,
  coalesce(r.valid_from <= $a_valid AND r.known_from <= $a_known AND $a_known < coalesce(r.known_to, 9223372036854775807)
    AND ($a_valid < coalesce(r.valid_to, 9223372036854775807) OR $a_known < r.end_known), false) AS at_a,
  coalesce(r.valid_from <= $b_valid AND r.known_from <= $b_known AND $b_known < coalesce(r.known_to, 9223372036854775807)
    AND ($b_valid < coalesce(r.valid_to, 9223372036854775807) OR $b_known < r.end_known), false) AS at_b
WHERE at_a <> at_b
WITH type, source, target, r, at_a,
  coalesce(CASE WHEN at_a THEN $a_known ELSE $b_known END < r.end_known, coalesce(r.valid_to, 9223372036854775807) = 9223372036854775807) AS open
RETURN type, CASE WHEN at_a THEN 'before' ELSE 'after' END AS side, [
  collect(source), collect(target), collect(coalesce(r.discriminator, '')), collect(coalesce(r.properties, '{}')), collect(r.valid_from),
  collect(CASE WHEN open THEN 9223372036854775807 ELSE r.valid_to END),
  collect(CASE WHEN open THEN r.known_from ELSE coalesce(r.end_known, r.known_from) END), collect(r.event),
  collect(CASE WHEN open THEN '' ELSE coalesce(r.ended_by, '') END)] AS columns
