// claims: all that is claimed about entities. Needs keys. Returns key, claims [uid, order, sequence, believed, assertions].
UNWIND $keys AS key
MATCH (e:Entity {key: key})<-[a:ABOUT]-(v:Event)
RETURN key, collect([v.uid, [v.recorded_at, v.topic, v.partition, v.offset], v.sequence, v.believed, a.assertions]) AS claims
