// retracted_by: the events that events retract, here or not. Needs uids. Returns one record: uids.
UNWIND $uids AS uid
MATCH (:Event {uid: uid})-[:RETRACTS]->(x:Retracted)
RETURN collect(DISTINCT x.uid) AS uids
