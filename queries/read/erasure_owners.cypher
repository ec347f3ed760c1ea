// erasure_owners: the entities about which something is claimed that holds a text. Needs needle, known_to.
// Returns key, claims (events that may speak of it, at least those that do).
MATCH (v:Event)-[a:ABOUT]->(e:Entity)
WHERE v.recorded_at <= $known_to AND a.assertions CONTAINS $needle
RETURN e.key AS key, count(*) AS claims ORDER BY key
