// dead_letter_contents: what is kept of records that could not be applied. Needs known_to. Returns id, key, headers, value.
// Every dead letter has a place; saying so lets the index on that be read.
MATCH (d:DeadLetter) WHERE d.recorded_at <= $known_to AND d.topic IS NOT NULL AND d.partition IS NOT NULL AND d.offset IS NOT NULL
RETURN d.id AS id, d.key AS key, d.headers AS headers, d.value AS value
