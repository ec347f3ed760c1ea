// event_claims: what an event claims, by owner. Needs uid. Returns a record for each owner: key, assertions (JSON text).
MATCH (:Event {uid: $uid})-[a:ABOUT]->(e:Entity)
RETURN e.key AS key, a.assertions AS assertions ORDER BY key
