// erasable_claims: what was claimed about an entity up to a known time. Needs key, known_to. Returns uid, assertions (JSON text).
MATCH (v:Event)-[a:ABOUT]->(e:Entity {key: $key})
WHERE v.recorded_at <= $known_to
RETURN v.uid AS uid, a.assertions AS assertions
