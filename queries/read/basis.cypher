// basis: what all answers rest on now. Needs nothing. Returns one record: graph (map or null), positions (list of maps, by topic and
// partition), dead_letters (count of those that wait), erasures (count), erasing (count of those that are not complete).
OPTIONAL MATCH (g:Graph {id: 'graph'})
OPTIONAL MATCH (p:Position)
WITH g, p ORDER BY p.topic, p.partition
WITH g, collect(p {.topic, .partition, .incarnation, .recorded_at, .read_to, .gone}) AS positions
RETURN g {.recorded_at, .feed, .vocabulary, .replayed, .importing} AS graph, positions,
       COUNT { MATCH (:DeadLetter) } - COUNT { MATCH (:ReplayedLetter) } - COUNT { MATCH (:DiscardedLetter) } AS dead_letters,
       COUNT { MATCH (:Erasure) } AS erasures,
       COUNT { MATCH (x:Erasure) WHERE NOT coalesce(x.done, false) } AS erasing
