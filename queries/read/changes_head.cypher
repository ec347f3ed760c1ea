// changes_head: where the change log ends. Needs nothing. Returns one record: tick (of the last transaction), feed (which log it is),
// gone_to (the last transaction that is not kept whole, or null); or none.
MATCH (g:Graph {id: 'graph'})
RETURN g.tick AS tick, g.feed AS feed, g.changes_gone_to AS gone_to
