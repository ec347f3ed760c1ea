// changes_pruned: take away the oldest changes: those recorded more than so long before the latest, and those that are too many; the last ones
// stay. Needs kept_us, nodes_max, most (how many nodes at once). Returns one record: gone (how many nodes went).
MATCH (g:Graph {id: 'graph'})
SET g.lock = true
WITH g, COUNT { MATCH (:Changes) } AS nodes
CALL () {
  MATCH (c:Changes) WHERE c.tick >= 0 AND c.first >= 0
  WITH c ORDER BY c.tick, c.first LIMIT $most
  RETURN collect(c) AS oldest
}
WITH g, [n IN range(0, size(oldest) - 1)
         WHERE n < nodes - 1 AND (n < nodes - $nodes_max OR oldest[n].recorded_at < g.recorded_at - $kept_us) | oldest[n]] AS gone
WITH g, gone, size(gone) AS count, gone[size(gone) - 1].tick AS tick
FOREACH (c IN gone | DELETE c)
SET g.changes_gone_to = coalesce(tick, g.changes_gone_to)
RETURN count AS gone
