// positions: how far each partition is applied, and the dead letters. Needs nothing.
// Returns one record: positions (list of maps, by topic and partition), dead_letters (count).
OPTIONAL MATCH (p:Position)
WITH p ORDER BY p.topic, p.partition
RETURN collect(p {.topic, .partition, .offset, .recorded_at, .epoch, .idle}) AS positions,
       COUNT { MATCH (:DeadLetter) } AS dead_letters
