// event_marks: a page of events in order of their uids, as far as a digest needs them. Needs after (uid), events_max.
// Returns one record: events, a list of [uid, source, id, topic, partition, offset, recorded_at, content_hash].
MATCH (e:Event) WHERE e.uid > $after
WITH e ORDER BY e.uid LIMIT $events_max
RETURN collect([e.uid, e.source, e.id, e.topic, e.partition, e.offset, e.recorded_at, e.content_hash]) AS events
