// event_times: when events happened. Needs uids. Returns one record: times, a list of [uid, time] of those that are there.
UNWIND $uids AS uid
MATCH (e:Event {uid: uid})
RETURN collect([e.uid, e.time]) AS times
