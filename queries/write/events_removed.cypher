// events_removed: take events away with all that they claim. Needs uids.
// Returns uid, event (properties), owners (keys that they claimed about), retracted (uids).
UNWIND $uids AS uid
MATCH (v:Event {uid: uid})
WITH v, uid, properties(v) AS event, COLLECT { MATCH (v)-[:ABOUT]->(e:Entity) RETURN e.key } AS owners,
     COLLECT { MATCH (v)-[:RETRACTS]->(r:Retracted) RETURN r.uid } AS retracted
DETACH DELETE v
RETURN uid, event, owners, retracted
