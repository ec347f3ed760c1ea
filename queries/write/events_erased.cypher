// events_erased: events lose what they said, but for a subject that is the erased key. Needs uids, key. Returns nothing.
UNWIND $uids AS uid
MATCH (v:Event {uid: uid})
SET v.data = 'null', v.erased = true, v.subject = CASE WHEN v.subject = $key THEN v.subject END
