// letters_failed: dead letters that were tried again in vain. Needs rows (id, by, at, reason, message, mapping, source, event_id,
// event_type). Returns nothing.
UNWIND $rows AS row
MATCH (d:DeadLetter {id: row.id})
SET d.attempts = d.attempts + 1, d.operator = row.by, d.operated_at = row.at, d.reason = row.reason, d.message = row.message,
    d.mapping = row.mapping, d.source = row.source, d.event_id = row.event_id, d.event_type = row.event_type
