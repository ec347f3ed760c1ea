// graph_made: the graph's own node, which is also the writers' lock. Needs nothing. Returns nothing.
MERGE (g:Graph {id: 'graph'})
ON CREATE SET g.tick = 0, g.events = 0, g.duplicates = 0, g.unmapped = 0
