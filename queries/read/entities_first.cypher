// entities_first: what all answers rest on now, and entities as they are known then: what is asked most, in one way there and back. Needs the texts
// of read/basis, and of read/entities_at with the known time of the former; asked (maps: keys, valid, now: the known time where nothing is recorded).
// Returns one record: what basis returns, and found as entities_at does.
CALL () {
  {basis}
}
CALL (graph) {
  {entities}
}
RETURN graph, positions, dead_letters, erasures, erasing, found
