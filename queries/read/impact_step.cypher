// impact_step: the entities one step away from a frontier, at a point. Needs {to_sources}, {past_to_sources}: types followed
// from target to source; {to_targets}, {past_to_targets}: types followed from source to target; base (type by stored name),
// frontier, seen and without (keys), rows_max, valid, known. What was seen is left out, and so are relationships from `without`.
// Returns one record: found, one for each entity, by its least parent, type and discriminator, the least keys first: what {found} makes of key,
// parent, type and r; rows, how many relationships these were: rows_max when there may be more.
// CASE looks first at what most of a long history fails by, and keeps the planner from reading all that an index on time has, instead of what one entity has.
OPTIONAL MATCH (g:Graph {id: 'graph'})
WITH coalesce($known >= g.recorded_at AND $valid >= g.recorded_at, false) AS present_only
UNWIND $frontier AS parent
MATCH (p:Entity {key: parent})
CALL (p, present_only) {
  MATCH (p)<-[r:{to_sources}]-(n:Entity)
  WHERE NOT n.key IN $without
    AND CASE WHEN $valid < r.valid_to OR $known < r.end_known THEN r.valid_from <= $valid AND r.known_from <= $known AND $known < r.known_to ELSE false END
  RETURN r, n
  UNION ALL
  MATCH (p)-[r:{to_targets}]->(n:Entity)
  WHERE NOT p.key IN $without
    AND CASE WHEN $valid < r.valid_to OR $known < r.end_known THEN r.valid_from <= $valid AND r.known_from <= $known AND $known < r.known_to ELSE false END
  RETURN r, n
  UNION ALL
  MATCH (p)<-[r:{past_to_sources}]-(n:Entity)
  WHERE NOT present_only AND NOT n.key IN $without
    AND CASE WHEN $valid < r.valid_to OR $known < r.end_known THEN r.valid_from <= $valid AND r.known_from <= $known AND $known < r.known_to ELSE false END
  RETURN r, n
  UNION ALL
  MATCH (p)-[r:{past_to_targets}]->(n:Entity)
  WHERE NOT present_only AND NOT p.key IN $without
    AND CASE WHEN $valid < r.valid_to OR $known < r.end_known THEN r.valid_from <= $valid AND r.known_from <= $known AND $known < r.known_to ELSE false END
  RETURN r, n
}
WITH n.key AS key, parent, r
WHERE NOT key IN $seen
WITH key, parent, $base[type(r)] AS type, coalesce(r.discriminator, '') AS discriminator, r
// The first rows_max in this order are kept while they are read: a hub of any size takes no more memory than that.
ORDER BY key, parent, type, discriminator LIMIT $rows_max
WITH key, collect([parent, type, r]) AS ways
WITH key, ways[0][0] AS parent, ways[0][1] AS type, ways[0][2] AS r, size(ways) AS rows
RETURN collect({found}) AS found, sum(rows) AS rows
