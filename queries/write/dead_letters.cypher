// dead_letters: records that could not be applied. Needs rows. Returns nothing.
UNWIND $rows AS row
MERGE (d:DeadLetter {id: row.id})
SET d = row
