// diff_entities_began: rows of entities that begin within a span of valid time, and hold at its end. Needs and returns what diff_relationships_began does,
// without types; kinds (or null). The node comes first: what it says may become history meanwhile, but not the other way round.
CALL () {
  MATCH (e:Entity)
  WHERE $low < e.valid_from <= $high AND e.present AND e.known_from <= $high_known
  RETURN e, e {.event, .properties, .valid_from, .known_from} AS h
  UNION ALL
  MATCH (e)-[h:HAD]->()
  WHERE $low < h.valid_from <= $high AND h.known_from <= $high_known AND $high_known < h.known_to
    AND ($high < 0 + h.valid_to OR $high_known < h.end_known)
  RETURN e, properties(h) AS h
}
WITH e, h, coalesce($high_known < h.end_known, coalesce(h.valid_to, 9223372036854775807) = 9223372036854775807) AS open
WHERE $kinds IS NULL OR e.kind IN $kinds
RETURN '' AS type, 'began' AS side, [
  collect(e.key), collect(''), collect(coalesce(h.discriminator, '')), collect(coalesce(h.properties, '{}')), collect(h.valid_from),
  collect(CASE WHEN open THEN 9223372036854775807 ELSE h.valid_to END),
  collect(CASE WHEN open THEN h.known_from ELSE coalesce(h.end_known, h.known_from) END), collect(h.event),
  collect(CASE WHEN open THEN '' ELSE coalesce(h.ended_by, '') END)] AS columns
