// kinds_others: whether there is an entity of any other kind, whenever it was there. Needs kinds, sorted. Returns one record: others.
// One look into the index of kinds before, between and behind them, however many entities there are.
RETURN EXISTS { MATCH (e:Entity) WHERE e.kind > coalesce($kinds[size($kinds) - 1], '') AND e.key >= '' }
       OR any(n IN range(0, size($kinds) - 1)
              WHERE EXISTS { MATCH (e:Entity) WHERE e.kind > coalesce(CASE n WHEN 0 THEN '' ELSE $kinds[n - 1] END, '') AND e.kind < $kinds[n] AND e.key >= '' }) AS others
