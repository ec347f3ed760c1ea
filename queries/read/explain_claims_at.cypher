// explain_claims_at: the newest events, recorded by then, of which a claim about an entity may begin or end at an instant. Needs key, instant,
// known, most. Returns one record: claims, as explain_claims.
MATCH (e:Entity {key: $key})<-[a:ABOUT]-(v:Event)
WHERE v.recorded_at <= $known AND a.valid_from <= $instant AND (coalesce(a.latest, a.valid_from) >= $instant OR a.ends >= $instant)
WITH v, a ORDER BY v.recorded_at DESC, v.topic DESC, v.partition DESC, v.offset DESC LIMIT $most
RETURN collect([v.uid, [v.recorded_at, v.topic, v.partition, v.offset], v.sequence, v.believed, a.assertions]) AS claims
