// letter_records: what is kept of the records of dead letters. Needs ids. Returns id, key, headers, value.
UNWIND $ids AS id
MATCH (d:DeadLetter {id: id})
RETURN id, d.key AS key, d.headers AS headers, d.value AS value
