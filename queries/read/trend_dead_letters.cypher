// trend_dead_letters: how many records could not be applied, by buckets of when the log recorded them, whatever became of them since. Needs
// known, from, to (exclusive), width, types (of CloudEvents, or null). Returns up to a record a bucket: bucket (from 0), value.
// Every dead letter has a place; saying so lets the index on that be read.
MATCH (d:DeadLetter)
WHERE $from <= d.recorded_at < $to AND d.topic IS NOT NULL AND d.partition IS NOT NULL AND d.offset IS NOT NULL
  AND d.recorded_at <= $known AND ($types IS NULL OR d.event_type IN $types)
RETURN (d.recorded_at - $from) / $width AS bucket, count(*) AS value
