// changes: what this transaction changed in what is believed, for those who follow it. Needs rows (maps: first, count, last,
// recorded_at, entries). Returns nothing.
MATCH (g:Graph {id: 'graph'})
UNWIND $rows AS row
CREATE (c:Changes)
SET c = row, c.tick = g.tick
