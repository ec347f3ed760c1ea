// causes: the events that others name as their cause. Needs uids, known. A cause is named by id alone: that of the same source
// is meant where there is one. Returns a record for each that has any: uid, causes (maps, in the order of the log).
UNWIND $uids AS uid
MATCH (v:Event {uid: uid})
MATCH (c:Event {id: v.causation_id}) WHERE c.recorded_at <= $known AND c <> v
WITH uid, v, c ORDER BY c.recorded_at, c.topic, c.partition, c.offset
WITH uid, v, collect(c) AS all
WITH uid, all, [c IN all WHERE c.source = v.source] AS own
RETURN uid, [c IN CASE WHEN size(own) > 0 THEN own ELSE all END | properties(c)] AS causes
