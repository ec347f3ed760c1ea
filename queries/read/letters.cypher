// letters: dead letters by id, without their records. Needs ids. Returns a record for each that is there: letter (map).
UNWIND $ids AS id
MATCH (d:DeadLetter {id: id})
WITH d, CASE WHEN d:ReplayedLetter THEN 'replayed' WHEN d:DiscardedLetter THEN 'discarded' ELSE 'waiting' END AS state
RETURN d {.id, .reason, .message, .topic, .partition, .offset, .recorded_at, .source, .event_id, .event_type, .mapping, .attempts,
         .value_bytes, .complete, .operator, .operated_at, .note, state: state} AS letter
