// correlated: the events of a flow of work, in the order of the log. Needs correlation_id, known, after (a place [recorded_at, topic, partition,
// offset] or null), size. Returns up to size records: event (map).
MATCH (v:Event {correlation_id: $correlation_id})
WHERE v.recorded_at <= $known AND ($after IS NULL OR (v.recorded_at > $after[0] OR (v.recorded_at = $after[0] AND (v.topic > $after[1] OR (v.topic = $after[1] AND (
       v.partition > $after[2] OR (v.partition = $after[2] AND v.offset > $after[3])))))))
WITH v ORDER BY v.recorded_at, v.topic, v.partition, v.offset LIMIT $size
RETURN properties(v) AS event
