// letters_replayed: dead letters whose records are applied now. Needs rows (id, by, at). Returns nothing.
MATCH (g:Graph {id: 'graph'})
WITH g.tick AS tick
UNWIND $rows AS row
MATCH (d:DeadLetter {id: row.id})
SET d:ReplayedLetter, d.attempts = d.attempts + 1, d.operator = row.by, d.operated_at = row.at, d.tick = tick
REMOVE d:DiscardedLetter, d.note
