// trend_relationships: when relationships begin and cease to hold, by buckets of valid time. Needs {types}: types and their pasts; known,
// from, to, width, kinds (of either end, or null). An instant up to `from` counts in the first bucket.
// Returns up to a record a bucket: bucket (from 0), value (begun less over).
MATCH (s:Entity)-[r:{types}]->(t:Entity)
WHERE r.valid_from <= $to AND r.known_from <= $known AND $known < r.known_to
  AND ($kinds IS NULL OR s.kind IN $kinds OR t.kind IN $kinds)
UNWIND [[r.valid_from, 1], [CASE WHEN $known < r.end_known THEN null ELSE r.valid_to END, -1]] AS edge
WITH edge[0] AS instant, edge[1] AS step WHERE instant <= $to
RETURN CASE WHEN instant <= $from THEN 0 ELSE (instant - $from - 1) / $width END AS bucket, sum(step) AS value
