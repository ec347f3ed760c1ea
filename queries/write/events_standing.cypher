// events_standing: since when events are known, and where retracted, when they stood. Needs uids. Returns uid, believed, order.
UNWIND $uids AS uid
MATCH (e:Event {uid: uid})
RETURN uid, e.believed AS believed, [e.recorded_at, e.topic, e.partition, e.offset] AS order
