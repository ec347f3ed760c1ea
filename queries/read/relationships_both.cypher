// relationships_both: the relationships of entities, whichever end they are, at points. Needs {types} and {past_types}; base (type by stored name), size, ends (whether to
// tell the other ends, where their nodes do), asked (maps:
// keys, valid, known, and after: a place [type, other, discriminator, 1 if it reaches] or null).
// Returns one record: found, a list [number in asked, list of [key, relationships]], up to size for each key, in order. A relationship is a list, for maps cost the client
// four times as much: type, source, target, discriminator, properties, valid_from, valid_to, known_from, known_to, end_known, event, ended_by, and the end as in entities_at, or null.
// CASE looks first at what most of a long history fails by, and keeps the planner from reading all that an index on time has, instead of what one entity has.
OPTIONAL MATCH (g:Graph {id: 'graph'})
UNWIND range(0, size($asked) - 1) AS n
WITH n, $asked[n] AS asked, $asked[n].valid AS valid, $asked[n].known AS known, g
WITH n, asked, valid, known, coalesce(known >= g.recorded_at AND valid >= g.recorded_at, false) AS present_only
UNWIND asked.keys AS key
MATCH (e:Entity {key: key})
CALL (e, key, asked, valid, known, present_only) {
  CALL (e, valid, known, present_only) {
    MATCH (e)-[r:{types}]-(o:Entity)
    WHERE CASE WHEN valid < r.valid_to OR known < r.end_known THEN r.valid_from <= valid AND r.known_from <= known AND known < r.known_to ELSE false END
    RETURN DISTINCT r, o
    UNION ALL
    MATCH (e)-[r:{past_types}]-(o:Entity)
    WHERE NOT present_only
      AND CASE WHEN valid < r.valid_to OR known < r.end_known THEN r.valid_from <= valid AND r.known_from <= known AND known < r.known_to ELSE false END
    RETURN DISTINCT r, o
  }
  WITH r, o, $base[type(r)] AS type, o.key AS other, coalesce(r.discriminator, '') AS discriminator,
       CASE WHEN startNode(r) = e THEN 0 ELSE 1 END AS reaches
  WHERE asked.after IS NULL OR type > asked.after[0] OR (type = asked.after[0] AND (other > asked.after[1] OR (other = asked.after[1] AND (
        discriminator > asked.after[2] OR (discriminator = asked.after[2] AND reaches > asked.after[3])))))
  ORDER BY type, other, discriminator, reaches LIMIT $size
  RETURN collect([type, CASE reaches WHEN 0 THEN key ELSE other END, CASE reaches WHEN 0 THEN other ELSE key END, discriminator, r.properties, r.valid_from, r.valid_to, r.known_from, r.known_to,
      r.end_known, r.event, r.ended_by, CASE
      WHEN $ends AND o.present AND o.valid_from <= valid AND o.known_from <= known
      THEN [other, o.kind, false, false, [o.properties, o.event, o.valid_from, o.known_from]]
      WHEN $ends AND NOT o.present AND NOT EXISTS { (o)-[:HAD]->() } THEN [other, o.kind, false, false, null] END]) AS found
}
WITH n, collect([key, found]) AS its
RETURN collect([n, its]) AS found
