// letters_restored: dead letters of a ledger, as they were. Needs rows (letter (map), replayed, discarded). Returns nothing.
MATCH (g:Graph {id: 'graph'})
WITH g.tick AS tick
UNWIND $rows AS row
MERGE (d:DeadLetter {id: row.letter.id})
SET d = row.letter, d.tick = tick
FOREACH (_ IN CASE WHEN row.replayed THEN [1] ELSE [] END | SET d:ReplayedLetter)
FOREACH (_ IN CASE WHEN row.discarded THEN [1] ELSE [] END | SET d:DiscardedLetter)
