// events_about: events that claim something about an entity's own streams, newest recorded first. Needs key, known, after (a
// place [recorded_at, topic, partition, offset] or null), size. Returns up to size records: event (map).
MATCH (:Entity {key: $key})<-[:ABOUT]-(v:Event)
WHERE v.recorded_at <= $known AND ($after IS NULL OR (v.recorded_at < $after[0] OR (v.recorded_at = $after[0] AND (v.topic < $after[1] OR (v.topic = $after[1] AND (
       v.partition < $after[2] OR (v.partition = $after[2] AND v.offset < $after[3])))))))
WITH DISTINCT v
ORDER BY v.recorded_at DESC, v.topic DESC, v.partition DESC, v.offset DESC LIMIT $size
RETURN properties(v) AS event
