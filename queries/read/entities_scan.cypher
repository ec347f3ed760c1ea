// entities_scan: the next entities in the order of keys that were there at a point, and may be wanted. Needs after (key or null), kinds (list or
// null), size, valid, known; and what the properties must have in their JSON: parts (list of texts, each as it stands there), words (list of
// [text, the same within JSON], of lower case and plain ASCII, each in the key or in the properties), odd (what is not ASCII and is in some other case).
// Returns one record: found, up to size lists as in entities_at, in order. Whoever asks looks again: some may not be wanted, none is left out.
// `0 +` and CASE keep the planner from reading all that an index on time has, instead of what one entity has.
MATCH (e:Entity)
WHERE e.key > coalesce($after, '') AND ($kinds IS NULL OR e.kind IN $kinds)
WITH e ORDER BY e.key
// What the node itself says decides where it can; history is read only for the others.
WITH e, e.present AND e.valid_from <= $valid AND e.known_from <= $known AS here
CALL (e, here) {
  OPTIONAL MATCH (e)-[h:HAD]->(e)
  WHERE NOT here AND 0 + h.valid_from <= $valid AND h.known_from <= $known AND $known < h.known_to
  RETURN count(h) > 0 AS began,
         head(collect(CASE WHEN $valid < h.valid_to OR $known < h.end_known THEN properties(h) END)) AS had
}
WITH e, here, had, began, CASE WHEN here THEN [e.properties, e.event, e.valid_from, e.known_from] ELSE had END AS held
// Undeclared ones are there only if a relationship that holds names them.
CALL (e, began, held) {
  OPTIONAL MATCH (e)-[r]-(:Entity)
  WHERE held IS NULL AND NOT began AND type(r) <> 'HAD'
    AND CASE WHEN $valid < r.valid_to OR $known < r.end_known THEN r.valid_from <= $valid AND r.known_from <= $known AND $known < r.known_to ELSE false END
  WITH r LIMIT 1
  RETURN count(r) > 0 AS named
}
WITH e, held, began, named, coalesce(CASE WHEN here THEN e.properties ELSE had.properties END, '{}') AS text
WHERE (held IS NOT NULL OR named)
  AND all(part IN $parts WHERE text CONTAINS part)
  AND (size($words) = 0
       OR all(word IN $words WHERE toLower(e.key) CONTAINS word[0] OR toLower(text) CONTAINS word[1])
       // Where lower case is not what it is elsewhere, or not all there is to it.
       OR toLower('I') <> 'i' OR any(one IN $odd WHERE e.key CONTAINS one OR text CONTAINS one))
WITH e, held, began, named ORDER BY e.key LIMIT $size
RETURN collect([e.key, e.kind, began, named, held]) AS found
