// events_of_subject: events whose subject is a key, and that are not erased yet. Needs key, known_to. Returns uid.
MATCH (v:Event)
WHERE v.subject = $key AND v.recorded_at <= $known_to AND v.erased IS NULL
RETURN v.uid AS uid
