// letters_oldest: dead letters in the order of the log, oldest first, without their records. Needs reason, topic, event_type, state (or
// null), from (earliest known time), after (a place [recorded_at, topic, partition, offset] or null), size.
// Returns up to size records: letter (map).
MATCH (d:DeadLetter)
// All four named, so that the index gives the order.
WHERE d.recorded_at >= $from AND d.topic IS NOT NULL AND d.partition IS NOT NULL AND d.offset IS NOT NULL
  AND ($after IS NULL OR d.recorded_at > $after[0] OR (d.recorded_at = $after[0] AND (d.topic > $after[1] OR (d.topic = $after[1] AND (
       d.partition > $after[2] OR (d.partition = $after[2] AND d.offset > $after[3]))))))
  AND ($reason IS NULL OR d.reason = $reason) AND ($topic IS NULL OR d.topic = $topic)
  AND ($event_type IS NULL OR d.event_type = $event_type)
WITH d, CASE WHEN d:ReplayedLetter THEN 'replayed' WHEN d:DiscardedLetter THEN 'discarded' ELSE 'waiting' END AS state
WHERE $state IS NULL OR state = $state
WITH d, state ORDER BY d.recorded_at, d.topic, d.partition, d.offset LIMIT $size
RETURN d {.id, .reason, .message, .topic, .partition, .offset, .recorded_at, .source, .event_id, .event_type, .mapping, .attempts,
         .value_bytes, .complete, .operator, .operated_at, .note, state: state} AS letter
