// impact_step: the entities one step away from a frontier, at a point. Needs {to_sources}, {past_to_sources}: types followed
// from target to source; {to_targets}, {past_to_targets}: types followed from source to target; base (type by stored name),
// frontier (keys), valid, known. Returns one record: found (list of maps: key, parent, type, source, target, row), one for each
// entity, by its least parent, type and discriminator.
// `0 +` keeps the planner from reading all that the index on valid_from has, instead of what one entity has.
OPTIONAL MATCH (g:Graph {id: 'graph'})
WITH coalesce($known >= g.recorded_at AND $valid >= g.recorded_at, false) AS present_only
UNWIND $frontier AS parent
MATCH (p:Entity {key: parent})
CALL (p, present_only) {
  MATCH (p)<-[r:{to_sources}]-(n:Entity)
  WHERE 0 + r.valid_from <= $valid AND r.known_from <= $known AND $known < r.known_to AND ($valid < r.valid_to OR $known < r.end_known)
  RETURN r, n
  UNION ALL
  MATCH (p)-[r:{to_targets}]->(n:Entity)
  WHERE 0 + r.valid_from <= $valid AND r.known_from <= $known AND $known < r.known_to AND ($valid < r.valid_to OR $known < r.end_known)
  RETURN r, n
  UNION ALL
  MATCH (p)<-[r:{past_to_sources}]-(n:Entity)
  WHERE NOT present_only AND 0 + r.valid_from <= $valid AND r.known_from <= $known AND $known < r.known_to AND ($valid < r.valid_to OR $known < r.end_known)
  RETURN r, n
  UNION ALL
  MATCH (p)-[r:{past_to_targets}]->(n:Entity)
  WHERE NOT present_only AND 0 + r.valid_from <= $valid AND r.known_from <= $known AND $known < r.known_to AND ($valid < r.valid_to OR $known < r.end_known)
  RETURN r, n
}
WITH n.key AS key, parent, $base[type(r)] AS type, coalesce(r.discriminator, '') AS discriminator, r
ORDER BY key, parent, type, discriminator
WITH key, head(collect([parent, type, r])) AS best
WITH key, best[0] AS parent, best[1] AS type, best[2] AS r
RETURN collect({key: key, parent: parent, type: type, source: startNode(r).key, target: endNode(r).key, row: properties(r)})
       AS found
