// positions: how far each partition is applied, and the dead letters. Needs nothing.
// Returns one record: positions (list of maps, by topic and partition), dead_letters (count of those that wait), discarded (count).
OPTIONAL MATCH (p:Position)
WITH p ORDER BY p.topic, p.partition
RETURN collect(p {.topic, .partition, .offset, .recorded_at, .epoch, .read_to, .gone}) AS positions,
       COUNT { MATCH (:DeadLetter) } - COUNT { MATCH (:ReplayedLetter) } - COUNT { MATCH (:DiscardedLetter) } AS dead_letters,
       COUNT { MATCH (:DiscardedLetter) } AS discarded
