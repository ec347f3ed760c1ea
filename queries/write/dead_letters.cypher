// dead_letters: records that could not be applied, or that gave way, each marked with the transaction that wrote it (an export tells by
// that what was there when it began). Needs rows. Returns nothing.
// One that is there keeps its record: it is the same, and may be more than the graph had of it when it gave way.
MATCH (g:Graph {id: 'graph'})
WITH g.tick AS tick
UNWIND $rows AS row
MERGE (d:DeadLetter {id: row.id})
ON CREATE SET d = row
ON MATCH SET d += row {.reason, .message, .mapping, .source, .event_id, .event_type}, d.attempts = coalesce(d.attempts, 0) + 1
SET d.tick = tick
REMOVE d:ReplayedLetter, d:DiscardedLetter
