// graph: the state of the whole. Needs nothing. Returns one record: graph (map or null).
OPTIONAL MATCH (g:Graph {id: 'graph'})
RETURN g {.tick, .recorded_at, .vocabulary, .events, .duplicates, .unmapped, .replayed, .mapping, .mapping_files} AS graph
