// explain_retractors: the events, recorded by then, that retract others. Needs uids, known.
// Returns a record each, in record order: uid (retracted), by, order [recorded_at, topic, partition, offset], believed.
UNWIND $uids AS uid
MATCH (:Retracted {uid: uid})<-[:RETRACTS]-(v:Event)
WHERE v.recorded_at <= $known
WITH DISTINCT uid, v ORDER BY uid, v.recorded_at, v.topic, v.partition, v.offset
RETURN uid, v.uid AS by, [v.recorded_at, v.topic, v.partition, v.offset] AS order, v.believed AS believed
