// streams_from: what is believed of entities that reaches an instant, and what is claimed from then on. Needs owners [key, instant].
// Returns a record for each that has a node: key, held (the row in its node, or null), rows (list of [type, target, row]), claims (list of [uid,
// [recorded_at, topic, partition, offset], sequence, believed, assertions]): those that begin or end at or after the instant.
UNWIND $owners AS owner
MATCH (e:Entity {key: owner[0]})
RETURN e.key AS key,
       CASE WHEN e.present THEN e {.properties, .event, .valid_from, .known_from} END AS held,
       COLLECT {
         MATCH (e)-[r]->(t:Entity) WHERE 0 + r.valid_to >= owner[1] AND r.known_to = 9223372036854775807
         RETURN [type(r), t.key, properties(r)]
       } AS rows,
       COLLECT {
         MATCH (e)<-[a:ABOUT]-(v:Event) WHERE coalesce(a.latest, a.valid_from) >= owner[1] OR a.ends >= owner[1]
         RETURN [v.uid, [v.recorded_at, v.topic, v.partition, v.offset], v.sequence, v.believed, a.assertions]
       } AS claims
