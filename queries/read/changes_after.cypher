// changes_after: the change log between two transactions, both included. Needs tick, end (no later than the last one that is committed and applied), size.
// Returns one record: nodes (up to size maps: tick, first, count, last, entries; in order), feed, gone_to.
// What is kept is read after the log, so that what was taken away meanwhile is noticed.
CALL () {
  MATCH (c:Changes) WHERE $tick <= c.tick <= $end AND c.first >= 0
  WITH c ORDER BY c.tick, c.first LIMIT $size
  RETURN collect(c {.tick, .first, .count, .last, .entries}) AS nodes
}
WITH nodes
MATCH (g:Graph {id: 'graph'})
RETURN nodes, g.feed AS feed, g.changes_gone_to AS gone_to
