// relationships_both: the relationships of entities, whichever end they are, at a point. Needs {types} and {past_types}; base (type by stored name), keys,
// after (a place [type, other, discriminator, 1 if it reaches] or null), size, valid, known.
// Returns a record for each key that has any: key, found (list of maps: type, source, target, row), up to size each, in order.
// `0 +` keeps the planner from reading all that the index on valid_from has, instead of what one entity has.
OPTIONAL MATCH (g:Graph {id: 'graph'})
WITH coalesce($known >= g.recorded_at AND $valid >= g.recorded_at, false) AS present_only
UNWIND $keys AS key
MATCH (e:Entity {key: key})
CALL (e, present_only) {
  CALL (e, present_only) {
    MATCH (e)-[r:{types}]-(o:Entity)
    WHERE 0 + r.valid_from <= $valid AND r.known_from <= $known AND $known < r.known_to AND ($valid < r.valid_to OR $known < r.end_known)
    RETURN DISTINCT r, o
    UNION ALL
    MATCH (e)-[r:{past_types}]-(o:Entity)
    WHERE NOT present_only
      AND 0 + r.valid_from <= $valid AND r.known_from <= $known AND $known < r.known_to AND ($valid < r.valid_to OR $known < r.end_known)
    RETURN DISTINCT r, o
  }
  WITH r, $base[type(r)] AS type, o.key AS other, coalesce(r.discriminator, '') AS discriminator,
       CASE WHEN startNode(r) = e THEN 0 ELSE 1 END AS reaches
  WHERE $after IS NULL OR type > $after[0] OR (type = $after[0] AND (other > $after[1] OR (other = $after[1] AND (
        discriminator > $after[2] OR (discriminator = $after[2] AND reaches > $after[3])))))
  ORDER BY type, other, discriminator, reaches LIMIT $size
  RETURN collect({type: type, source: startNode(r).key, target: endNode(r).key, row: properties(r)}) AS found
}
RETURN key, found
