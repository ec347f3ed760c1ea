// letters_due: which of these dead letters can be replayed: all that were not yet. Needs ids. Returns id.
UNWIND $ids AS id
MATCH (d:DeadLetter {id: id}) WHERE NOT d:ReplayedLetter
RETURN id
