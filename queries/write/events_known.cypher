// events_known: which of these events are here. Needs uids. Returns uid, content_hash, order.
UNWIND $uids AS uid
MATCH (e:Event {uid: uid})
RETURN e.uid AS uid, e.content_hash AS content_hash, [e.recorded_at, e.topic, e.partition, e.offset] AS order
