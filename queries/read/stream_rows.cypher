// stream_rows: a page of entities in order of their keys, each with all rows of its streams. Needs after (key), owners_max.
// Returns one record: owners, a list of [key, row held by the node or null, other rows]. The node's row is [properties, event,
// valid_from, known_from]; other rows are [type, target, discriminator, properties, event, valid_from, valid_to, known_from, known_to,
// end_known, ended_by].
MATCH (e:Entity) WHERE e.key > $after
WITH e ORDER BY e.key LIMIT $owners_max
WITH e.key AS key, CASE WHEN e.present THEN [e.properties, e.event, e.valid_from, e.known_from] END AS held,
     COLLECT {
       MATCH (e)-[r]->(t:Entity)
       RETURN [type(r), t.key, r.discriminator, r.properties, r.event, r.valid_from, r.valid_to, r.known_from, r.known_to,
               r.end_known, r.ended_by]
     } AS rows
RETURN collect([key, held, rows]) AS owners
