// letters_discarded: dead letters that are not to be replayed; they are kept. Needs ids, by, note, at.
// Returns a record for each that waited until now: id.
UNWIND $ids AS id
MATCH (d:DeadLetter {id: id}) WHERE NOT d:ReplayedLetter AND NOT d:DiscardedLetter
SET d:DiscardedLetter, d.operator = $by, d.operated_at = $at, d.note = $note
RETURN id
