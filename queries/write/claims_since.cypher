// claims_since: what is claimed about entities that begins or ends at or after an instant. Needs owners [id, instant].
// Returns key, claims [uid, order, sequence, believed, assertions].
UNWIND $owners AS owner
MATCH (e) WHERE elementId(e) = owner[0]
MATCH (e)<-[a:ABOUT]-(v:Event) WHERE coalesce(a.latest, a.valid_from) >= owner[1] OR a.ends >= owner[1]
RETURN e.key AS key,
       collect([v.uid, [v.recorded_at, v.topic, v.partition, v.offset], v.sequence, v.believed, a.assertions]) AS claims
