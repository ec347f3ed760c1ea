// dead_letter_contents: what is kept of records that could not be applied. Needs known_to. Returns id, key, headers, value.
MATCH (d:DeadLetter) WHERE d.recorded_at <= $known_to
RETURN d.id AS id, d.key AS key, d.headers AS headers, d.value AS value
