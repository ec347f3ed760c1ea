// claims_of: all that is claimed about entities. Needs keys. Returns a record for each that anything is claimed about: key, claims (list
// of [uid, [recorded_at, topic, partition, offset], sequence, believed, assertions]).
UNWIND $keys AS key
MATCH (e:Entity {key: key})<-[a:ABOUT]-(v:Event)
RETURN key, collect([v.uid, [v.recorded_at, v.topic, v.partition, v.offset], v.sequence, v.believed, a.assertions]) AS claims
