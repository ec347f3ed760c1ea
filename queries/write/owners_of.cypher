// owners_of: the entities whose streams these events speak about. Needs uids. Returns key.
UNWIND $uids AS uid
MATCH (:Event {uid: uid})-[:ABOUT]->(e:Entity)
RETURN DISTINCT e.key AS key
