// graph_locked: take the writers' lock, and count the transaction. Needs nothing. Returns recorded_at.
MATCH (g:Graph {id: 'graph'})
SET g.tick = g.tick + 1
RETURN g.recorded_at AS recorded_at
