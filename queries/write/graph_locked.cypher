// graph_locked: take the writers' lock, and count the transaction. Needs nothing. Returns recorded_at, retracted (whether any event is),
// tick, erased_to (known time up to which erasures reach, or null), importing (what an unfinished import imports, or null).
// The lock is taken by a value that depends on nothing: for `g.tick + 1` alone Cypher takes two locks one after the other, and of two
// transactions that do, one ends as a deadlock.
MATCH (g:Graph {id: 'graph'})
SET g.lock = true
WITH g
SET g.tick = g.tick + 1
WITH g
RETURN g.recorded_at AS recorded_at, COUNT { MATCH (r:Retracted) } > 0 AS retracted, g.tick AS tick,
       g.erased_to AS erased_to, g.importing AS importing
