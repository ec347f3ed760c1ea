// digest_events: every event and where it was recorded. Needs nothing. Returns event.
MATCH (e:Event)
RETURN [e.source, e.id, e.topic, e.partition, e.offset, e.recorded_at, e.content_hash] AS event
