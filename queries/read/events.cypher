// events: events by uid. Needs uids. Returns a record each: event (map).
UNWIND $uids AS uid
MATCH (v:Event {uid: uid})
RETURN properties(v) AS event
