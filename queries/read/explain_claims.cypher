// explain_claims: the newest events, recorded by then, that claim about an entity what has one of some words in it. Needs key, words, known, most.
// Returns one record: claims (list of [uid, [recorded_at, topic, partition, offset], sequence, believed, assertions]).
MATCH (e:Entity {key: $key})<-[a:ABOUT]-(v:Event)
WHERE v.recorded_at <= $known AND any(word IN $words WHERE a.assertions CONTAINS word)
WITH v, a ORDER BY v.recorded_at DESC, v.topic DESC, v.partition DESC, v.offset DESC LIMIT $most
RETURN collect([v.uid, [v.recorded_at, v.topic, v.partition, v.offset], v.sequence, v.believed, a.assertions]) AS claims
