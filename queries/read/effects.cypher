// effects: the events that name others as their cause, without some that are seen already, in the order of the log. Needs uids, seen, known, size.
// One that names the id of an event of its own source means that one. Returns up to size records: event (map).
UNWIND $uids AS uid
MATCH (c:Event {uid: uid})
MATCH (v:Event {causation_id: c.id})
WHERE v <> c AND v.recorded_at <= $known AND NOT v.uid IN $seen
  AND (v.source = c.source OR NOT EXISTS {
    MATCH (own:Event {id: c.id}) WHERE own.source = v.source AND own.recorded_at <= $known AND own <> v })
WITH DISTINCT v
ORDER BY v.recorded_at, v.topic, v.partition, v.offset LIMIT $size
RETURN properties(v) AS event
