// graph_made: the graph's own node, which is also the writers' lock. Needs nothing. Returns nothing.
MERGE (g:Graph {id: 'graph'})
ON CREATE SET g.tick = 0, g.events = 0, g.duplicates = 0, g.unmapped = 0
// Tells its change log from that of any other graph, so that a cursor never means another place.
SET g.feed = coalesce(g.feed, randomUUID())
