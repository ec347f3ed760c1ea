// graph_locked: take the writers' lock, and count the transaction. Needs nothing. Returns recorded_at, retracted (whether any event is).
MATCH (g:Graph {id: 'graph'})
SET g.tick = g.tick + 1
WITH g
RETURN g.recorded_at AS recorded_at, COUNT { MATCH (r:Retracted) } > 0 AS retracted
