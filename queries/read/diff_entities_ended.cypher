// diff_entities_ended: rows of entities that end within a span of valid time, and do not hold at its end. Needs and returns what diff_relationships_ended
// does, without types; kinds (or null).
MATCH (e)-[h:HAD]->()
WHERE $low < h.valid_to <= $high AND h.known_from <= $low_known AND $low_known < h.known_to
  AND NOT coalesce($high_known < h.end_known AND h.known_from <= $high_known AND $high_known < h.known_to, false)
  AND ($kinds IS NULL OR e.kind IN $kinds)
WITH e, properties(h) AS h
WITH e, h, coalesce($low_known < h.end_known, h.valid_to = 9223372036854775807) AS open
RETURN '' AS type, 'ended' AS side, [
  collect(e.key), collect(''), collect(coalesce(h.discriminator, '')), collect(coalesce(h.properties, '{}')), collect(h.valid_from),
  collect(CASE WHEN open THEN 9223372036854775807 ELSE h.valid_to END),
  collect(CASE WHEN open THEN h.known_from ELSE coalesce(h.end_known, h.known_from) END), collect(h.event),
  collect(CASE WHEN open THEN '' ELSE coalesce(h.ended_by, '') END)] AS columns
