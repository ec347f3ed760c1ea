// trend_entities: when declared entities begin and cease to be there, by buckets of valid time. Needs known, from, to, width, kinds (or
// null). An instant up to `from` counts in the first bucket. Returns up to a record a bucket: bucket (from 0), value (begun less over).
CALL () {
  MATCH (e:Entity)
  WHERE e.present AND e.valid_from <= $to AND e.known_from <= $known AND ($kinds IS NULL OR e.kind IN $kinds)
  RETURN e.valid_from AS begun, null AS over
  UNION ALL
  MATCH (e:Entity)-[h:HAD]->(e)
  WHERE h.valid_from <= $to AND h.known_from <= $known AND $known < h.known_to AND ($kinds IS NULL OR e.kind IN $kinds)
  RETURN h.valid_from AS begun, CASE WHEN $known < h.end_known THEN null ELSE h.valid_to END AS over
}
UNWIND [[begun, 1], [over, -1]] AS edge
WITH edge[0] AS instant, edge[1] AS step WHERE instant <= $to
RETURN CASE WHEN instant <= $from THEN 0 ELSE (instant - $from - 1) / $width END AS bucket, sum(step) AS value
