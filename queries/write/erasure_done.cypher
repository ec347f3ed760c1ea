// erasure_done: an erasure, and with it every earlier one of the same entity, is complete. Needs key, known_to, events.
// Returns erasure (map).
MATCH (x:Erasure {key: $key, known_to: $known_to})
SET x.events = $events
WITH x
CALL (x) {
  MATCH (y:Erasure {key: x.key}) WHERE y.known_to <= x.known_to
  SET y.done = true
}
RETURN properties(x) AS erasure
