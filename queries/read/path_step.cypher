// path_step: every way one step on from a frontier, at a point. Needs {to_sources}, {past_to_sources}: types followed from target to
// source; {to_targets}, {past_to_targets}: types followed from source to target; base (type by stored name), frontier (keys),
// rows_max, valid, known.
// Returns one record: found (list of maps: key, parent, type, source, target, row), one for each pair of parent and key, by its least
// type and discriminator; rows, how many relationships these were: rows_max when there may be more.
// CASE looks first at what most of a long history fails by, and keeps the planner from reading all that an index on time has, instead of what one entity has.
OPTIONAL MATCH (g:Graph {id: 'graph'})
WITH coalesce($known >= g.recorded_at AND $valid >= g.recorded_at, false) AS present_only
UNWIND $frontier AS parent
MATCH (p:Entity {key: parent})
CALL (p, present_only) {
  MATCH (p)<-[r:{to_sources}]-(n:Entity)
  WHERE CASE WHEN $valid < r.valid_to OR $known < r.end_known THEN r.valid_from <= $valid AND r.known_from <= $known AND $known < r.known_to ELSE false END
  RETURN r, n
  UNION ALL
  MATCH (p)-[r:{to_targets}]->(n:Entity)
  WHERE CASE WHEN $valid < r.valid_to OR $known < r.end_known THEN r.valid_from <= $valid AND r.known_from <= $known AND $known < r.known_to ELSE false END
  RETURN r, n
  UNION ALL
  MATCH (p)<-[r:{past_to_sources}]-(n:Entity)
  WHERE NOT present_only
    AND CASE WHEN $valid < r.valid_to OR $known < r.end_known THEN r.valid_from <= $valid AND r.known_from <= $known AND $known < r.known_to ELSE false END
  RETURN r, n
  UNION ALL
  MATCH (p)-[r:{past_to_targets}]->(n:Entity)
  WHERE NOT present_only
    AND CASE WHEN $valid < r.valid_to OR $known < r.end_known THEN r.valid_from <= $valid AND r.known_from <= $known AND $known < r.known_to ELSE false END
  RETURN r, n
}
WITH r, n, parent LIMIT $rows_max
WITH parent, n.key AS key, $base[type(r)] AS type, coalesce(r.discriminator, '') AS discriminator, r
ORDER BY parent, key, type, discriminator
WITH parent, key, collect([type, r]) AS ways
WITH parent, key, ways[0][0] AS type, ways[0][1] AS r, size(ways) AS rows
RETURN collect({key: key, parent: parent, type: type, source: startNode(r).key, target: endNode(r).key, row: properties(r)})
       AS found, sum(rows) AS rows
