// ledger_dead_letters: the dead letters that were written by a transaction and those before it, with what became of them. Needs tick.
// Returns letter (map), marks (labels). Read it as a stream.
MATCH (d:DeadLetter) WHERE d.id >= ''
WITH d ORDER BY d.id
WITH d WHERE d.tick <= $tick
RETURN properties(d) AS letter, [label IN labels(d) WHERE label <> 'DeadLetter'] AS marks
