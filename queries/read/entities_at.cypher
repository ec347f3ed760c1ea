// entities_at: entities by key as they were at points. Needs {known} (where a known time is told: `$asked[n].known`), asked (maps: keys, valid, known).
// Returns one record: found, a list [number in asked, entities] for each that finds any. An entity is a list, for maps cost the client four times as much: key, kind,
// began (a row believed then began by then), named, and held (the row that holds: where that is the node's own a list of properties, event,
// valid_from, known_from, else a map; or null).
// `0 +` and CASE keep the planner from reading all that an index on time has, instead of what one entity has.
UNWIND range(0, size($asked) - 1) AS n
WITH n, $asked[n].keys AS keys, $asked[n].valid AS valid, {known} AS known
UNWIND keys AS key
MATCH (e:Entity {key: key})
// What the node itself says decides where it can; history is read only for the others.
WITH n, valid, known, e, e.present AND e.valid_from <= valid AND e.known_from <= known AS here
CALL (e, here, valid, known) {
  OPTIONAL MATCH (e)-[h:HAD]->(e)
  WHERE NOT here AND 0 + h.valid_from <= valid AND h.known_from <= known AND known < h.known_to
  RETURN count(h) > 0 AS began,
         head(collect(CASE WHEN valid < h.valid_to OR known < h.end_known THEN properties(h) END)) AS had
}
WITH n, valid, known, e, began, CASE WHEN here THEN [e.properties, e.event, e.valid_from, e.known_from] ELSE had END AS held
// Undeclared ones are there only if a relationship that holds names them.
CALL (e, began, held, valid, known) {
  OPTIONAL MATCH (e)-[r]-(:Entity)
  WHERE held IS NULL AND NOT began AND type(r) <> 'HAD'
    AND CASE WHEN valid < r.valid_to OR known < r.end_known THEN r.valid_from <= valid AND r.known_from <= known AND known < r.known_to ELSE false END
  WITH r LIMIT 1
  RETURN count(r) > 0 AS named
}
WITH n, collect([e.key, e.kind, began, named, held]) AS its
// One record, for each record costs the client more than what is in it.
RETURN collect([n, its]) AS found
