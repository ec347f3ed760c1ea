// events_list: events, newest recorded first. Needs types, sources (lists or null), correlation_id, subject, time_from, time_to
// (or null), known, after (a place [recorded_at, topic, partition, offset] or null), size.
// Returns up to size records: event (map).
MATCH (v:Event)
WHERE v.recorded_at <= $known
  AND ($types IS NULL OR v.type IN $types) AND ($sources IS NULL OR v.source IN $sources)
  AND ($correlation_id IS NULL OR v.correlation_id = $correlation_id) AND ($subject IS NULL OR v.subject = $subject)
  AND ($time_from IS NULL OR v.time >= $time_from) AND ($time_to IS NULL OR v.time < $time_to)
  AND ($after IS NULL OR (v.recorded_at < $after[0] OR (v.recorded_at = $after[0] AND (v.topic < $after[1] OR (v.topic = $after[1] AND (
       v.partition < $after[2] OR (v.partition = $after[2] AND v.offset < $after[3])))))))
WITH v ORDER BY v.recorded_at DESC, v.topic DESC, v.partition DESC, v.offset DESC LIMIT $size
RETURN properties(v) AS event
