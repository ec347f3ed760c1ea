// rebuild_target: what is in a graph that is to be rebuilt. Needs nothing. Returns nodes (a graph's own node without writes is none),
// rebuild_of (id of the database that a rebuild began to follow), mapping (version that was declared).
OPTIONAL MATCH (g:Graph {id: 'graph'})
RETURN COUNT { MATCH (n) } - CASE WHEN g.tick = 0 THEN 1 ELSE 0 END AS nodes, g.rebuild_of AS rebuild_of, g.mapping AS mapping
