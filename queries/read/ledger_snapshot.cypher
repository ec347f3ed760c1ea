// ledger_snapshot: all of the graph that is small, for a reader that holds the writers' lock. Needs nothing.
// Returns one record: graph, positions, mapping_files, erasures (maps, each list in order), events, dead_letters (counts).
MATCH (g:Graph {id: 'graph'})
RETURN properties(g) AS graph,
       COLLECT { MATCH (p:Position) RETURN properties(p) ORDER BY p.topic, p.partition } AS positions,
       COLLECT { MATCH (m:MappingFile) RETURN properties(m) ORDER BY m.name, m.version } AS mapping_files,
       COLLECT { MATCH (x:Erasure) RETURN properties(x) ORDER BY x.known_to, x.key } AS erasures,
       COUNT { MATCH (:Event) } AS events, COUNT { MATCH (:DeadLetter) } AS dead_letters
